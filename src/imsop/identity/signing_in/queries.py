"""SQL of looking up accounts and counting sign-in attempts."""

from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_one
from imsop.identity.signing_in.models import Account

# Sign-in


class Attempts(Struct, frozen=True):
    attempts: int
    seconds_left: int


async def find_account(connection: Connection, email: str) -> Account | None:
    return await fetch_one(connection, Account, "SELECT * FROM find_account($1)", email)


async def count_attempt(connection: Connection, subject_hash: bytes, window_seconds: int) -> tuple[int, int]:
    """Counts one attempt; returns the attempts in the current window and the seconds until it ends.

    A single upsert: it locks the row, so concurrent attempts are serialized.
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
    """The attempts in the current window and the seconds until it ends, without counting one."""
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
    """After a successful sign-in: deletes the account's attempts and takes one off the address's."""
    await connection.execute("DELETE FROM sign_in_attempts WHERE subject_hash = $1", account_hash)
    await connection.execute(
        "UPDATE sign_in_attempts SET attempts = attempts - 1 WHERE subject_hash = $1", address_hash
    )


async def record_sign_in(connection: Connection, organization_id: UUID, user_id: UUID) -> None:
    await connection.execute(
        "UPDATE users SET last_login = now() WHERE organization_id = $1 AND id = $2", organization_id, user_id
    )
