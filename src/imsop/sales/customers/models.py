"""Structs of customers in the API."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from imsop.core.fields import Email, Instant, LongCode, Name, PartnerStatus, Text, Text20, Text50, Text100


class Customer(Struct, frozen=True):
    """A customer. `customer_number` is the organization's own number for it, if any."""

    id: UUID
    customer_number: str | None
    name: str
    email: str | None
    phone: str | None
    country: str | None
    city: str | None
    address: str | None
    postal_code: str | None
    contact_person: str | None
    status: PartnerStatus
    payment_terms: str | None
    created_at: Instant
    updated_at: Instant


class NewCustomer(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    customer_number: LongCode | None = None
    email: Email | None = None
    phone: Text50 | None = None
    country: Text100 | None = None
    city: Text100 | None = None
    address: Text | None = None
    postal_code: Text20 | None = None
    contact_person: Text100 | None = None
    status: PartnerStatus = "active"
    payment_terms: Text50 | None = None


class CustomerChanges(Struct, frozen=True, forbid_unknown_fields=True):
    customer_number: LongCode | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    phone: Text50 | UnsetType | None = UNSET
    country: Text100 | UnsetType | None = UNSET
    city: Text100 | UnsetType | None = UNSET
    address: Text | UnsetType | None = UNSET
    postal_code: Text20 | UnsetType | None = UNSET
    contact_person: Text100 | UnsetType | None = UNSET
    status: PartnerStatus | UnsetType = UNSET
    payment_terms: Text50 | UnsetType | None = UNSET
