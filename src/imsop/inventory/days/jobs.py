"""The job that keeps daily balances up to date."""

from datetime import timedelta
from uuid import UUID

import structlog

from imsop.core.database import Connection
from imsop.core.jobs import OrganizationTask, Work
from imsop.inventory.days import queries
from imsop.ui.language import N_

CHUNK_DAYS = 31
"""Days per statement when summing totals, which bounds its memory."""

log = structlog.get_logger()


async def _keep_daily_stock(work: Work) -> None:
    async with work.transaction() as connection:
        rows = await keep_daily_stock(connection, work.organization_id)
    log.info("stock by days kept", organization_id=str(work.organization_id), rows=rows)


DAILY_STOCK = OrganizationTask(
    "daily_stock", N_("Stock at the end of each day"), _keep_daily_stock, every="7 * * * *"
)


async def keep_daily_stock(connection: Connection, organization_id: UUID) -> int | None:
    """Brings daily balances and totals up to date with the ledger, in the caller's transaction.

    Returns the number of rows written; None, with nothing done, if another process is already at it. Locks
    the organization's row, which serializes runs and keeps the timezone, which defines the ends of days, from
    changing.
    """
    timezone = await queries.lock_timezone(connection, organization_id)
    if timezone is None:
        return None
    touched = await queries.keep_balances(connection, organization_id, timezone)
    if touched.first is None or touched.last is None:
        return 0
    written = touched.rows
    known_until = await queries.get_last_total_day(connection, organization_id)
    first, last = touched.first, max(touched.last, known_until or touched.last)
    while first <= last:
        until = min(first + timedelta(days=CHUNK_DAYS - 1), last)
        written += await queries.keep_totals(connection, organization_id, first, until)
        first = until + timedelta(days=1)
    return written
