"""The job that computes supplier metrics and ratings."""

from datetime import timedelta

import structlog

from imsop.core.instants import today
from imsop.core.jobs import OrganizationTask, Work
from imsop.identity.organizations.queries import get_organization
from imsop.purchasing.performance import queries
from imsop.ui.language import N_

RATED_DAYS = 365
LEAST_LINES = 5
"""With fewer lines due, the supplier keeps its manual rating, or none."""

log = structlog.get_logger()


async def compute_supplier_metrics(work: Work) -> None:
    """Computes quarterly metrics and the ratings of all suppliers.

    Idempotent; one run at a time (job key).
    """
    async with work.transaction() as connection:
        organization = await get_organization(connection, work.organization_id)
        if organization is None:
            return
        day = today(organization.timezone)
        written = await queries.refresh_supplier_metrics(connection, work.organization_id, day)
        since = day - timedelta(days=RATED_DAYS)
        rated = await queries.rate_suppliers(connection, work.organization_id, since, day, LEAST_LINES)
    log.info(
        "supplier metrics computed", organization_id=str(work.organization_id), rows=written, rated=rated
    )


SUPPLIER_METRICS = OrganizationTask(
    "supplier_metrics", N_("Supplier metrics and ratings"), compute_supplier_metrics, every="31 2 * * *"
)
