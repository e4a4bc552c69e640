"""Structs of roles and permissions in the API."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Instant, ShortName, Text
from imsop.identity.roles.permissions import Permission

Permissions = Annotated[list[Permission], Meta(max_length=len(Permission))]


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
    """A permission that roles can contain."""

    id: UUID
    name: str
    description: str | None
    resource: str
    action: str
