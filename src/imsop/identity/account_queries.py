"""SQL about one's own account: the password, and where one is signed in."""

from uuid import UUID

from imsop.core.database import Connection, fetch_all
from imsop.identity.models import Session


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


async def list_sessions(
    connection: Connection, organization_id: UUID, user_id: UUID, current_id: UUID
) -> list[Session]:
    """The newest first."""
    return await fetch_all(
        connection,
        Session,
        """
        SELECT s.id, s.kind, host(s.address) AS address, s.user_agent, s.id = $3 AS current, s.created_at,
               s.expires_at
        FROM sessions s
        WHERE s.organization_id = $1 AND s.user_id = $2 AND s.expires_at > now()
        ORDER BY s.created_at DESC, s.id
        """,
        organization_id,
        user_id,
        current_id,
    )


async def delete_session(
    connection: Connection, organization_id: UUID, user_id: UUID, session_id: UUID
) -> bool:
    deleted = await connection.fetchval(
        "DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2 AND id = $3 RETURNING true",
        organization_id,
        user_id,
        session_id,
    )
    return bool(deleted)


async def delete_other_sessions(
    connection: Connection, organization_id: UUID, user_id: UUID, kept_id: UUID
) -> None:
    await connection.execute(
        "DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2 AND id <> $3",
        organization_id,
        user_id,
        kept_id,
    )
