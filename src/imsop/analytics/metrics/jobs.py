"""The figures of each day, computed without anybody asking."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from imsop.analytics.metrics import daily
from imsop.core.jobs import OrganizationTask, Work
from imsop.identity.organizations.queries import get_organization
from imsop.inventory.days.jobs import CHUNK_DAYS, keep_daily_stock
from imsop.ui.language import N_

RECENT_DAYS = 92
"""Computed anew by every run. What changes days before that is found on Sundays, when all are."""
FIRST = date(1900, 1, 1)
REPEATED_WITHIN = timedelta(hours=1)

log = structlog.get_logger()


async def compute_daily_figures(work: Work) -> None:
    """All figures of every day that is over, where there are none yet; else those of RECENT_DAYS.

    Stock goes by a month at a time, each in a transaction of its own. A repeated attempt leaves out the
    months that the one before has finished. Idempotent; one run at a time per organization (the job's key).
    """
    organization_id = work.organization_id
    async with work.transaction() as connection:
        organization = await get_organization(connection, organization_id)
        if organization is None:
            return
        await keep_daily_stock(connection, organization_id)
        yesterday = datetime.now(ZoneInfo(organization.timezone)).date() - timedelta(days=1)
        whole = yesterday.isoweekday() == 6 or not await daily.is_computed(connection, organization_id)
        first = FIRST if whole else yesterday - timedelta(days=RECENT_DAYS - 1)
        stocked = await daily.get_first_day(connection, organization_id)
    written = 0
    begin = max(first, stocked or yesterday)
    since = datetime.now(UTC) - REPEATED_WITHIN
    while begin <= yesterday:
        end = min(begin + timedelta(days=CHUNK_DAYS - 1), yesterday)
        async with work.transaction() as connection:
            if work.attempt == 1 or not await daily.is_computed(connection, organization_id, end, since):
                await daily.delete_figures(connection, organization_id, daily.STOCK, begin, end)
                written += await daily.insert_stock(connection, organization_id, begin, end)
        begin = end + timedelta(days=1)
    async with work.transaction() as connection:
        await daily.delete_figures(connection, organization_id, daily.FLOWS + daily.RATIOS, first, yesterday)
        written += await daily.insert_sold(
            connection, organization_id, organization.timezone, first, yesterday
        )
        written += await daily.insert_orders(connection, organization_id, first, yesterday)
        written += await daily.insert_lines(connection, organization_id, first, yesterday)
        written += await daily.insert_ratios(connection, organization_id, first, yesterday)
    log.info("daily figures computed", organization_id=str(organization_id), rows=written, whole=whole)


DAILY_FIGURES = OrganizationTask(
    "daily_figures", N_("Figures of each day"), compute_daily_figures, every="41 1,13 * * *"
)
