"""What must happen without anybody asking: months ahead, an end to what is over, stock by days."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from imsop.core import tenancy
from imsop.core.installation import PARTITION_MONTHS_AHEAD, Installation
from imsop.core.tenancy import Tenant
from imsop.inventory.days.jobs import keep_daily_stock

HOUR_SECONDS, DAY_SECONDS = 3600, 24 * 3600
RETRY_SECONDS = 600

log = structlog.get_logger()


async def keep_house(installation: Installation) -> None:
    """Until cancelled. Any number of processes may: the later find little left to do."""
    await asyncio.gather(
        _repeat(purge, installation, every_seconds=DAY_SECONDS),
        _repeat(keep_stock_by_days, installation, every_seconds=HOUR_SECONDS),
    )


async def _repeat(
    work: Callable[[Installation], Awaitable[None]], installation: Installation, *, every_seconds: float
) -> None:
    while True:
        try:
            await work(installation)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("housekeeping failed", work=work.__name__, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        else:
            await asyncio.sleep(every_seconds)


async def purge(installation: Installation) -> None:
    """Deletes what is over and makes the partitions of coming months."""
    connection = await asyncpg.connect(installation.operator_dsn)
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


async def keep_stock_by_days(installation: Installation) -> None:
    """Brings each organization's daily stock up to its ledger, one after the other, as the application."""
    operator = await asyncpg.connect(installation.operator_dsn)
    try:
        organizations = await operator.fetch("SELECT o.id FROM organizations o WHERE o.deleted_at IS NULL")
    finally:
        await operator.close()
    # Not of the pool: the first time of an organization with years of ledger may take longer than a request.
    connection = await asyncpg.connect(installation.app_dsn)
    written = 0
    try:
        for organization in organizations:
            await tenancy.begin(connection, Tenant(organization["id"]))
            try:
                written += await keep_daily_stock(connection, organization["id"])
                await connection.execute("COMMIT")
            except asyncpg.PostgresError as error:  # the others are kept all the same
                log.warning(
                    "stock by days not kept", organization_id=str(organization["id"]), error=str(error)
                )
                await connection.execute("ROLLBACK")
    finally:
        await connection.close()
    log.info("stock by days kept", organizations=len(organizations), rows=written)
