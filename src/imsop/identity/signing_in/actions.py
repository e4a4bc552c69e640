"""Sign-up, sign-in by password, and the rate limits of both."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

import asyncpg

from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import Forbidden, TooManyRequests, Unauthenticated
from imsop.core.events import Named, emit
from imsop.core.said import Said
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.tokens import new_token, token_hash
from imsop.identity.organizations import queries as organizations_queries
from imsop.identity.organizations.actions import require_timezone
from imsop.identity.organizations.events import ORGANIZATION_CREATED
from imsop.identity.organizations.models import NewOrganization
from imsop.identity.people import queries as people_queries
from imsop.identity.people.passwords import has_cost, hash_password, verify_password
from imsop.identity.request import TenantRequest, network_of
from imsop.identity.roles import queries as roles_queries
from imsop.identity.roles.permissions import SYSTEM_ROLES, SystemRole
from imsop.identity.signing_in import queries as signing_in_queries
from imsop.identity.signing_in.models import Account, Credentials, SignedUp

ATTEMPT_WINDOW_SECONDS = 15 * 60
AT_ONCE_PER_ADDRESS = 8
"""Passwords of one network address checked at a time; others wait. It keeps attempts in progress, which count
until they succeed, far below the limit."""
GUESSES_AT_ONCE = 4
"""Writes of one organization that may conflict with others', at a time; the limit may be exceeded by them."""


async def sign_up(pool: Pool, settings: Settings, new: NewOrganization, *, address: str | None) -> SignedUp:
    """Creates an organization with the system roles and its first administrator.

    Runs in a transaction of its own, for the new tenant. Idempotent: a repeated identical sign-up, after a
    lost response, returns what the first one created. Raises UniqueViolationError (a Conflict) if the name or
    the address is taken otherwise, and TooManyRequests if that becomes guessing.
    """
    password_hash = await hash_password(new.password, cost=settings.bcrypt_cost)
    tenant = Tenant(uuid4())
    try:
        async with transaction(pool, tenant) as connection:
            user_id, _ = await found_organization(connection, tenant.organization_id, new, password_hash)
            return await _signed_up(connection, tenant.organization_id, user_id)
    except asyncpg.UniqueViolationError:
        made = await _signed_up_before(pool, settings, new, address)
        if made is None:
            raise
        return made


async def _signed_up_before(
    pool: Pool, settings: Settings, new: NewOrganization, address: str | None
) -> SignedUp | None:
    """The result of the identical sign-up, if there was one.

    The password is checked, and the attempt counts as a sign-in.
    """
    try:
        account = await _checked_account(pool, settings, Credentials(new.email, new.password), address)
    except Unauthenticated:
        return None
    tenant = Tenant(account.organization_id, account.user_id)
    async with transaction(pool, tenant, read_only=True) as connection:
        made = await _signed_up(connection, account.organization_id, account.user_id)
    # Both rows are created in one transaction: a user who joined later did not sign up the organization.
    is_first = made.organization.created_at == made.administrator.created_at
    return made if is_first and made.organization.name == new.name else None


async def _signed_up(connection: Connection, organization_id: UUID, user_id: UUID) -> SignedUp:
    organization = await organizations_queries.get_organization(connection, organization_id)
    administrator = await people_queries.get_user(connection, organization_id, user_id)
    if organization is None or administrator is None:
        raise RuntimeError("an account does not see its own rows")
    return SignedUp(organization, administrator)


async def found_organization(
    connection: Connection, organization_id: UUID, new: NewOrganization, password_hash: str
) -> tuple[UUID, dict[SystemRole, UUID]]:
    """Inserts the organization, in a transaction opened for it; returns its administrator and roles."""
    await require_timezone(connection, new.timezone)
    await organizations_queries.insert_organization(
        connection,
        organization_id,
        new.name,
        new.description,
        new.industry,
        new.country,
        new.timezone,
        new.currency,
        new.website,
    )
    role_ids = await _seed_system_roles(connection, organization_id)
    user_id = await people_queries.insert_user(
        connection,
        organization_id,
        new.email,
        password_hash,
        first_name=new.first_name,
        last_name=new.last_name,
    )
    await people_queries.set_user_roles(connection, organization_id, user_id, [role_ids["administrator"]])
    administrator = Tenant(organization_id, user_id)
    await emit(connection, administrator, ORGANIZATION_CREATED, organization_id, Named(new.name))
    return user_id, role_ids


