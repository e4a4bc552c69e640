"""Writes business events."""

import msgspec

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading, rows_written


async def write_events(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_events (
            event_type text, entity_type text, entity_id text, user_id uuid, metadata text,
            created_at timestamptz
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_events",
        (
            (
                event.event_type, event.entity_type, event.entity_id, loading.user_ids[event.by],
                msgspec.json.encode(event.metadata).decode(), event.created_at,
            )
            for event in loading.books.events
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO analytics_events
            (organization_id, event_type, entity_type, entity_id, user_id, metadata, created_at)
        SELECT $1::uuid, s.event_type, s.entity_type, s.entity_id, s.user_id, s.metadata::jsonb, s.created_at
        FROM staged_events s
        ORDER BY s.created_at
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)
