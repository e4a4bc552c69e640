"""Routes of analytics."""

from datetime import date
from typing import Literal
from uuid import UUID

from litestar import get, post

from imsop.analytics import actions, queries
from imsop.analytics.models import AnalyticsEvent, AnalyticsMetric, NewAnalyticsEvent
from imsop.core.errors import InvalidInput
from imsop.core.fields import Instant, ShortName, Text100
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.permissions import Permission
from imsop.identity.request import TenantRequest


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

    `entity_type` and `entity_id` identify an entity together.
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


@get("/analytics-metrics", opt=allow(Permission.ANALYTICS_READ))
async def list_analytics_metrics(
    request: TenantRequest,
    metric_name: ShortName | None = None,
    dimension_category: Text100 | None = None,
    dimension_date_from: date | None = None,
    dimension_date_to: date | None = None,
    sort: Literal["-dimension_date", "dimension_date"] = "-dimension_date",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[AnalyticsMetric]:
    """Daily figures from `dimension_date_from` to `dimension_date_to`, both inclusive.

    Categories belong to a metric; the empty category holds the metric's overall figure.
    """
    if dimension_category is not None and metric_name is None:
        raise InvalidInput.of("metric_name", "is required with dimension_category")
    connection, actor = await request.begin()
    return await queries.METRICS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        metric_name=metric_name,
        dimension_category=dimension_category,
        dimension_date_from=dimension_date_from,
        dimension_date_to=dimension_date_to,
    )


@get("/analytics-metrics/{metric_id:uuid}", opt=allow(Permission.ANALYTICS_READ))
async def get_analytics_metric(request: TenantRequest, metric_id: UUID) -> AnalyticsMetric:
    connection, actor = await request.begin()
    return await actions.get_metric(connection, actor, metric_id)


ROUTES = [
    list_analytics_events,
    record_analytics_event,
    get_analytics_event,
    list_analytics_metrics,
    get_analytics_metric,
]
