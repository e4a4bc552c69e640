"""SQL of punctuality: late shipments, on-time deliveries, and recent events."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.fields import Instant
from imsop.shipping.tracking.models import EventType


class Punctuality(Struct, frozen=True):
    """Shipments with an expected date that were delivered within some days: all, and on time."""

    delivered: int
    on_time: int


async def get_punctuality(
    connection: Connection, organization_id: UUID, first: date, last: date, carrier: str | None
) -> Punctuality:
    """Of the shipments delivered from the first to the last day, by one carrier or by all."""
    counted = await fetch_one(
        connection,
        Punctuality,
        """
        SELECT count(*) AS delivered,
               count(*) FILTER (WHERE NOT shipment_is_late(
                   s.status, s.expected_delivery_date, s.actual_delivery_date, $3)) AS on_time
        FROM shipments s
        WHERE s.organization_id = $1 AND s.status = 'delivered' AND s.expected_delivery_date IS NOT NULL
          AND s.actual_delivery_date BETWEEN $2 AND $3 AND ($4::text IS NULL OR s.carrier = $4)
        """,
        organization_id,
        first,
        last,
        carrier,
    )
    return counted or Punctuality(0, 0)


async def list_in_transit_counts(
    connection: Connection, organization_id: UUID, days: Sequence[date]
) -> list[int]:
    """Number of shipments in transit at the end of each of these days, oldest first."""
    records = await connection.fetch(
        """
        SELECT count(moving.ship_date) AS shipments
        FROM unnest($2::date[]) AS asked (day)
        LEFT JOIN (
            SELECT s.ship_date, 'infinity'::date AS arrived FROM shipments s
            WHERE s.organization_id = $1 AND s.status = 'in_transit'
            UNION ALL
            SELECT s.ship_date, s.actual_delivery_date FROM shipments s
            WHERE s.organization_id = $1 AND s.status = 'delivered'
              AND s.actual_delivery_date > ($2::date[])[1]
        ) AS moving ON moving.ship_date <= asked.day AND moving.arrived > asked.day
        GROUP BY asked.day
        ORDER BY asked.day
        """,
        organization_id,
        days,
    )
    return [record["shipments"] for record in records]


class Happening(Struct, frozen=True):
    """An event of a shipment, with the shipment's number."""

    shipment_id: UUID
    reference_id: str | None
    tracking_number: str | None
    event_type: EventType
    location: str | None
    source: str | None
    payload: dict[str, Any] | None
    occurred_at: Instant


async def list_recent_events(connection: Connection, organization_id: UUID, limit: int) -> list[Happening]:
    """The newest events of all shipments, without those dated in the future."""
    return await fetch_all(
        connection,
        Happening,
        """
        SELECT e.shipment_id, s.reference_id, s.tracking_number, e.event_type, e.location, e.source,
               e.payload, e.occurred_at
        FROM (SELECT * FROM shipment_events newest
              WHERE newest.organization_id = $1 AND newest.occurred_at <= now()
              ORDER BY newest.occurred_at DESC, newest.id DESC
              LIMIT $2) e
        JOIN shipments s ON s.organization_id = $1 AND s.id = e.shipment_id
        ORDER BY e.occurred_at DESC, e.id DESC
        """,
        organization_id,
        limit,
    )


class LateShipment(Struct, frozen=True):
    """A shipment past its expected date; `payload` is that of its last delay event, if any."""

    id: UUID
    reference_id: str | None
    tracking_number: str | None
    destination: str | None
    expected_delivery_date: date
    payload: dict[str, Any] | None


async def list_late(
    connection: Connection, organization_id: UUID, today: date, limit: int
) -> list[LateShipment]:
    """Late shipments in transit, the most overdue first."""
    return await fetch_all(
        connection,
        LateShipment,
        """
        SELECT s.id, s.reference_id, s.tracking_number,
               coalesce(w.name, s.destination_location) AS destination, s.expected_delivery_date,
               (SELECT e.payload FROM shipment_events e
                WHERE e.organization_id = $1 AND e.shipment_id = s.id AND e.event_type = 'delayed'
                ORDER BY e.occurred_at DESC, e.id DESC LIMIT 1) AS payload
        FROM shipments s
        LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = s.destination_warehouse_id
        WHERE s.organization_id = $1 AND s.status = 'in_transit'
          AND s.expected_delivery_date < $2 -- for the index
          AND shipment_is_late(s.status, s.expected_delivery_date, s.actual_delivery_date, $2)
        ORDER BY s.expected_delivery_date, s.id
        LIMIT $3
        """,
        organization_id,
        today,
        limit,
    )
