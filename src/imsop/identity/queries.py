"""SQL of organizations, users and signing in."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.identity.models import Account, Organization, User

ACCESS_CHANNEL = "imsop_access"


async def notify_access_changed(connection: Connection, organization_id: UUID) -> None:
    """Tells every process, once this transaction commits, to forget what it knows of the organization."""
    await connection.execute("SELECT pg_notify($1, $2)", ACCESS_CHANNEL, str(organization_id))


# Sign-in


class Attempts(Struct, frozen=True):
    attempts: int
    seconds_left: int


async def find_account(connection: Connection, email: str) -> Account | None:
    return await fetch_one(connection, Account, "SELECT * FROM find_account($1)", email)


async def count_attempt(connection: Connection, subject_hash: bytes, window_seconds: int) -> tuple[int, int]:
    """Counts one attempt and returns how many the window holds, and in how many seconds it ends.

    One upsert: PostgreSQL locks the row, so that rivals are counted one after the other.
    """
    attempts = await fetch_one(
        connection,
        Attempts,
        """
        INSERT INTO sign_in_attempts AS s (subject_hash, window_started_at, attempts)
        VALUES ($1, now(), 1)
        ON CONFLICT (subject_hash) DO UPDATE SET
            attempts = CASE WHEN s.window_started_at < now() - make_interval(secs => $2::int)
                            THEN 1 ELSE s.attempts + 1 END,
            window_started_at = CASE WHEN s.window_started_at < now() - make_interval(secs => $2::int)
                                     THEN now() ELSE s.window_started_at END
        RETURNING attempts, ceil(extract(epoch FROM
            window_started_at + make_interval(secs => $2::int) - now()))::int AS seconds_left
        """,
        subject_hash,
        window_seconds,
    )
    return (attempts.attempts, max(1, attempts.seconds_left)) if attempts else (0, 1)


async def find_attempts(connection: Connection, subject_hash: bytes, window_seconds: int) -> tuple[int, int]:
    """How many attempts the current window holds, and in how many seconds it ends; counts none."""
    attempts = await fetch_one(
        connection,
        Attempts,
        """
        SELECT attempts, ceil(extract(epoch FROM
            window_started_at + make_interval(secs => $2::int) - now()))::int AS seconds_left
        FROM sign_in_attempts
        WHERE subject_hash = $1 AND window_started_at >= now() - make_interval(secs => $2::int)
        """,
        subject_hash,
        window_seconds,
    )
    return (attempts.attempts, max(1, attempts.seconds_left)) if attempts else (0, 1)


async def forget_attempts(connection: Connection, account_hash: bytes, address_hash: bytes) -> None:
    """A sign-in that succeeded: the account starts afresh, and the address gets its attempt back."""
    await connection.execute("DELETE FROM sign_in_attempts WHERE subject_hash = $1", account_hash)
    await connection.execute(
        "UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE subject_hash = $1", address_hash
    )


async def record_sign_in(connection: Connection, organization_id: UUID, user_id: UUID) -> None:
    await connection.execute(
        "UPDATE users SET last_login = now() WHERE organization_id = $1 AND id = $2", organization_id, user_id
    )


# Organizations

_ORGANIZATION_COLUMNS = """
    SELECT o.id, o.name, o.description, o.industry, o.country, o.timezone, o.currency, o.logo_url, o.website,
           o.status, o.subscription_tier, o.created_at, o.updated_at
    FROM organizations o
"""


async def get_organization(connection: Connection, organization_id: UUID) -> Organization | None:
    return await fetch_one(
        connection,
        Organization,
        _ORGANIZATION_COLUMNS + "WHERE o.id = $1 AND o.deleted_at IS NULL",
        organization_id,
    )


async def insert_organization(
    connection: Connection,
    organization_id: UUID,
    name: str,
    description: str | None,
    industry: str | None,
    country: str | None,
    timezone: str,
    currency: str,
    website: str | None,
) -> None:
    await connection.execute(
        """
        INSERT INTO organizations (id, name, description, industry, country, timezone, currency, website)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        organization_id,
        name,
        description,
        industry,
        country,
        timezone,
        currency,
        website,
    )


async def update_organization(connection: Connection, row: Organization) -> Organization | None:
    """Writes the row where its `updated_at` is still the stored one; None where it is not."""
    return await fetch_one(
        connection,
        Organization,
        """
        UPDATE organizations o
        SET name = $3, description = $4, industry = $5, country = $6, timezone = $7, currency = $8,
            logo_url = $9, website = $10
        WHERE o.id = $1 AND o.updated_at = $2 AND o.deleted_at IS NULL
        RETURNING o.id, o.name, o.description, o.industry, o.country, o.timezone, o.currency, o.logo_url,
                  o.website, o.status, o.subscription_tier, o.created_at, o.updated_at
        """,
        row.id,
        row.updated_at,
        row.name,
        row.description,
        row.industry,
        row.country,
        row.timezone,
        row.currency,
        row.logo_url,
        row.website,
    )


async def is_timezone(connection: Connection, name: str) -> bool:
    return bool(
        await connection.fetchval("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1)", name)
    )


async def set_organization_standing(
    operator: Connection, name_or_id: str, status: str | None, subscription_tier: str | None
) -> list[UUID]:
    """As imsop_operator: the organizations of that name or id, with what is given of the two set."""
    records = await operator.fetch(
        """
        UPDATE organizations
        SET status = coalesce($2, status), subscription_tier = coalesce($3, subscription_tier)
        WHERE deleted_at IS NULL AND lower($1) IN (id::text, lower(name))
        RETURNING id
        """,
        name_or_id,
        status,
        subscription_tier,
    )
    return [record["id"] for record in records]


