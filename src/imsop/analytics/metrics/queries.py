"""SQL of metrics."""

from datetime import date
from uuid import UUID

from imsop.analytics.metrics.models import AnalyticsMetric
from imsop.core.database import Connection, fetch_one
from imsop.core.listing import Listing, Sort

_METRICS = """
    SELECT m.id, m.metric_name, m.metric_value, m.dimension_date, m.dimension_category, m.rule, m.created_at
    FROM analytics_metrics m
    WHERE m.organization_id = $1
"""


METRICS = Listing(
    AnalyticsMetric,
    _METRICS,
    filters={
        "metric_name": "m.metric_name = {}",
        "dimension_category": "m.dimension_category = {}",
        "dimension_date_from": "m.dimension_date >= {}",
        "dimension_date_to": "m.dimension_date <= {}",
    },
    sorts={"dimension_date": Sort("m.dimension_date", "dimension_date", date)},
    tiebreak="m.id",
)


async def get_metric(
    connection: Connection, organization_id: UUID, metric_id: UUID
) -> AnalyticsMetric | None:
    return await fetch_one(
        connection, AnalyticsMetric, _METRICS + " AND m.id = $2", organization_id, metric_id
    )
