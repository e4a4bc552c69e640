"""SQL of password resets."""

from uuid import UUID

from imsop.core.database import Connection


async def put_reset(
    connection: Connection, organization_id: UUID, user_id: UUID, token_hash: bytes, lifetime_seconds: int
) -> None:
    """Stores the token of a new link; it replaces the user's previous one."""
    await connection.execute(
        """
        INSERT INTO password_resets (organization_id, user_id, token_hash, expires_at)
        VALUES ($1, $2, $3, now() + make_interval(secs => $4::int))
        ON CONFLICT (organization_id, user_id) DO UPDATE
        SET token_hash = excluded.token_hash, expires_at = excluded.expires_at
        """,
        organization_id,
        user_id,
        token_hash,
        lifetime_seconds,
    )


async def find_user_of_reset(connection: Connection, organization_id: UUID, token_hash: bytes) -> UUID | None:
    """The active user whom an unused, unexpired token was sent to."""
    user_id: UUID | None = await connection.fetchval(
        """
        SELECT p.user_id
        FROM password_resets p
        JOIN users u ON u.organization_id = $1 AND u.id = p.user_id
        JOIN organizations o ON o.id = $1
        WHERE p.organization_id = $1 AND p.token_hash = $2 AND p.expires_at > now()
          AND u.status = 'active' AND u.deleted_at IS NULL AND o.status = 'active' AND o.deleted_at IS NULL
        """,
        organization_id,
        token_hash,
    )
    return user_id


async def delete_reset(connection: Connection, organization_id: UUID, token_hash: bytes) -> bool:
    """Uses up a token: of concurrent transactions one gets True."""
    return bool(
        await connection.fetchval(
            "DELETE FROM password_resets WHERE organization_id = $1 AND token_hash = $2 RETURNING true",
            organization_id,
            token_hash,
        )
    )
