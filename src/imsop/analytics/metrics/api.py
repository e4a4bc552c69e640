"""Routes of metrics."""

from datetime import date
from typing import Literal
from uuid import UUID

from litestar import get

from imsop.analytics.metrics import actions, queries
from imsop.analytics.metrics.models import AnalyticsMetric
from imsop.core.errors import InvalidInput
from imsop.core.fields import ShortName, Text100
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission


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
    list_analytics_metrics,
    get_analytics_metric,
]
