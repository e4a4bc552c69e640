"""Structs of metrics."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant


class AnalyticsMetric(Struct, frozen=True):
    """A daily figure; `dimension_category` is empty for the overall one. `rule` names the method."""

    id: UUID
    metric_name: str
    metric_value: Decimal | None
    dimension_date: date
    dimension_category: str
    rule: str
    created_at: Instant
