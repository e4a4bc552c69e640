"""What administrators do: the organization, its users, roles and API keys."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from imsop.core.said import Said
from imsop.identity import credential_queries, queries, role_queries
from imsop.identity.models import (
    Actor,
    ApiKey,
    CreatedApiKey,
    NewApiKey,
    NewRole,
    NewUser,
    Organization,
    OrganizationChanges,
    Role,
    RoleChanges,
    User,
    UserChanges,
)
from imsop.identity.permissions import Permission
from imsop.identity.sign_in_actions import require_timezone
from imsop.identity.tokens import new_token, shown_prefix, token_hash


async def edit_organization(
    connection: Connection, actor: Actor, organization_id: UUID, changes: OrganizationChanges, if_match: str
) -> Organization:
    """Changes the actor's own organization; any other does not exist for it."""
    current = await queries.get_organization(connection, organization_id)
    current = edits.require_version(current, if_match, "organization")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    await require_timezone(connection, edited.timezone)
    stored = await queries.update_organization(connection, edited)
    if stored is None:
        raise edits.changed_meanwhile("organization")
    await queries.notify_access_changed(connection, actor.organization_id)
    return stored


async def _administer(connection: Connection, actor: Actor, permission: Permission) -> Actor:
    """Locks the administration of the organization, and returns the actor as it stands by then.

    Whoever waited for the lock may have been dismissed by whoever held it. Raises Unauthenticated, Forbidden.
    """
    await queries.lock_administration(connection, actor.organization_id)
    standing = await credential_queries.get_standing(connection, actor)
    if standing is None or not standing.is_active:
        raise Unauthenticated("this account is no longer active; ask your administrator")
    if permission not in standing.permissions:
        raise Forbidden(Said("this requires the permission %(permission)s", permission=permission))
    return msgspec.structs.replace(actor, permissions=frozenset(standing.permissions))


# Users. Whoever administers may give away only what they hold, and touch only those who hold no more.


async def create_user(connection: Connection, actor: Actor, new: NewUser, password_hash: str) -> User:
    """Adds a user with these roles. Raises Conflict for an address that cannot be used, wherever it is."""
    actor = await _administer(connection, actor, Permission.USERS_WRITE)
    await _require_grantable_roles(connection, actor, new.role_ids)
    user_id = await queries.insert_user(
        connection,
        actor.organization_id,
        new.email,
        password_hash,
        first_name=new.first_name,
        last_name=new.last_name,
        phone=new.phone,
        avatar_url=new.avatar_url,
        locale=new.locale,
    )
    await queries.set_user_roles(connection, actor.organization_id, user_id, new.role_ids)
    return await get_user(connection, actor, user_id)


async def get_user(connection: Connection, actor: Actor, user_id: UUID) -> User:
    user = await queries.get_user(connection, actor.organization_id, user_id)
    if user is None:
        raise NotFound("no user with this id")
    return user


async def edit_user(
    connection: Connection,
    actor: Actor,
    user_id: UUID,
    changes: UserChanges,
    password_hash: str | None,
    if_match: str,
) -> User:
    """Changes a user. A new password, given as its hash, or a lost status ends the user's sessions.

    Raises Forbidden where the user or a role holds more than the actor, Conflict for the last administrator.
    """
    actor = await _administer(connection, actor, Permission.USERS_WRITE)
    current = edits.require_version(
        await queries.get_user(connection, actor.organization_id, user_id), if_match, "user"
    )
    await _require_no_more_than(connection, actor, user_id)
    fields = edits.changed_fields(changes)
    fields.pop("password", None)
    role_ids = fields.pop("role_ids", None)
    edited = msgspec.structs.replace(current, **fields)
    if await queries.update_user(connection, actor.organization_id, edited, password_hash) is None:
        raise edits.changed_meanwhile("user")
    if role_ids is not None:
        await _require_grantable_roles(connection, actor, role_ids)
        await queries.set_user_roles(connection, actor.organization_id, user_id, role_ids)
    if password_hash is not None or edited.status != "active":
        await credential_queries.delete_sessions(connection, actor.organization_id, user_id)
    await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)
    return await get_user(connection, actor, user_id)


async def archive_user(connection: Connection, actor: Actor, user_id: UUID) -> None:
    """Ends an account: it can no longer sign in and its address is free again; what it did keeps its name."""
    actor = await _administer(connection, actor, Permission.USERS_WRITE)
    await get_user(connection, actor, user_id)
    await _require_no_more_than(connection, actor, user_id)
    await queries.archive_user(connection, actor.organization_id, user_id)
    await credential_queries.delete_sessions(connection, actor.organization_id, user_id)
    await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)


