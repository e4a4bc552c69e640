"""The figures of each day, computed without anybody asking."""

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
"""Computed anew by every run. What changes days before that is found on Sundays, when all are."""
SATURDAY = 6
FIRST = date(1900, 1, 1)
REPEATED_WITHIN = timedelta(hours=1)

log = structlog.get_logger()


async def compute_daily_figures(work: Work) -> None:
    """All figures of every day that is over, where there are none yet; else those of RECENT_DAYS.

    Stock goes by a month at a time, newest first, each in a transaction of its own; the oldest is written
    with all that is not stock, so that whatever has it has everything. A repeated attempt leaves out the
    months that the one before has finished. Idempotent; one run at a time per organization (the job's key).
    Raises Busy while the stock by days, which all of it rests on, is being kept by another.
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
    """Stretches of CHUNK_DAYS from the first day to the last; at least one."""
    count = (last - first).days // CHUNK_DAYS + 1
    begins = [first + timedelta(days=CHUNK_DAYS * number) for number in range(count)]
    return [(begin, min(begin + timedelta(days=CHUNK_DAYS - 1), last)) for begin in begins]


async def _compute_stock(connection: Connection, organization_id: UUID, begin: date, end: date) -> int:
    await daily.delete_figures(connection, organization_id, daily.STOCK, begin, end)
    return await daily.insert_stock(connection, organization_id, begin, end)


DAILY_FIGURES = OrganizationTask(
    "daily_figures", N_("Figures of each day"), compute_daily_figures, every="41 1,13 * * *"
)
