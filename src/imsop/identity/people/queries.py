"""SQL of users, and the names of archived ones."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.identity.people.models import User

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
        "q": "u.id = ANY (ARRAY(SELECT search_ids($1, 'user', {})))",
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
    """Inserts a user. `person`: first_name, last_name, phone, avatar_url, locale."""
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
    """Writes the row if its `updated_at` still matches; None otherwise."""
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
    """Compare-and-set: replaces the hash if it is still `known_hash`; False otherwise."""
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
    """Replaces the user's roles."""
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


async def find_active_people(
    connection: Connection, organization_id: UUID, typed: str, limit: int
) -> list[tuple[UUID, str]]:
    """Id and name of active users whose name contains `typed`, ignoring case and accents; exact first.

    Users who share a name are shown with their email address, so that each returned name is unique.
    """
    found = await connection.fetch(
        """
        WITH people AS (
            SELECT u.id, u.email,
                   coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS name
            FROM users u
            WHERE u.organization_id = $1 AND u.status = 'active' AND u.deleted_at IS NULL
        ), named AS (
            SELECT id,
                   CASE WHEN count(*) OVER (PARTITION BY lower(name)) > 1 THEN name || ' (' || email || ')'
                        ELSE name END AS name
            FROM people
        )
        SELECT id, name FROM named
        WHERE strpos(search_form(name), search_form($2)) > 0
        ORDER BY lower(name) <> lower($2), reading_order(name), id
        LIMIT $3
        """,
        organization_id,
        typed,
        limit,
    )
    return [(record["id"], record["name"]) for record in found]


async def list_user_names(
    connection: Connection, organization_id: UUID, user_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Names by user id: first and last name, else email address; archived users included."""
    records = await connection.fetch(
        """
        SELECT u.id, coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS name
        FROM users u
        WHERE u.organization_id = $1 AND u.id = ANY ($2::uuid[])
        """,
        organization_id,
        user_ids,
    )
    return {record["id"]: record["name"] for record in records}
