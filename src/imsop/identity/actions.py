"""What people do with accounts: sign up, sign in, and administer users, roles and keys."""

import hashlib
from typing import Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET

from imsop.core import edits
from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import Conflict, Forbidden, InvalidInput, NotFound, TooManyRequests, Unauthenticated
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity import queries
from imsop.identity.models import (
    Account,
    Actor,
    ApiKey,
    CreatedApiKey,
    Credentials,
    NewApiKey,
    NewOrganization,
    NewRole,
    NewUser,
    Organization,
    OrganizationChanges,
    Role,
    RoleChanges,
    SignedUp,
    User,
    UserChanges,
)
from imsop.identity.passwords import hash_password, verify_password
from imsop.identity.permissions import SYSTEM_ROLES, Permission, SystemRole
from imsop.identity.tokens import new_token, shown_prefix, token_hash

ATTEMPT_WINDOW_SECONDS = 15 * 60


async def sign_up(pool: Pool, settings: Settings, new: NewOrganization) -> SignedUp:
    """Creates an organization with the system roles and its first administrator.

    In a transaction of its own, for a tenant that comes to exist in it. Raises Conflict where the name or the
    e-mail address cannot be used.
    """
    password_hash = await hash_password(new.password, cost=settings.bcrypt_cost)
    organization_id = uuid4()
    async with transaction(pool, Tenant(organization_id)) as connection:
        user_id, _ = await found_organization(connection, organization_id, new, password_hash)
        organization = await queries.get_organization(connection, organization_id)
        administrator = await queries.get_user(connection, organization_id, user_id)
    if organization is None or administrator is None:
        raise RuntimeError("a sign-up does not see its own rows")
    return SignedUp(organization, administrator)


async def found_organization(
    connection: Connection, organization_id: UUID, new: NewOrganization, password_hash: str
) -> tuple[UUID, dict[SystemRole, UUID]]:
    """Writes the organization in a transaction opened for it; returns its administrator and system roles."""
    await _require_timezone(connection, new.timezone)
    await queries.insert_organization(
        connection,
        organization_id,
        new.name,
        new.description,
        new.industry,
        new.country,
        new.timezone,
        new.website,
    )
    role_ids = await _seed_system_roles(connection, organization_id)
    user_id = await queries.insert_user(
        connection,
        organization_id,
        new.email,
        password_hash,
        first_name=new.first_name,
        last_name=new.last_name,
    )
    await queries.set_user_roles(connection, organization_id, user_id, [role_ids["administrator"]])
    return user_id, role_ids


async def _seed_system_roles(connection: Connection, organization_id: UUID) -> dict[SystemRole, UUID]:
    role_ids = {}
    for name, (description, permissions) in SYSTEM_ROLES.items():
        role_id = await queries.insert_role(connection, organization_id, name, description, is_system=True)
        await queries.set_role_permissions(connection, organization_id, role_id, sorted(permissions))
        role_ids[name] = role_id
    return role_ids


async def _require_timezone(connection: Connection, timezone: str) -> None:
    if not await queries.is_timezone(connection, timezone):
        raise InvalidInput.of("timezone", "is not an IANA time zone name, such as Europe/Berlin")


async def sign_in(
    pool: Pool,
    settings: Settings,
    credentials: Credentials,
    *,
    kind: Literal["bearer", "browser"],
    address: str | None,
    user_agent: str | None,
) -> tuple[str, int]:
    """Checks a password and opens a session; returns its token and lifetime in seconds.

    The attempt is counted before the password is looked at, so that rivals cannot outrun the limit. An
    unknown address costs the same bcrypt work as a known one. Raises Unauthenticated, Forbidden,
    TooManyRequests.
    """
    subjects = _subjects(credentials.email, address)
    await _count_attempts(pool, settings, *subjects)
    async with transaction(pool, None, read_only=True) as connection:
        account = await queries.find_account(connection, _storable(credentials.email))
    known_hash = account.password_hash if account else None
    matches = await verify_password(credentials.password, known_hash, cost=settings.bcrypt_cost)
    if account is None or not matches:
        raise Unauthenticated("e-mail address or password is wrong")
    _require_active(account)
    lifetime = settings.access_token_minutes * 60 if kind == "bearer" else settings.session_hours * 3600
    token = new_token(kind, account.organization_id)
    async with transaction(pool, Tenant(account.organization_id, account.user_id)) as connection:
        await queries.insert_session(
            connection,
            account.organization_id,
            account.user_id,
            kind,
            token_hash(token),
            address,
            user_agent[:500] if user_agent else None,
            lifetime,
        )
        await queries.record_sign_in(connection, account.organization_id, account.user_id)
        await queries.forget_attempts(connection, *subjects)
    return token, lifetime