async def _require_grantable_roles(connection: Connection, actor: Actor, role_ids: list[UUID]) -> None:
    held = await role_queries.list_permissions_of_roles(connection, actor.organization_id, role_ids)
    for place, role_id in enumerate(role_ids):
        if role_id not in held:
            raise InvalidInput.of(f"role_ids[{place}]", "no role with this id")
        if not held[role_id] <= actor.permissions:
            raise Forbidden("you can grant only roles whose permissions you hold yourself")


async def _require_no_more_than(connection: Connection, actor: Actor, user_id: UUID) -> None:
    held = await queries.list_effective_permissions(connection, actor.organization_id, user_id)
    if not held <= actor.permissions:
        raise Forbidden("this user holds permissions that you do not; ask an administrator")


async def _require_an_administrator(connection: Connection, actor: Actor) -> None:
    if await queries.count_administrators(connection, actor.organization_id) == 0:
        raise Conflict(
            "an organization needs an active user who may change users and roles; appoint another first"
        )


# Roles


async def create_role(connection: Connection, actor: Actor, new: NewRole) -> Role:
    """Adds a custom role that holds no more than the actor."""
    actor = await _administer(connection, actor, Permission.ROLES_WRITE)
    _require_held(actor, new.permissions)
    role_id = await role_queries.insert_role(
        connection, actor.organization_id, new.name, new.description, is_system=False
    )
    await role_queries.set_role_permissions(connection, actor.organization_id, role_id, list(new.permissions))
    return await get_role(connection, actor, role_id)


async def get_role(connection: Connection, actor: Actor, role_id: UUID) -> Role:
    role = await role_queries.get_role(connection, actor.organization_id, role_id)
    if role is None:
        raise NotFound("no role with this id")
    return role


async def edit_role(
    connection: Connection, actor: Actor, role_id: UUID, changes: RoleChanges, if_match: str
) -> Role:
    """Changes a custom role. Raises Conflict for a system role, Forbidden for permissions the actor lacks."""
    actor = await _administer(connection, actor, Permission.ROLES_WRITE)
    current = edits.require_version(
        await role_queries.get_role(connection, actor.organization_id, role_id), if_match, "role"
    )
    _require_custom(current)
    _require_held(actor, current.permissions)
    fields = edits.changed_fields(changes)
    permissions = fields.pop("permissions", None)
    edited = msgspec.structs.replace(current, **fields)
    if await role_queries.update_role(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("role")
    if permissions is not None:
        _require_held(actor, permissions)
        await role_queries.set_role_permissions(connection, actor.organization_id, role_id, permissions)
        await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)
    return await get_role(connection, actor, role_id)


async def delete_role(connection: Connection, actor: Actor, role_id: UUID) -> None:
    """Deletes a custom role that nobody has. Raises Conflict otherwise."""
    actor = await _administer(connection, actor, Permission.ROLES_WRITE)
    role = await get_role(connection, actor, role_id)
    _require_custom(role)
    _require_held(actor, role.permissions)
    await role_queries.delete_role(connection, actor.organization_id, role_id)


def _require_custom(role: Role) -> None:
    if role.is_system:
        raise Conflict("a system role cannot be changed; create a custom role")


def _require_held(actor: Actor, permissions: list[str] | list[Permission]) -> None:
    if not actor.permissions.issuperset(permissions):
        raise Forbidden("you can grant only permissions that you hold yourself")


# API keys


async def create_api_key(connection: Connection, actor: Actor, new: NewApiKey) -> CreatedApiKey:
    """Makes a key with some of the actor's permissions. The key itself is returned here and never again.

    It ends with the account that made it. Keys make no keys: revoking one would leave its children.
    """
    if actor.credential == "api_key":
        raise Forbidden("an API key cannot create API keys; sign in as the user who is to own it")
    actor = await _administer(connection, actor, Permission.API_KEYS_WRITE)
    _require_held(actor, new.permissions)
    key = new_token("api_key", actor.organization_id)
    key_id = await credential_queries.insert_api_key(
        connection,
        actor.organization_id,
        new.name,
        shown_prefix(key),
        token_hash(key),
        sorted(set(new.permissions)),
        actor.user_id,
    )
    return CreatedApiKey(key, await get_api_key(connection, actor, key_id))


async def get_api_key(connection: Connection, actor: Actor, key_id: UUID) -> ApiKey:
    api_key = await credential_queries.get_api_key(connection, actor.organization_id, key_id)
    if api_key is None:
        raise NotFound("no API key with this id")
    return api_key


async def revoke_api_key(connection: Connection, actor: Actor, key_id: UUID) -> None:
    """Ends a key in every process; the row stays, so that it remains known who had it."""
    _require_held(actor, (await get_api_key(connection, actor, key_id)).permissions)
    if not await credential_queries.revoke_api_key(connection, actor.organization_id, key_id):
        raise NotFound("no API key with this id")
    await queries.notify_access_changed(connection, actor.organization_id)
