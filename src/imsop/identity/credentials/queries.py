"""SQL of sessions and API keys: the identity behind a token, and their lists."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.identity.actor import Actor
from imsop.identity.credentials.models import ApiKey, Session
from imsop.identity.credentials.tokens import Token
from imsop.identity.people.models import Locale


class Identity(Struct, frozen=True):
    """The user, status and permissions behind a credential at this moment."""

    credential_id: UUID
    user_id: UUID
    user_status: str
    organization_status: str
    user_name: str
    locale: Locale
    organization_name: str
    timezone: str
    currency: str
    expires_at: datetime | None
    permissions: list[str]

    @property
    def is_active(self) -> bool:
        return self.user_status == "active" and self.organization_status == "active"


_SESSION_IDENTITY = """
    SELECT s.id AS credential_id, s.user_id, u.status AS user_status, o.status AS organization_status,
           coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS user_name,
           u.locale, o.name AS organization_name, o.timezone, o.currency, s.expires_at,
           array(SELECT e.permission FROM effective_permissions e
                 WHERE e.organization_id = $1 AND e.user_id = s.user_id) AS permissions
    FROM sessions s
    JOIN users u ON u.organization_id = $1 AND u.id = s.user_id
    JOIN organizations o ON o.id = $1
    WHERE s.organization_id = $1 AND s.expires_at > now() AND u.deleted_at IS NULL AND o.deleted_at IS NULL
"""


# A key acts as its creator, with the permissions of the key that the creator still has.
_API_KEY_IDENTITY = """
    SELECT k.id AS credential_id, k.created_by AS user_id, u.status AS user_status,
           o.status AS organization_status, k.name AS user_name, u.locale,
           o.name AS organization_name, o.timezone, o.currency, NULL::timestamptz AS expires_at,
           array(SELECT e.permission FROM effective_permissions e
                 WHERE e.organization_id = $1 AND e.user_id = k.created_by
                   AND e.permission = ANY (k.permissions)) AS permissions
    FROM api_keys k
    JOIN users u ON u.organization_id = $1 AND u.id = k.created_by
    JOIN organizations o ON o.id = $1
    WHERE k.organization_id = $1 AND k.revoked_at IS NULL AND u.deleted_at IS NULL AND o.deleted_at IS NULL
"""


async def find_identity(connection: Connection, token: Token) -> Identity | None:
    """The identity of a token; None if it is unknown, expired or revoked."""
    return await fetch_one(
        connection,
        Identity,
        _API_KEY_IDENTITY + " AND k.key_hash = $2"
        if token.kind == "api_key"
        else _SESSION_IDENTITY + " AND s.token_hash = $2",
        token.organization_id,
        token.hash,
    )


async def get_identity(connection: Connection, actor: Actor) -> Identity | None:
    """The current identity of an actor's credential; None if it, or its account, is gone.

    An account that is suspended is still returned: see `Identity.is_active`.
    """
    return await fetch_one(
        connection,
        Identity,
        _API_KEY_IDENTITY + " AND k.id = $2"
        if actor.credential == "api_key"
        else _SESSION_IDENTITY + " AND s.id = $2",
        actor.organization_id,
        actor.credential_id,
    )


async def touch_api_key(connection: Connection, organization_id: UUID, key_id: UUID) -> None:
    await connection.execute(
        """
        UPDATE api_keys SET last_used_at = now()
        WHERE organization_id = $1 AND id = $2
          AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        """,
        organization_id,
        key_id,
    )


# Sessions


async def insert_session(
    connection: Connection,
    organization_id: UUID,
    user_id: UUID,
    kind: str,
    token_hash: bytes,
    address: str | None,
    user_agent: str | None,
    lifetime_seconds: int,
) -> None:
    await connection.execute(
        """
        INSERT INTO sessions (organization_id, user_id, kind, token_hash, address, user_agent, expires_at)
        VALUES ($1, $2, $3, $4, $5::text::inet, $6, now() + make_interval(secs => $7::int))
        """,
        organization_id,
        user_id,
        kind,
        token_hash,
        address,
        user_agent,
        lifetime_seconds,
    )


async def delete_sessions(connection: Connection, organization_id: UUID, user_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM sessions WHERE organization_id = $1 AND user_id = $2", organization_id, user_id
    )


async def list_sessions(
    connection: Connection, organization_id: UUID, user_id: UUID, current_id: UUID
) -> list[Session]:
    """Unexpired sessions of a user, newest first."""
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


# API keys

_API_KEYS = """
    SELECT k.id, k.name, k.prefix, k.permissions, k.created_by, k.created_at, k.last_used_at, k.revoked_at
    FROM api_keys k
    WHERE k.organization_id = $1
"""


API_KEYS = Listing(
    ApiKey,
    _API_KEYS,
    filters={
        # An organization has few keys: a scan is fine.
        "part": "strpos(lower(concat_ws(' ', k.name, k.prefix)), lower({})) > 0",
        "is_revoked": "(k.revoked_at IS NOT NULL) = {}",
    },
    sorts={"name": Sort("k.name", "name", str), "created_at": Sort("k.created_at", "created_at", datetime)},
    tiebreak="k.id",
)


async def get_api_key(connection: Connection, organization_id: UUID, key_id: UUID) -> ApiKey | None:
    return await fetch_one(connection, ApiKey, _API_KEYS + " AND k.id = $2", organization_id, key_id)


async def insert_api_key(
    connection: Connection,
    organization_id: UUID,
    name: str,
    prefix: str,
    key_hash: bytes,
    permissions: list[str],
    created_by: UUID,
) -> UUID:
    key_id: UUID = await connection.fetchval(
        """
        INSERT INTO api_keys (organization_id, name, prefix, key_hash, permissions, created_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        RETURNING id
        """,
        organization_id,
        name,
        prefix,
        key_hash,
        permissions,
        created_by,
    )
    return key_id


async def revoke_api_keys_of(
    connection: Connection, organization_id: UUID, user_id: UUID
) -> list[tuple[UUID, str]]:
    """Revokes the user's keys that are not revoked yet, expired ones included; returns their ids and
    names.
    """
    revoked = await connection.fetch(
        """
        UPDATE api_keys SET revoked_at = now()
        WHERE organization_id = $1 AND created_by = $2 AND revoked_at IS NULL
        RETURNING id, name
        """,
        organization_id,
        user_id,
    )
    return [(record["id"], record["name"]) for record in revoked]


async def has_api_keys(connection: Connection, organization_id: UUID, user_id: UUID) -> bool:
    """True if a key that the user created is valid."""
    return bool(
        await connection.fetchval(
            """
            SELECT EXISTS (SELECT FROM api_keys k
                           WHERE k.organization_id = $1 AND k.created_by = $2 AND k.revoked_at IS NULL)
            """,
            organization_id,
            user_id,
        )
    )


async def revoke_api_key(connection: Connection, organization_id: UUID, key_id: UUID) -> bool:
    revoked = await connection.fetchval(
        """
        UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())
        WHERE organization_id = $1 AND id = $2
        RETURNING true
        """,
        organization_id,
        key_id,
    )
    return bool(revoked)
