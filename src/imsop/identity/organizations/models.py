"""Structs of organizations in the API."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Currency, Email, Instant, LongUrl, Name, Percent, Text, Text100, Url
from imsop.identity.people.passwords import Password

OrganizationStatus = Literal["active", "inactive", "suspended"]


SubscriptionTier = Literal["starter", "professional", "enterprise"]


Timezone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=50,
        pattern=r"^[A-Za-z0-9_+/-]+$(?!\n)",
        description="IANA name, such as Europe/Berlin.",
    ),
]


class Organization(Struct, frozen=True):
    id: UUID
    name: str
    description: str | None
    industry: str | None
    country: str | None
    timezone: str
    currency: str
    logo_url: str | None
    website: str | None
    over_receipt_percent: Decimal
    """How much more than ordered may come in, unless a supplier has its own."""
    status: OrganizationStatus
    subscription_tier: SubscriptionTier
    created_at: Instant
    updated_at: Instant


class NewOrganization(Struct, frozen=True, forbid_unknown_fields=True):
    """A sign-up: the organization and its first administrator."""

    name: Name
    email: Email
    password: Password
    first_name: Text100 | None = None
    last_name: Text100 | None = None
    description: Text | None = None
    industry: Text100 | None = None
    country: Text100 | None = None
    timezone: Timezone = "UTC"
    currency: Currency = "USD"
    website: Url | None = None


class OrganizationChanges(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    industry: Text100 | UnsetType | None = UNSET
    country: Text100 | UnsetType | None = UNSET
    timezone: Timezone | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET
    logo_url: LongUrl | UnsetType | None = UNSET
    website: Url | UnsetType | None = UNSET
    over_receipt_percent: Percent | UnsetType = UNSET
