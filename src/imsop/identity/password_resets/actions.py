"""Setting a new password without the old one: by a link sent by e-mail, or by the operator."""

import asyncio
from uuid import UUID

import msgspec

from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import Conflict, NotFound
from imsop.core.jobs import defer
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.credentials import actions as credentials_actions
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.tokens import organization_of, token_hash
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.password_resets import queries
from imsop.identity.password_resets.jobs import MARK, SEND_PASSWORD_RESET
from imsop.identity.people import actions as people_actions
from imsop.identity.people import queries as people_queries
from imsop.identity.people.passwords import hash_password
from imsop.identity.signing_in import queries as signing_in_queries
from imsop.identity.signing_in.actions import count_reset_attempt

ANSWER_SECONDS = 0.5
"""Every request for a link is answered after this time, many times what one takes, so that timing does not
tell whether the address has an account."""


class Reset(msgspec.Struct, frozen=True):
    """What the holder of a link may do: set the password of this user."""

    organization_id: UUID
    user_id: UUID
    email: str
    has_api_keys: bool


async def request_reset(
    pool: Pool, settings: Settings, email: str, *, site: str, address: str | None
) -> None:
    """Enqueues a mail with a link below `site`, if an active account has this address.

    Returns nothing and takes the same time either way. Raises TooManyRequests.
    """
    answer_at = asyncio.get_running_loop().time() + ANSWER_SECONDS
    await count_reset_attempt(pool, settings, email, address)
    async with transaction(pool, None, read_only=True) as connection:
        account = await signing_in_queries.find_account(connection, email)
    if account is not None and account.is_active:
        tenant = Tenant(account.organization_id, account.user_id)
        async with transaction(pool, tenant) as connection:
            await defer(
                connection,
                account.organization_id,
                SEND_PASSWORD_RESET,
                key=str(account.user_id),
                user_id=str(account.user_id),
                site=site,
            )
    await asyncio.sleep(answer_at - asyncio.get_running_loop().time())


async def get_reset(pool: Pool, token: str) -> Reset:
    """The reset that a token permits. Raises NotFound if it is unknown, used or expired."""
    organization_id = _organization_of(token)
    async with transaction(pool, Tenant(organization_id), read_only=True) as connection:
        user_id = await queries.find_user_of_reset(connection, organization_id, token_hash(token))
        if user_id is None:
            raise _over()
        user = await people_actions.get_user(connection, Tenant(organization_id), user_id)
        has_api_keys = await credentials_queries.has_api_keys(connection, organization_id, user_id)
    return Reset(organization_id, user_id, user.email, has_api_keys)


async def use_reset(
    pool: Pool, settings: Settings, token: str, new_password: str, *, revoke_api_keys: bool
) -> None:
    """Sets the password of the token's user and uses the token up.

    No connection is held during bcrypt. Raises NotFound as get_reset does, and InvalidInput.
    """
    reset = await get_reset(pool, token)
    new_hash = await hash_password(new_password, cost=settings.bcrypt_cost, field="new_password")
    tenant = Tenant(reset.organization_id, reset.user_id)
    async with transaction(pool, tenant) as connection:
        if not await queries.delete_reset(connection, tenant.organization_id, token_hash(token)):
            raise _over()
        await replace_password(connection, tenant, reset.user_id, new_hash, revoke_api_keys=revoke_api_keys)


async def replace_password(
    connection: Connection, author: Tenant, user_id: UUID, new_hash: str, *, revoke_api_keys: bool
) -> None:
    """Sets a password without knowing the old one, and ends all sessions of the user.

    Raises Conflict after a concurrent change.
    """
    organization_id = author.organization_id
    known_hash = await people_queries.get_password_hash(connection, organization_id, user_id)
    if not await people_queries.set_password_hash(connection, organization_id, user_id, known_hash, new_hash):
        raise Conflict("the password has been changed meanwhile; sign in with the new one")
    await credentials_queries.delete_sessions(connection, organization_id, user_id)
    if revoke_api_keys:
        await credentials_actions.revoke_api_keys_of(connection, author, user_id)
    await organizations_queries.notify_access_changed(connection, organization_id)
    user = await people_actions.get_user(connection, author, user_id)
    await people_actions.emit_user_changed(connection, author, user, user, password=True)


def _organization_of(token: str) -> UUID:
    organization_id = organization_of(token, MARK)
    if organization_id is None:
        raise _over()
    return organization_id


def _over() -> NotFound:
    return NotFound("this link is used up or has expired; ask for a new one")
