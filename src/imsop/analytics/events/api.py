"""Routes of business events."""

from typing import Literal
from uuid import UUID

from litestar import get, post

from imsop.analytics.events import actions, queries
from imsop.analytics.events.models import AnalyticsEvent, NewAnalyticsEvent
from imsop.core.errors import InvalidInput
from imsop.core.fields import Instant, ShortName
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission


@get("/analytics-events", opt=allow(Permission.ANALYTICS_READ))
async def list_analytics_events(
    request: TenantRequest,
    event_type: ShortName | None = None,
    entity_type: ShortName | None = None,
    entity_id: ShortName | None = None,
    created_from: Instant | None = None,
    created_to: Instant | None = None,
    sort: Literal["-created_at", "created_at"] = "-created_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[AnalyticsEvent]:
    """Business events from `created_from` (inclusive) to `created_to` (exclusive).

    `entity_type` and `entity_id` must be given together: one without the other is refused.
    """
    if (entity_type is None) != (entity_id is None):
        missing = "entity_type" if entity_type is None else "entity_id"
        raise InvalidInput.of(
            missing, "is required: entity_type and entity_id identify an entity only together"
        )
    connection, actor = await request.begin()
    return await queries.EVENTS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        event_type=event_type if entity_id is None else None,
        event_type_of_entity=None if entity_id is None else event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        created_from=created_from,
        created_to=created_to,
    )


@post("/analytics-events", opt=allow(Permission.ANALYTICS_WRITE, 409))
async def record_analytics_event(request: TenantRequest, data: NewAnalyticsEvent) -> AnalyticsEvent:
    """Record that something has happened. Events are never changed or deleted."""
    connection, actor = await request.begin()
    return await actions.record_event(connection, actor, data)


@get("/analytics-events/{event_id:uuid}", opt=allow(Permission.ANALYTICS_READ))
async def get_analytics_event(request: TenantRequest, event_id: UUID) -> AnalyticsEvent:
    connection, actor = await request.begin()
    return await actions.get_event(connection, actor, event_id)


ROUTES = [
    list_analytics_events,
    record_analytics_event,
    get_analytics_event,
]
