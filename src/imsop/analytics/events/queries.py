"""SQL of business events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from imsop.analytics.events.models import AnalyticsEvent, NewAnalyticsEvent, RecordedAnalyticsEvent
from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.core.snapshot import Snapshot

# Bounded by now(), so that empty partitions of coming months are pruned.
_EVENTS = """
    SELECT e.id, e.event_type, e.entity_type, e.entity_id, e.user_id, e.metadata, e.created_at
    FROM analytics_events e
    WHERE e.organization_id = $1 AND e.created_at <= now()
"""


EVENTS = Listing(
    AnalyticsEvent,
    _EVENTS,
    filters={
        "event_type": "e.event_type = {}",
        # Of one entity: || '' keeps the planner from the index by type, as an entity has few events.
        "event_type_of_entity": "e.event_type || '' = {}",
        "entity_type": "e.entity_type = {}",
        "entity_id": "e.entity_id = {}",
        "created_from": "e.created_at >= {}",
        "created_to": "e.created_at < {}",
    },
    sorts={"created_at": Sort("e.created_at", "created_at", datetime)},
    tiebreak="e.id",
)


# Events of these entities. LATERAL looks each one up by index; otherwise the planner would scan by time.
EVENTS_OF_ENTITIES = Listing(
    AnalyticsEvent,
    """
    SELECT e.id, e.event_type, e.entity_type, e.entity_id, e.user_id, e.metadata, e.created_at
    FROM unnest($2::text[], $3::text[]) AS entity (type, id)
    CROSS JOIN LATERAL (
        SELECT * FROM analytics_events a
        WHERE a.organization_id = $1 AND a.entity_type = entity.type AND a.entity_id = entity.id
          AND a.created_at <= now()
        OFFSET 0
    ) e
    WHERE e.organization_id = $1
    """,
    filters={
        "event_type": "e.event_type = {}",
        "created_from": "e.created_at >= {}",
        "created_to": "e.created_at < {}",
    },
    sorts={"created_at": Sort("e.created_at", "created_at", datetime)},
    tiebreak="e.id",
    fixed_arguments=2,
)


async def get_event(connection: Connection, organization_id: UUID, event_id: UUID) -> AnalyticsEvent | None:
    return await fetch_one(connection, AnalyticsEvent, _EVENTS + " AND e.id = $2", organization_id, event_id)


async def insert_event(
    connection: Connection, organization_id: UUID, new: NewAnalyticsEvent, user_id: UUID
) -> AnalyticsEvent | None:
    return await fetch_one(
        connection,
        AnalyticsEvent,
        """
        INSERT INTO analytics_events (organization_id, event_type, entity_type, entity_id, user_id, metadata)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id, event_type, entity_type, entity_id, user_id, metadata, created_at
        """,
        organization_id,
        new.event_type,
        new.entity_type,
        new.entity_id,
        user_id,
        new.metadata,
    )


async def list_recorded_events(
    connection: Connection, organization_ids: Sequence[UUID], since: Snapshot, limit: int
) -> list[RecordedAnalyticsEvent]:
    """Events not visible in this snapshot, at most `limit` of each organization, in no order.

    As in shipping.tracking.queries: two ranges of one index.
    """
    return await fetch_all(
        connection,
        RecordedAnalyticsEvent,
        """
        SELECT e.id, e.event_type, e.entity_type, e.entity_id, e.user_id, e.metadata, e.created_at,
               e.organization_id, e.recorded_xid
        FROM unnest($1::uuid[]) AS listening (organization_id)
        CROSS JOIN LATERAL (
            SELECT * FROM analytics_events e
            WHERE e.organization_id = listening.organization_id AND e.recorded_xid >= pg_snapshot_xmax($2)
              AND e.recorded_xid < pg_snapshot_xmax(pg_current_snapshot())
            UNION ALL
            SELECT * FROM analytics_events e
            WHERE e.organization_id = listening.organization_id
              AND e.recorded_xid = ANY (array(SELECT pg_snapshot_xip($2)))
            LIMIT $3
        ) e
        """,
        organization_ids,
        since,
        limit,
    )
