"""Structs of metrics."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant


class AnalyticsMetric(Struct, frozen=True):
    """The value of a metric on one day. Without a `dimension_category` it is not broken down.

    `rule` names the calculation and its version.
    """

    id: UUID
    metric_name: str
    metric_value: Decimal | None
    dimension_date: date
    dimension_category: str
    rule: str
    created_at: Instant
