"""Structs of users in the API."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Email, Instant, LongUrl, Text50, Text100
from imsop.identity.people.passwords import Password

UserStatus = Literal["active", "inactive", "suspended"]


Locale = Literal["en", "de"]
"""Language of pages, and format of numbers and dates."""


RoleIds = Annotated[list[UUID], Meta(max_length=50)]


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
    phone: Text50 | None = None
    avatar_url: LongUrl | None = None
    locale: Locale = "en"
    role_ids: RoleIds = []


class UserChanges(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    first_name: Text100 | UnsetType | None = UNSET
    last_name: Text100 | UnsetType | None = UNSET
    phone: Text50 | UnsetType | None = UNSET
    avatar_url: LongUrl | UnsetType | None = UNSET
    status: UserStatus | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    role_ids: RoleIds | UnsetType = UNSET


class OwnChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """Fields that users can change in their own account."""

    first_name: Text100 | UnsetType | None = UNSET
    last_name: Text100 | UnsetType | None = UNSET
    phone: Text50 | UnsetType | None = UNSET
    avatar_url: LongUrl | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET


class PasswordChange(Struct, frozen=True, forbid_unknown_fields=True):
    current_password: Annotated[str, Meta(max_length=1000)]
    new_password: Password
    revoke_api_keys: Annotated[bool, Meta(description="Also revoke the API keys that you created.")] = False
