"""SQL of positions and events, which are append-only."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.errors import InvalidInput
from imsop.core.listing import Listing, Sort
from imsop.core.snapshot import Snapshot
from imsop.shipping.tracking.models import (
    NewPosition,
    NewShipmentEvent,
    Position,
    RecordedPosition,
    RecordedShipmentEvent,
    ShipmentEvent,
)

# `until` is an upper bound that prunes the empty partitions of coming months.
POSITIONS = Listing(
    Position,
    """
    SELECT t.id, t.shipment_id, t.location, t.latitude::text AS latitude, t.longitude::text AS longitude,
           t.status, t."timestamp"
    FROM shipment_tracking t
    WHERE t.organization_id = $1
    """,
    filters={"shipment_id": "t.shipment_id = {}", "until": 't."timestamp" <= {}'},
    sorts={"timestamp": Sort('t."timestamp"', "timestamp", datetime)},
    tiebreak="t.id",
)


async def record_position(
    connection: Connection, organization_id: UUID, shipment_id: UUID, new: NewPosition
) -> Position | None:
    """Appends a position, and makes it the shipment's latest unless a later one exists.

    A report without a place or coordinates changes no position. The same report sent again is recorded
    once, and returned with the id it has. Returns None if the shipment does not exist.
    Locks its latest position until the transaction ends.
    """
    return await fetch_one(
        connection,
        Position,
        """
        WITH known AS (
            SELECT t.id, t.organization_id, t.shipment_id, t.location, t.latitude, t.longitude, t.status,
                   t."timestamp"
            FROM shipment_tracking t
            WHERE t.organization_id = $1 AND t.shipment_id = $2 AND t."timestamp" = $7
              AND (t.location, t.latitude, t.longitude, t.status) IS NOT DISTINCT FROM
                  ($3::varchar, $4::numeric(10, 8), $5::numeric(11, 8), $6::varchar)
            LIMIT 1
        ), recorded AS (
            INSERT INTO shipment_tracking (organization_id, shipment_id, location, latitude, longitude,
                                           status, "timestamp")
            SELECT s.organization_id, s.id, $3, $4, $5, $6, $7
            FROM shipments s
            WHERE s.organization_id = $1 AND s.id = $2 AND NOT EXISTS (SELECT FROM known)
            RETURNING id, organization_id, shipment_id, location, latitude, longitude, status, "timestamp"
        ), newest AS (
            INSERT INTO shipment_last_position AS l (organization_id, shipment_id, location, latitude,
                                                     longitude, status, "timestamp", counts_from)
            SELECT r.organization_id, r.shipment_id, r.location, r.latitude, r.longitude, r.status,
                   r."timestamp", CASE WHEN r."timestamp" > now() THEN now() END
            FROM recorded r
            WHERE r.location IS NOT NULL OR r.latitude IS NOT NULL
            ON CONFLICT (shipment_id, organization_id) DO UPDATE
            SET location = excluded.location, latitude = excluded.latitude, longitude = excluded.longitude,
                status = excluded.status, "timestamp" = excluded."timestamp",
                counts_from = excluded.counts_from
            WHERE coalesce(l.counts_from, l."timestamp")
                  < coalesce(excluded.counts_from, excluded."timestamp")
        )
        SELECT r.id, r.shipment_id, r.location, r.latitude::text AS latitude, r.longitude::text AS longitude,
               r.status, r."timestamp"
        FROM (SELECT * FROM recorded UNION ALL SELECT * FROM known) r
        """,
        organization_id,
        shipment_id,
        new.location,
        new.latitude,
        new.longitude,
        new.status,
        new.timestamp,
    )


class BatchCheck(Struct, frozen=True):
    """Zero-based indexes of the faulty positions of a batch."""

    without_shipment: list[int]
    outside_kept_months: list[int]
    """Timestamps that no partition accepts."""


async def check_batch(
    connection: Connection,
    organization_id: UUID,
    shipment_ids: Sequence[UUID | None],
    instants: Sequence[datetime],
) -> BatchCheck:
    """Checks what only the database knows of positions: their shipments, and the months that are kept."""
    check = await fetch_one(
        connection,
        BatchCheck,
        """
        SELECT array(SELECT position.number - 1
                     FROM unnest($2::uuid[]) WITH ORDINALITY AS position (shipment_id, number)
                     LEFT JOIN shipments s ON s.organization_id = $1 AND s.id = position.shipment_id
                     WHERE s.id IS NULL
                     ORDER BY position.number) AS without_shipment,
               array(SELECT position.number - 1
                     FROM unnest($3::timestamptz[]) WITH ORDINALITY AS position (happened, number)
                     WHERE to_regclass('public.shipment_tracking_'
                                       || to_char(position.happened AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL
                     ORDER BY position.number) AS outside_kept_months
        """,
        organization_id,
        shipment_ids,
        instants,
    )
    return check or BatchCheck([], [])


async def find_by_tracking_number(
    connection: Connection, organization_id: UUID, numbers: Sequence[str]
) -> dict[str, list[UUID]]:
    """The shipments of each of these tracking numbers; of those under way, if there are any."""
    records = await connection.fetch(
        """
        SELECT s.tracking_number, coalesce(
                   array_agg(s.id) FILTER (WHERE s.status IN ('pending', 'in_transit')),
                   array_agg(s.id)) AS ids
        FROM shipments s
        WHERE s.organization_id = $1 AND s.tracking_number = ANY ($2::text[])
        GROUP BY s.tracking_number
        """,
        organization_id,
        list(numbers),
    )
    return {record["tracking_number"]: record["ids"] for record in records}


async def record_positions(
    connection: Connection,
    organization_id: UUID,
    shipment_ids: Sequence[UUID],
    positions: Sequence[NewPosition],
) -> int:
    """Appends positions, each of the shipment at its place, skipping those already recorded, and updates the
    last position of each shipment; returns the number appended.

    Locks the last positions in the order of their shipments' ids until the transaction ends.
    """
    recorded: int = await connection.fetchval(
        """
        WITH recorded AS (
            INSERT INTO shipment_tracking (organization_id, shipment_id, location, latitude, longitude,
                                           status, "timestamp")
            SELECT DISTINCT s.organization_id, s.id, p.location, p.latitude, p.longitude, p.status, p.happened
            FROM unnest($2::uuid[], $3::text[], $4::numeric[], $5::numeric[], $6::text[], $7::timestamptz[])
                 AS p (shipment_id, location, latitude, longitude, status, happened)
            JOIN shipments s ON s.organization_id = $1 AND s.id = p.shipment_id
            WHERE NOT EXISTS (
                SELECT FROM shipment_tracking t
                WHERE t.organization_id = $1 AND t.shipment_id = s.id AND t."timestamp" = p.happened
                  AND (t.location, t.latitude, t.longitude, t.status) IS NOT DISTINCT FROM
                      (p.location, p.latitude::numeric(10, 8), p.longitude::numeric(11, 8), p.status))
            RETURNING organization_id, shipment_id, location, latitude, longitude, status, "timestamp"
        ), newest AS (
            INSERT INTO shipment_last_position AS l (organization_id, shipment_id, location, latitude,
                                                     longitude, status, "timestamp", counts_from)
            SELECT DISTINCT ON (r.shipment_id)
                   r.organization_id, r.shipment_id, r.location, r.latitude, r.longitude, r.status,
                   r."timestamp", CASE WHEN r."timestamp" > now() THEN now() END
            FROM recorded r
            WHERE r.location IS NOT NULL OR r.latitude IS NOT NULL
            ORDER BY r.shipment_id, least(r."timestamp", now()) DESC, r."timestamp"
            ON CONFLICT (shipment_id, organization_id) DO UPDATE
            SET location = excluded.location, latitude = excluded.latitude, longitude = excluded.longitude,
                status = excluded.status, "timestamp" = excluded."timestamp",
                counts_from = excluded.counts_from
            WHERE coalesce(l.counts_from, l."timestamp")
                  < coalesce(excluded.counts_from, excluded."timestamp")
        )
        SELECT count(*) FROM recorded
        """,
        organization_id,
        shipment_ids,
        [position.location for position in positions],
        [position.latitude for position in positions],
        [position.longitude for position in positions],
        [position.status for position in positions],
        [position.timestamp for position in positions],
    )
    return recorded


EVENTS = Listing(
    ShipmentEvent,
    """
    SELECT e.id, e.shipment_id, e.event_type, e.location, e.source, e.payload, e.occurred_at, e.created_at
    FROM shipment_events e
    WHERE e.organization_id = $1
    """,
    filters={"shipment_id": "e.shipment_id = {}"},
    sorts={"occurred_at": Sort("e.occurred_at", "occurred_at", datetime)},
    tiebreak="e.id",
)


async def record_event(
    connection: Connection, organization_id: UUID, shipment_id: UUID, new: NewShipmentEvent
) -> ShipmentEvent | None:
    """Appends an event; None if the shipment does not exist."""
    try:
        return await fetch_one(
            connection,
            ShipmentEvent,
            """
            INSERT INTO shipment_events (organization_id, shipment_id, event_type, location, source, payload,
                                         occurred_at)
            SELECT s.organization_id, s.id, $3, $4, $5, $6, $7
            FROM shipments s
            WHERE s.organization_id = $1 AND s.id = $2
            RETURNING id, shipment_id, event_type, location, source, payload, occurred_at, created_at
            """,
            organization_id,
            shipment_id,
            new.event_type,
            new.location,
            new.source,
            new.payload,
            new.occurred_at,
        )
    except asyncpg.UntranslatableCharacterError:  # other texts were validated on input
        raise InvalidInput.of("payload", "contains a NUL character, which cannot be stored") from None


# New rows: inserted by transactions that began after the snapshot, or that were in progress in it. Two index
# range scans; as one condition it would read all rows of an organization.


async def list_recorded_positions(
    connection: Connection, organization_ids: Sequence[UUID], since: Snapshot, limit: int
) -> list[RecordedPosition]:
    """Positions not visible in this snapshot, at most `limit` of each organization, in no order."""
    return await fetch_all(
        connection,
        RecordedPosition,
        """
        SELECT t.id, t.shipment_id, t.location, t.latitude::text AS latitude,
               t.longitude::text AS longitude, t.status, t."timestamp", t.organization_id, t.recorded_xid
        FROM unnest($1::uuid[]) AS listening (organization_id)
        CROSS JOIN LATERAL (
            SELECT * FROM shipment_tracking t
            WHERE t.organization_id = listening.organization_id AND t.recorded_xid >= pg_snapshot_xmax($2)
              AND t.recorded_xid < pg_snapshot_xmax(pg_current_snapshot())
            UNION ALL
            SELECT * FROM shipment_tracking t
            WHERE t.organization_id = listening.organization_id
              AND t.recorded_xid = ANY (array(SELECT pg_snapshot_xip($2)))
            LIMIT $3
        ) t
        """,
        organization_ids,
        since,
        limit,
    )


async def list_recorded_events(
    connection: Connection, organization_ids: Sequence[UUID], since: Snapshot, limit: int
) -> list[RecordedShipmentEvent]:
    """Events not visible in this snapshot, at most `limit` of each organization, in no order."""
    return await fetch_all(
        connection,
        RecordedShipmentEvent,
        """
        SELECT e.id, e.shipment_id, e.event_type, e.location, e.source, e.payload, e.occurred_at,
               e.created_at, e.organization_id, e.recorded_xid
        FROM unnest($1::uuid[]) AS listening (organization_id)
        CROSS JOIN LATERAL (
            SELECT * FROM shipment_events e
            WHERE e.organization_id = listening.organization_id AND e.recorded_xid >= pg_snapshot_xmax($2)
              AND e.recorded_xid < pg_snapshot_xmax(pg_current_snapshot())
            UNION ALL
            SELECT * FROM shipment_events e
            WHERE e.organization_id = listening.organization_id
              AND e.recorded_xid = ANY (array(SELECT pg_snapshot_xip($2)))
            LIMIT $3
        ) e
        """,
        organization_ids,
        since,
        limit,
    )