# Users

_USERS = """
    SELECT u.id, u.email, u.first_name, u.last_name, u.phone, u.avatar_url, u.status, u.locale, u.last_login,
           u.mfa_enabled,
           array(SELECT ur.role_id FROM user_roles ur
                 WHERE ur.organization_id = $1 AND ur.user_id = u.id ORDER BY ur.role_id) AS role_ids,
           u.created_at, u.updated_at
    FROM users u
    WHERE u.organization_id = $1 AND u.deleted_at IS NULL
"""
USERS = Listing(
    User,
    _USERS,
    filters={
        "status": "u.status = {}",
        "email": "u.email = {}",
        # An organization has few people: all are looked at.
        "part": "strpos(lower(concat_ws(' ', u.first_name, u.last_name, u.email)), lower({})) > 0",
        "role_id": "u.id IN (SELECT ur.user_id FROM user_roles ur"
        " WHERE ur.organization_id = $1 AND ur.role_id = {})",
    },
    sorts={"email": Sort("u.email", "email", str)},
    tiebreak="u.id",
)


async def get_user(connection: Connection, organization_id: UUID, user_id: UUID) -> User | None:
    return await fetch_one(connection, User, _USERS + " AND u.id = $2", organization_id, user_id)


async def insert_user(
    connection: Connection, organization_id: UUID, email: str, password_hash: str, **person: Any
) -> UUID:
    """`person`: first_name, last_name, phone, avatar_url, locale."""
    user_id: UUID = await connection.fetchval(
        """
        INSERT INTO users
            (organization_id, email, password_hash, first_name, last_name, phone, avatar_url, locale)
        VALUES ($1, lower($2), $3, $4, $5, $6, $7, coalesce($8, 'en'))
        RETURNING id
        """,
        organization_id,
        email,
        password_hash,
        person.get("first_name"),
        person.get("last_name"),
        person.get("phone"),
        person.get("avatar_url"),
        person.get("locale"),
    )
    return user_id


async def update_user(
    connection: Connection, organization_id: UUID, row: User, password_hash: str | None
) -> UUID | None:
    """Writes the row where its `updated_at` is still the stored one; None where it is not."""
    updated: UUID | None = await connection.fetchval(
        """
        UPDATE users
        SET email = lower($4), first_name = $5, last_name = $6, phone = $7, avatar_url = $8, status = $9,
            locale = $10, password_hash = coalesce($11, password_hash)
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3 AND deleted_at IS NULL
        RETURNING id
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.email,
        row.first_name,
        row.last_name,
        row.phone,
        row.avatar_url,
        row.status,
        row.locale,
        password_hash,
    )
    return updated


async def get_password_hash(connection: Connection, organization_id: UUID, user_id: UUID) -> str:
    password_hash: str = await connection.fetchval(
        "SELECT password_hash FROM users WHERE organization_id = $1 AND id = $2", organization_id, user_id
    )
    return password_hash


async def set_password_hash(
    connection: Connection, organization_id: UUID, user_id: UUID, known_hash: str, password_hash: str
) -> bool:
    """Whether it was still the known one, and now is the new one."""
    changed = await connection.fetchval(
        """
        UPDATE users SET password_hash = $4
        WHERE organization_id = $1 AND id = $2 AND password_hash = $3
        RETURNING true
        """,
        organization_id,
        user_id,
        known_hash,
        password_hash,
    )
    return bool(changed)


async def archive_user(connection: Connection, organization_id: UUID, user_id: UUID) -> bool:
    archived = await connection.fetchval(
        """
        UPDATE users SET deleted_at = now(), status = 'inactive'
        WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
        RETURNING true
        """,
        organization_id,
        user_id,
    )
    return bool(archived)


async def set_user_roles(
    connection: Connection, organization_id: UUID, user_id: UUID, role_ids: list[UUID]
) -> None:
    """The user has these roles and no other."""
    await connection.execute(
        "DELETE FROM user_roles WHERE organization_id = $1 AND user_id = $2 AND role_id <> ALL ($3)",
        organization_id,
        user_id,
        role_ids,
    )
    await connection.execute(
        """
        INSERT INTO user_roles (organization_id, user_id, role_id)
        SELECT $1, $2, role_id FROM unnest($3::uuid[]) AS role_id
        ON CONFLICT DO NOTHING
        """,
        organization_id,
        user_id,
        role_ids,
    )


async def list_effective_permissions(
    connection: Connection, organization_id: UUID, user_id: UUID
) -> set[str]:
    records = await connection.fetch(
        "SELECT permission FROM effective_permissions WHERE organization_id = $1 AND user_id = $2",
        organization_id,
        user_id,
    )
    return {record["permission"] for record in records}


async def lock_administration(connection: Connection, organization_id: UUID) -> None:
    """One change of people and roles at a time per organization, until the transaction ends.

    It keeps two administrators from removing each other at the same moment, and a role from changing between
    the check of what it holds and its assignment.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('imsop.administration:' || $1::text, 0))",
        str(organization_id),
    )


async def count_administrators(connection: Connection, organization_id: UUID) -> int:
    """Active users who may change users and roles."""
    count: int = await connection.fetchval(
        """
        SELECT count(*) FROM users u
        WHERE u.organization_id = $1 AND u.status = 'active' AND u.deleted_at IS NULL
          AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = $1 AND e.user_id = u.id
                      AND e.permission = 'users:write')
          AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = $1 AND e.user_id = u.id
                      AND e.permission = 'roles:write')
        """,
        organization_id,
    )
    return count
