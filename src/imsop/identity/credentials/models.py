"""Structs of sessions and API keys in the API."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant, ShortName
from imsop.identity.roles.models import Permissions


class Session(Struct, frozen=True):
    """A session that has not expired. `current` marks the session making the request."""

    id: UUID
    kind: Literal["browser", "bearer"]
    address: str | None
    user_agent: str | None
    current: bool
    created_at: Instant
    expires_at: Instant


class ApiKey(Struct, frozen=True):
    """A key without its secret; users recognize it by `prefix`."""

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
    """A new key; the only response that contains the secret."""

    key: str
    api_key: ApiKey
