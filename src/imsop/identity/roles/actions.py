"""Actions of administrators on roles, and the checks that all administration shares."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from imsop.core.events import Named, emit, emit_changed
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.roles import queries
from imsop.identity.roles.events import ROLE_CHANGED, ROLE_CREATED, ROLE_DELETED
from imsop.identity.roles.models import NewRole, Role, RoleChanges
from imsop.identity.roles.permissions import Permission


async def administer(connection: Connection, actor: Actor, permission: Permission) -> Actor:
    """Takes the organization's administration lock, then returns the actor with current permissions.

    Access may have been revoked by the previous holder of the lock. Raises Unauthenticated, Forbidden.
    """
    await queries.lock_administration(connection, actor.organization_id)
    identity = await credentials_queries.get_identity(connection, actor)
    if identity is None or not identity.is_active:
        raise Unauthenticated("this account is no longer active; ask your administrator")
    if permission not in identity.permissions:
        raise Forbidden(Said("this requires the permission %(permission)s", permission=permission))
    return msgspec.structs.replace(actor, permissions=frozenset(identity.permissions))


async def require_an_administrator(connection: Connection, actor: Actor) -> None:
    if await queries.count_administrators(connection, actor.organization_id) == 0:
        raise Conflict(
            "an organization needs an active user who may change users and roles; appoint another first"
        )


# Roles


async def create_role(connection: Connection, actor: Actor, new: NewRole) -> Role:
    """Adds a custom role, with no permissions that the actor lacks."""
    actor = await administer(connection, actor, Permission.ROLES_WRITE)
    require_held(actor, new.permissions)
    role_id = await queries.insert_role(
        connection, actor.organization_id, new.name, new.description, is_system=False
    )
    await queries.set_role_permissions(connection, actor.organization_id, role_id, list(new.permissions))
    await emit(connection, actor, ROLE_CREATED, role_id, Named(new.name))
    return await get_role(connection, actor, role_id)


async def get_role(connection: Connection, actor: Actor, role_id: UUID) -> Role:
    role = await queries.get_role(connection, actor.organization_id, role_id)
    if role is None:
        raise NotFound("no role with this id")
    return role


async def edit_role(
    connection: Connection, actor: Actor, role_id: UUID, changes: RoleChanges, if_match: str
) -> Role:
    """Edits a custom role. Raises Conflict for a system role, Forbidden for permissions the actor lacks."""
    actor = await administer(connection, actor, Permission.ROLES_WRITE)
    current = edits.require_version(
        await queries.get_role(connection, actor.organization_id, role_id), if_match, "role"
    )
    _require_custom(current)
    require_held(actor, current.permissions)
    fields = edits.changed_fields(changes)
    permissions = fields.pop("permissions", None)
    edited = msgspec.structs.replace(current, **fields)
    if await queries.update_role(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("role")
    if permissions is not None:
        require_held(actor, permissions)
        await queries.set_role_permissions(connection, actor.organization_id, role_id, permissions)
        await require_an_administrator(connection, actor)
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    stored = await get_role(connection, actor, role_id)
    await emit_changed(connection, actor, ROLE_CHANGED, stored.name, current, stored)
    return stored


async def delete_role(connection: Connection, actor: Actor, role_id: UUID) -> None:
    """Deletes a custom role. Raises Conflict if a user has it or it is a system role."""
    actor = await administer(connection, actor, Permission.ROLES_WRITE)
    role = await get_role(connection, actor, role_id)
    _require_custom(role)
    require_held(actor, role.permissions)
    await queries.delete_role(connection, actor.organization_id, role_id)
    await emit(connection, actor, ROLE_DELETED, role_id, Named(role.name))


def _require_custom(role: Role) -> None:
    if role.is_system:
        raise Conflict("a system role cannot be changed; create a custom role")


def require_held(actor: Actor, permissions: list[str] | list[Permission]) -> None:
    if not actor.permissions.issuperset(permissions):
        raise Forbidden("you can grant only permissions that you hold yourself")
