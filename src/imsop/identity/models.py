"""The shapes of identity: what the API takes and gives, and who is asking."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Currency, Email, Instant, LongUrl, Name, ShortName, Text, Text20, Text100, Url
from imsop.core.tenancy import Tenant
from imsop.identity.passwords import Password
from imsop.identity.permissions import Permission
from imsop.identity.tokens import CredentialKind

OrganizationStatus = Literal["active", "inactive", "suspended"]
SubscriptionTier = Literal["starter", "professional", "enterprise"]
UserStatus = Literal["active", "inactive", "suspended"]
Locale = Literal["en", "de"]
"""What a person reads: the language of pages, and how numbers and dates are written."""

Timezone = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=50,
        pattern=r"^[A-Za-z0-9_+/-]+$(?!\n)",
        description="IANA name, such as Europe/Berlin.",
    ),
]
RoleIds = Annotated[list[UUID], Meta(max_length=50)]
Permissions = Annotated[list[Permission], Meta(max_length=len(Permission))]


class Actor(Struct, frozen=True):
    """Who is asking: a user of an organization, by a session or a key, and what they may do."""

    organization_id: UUID
    user_id: UUID
    credential_id: UUID
    credential: CredentialKind
    permissions: frozenset[str]
    user_name: str
    locale: Locale
    organization_name: str
    timezone: str
    currency: str
    expires_at: Instant | None

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.organization_id, self.user_id)


class Account(Struct, frozen=True):
    """What sign-in needs to know of an e-mail address (find_account)."""

    user_id: UUID
    organization_id: UUID
    password_hash: str
    user_status: UserStatus
    organization_status: OrganizationStatus


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


class User(Struct, frozen=True):
    id: UUID
    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    avatar_url: str | None
    status: UserStatus
    locale: Locale
    last_login: Instant | None
    mfa_enabled: bool
    role_ids: list[UUID]
    created_at: Instant
    updated_at: Instant


class NewUser(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Password
    first_name: Text100 | None = None
    last_name: Text100 | None = None
    phone: Text20 | None = None
    avatar_url: LongUrl | None = None
    locale: Locale = "en"
    role_ids: RoleIds = []


class UserChanges(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    first_name: Text100 | UnsetType | None = UNSET
    last_name: Text100 | UnsetType | None = UNSET
    phone: Text20 | UnsetType | None = UNSET
    avatar_url: LongUrl | UnsetType | None = UNSET
    status: UserStatus | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    role_ids: RoleIds | UnsetType = UNSET


class OwnChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """What users can change in their own account."""

    first_name: Text100 | UnsetType | None = UNSET
    last_name: Text100 | UnsetType | None = UNSET
    phone: Text20 | UnsetType | None = UNSET
    avatar_url: LongUrl | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    current_password: Annotated[str, Meta(max_length=1000)]
    new_password: Password


class Session(Struct, frozen=True):
    """A sign-in that is still valid. `current` marks the session making the request."""

    id: UUID
    kind: Literal["browser", "bearer"]
    address: str | None
    user_agent: str | None
    current: bool
    created_at: Instant
    expires_at: Instant


class Role(Struct, frozen=True):
    id: UUID
    name: str
    description: str | None
    is_system: bool
    permissions: list[str]
    created_at: Instant
    updated_at: Instant


class NewRole(Struct, frozen=True, forbid_unknown_fields=True):
    name: ShortName
    permissions: Permissions
    description: Text | None = None


class RoleChanges(Struct, frozen=True, forbid_unknown_fields=True):
    name: ShortName | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    permissions: Permissions | UnsetType = UNSET


class PermissionRow(Struct, frozen=True):
    """A permission of the installation's catalogue."""

    id: UUID
    name: str
    description: str | None
    resource: str
    action: str


class ApiKey(Struct, frozen=True):
    """A key without its secret; people recognize it by `prefix`."""

    id: UUID
    name: str
    prefix: str
    permissions: list[str]
    created_by: UUID
    created_at: Instant
    last_used_at: Instant | None
    revoked_at: Instant | None


class NewApiKey(Struct, frozen=True, forbid_unknown_fields=True):
    name: ShortName
    permissions: Permissions


class CreatedApiKey(Struct, frozen=True):
    """The only reply that ever contains the key itself."""

    key: str
    api_key: ApiKey


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What a sign-in presents. Any text goes to the check: a wrong password is wrong, not invalid."""

    email: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1000)]


class AccessToken(Struct, frozen=True):
    access_token: str
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Meta(description="Seconds.")]


class SignedUp(Struct, frozen=True):
    organization: Organization
    administrator: User
