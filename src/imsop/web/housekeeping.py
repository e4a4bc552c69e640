"""What must happen every day without anybody asking: months ahead, and an end to what is over."""

import asyncio

import asyncpg
import structlog

from imsop.core.installation import PARTITION_MONTHS_AHEAD

DAY_SECONDS = 24 * 3600
RETRY_SECONDS = 600

log = structlog.get_logger()


async def keep_house(operator_dsn: str) -> None:
    """Runs once a day until cancelled. Any number of processes may: the later find little left to do."""
    while True:
        try:
            await _run(operator_dsn)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("housekeeping failed", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            await asyncio.sleep(DAY_SECONDS)


async def _run(operator_dsn: str) -> None:
    connection = await asyncpg.connect(operator_dsn)
    try:
        # The policies of imsop_operator let only rows through that are over.
        sessions = await connection.execute("DELETE FROM sessions WHERE expires_at < now()")
        replies = await connection.execute(
            "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"
        )
        attempts = await connection.execute(
            "DELETE FROM sign_in_attempts WHERE window_started_at < now() - interval '1 day'"
        )
        months = await connection.fetchval("SELECT ensure_partitions(0, $1)", PARTITION_MONTHS_AHEAD)
    finally:
        await connection.close()
    log.info("house kept", sessions=sessions, replies=replies, attempts=attempts, partitions_made=months)
