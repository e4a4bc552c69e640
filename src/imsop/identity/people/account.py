"""Actions of users on their own account."""

import msgspec

from imsop.core import edits
from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import Conflict, InvalidInput
from imsop.core.settings import Settings
from imsop.identity.actor import Actor
from imsop.identity.credentials import actions as credentials_actions
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.people import actions
from imsop.identity.people import queries as people_queries
from imsop.identity.people.models import OwnChanges, PasswordChange, User
from imsop.identity.people.passwords import hash_password, verify_password
from imsop.identity.signing_in.actions import count_password_attempt


async def edit_own_account(connection: Connection, actor: Actor, changes: OwnChanges, if_match: str) -> User:
    """Edits the actor's own name, phone, picture or locale."""
    current = edits.require_version(
        await people_queries.get_user(connection, actor.organization_id, actor.user_id), if_match, "user"
    )
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await people_queries.update_user(connection, actor.organization_id, edited, None) is None:
        raise edits.changed_meanwhile("user")
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    stored = await actions.get_user(connection, actor, actor.user_id)
    await actions.emit_user_changed(connection, actor, current, stored)
    return stored


async def check_password_change(
    pool: Pool, settings: Settings, actor: Actor, change: PasswordChange
) -> tuple[str, str]:
    """Verifies the current password; returns the hash it matched and the hash of the new password.

    Uses short transactions of its own, so that no connection is held during bcrypt. Raises InvalidInput for a
    wrong password, TooManyRequests after too many attempts.
    """
    await count_password_attempt(pool, settings, actor.user_id)
    async with transaction(pool, actor.tenant, read_only=True) as connection:
        known_hash = await people_queries.get_password_hash(connection, actor.organization_id, actor.user_id)
    if not await verify_password(change.current_password, known_hash, cost=settings.bcrypt_cost):
        raise InvalidInput.of("current_password", "is not your password")
    new_hash = await hash_password(change.new_password, cost=settings.bcrypt_cost, field="new_password")
    return known_hash, new_hash


async def change_password(
    connection: Connection, actor: Actor, known_hash: str, new_hash: str, *, revoke_api_keys: bool
) -> None:
    """Sets a new password, ends all other sessions of the actor, and revokes the actor's API keys if asked.

    Raises Conflict after a concurrent change: the UPDATE compares the hash that was verified.
    """
    if not await people_queries.set_password_hash(
        connection, actor.organization_id, actor.user_id, known_hash, new_hash
    ):
        raise Conflict("your password has been changed; sign in with the new one")
    await credentials_queries.delete_other_sessions(
        connection, actor.organization_id, actor.user_id, actor.credential_id
    )
    if revoke_api_keys:
        await credentials_actions.revoke_api_keys_of(connection, actor, actor.user_id)
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    user = await actions.get_user(connection, actor, actor.user_id)
    await actions.emit_user_changed(connection, actor, user, user, password=True)