async def _seed_system_roles(connection: Connection, organization_id: UUID) -> dict[SystemRole, UUID]:
    role_ids = {}
    for name, (description, permissions) in SYSTEM_ROLES.items():
        role_id = await roles_queries.insert_role(
            connection, organization_id, name, description, is_system=True
        )
        await roles_queries.set_role_permissions(connection, organization_id, role_id, sorted(permissions))
        role_ids[name] = role_id
    return role_ids


async def sign_in(
    pool: Pool,
    settings: Settings,
    credentials: Credentials,
    *,
    kind: Literal["bearer", "browser"],
    address: str | None,
    user_agent: str | None,
) -> tuple[str, int]:
    """Checks a password and creates a session; returns its token and its lifetime in seconds.

    Sign-ins to one account wait for each other: correct ones in any number never reach the limit.
    Rehashes the password if its stored cost is outdated; otherwise response time would identify such
    accounts. Raises Unauthenticated, Forbidden, TooManyRequests.
    """
    by_account, by_address = _subjects(credentials.email, address)
    async with _turn(by_account, 1), _turn(by_address, AT_ONCE_PER_ADDRESS):
        account = await _checked_account(pool, settings, credentials, address)
        return await _session(pool, settings, credentials, account, kind, address, user_agent)


async def _session(
    pool: Pool,
    settings: Settings,
    credentials: Credentials,
    account: Account,
    kind: Literal["bearer", "browser"],
    address: str | None,
    user_agent: str | None,
) -> tuple[str, int]:
    renewed_hash = None
    if not has_cost(account.password_hash, settings.bcrypt_cost):
        renewed_hash = await hash_password(credentials.password, cost=settings.bcrypt_cost)
    lifetime = settings.access_token_minutes * 60 if kind == "bearer" else settings.session_hours * 3600
    token = new_token(kind, account.organization_id)
    async with transaction(pool, Tenant(account.organization_id, account.user_id)) as connection:
        await credentials_queries.insert_session(
            connection,
            account.organization_id,
            account.user_id,
            kind,
            token_hash(token),
            address,
            user_agent[:500] if user_agent else None,
            lifetime,
        )
        if renewed_hash is not None:
            await people_queries.set_password_hash(
                connection, account.organization_id, account.user_id, account.password_hash, renewed_hash
            )
        await signing_in_queries.record_sign_in(connection, account.organization_id, account.user_id)
        await signing_in_queries.forget_attempts(connection, *_subjects(credentials.email, address))
    return token, lifetime


async def _checked_account(
    pool: Pool, settings: Settings, credentials: Credentials, address: str | None
) -> Account:
    """The active account with this email address and password.

    Counts the attempt before checking the password, so that parallel attempts cannot exceed the limit. An
    unknown address costs the same bcrypt work as a known one. Raises as sign_in does.
    """
    await _count_attempts(pool, settings, *_subjects(credentials.email, address))
    async with transaction(pool, None, read_only=True) as connection:
        account = await signing_in_queries.find_account(connection, _storable(credentials.email))
    known_hash = account.password_hash if account else None
    matches = await verify_password(credentials.password, known_hash, cost=settings.bcrypt_cost)
    if account is None or not matches:
        raise Unauthenticated("e-mail address or password is wrong")
    _require_active(account)
    return account


def _storable(email: str) -> str:
    # Accounts have ASCII addresses only, so others are treated as unknown. Lower-casing could turn such a
    # letter into an ASCII one, and the limit would count one account under several names.
    return email if email.isascii() and "\0" not in email else ""


def _subjects(email: str, address: str | None) -> tuple[bytes, bytes]:
    """Hashes under which attempts are counted: the table contains no addresses in plain text."""
    return (
        hashlib.sha256(b"account:" + email.strip().lower().encode()).digest(),
        hashlib.sha256(b"address:" + network_of(address or "").encode()).digest(),
    )


_turns: WeakValueDictionary[bytes, asyncio.Semaphore] = WeakValueDictionary()


def _turn(subject_hash: bytes, at_once: int) -> asyncio.Semaphore:
    """The semaphore of the subject in this process; it exists while somebody holds or awaits it."""
    return _turns.setdefault(subject_hash, asyncio.Semaphore(at_once))