def _storable(email: str) -> str:
    # An address that text cannot hold belongs to nobody, and is answered like one.
    return "" if "\0" in email else email


def _subjects(email: str, address: str | None) -> tuple[bytes, bytes]:
    """What attempts are counted by, as hashes: the table holds no address of anybody."""
    return (
        hashlib.sha256(b"account:" + email.strip().lower().encode()).digest(),
        hashlib.sha256(b"address:" + (address or "").encode()).digest(),
    )


async def count_address_attempt(pool: Pool, settings: Settings, address: str | None) -> None:
    """Limits what an address may try without being signed in. Raises TooManyRequests."""
    async with transaction(pool, None) as connection:
        attempts, seconds_left = await queries.count_attempt(
            connection, _subjects("", address)[1], ATTEMPT_WINDOW_SECONDS
        )
    if attempts > settings.sign_in_attempts_per_address:
        raise TooManyRequests("too many attempts from this address; try again later", seconds_left)


async def count_password_attempt(pool: Pool, settings: Settings, user_id: UUID) -> None:
    """Limits guessing at a password from a session left open. Raises TooManyRequests."""
    subject_hash = hashlib.sha256(b"password:" + user_id.bytes).digest()
    async with transaction(pool, None) as connection:
        attempts, seconds_left = await queries.count_attempt(connection, subject_hash, ATTEMPT_WINDOW_SECONDS)
    if attempts > settings.sign_in_attempts_per_account:
        raise TooManyRequests("too many attempts at this password; try again later", seconds_left)


async def _count_attempts(pool: Pool, settings: Settings, account_hash: bytes, address_hash: bytes) -> None:
    # Committed on its own, whatever becomes of the sign-in.
    async with transaction(pool, None) as connection:
        by_account, account_seconds = await queries.count_attempt(
            connection, account_hash, ATTEMPT_WINDOW_SECONDS
        )
        by_address, address_seconds = await queries.count_attempt(
            connection, address_hash, ATTEMPT_WINDOW_SECONDS
        )
    if by_account > settings.sign_in_attempts_per_account:
        raise TooManyRequests("too many sign-ins to this account; try again later", account_seconds)
    if by_address > settings.sign_in_attempts_per_address:
        raise TooManyRequests("too many sign-ins from this address; try again later", address_seconds)


def _require_active(account: Account) -> None:
    if account.organization_status != "active":
        raise Forbidden(
            f"the organization is {account.organization_status}; ask whoever operates this installation"
        )
    if account.user_status != "active":
        raise Forbidden(f"this account is {account.user_status}; ask your administrator")


async def edit_organization(
    connection: Connection, actor: Actor, organization_id: UUID, changes: OrganizationChanges, if_match: str
) -> Organization:
    """Changes the actor's own organization; any other does not exist for it."""
    current = await queries.get_organization(connection, organization_id)
    current = edits.require_version(current, if_match, "organization")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    await _require_timezone(connection, edited.timezone)
    stored = await queries.update_organization(connection, edited)
    if stored is None:
        raise edits.changed_meanwhile("organization")
    await queries.notify_access_changed(connection, actor.organization_id)
    return stored


# Users. Whoever administers may give away only what they hold, and touch only those who hold no more.


async def create_user(connection: Connection, settings: Settings, actor: Actor, new: NewUser) -> User:
    """Adds a user with these roles. Raises Conflict for an address that cannot be used, wherever it is."""
    password_hash = await hash_password(new.password, cost=settings.bcrypt_cost)
    await queries.lock_administration(connection, actor.organization_id)
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
    settings: Settings,
    actor: Actor,
    user_id: UUID,
    changes: UserChanges,
    if_match: str,
) -> User:
    """Changes a user. A new password or a lost status ends the user's sessions.

    Raises Forbidden where the user or a role holds more than the actor, Conflict for the last administrator.
    """
    password_hash = None
    if changes.password is not UNSET:
        password_hash = await hash_password(changes.password, cost=settings.bcrypt_cost)
    await queries.lock_administration(connection, actor.organization_id)
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
        await queries.delete_sessions(connection, actor.organization_id, user_id)
    await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)
    return await get_user(connection, actor, user_id)


