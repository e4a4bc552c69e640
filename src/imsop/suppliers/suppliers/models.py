"""Structs of suppliers and their metrics in the API."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from imsop.core.fields import (
    Count,
    Email,
    Instant,
    Name,
    PartnerStatus,
    Percent,
    Rating,
    Text,
    Text20,
    Text50,
    Text100,
)


class Supplier(Struct, frozen=True):
    id: UUID
    name: str
    email: str | None
    phone: str | None
    country: str | None
    city: str | None
    address: str | None
    postal_code: str | None
    contact_person: str | None
    status: PartnerStatus
    rating: Decimal
    payment_terms: str | None
    lead_time_days: int
    over_receipt_percent: Decimal | None
    """How much more than ordered may come in; null for the organization's."""
    created_at: Instant
    updated_at: Instant


class NewSupplier(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    email: Email | None = None
    phone: Text50 | None = None
    country: Text100 | None = None
    city: Text100 | None = None
    address: Text | None = None
    postal_code: Text20 | None = None
    contact_person: Text100 | None = None
    status: PartnerStatus = "active"
    rating: Rating = "0"
    payment_terms: Text50 | None = None
    lead_time_days: Count = 0
    over_receipt_percent: Percent | None = None


class SupplierChanges(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Text50 | UnsetType | None = UNSET
    country: Text100 | UnsetType | None = UNSET
    city: Text100 | UnsetType | None = UNSET
    address: Text | UnsetType | None = UNSET
    postal_code: Text20 | UnsetType | None = UNSET
    contact_person: Text100 | UnsetType | None = UNSET
    status: PartnerStatus | UnsetType = UNSET
    rating: Rating | UnsetType = UNSET
    payment_terms: Text50 | UnsetType | None = UNSET
    lead_time_days: Count | UnsetType = UNSET
    over_receipt_percent: Percent | UnsetType | None = UNSET


class SupplierMetrics(Struct, frozen=True):
    """Delivery performance of a supplier in a period, `period_end` exclusive.

    Rates are shares from 0 to 1 of the lines due, null where none was due; `rule` names the method.
    """

    id: UUID
    supplier_id: UUID
    period_start: date
    period_end: date
    lines_due: int
    on_time_rate: Decimal | None
    in_full_rate: Decimal | None
    on_time_in_full_rate: Decimal | None
    lead_time_mean_days: Decimal | None
    lead_time_stddev_days: Decimal | None
    lead_time_p50_days: Decimal | None
    lead_time_p90_days: Decimal | None
    rejected_rate: Decimal | None
    price_variance: Decimal | None
    sample_size: int
    rule: str
    created_at: Instant