@asynccontextmanager
async def limited_guessing(request: TenantRequest) -> AsyncIterator[None]:
    """Around writing a value unique in the whole installation: limits conflicts as wrong passwords are.

    A conflict tells that another organization has the value. Raises TooManyRequests.
    """
    state = request.app.state
    subject_hash = hashlib.sha256(b"conflicts:" + request.actor.organization_id.bytes).digest()
    async with _turn(subject_hash, GUESSES_AT_ONCE):
        async with transaction(state.pool, None, read_only=True) as connection:
            conflicts, seconds_left = await signing_in_queries.find_attempts(
                connection, subject_hash, ATTEMPT_WINDOW_SECONDS
            )
        if conflicts >= state.settings.sign_in_attempts_per_account:
            raise TooManyRequests("too many values that are taken; try again later", seconds_left)
        try:
            yield
        except asyncpg.UniqueViolationError as conflict:
            if conflict.constraint_name != "users_unique_organization_email":
                await request.finish()  # its transaction has failed; counting needs a connection
                async with transaction(state.pool, None) as connection:
                    await signing_in_queries.count_attempt(connection, subject_hash, ATTEMPT_WINDOW_SECONDS)
            raise


async def count_address_attempt(pool: Pool, settings: Settings, address: str | None) -> None:
    """Rate limit per network address for unauthenticated requests. Raises TooManyRequests."""
    async with transaction(pool, None) as connection:
        attempts, seconds_left = await signing_in_queries.count_attempt(
            connection, _subjects("", address)[1], ATTEMPT_WINDOW_SECONDS
        )
    if attempts > settings.sign_in_attempts_per_address:
        raise TooManyRequests("too many attempts from this address; try again later", seconds_left)


async def count_reset_attempt(pool: Pool, settings: Settings, email: str, address: str | None) -> None:
    """Rate limit for requests of a new password, as that of sign-in. Raises TooManyRequests.

    Counted apart from sign-ins, so that nobody is locked out by them.
    """
    account_hash = hashlib.sha256(b"reset:" + email.strip().lower().encode()).digest()
    await _count_attempts(pool, settings, account_hash, _subjects("", address)[1])


async def require_attempts_left(pool: Pool, settings: Settings, address: str | None) -> None:
    """Raises TooManyRequests if the network address has used up its attempts. Does not count one."""
    async with transaction(pool, None, read_only=True) as connection:
        attempts, seconds_left = await signing_in_queries.find_attempts(
            connection, _subjects("", address)[1], ATTEMPT_WINDOW_SECONDS
        )
    if attempts >= settings.sign_in_attempts_per_address:
        raise TooManyRequests("too many attempts from this address; try again later", seconds_left)


async def count_password_attempt(pool: Pool, settings: Settings, user_id: UUID) -> None:
    """Rate limit for guessing a password from an open session. Raises TooManyRequests."""
    subject_hash = hashlib.sha256(b"password:" + user_id.bytes).digest()
    async with transaction(pool, None) as connection:
        attempts, seconds_left = await signing_in_queries.count_attempt(
            connection, subject_hash, ATTEMPT_WINDOW_SECONDS
        )
    if attempts > settings.sign_in_attempts_per_account:
        raise TooManyRequests("too many attempts at this password; try again later", seconds_left)


async def _count_attempts(pool: Pool, settings: Settings, account_hash: bytes, address_hash: bytes) -> None:
    # In a transaction of its own, so that it is committed even if the sign-in fails.
    async with transaction(pool, None) as connection:
        by_account, account_seconds = await signing_in_queries.count_attempt(
            connection, account_hash, ATTEMPT_WINDOW_SECONDS
        )
        by_address, address_seconds = await signing_in_queries.count_attempt(
            connection, address_hash, ATTEMPT_WINDOW_SECONDS
        )
    if by_account > settings.sign_in_attempts_per_account:
        raise TooManyRequests("too many attempts at this account; try again later", account_seconds)
    if by_address > settings.sign_in_attempts_per_address:
        raise TooManyRequests("too many attempts from this address; try again later", address_seconds)


def _require_active(account: Account) -> None:
    if account.organization_status != "active":
        raise Forbidden(
            Said(
                "the organization is %(status)s; ask whoever operates this installation",
                status=Said(account.organization_status),
            )
        )
    if account.user_status != "active":
        raise Forbidden(
            Said("this account is %(status)s; ask your administrator", status=Said(account.user_status))
        )