async def archive_user(connection: Connection, actor: Actor, user_id: UUID) -> None:
    """Ends an account: it can no longer sign in and its address is free again; what it did keeps its name."""
    await queries.lock_administration(connection, actor.organization_id)
    await get_user(connection, actor, user_id)
    await _require_no_more_than(connection, actor, user_id)
    await queries.archive_user(connection, actor.organization_id, user_id)
    await queries.delete_sessions(connection, actor.organization_id, user_id)
    await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)


async def _require_grantable_roles(connection: Connection, actor: Actor, role_ids: list[UUID]) -> None:
    held = await queries.list_permissions_of_roles(connection, actor.organization_id, role_ids)
    for place, role_id in enumerate(role_ids):
        if role_id not in held:
            raise InvalidInput.of(f"role_ids[{place}]", "no role with this id")
        if not held[role_id] <= actor.permissions:
            raise Forbidden("you can give only roles whose permissions you hold yourself")


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
    _require_held(actor, new.permissions)
    role_id = await queries.insert_role(
        connection, actor.organization_id, new.name, new.description, is_system=False
    )
    await queries.set_role_permissions(connection, actor.organization_id, role_id, list(new.permissions))
    return await get_role(connection, actor, role_id)


async def get_role(connection: Connection, actor: Actor, role_id: UUID) -> Role:
    role = await queries.get_role(connection, actor.organization_id, role_id)
    if role is None:
        raise NotFound("no role with this id")
    return role


async def edit_role(
    connection: Connection, actor: Actor, role_id: UUID, changes: RoleChanges, if_match: str
) -> Role:
    """Changes a custom role. Raises Conflict for a system role, Forbidden for permissions the actor lacks."""
    await queries.lock_administration(connection, actor.organization_id)
    current = edits.require_version(
        await queries.get_role(connection, actor.organization_id, role_id), if_match, "role"
    )
    _require_custom(current)
    _require_held(actor, current.permissions)
    fields = edits.changed_fields(changes)
    permissions = fields.pop("permissions", None)
    edited = msgspec.structs.replace(current, **fields)
    if await queries.update_role(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("role")
    if permissions is not None:
        _require_held(actor, permissions)
        await queries.set_role_permissions(connection, actor.organization_id, role_id, permissions)
        await _require_an_administrator(connection, actor)
    await queries.notify_access_changed(connection, actor.organization_id)
    return await get_role(connection, actor, role_id)


async def delete_role(connection: Connection, actor: Actor, role_id: UUID) -> None:
    """Deletes a custom role that nobody has. Raises Conflict otherwise."""
    await queries.lock_administration(connection, actor.organization_id)
    role = await get_role(connection, actor, role_id)
    _require_custom(role)
    _require_held(actor, role.permissions)
    await queries.delete_role(connection, actor.organization_id, role_id)


def _require_custom(role: Role) -> None:
    if role.is_system:
        raise Conflict("a system role cannot be changed; create a role of your own")


def _require_held(actor: Actor, permissions: list[str] | list[Permission]) -> None:
    if not actor.permissions.issuperset(permissions):
        raise Forbidden("you can give only permissions that you hold yourself")


# API keys


async def create_api_key(connection: Connection, actor: Actor, new: NewApiKey) -> CreatedApiKey:
    """Makes a key with some of the actor's permissions. The key itself is returned here and never again."""
    _require_held(actor, new.permissions)
    key = new_token("api_key", actor.organization_id)
    key_id = await queries.insert_api_key(
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
    api_key = await queries.get_api_key(connection, actor.organization_id, key_id)
    if api_key is None:
        raise NotFound("no API key with this id")
    return api_key


async def revoke_api_key(connection: Connection, actor: Actor, key_id: UUID) -> None:
    """Ends a key in every process; the row stays, so that it remains known who had it."""
    if not await queries.revoke_api_key(connection, actor.organization_id, key_id):
        raise NotFound("no API key with this id")
    await queries.notify_access_changed(connection, actor.organization_id)
