"""Creates and revokes API keys; ends sessions."""

from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Forbidden, NotFound
from imsop.core.events import Author, Named, emit
from imsop.identity.actor import Actor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.events import API_KEY_CREATED, API_KEY_REVOKED
from imsop.identity.credentials.models import ApiKey, CreatedApiKey, NewApiKey
from imsop.identity.credentials.tokens import new_token, shown_prefix, token_hash
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.roles.actions import administer, require_held
from imsop.identity.roles.permissions import Permission


async def end_session(connection: Connection, actor: Actor, session_id: UUID) -> None:
    """Ends one of the actor's sessions, in every process. Raises NotFound if it is not the actor's."""
    if not await credentials_queries.delete_session(
        connection, actor.organization_id, actor.user_id, session_id
    ):
        raise NotFound("you have no session with this id")
    await organizations_queries.notify_access_changed(connection, actor.organization_id)


# API keys


async def create_api_key(connection: Connection, actor: Actor, new: NewApiKey) -> CreatedApiKey:
    """Creates an API key with some of the actor's permissions. The key is returned here and never again.

    It is valid only while its creator's account is active. An API key cannot create keys, as revoking it
    would leave those.
    """
    if actor.credential == "api_key":
        raise Forbidden("an API key cannot create API keys; sign in as the user who is to own it")
    actor = await administer(connection, actor, Permission.API_KEYS_WRITE)
    require_held(actor, new.permissions)
    key = new_token("api_key", actor.organization_id)
    key_id = await credentials_queries.insert_api_key(
        connection,
        actor.organization_id,
        new.name,
        shown_prefix(key),
        token_hash(key),
        sorted(set(new.permissions)),
        actor.user_id,
    )
    await emit(connection, actor, API_KEY_CREATED, key_id, Named(new.name))
    return CreatedApiKey(key, await get_api_key(connection, actor, key_id))


async def get_api_key(connection: Connection, actor: Actor, key_id: UUID) -> ApiKey:
    api_key = await credentials_queries.get_api_key(connection, actor.organization_id, key_id)
    if api_key is None:
        raise NotFound("no API key with this id")
    return api_key


async def revoke_api_key(connection: Connection, actor: Actor, key_id: UUID) -> None:
    """Revokes a key in every process; its row is kept for the audit trail."""
    api_key = await get_api_key(connection, actor, key_id)
    require_held(actor, api_key.permissions)
    if not await credentials_queries.revoke_api_key(connection, actor.organization_id, key_id):
        raise NotFound("no API key with this id")
    await organizations_queries.notify_access_changed(connection, actor.organization_id)
    await emit(connection, actor, API_KEY_REVOKED, key_id, Named(api_key.name))


async def revoke_api_keys_of(connection: Connection, author: Author, user_id: UUID) -> None:
    """Revokes every key that the user created: whoever knew the old password may have made one.

    The caller notifies that access has changed.
    """
    for key_id, name in await credentials_queries.revoke_api_keys_of(
        connection, author.organization_id, user_id
    ):
        await emit(connection, author, API_KEY_REVOKED, key_id, Named(name))
