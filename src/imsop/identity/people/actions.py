"""Actions of administrators on users.

Administrators may grant only permissions they hold, and edit only users who hold no more than they do.
"""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Forbidden, InvalidInput, NotFound
from imsop.core.events import Author, Change, Changed, Named, difference, emit
from imsop.identity.actor import Actor
from imsop.identity.credentials import actions as credentials_actions
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.people import queries as people_queries
from imsop.identity.people.events import USER_CHANGED, USER_CREATED, USER_DELETED
from imsop.identity.people.models import NewUser, User, UserChanges
from imsop.identity.roles import queries as roles_queries
from imsop.identity.roles.actions import administer, require_an_administrator
from imsop.identity.roles.permissions import Permission

# Users


async def create_user(connection: Connection, actor: Actor, new: NewUser, password_hash: str) -> User:
    """Adds a user with roles. Raises Conflict if the address is in use, in whichever organization."""
    actor = await administer(connection, actor, Permission.USERS_WRITE)
    await _require_grantable_roles(connection, actor, new.role_ids)
    user_id = await people_queries.insert_user(
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
    await people_queries.set_user_roles(connection, actor.organization_id, user_id, new.role_ids)
    user = await get_user(connection, actor, user_id)
    await emit(connection, actor, USER_CREATED, user_id, Named(_display_name(user)))
    return user


async def get_user(connection: Connection, author: Author, user_id: UUID) -> User:
    user = await people_queries.get_user(connection, author.organization_id, user_id)
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
    """Edits a user.

    A new password, given as its hash, or a status other than active ends the user's sessions. A new password
    also revokes the API keys that the user created.

    Raises Forbidden if the user or a role has permissions that the actor lacks, Conflict for the last
    administrator.
    """
    actor = await administer(connection, actor, Permission.USERS_WRITE)
    current = edits.require_version(
        await people_queries.get_user(connection, actor.organization_id, user_id), if_match, "user"
    )
    await _require_no_more_than(connection, actor, user_id)
    fields = edits.changed_fields(changes)
    fields.pop("password", None)
    role_ids = fields.pop("role_ids", None)
    edited = msgspec.structs.replace(current, **fields)
    if await people_queries.update_user(connection, actor.organization_id, edited, password_hash) is None:
        raise edits.changed_meanwhile("user")
    if role_ids is not None:
        await _require_grantable_roles(connection, actor, role_ids)
        await people_queries.set_user_roles(connection, actor.organization_id, user_id, role_ids)
    if password_hash is not None or edited.status != "active":
        await credentials_queries.delete_sessions(connection, actor.organization_id, user_id)
    if password_hash is not None:
        await credentials_actions.revoke_api_keys_of(connection, actor, user_id)
    await require_an_administrator(connection, actor)
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    stored = await get_user(connection, actor, user_id)
    await emit_user_changed(connection, actor, current, stored, password=password_hash is not None)
    return stored


async def archive_user(connection: Connection, actor: Actor, user_id: UUID) -> None:
    """Archives an account: it can no longer sign in, its address becomes free, its history keeps the name.

    Its API keys are revoked. A trigger ends its sessions and takes it off roles and warehouses.
    """
    actor = await administer(connection, actor, Permission.USERS_WRITE)
    user = await get_user(connection, actor, user_id)
    await _require_no_more_than(connection, actor, user_id)
    await credentials_actions.revoke_api_keys_of(connection, actor, user_id)
    await people_queries.archive_user(connection, actor.organization_id, user_id)
    await require_an_administrator(connection, actor)
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    await emit(connection, actor, USER_DELETED, user_id, Named(_display_name(user)))


async def emit_user_changed(
    connection: Connection, author: Author, before: User, after: User, *, password: bool = False
) -> None:
    """Emits an event with the names of the changed fields; their values are personal data and left out."""
    fields = [*difference(before, after), *(["password"] if password else [])]
    if fields:
        told = Changed(_display_name(after), {field: Change(None, None) for field in fields})
        await emit(connection, author, USER_CHANGED, after.id, told)


def _display_name(user: User) -> str:
    """The user's name. The email address is not used: not everybody who reads events may see it."""
    return " ".join(filter(None, (user.first_name, user.last_name)))


async def _require_grantable_roles(connection: Connection, actor: Actor, role_ids: list[UUID]) -> None:
    held = await roles_queries.list_permissions_of_roles(connection, actor.organization_id, role_ids)
    for place, role_id in enumerate(role_ids):
        if role_id not in held:
            raise InvalidInput.of(f"role_ids[{place}]", "no role with this id")
        if not held[role_id] <= actor.permissions:
            raise Forbidden("you can grant only roles whose permissions you hold yourself")


async def _require_no_more_than(connection: Connection, actor: Actor, user_id: UUID) -> None:
    held = await roles_queries.list_effective_permissions(connection, actor.organization_id, user_id)
    if not held <= actor.permissions:
        raise Forbidden("this user holds permissions that you do not; ask an administrator")
