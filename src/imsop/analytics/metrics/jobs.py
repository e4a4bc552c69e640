"""The job that computes daily figures."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog

from imsop.analytics.metrics import daily
from imsop.core.database import Connection
from imsop.core.instants import today
from imsop.core.jobs import Busy, OrganizationTask, Work
from imsop.identity.organizations.queries import get_organization
from imsop.inventory.days.jobs import CHUNK_DAYS, keep_daily_stock
from imsop.ui.language import N_

RECENT_DAYS = 92
"""Recomputed by every run. Changes to earlier days are picked up on Sundays, when all days are recomputed."""
SATURDAY = 6
FIRST = date(1900, 1, 1)
REPEATED_WITHIN = timedelta(hours=1)

log = structlog.get_logger()


async def compute_daily_figures(work: Work) -> None:
    """Computes all figures of past days if there are none yet, else those of the last RECENT_DAYS.

    Stock figures are computed in chunks of a month, newest first, one transaction each; the last transaction,
    of the oldest month, also writes all other figures, so its presence means completeness. A retry skips the
    months already done. Idempotent; one run at a time per organization (the job's key). Raises Busy while
    another process updates the daily balances that all of it is based on.
    """
    organization_id = work.organization_id
    async with work.transaction() as connection:
        organization = await get_organization(connection, organization_id)
        if organization is None:
            return
        if await keep_daily_stock(connection, organization_id) is None:
            raise Busy
        yesterday = today(organization.timezone) - timedelta(days=1)
        stocked = await daily.get_first_day(connection, organization_id)
        oldest = min(stocked or yesterday, yesterday)
        whole = yesterday.isoweekday() == SATURDAY or not await daily.is_computed(
            connection, organization_id, oldest
        )
    first = FIRST if whole else yesterday - timedelta(days=RECENT_DAYS - 1)
    *older, last = reversed(_months(max(first, oldest), yesterday))
    since = datetime.now(UTC) - REPEATED_WITHIN
    written = 0
    for begin, end in older:
        async with work.transaction() as connection:
            if work.attempt == 1 or not await daily.is_computed(connection, organization_id, end, since):
                written += await _compute_stock(connection, organization_id, begin, end)
    async with work.transaction() as connection:
        written += await _compute_stock(connection, organization_id, *last)
        await daily.delete_figures(connection, organization_id, daily.FLOWS + daily.RATIOS, first, yesterday)
        written += await daily.insert_sold(
            connection, organization_id, organization.timezone, first, yesterday
        )
        written += await daily.insert_orders(connection, organization_id, first, yesterday)
        written += await daily.insert_lines(connection, organization_id, first, yesterday)
        written += await daily.insert_ratios(connection, organization_id, first, yesterday)
    log.info("daily figures computed", organization_id=str(organization_id), rows=written, whole=whole)


def _months(first: date, last: date) -> list[tuple[date, date]]:
    """Ranges of CHUNK_DAYS from the first day to the last; at least one."""
    count = (last - first).days // CHUNK_DAYS + 1
    begins = [first + timedelta(days=CHUNK_DAYS * number) for number in range(count)]
    return [(begin, min(begin + timedelta(days=CHUNK_DAYS - 1), last)) for begin in begins]


async def _compute_stock(connection: Connection, organization_id: UUID, begin: date, end: date) -> int:
    await daily.delete_figures(connection, organization_id, daily.STOCK, begin, end)
    return await daily.insert_stock(connection, organization_id, begin, end)


DAILY_FIGURES = OrganizationTask(
    "daily_figures", N_("Figures of each day"), compute_daily_figures, every="41 1,13 * * *"
)
