"""Actions on metrics."""

from uuid import UUID

from imsop.analytics.metrics import queries
from imsop.analytics.metrics.models import AnalyticsMetric
from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.identity.actor import Actor


async def get_metric(connection: Connection, actor: Actor, metric_id: UUID) -> AnalyticsMetric:
    metric = await queries.get_metric(connection, actor.organization_id, metric_id)
    if metric is None:
        raise NotFound("no metric with this id")
    return metric
