"""A British gift wholesaler's invoices of 2010 and 2011, as the organization "UK Gift Wholesale".

docs/real-data.md maps the columns of the source.
"""

import time
from pathlib import Path

from msgspec import Struct

from imsop.core.bulk import LoadReport
from imsop.core.database import Pool, fetch_one
from imsop.core.installation import Progress
from imsop.core.settings import Settings
from imsop.demo.people import founded_organization
from imsop.realdata import uci_documents, uci_stock
from imsop.realdata.loading import Loading
from imsop.realdata.uci_source import stage_sources

NAME = "UK Gift Wholesale"
DOMAIN = "gifts.example"
SOURCE = Path("uci_online_retail")


async def load(pool: Pool, settings: Settings, directory: Path, progress: Progress) -> LoadReport:
    """Loads the three files in one transaction, or nothing.

    Raises InvalidInput with every fault of a file, Conflict if the organization exists already.
    """
    began = time.monotonic()
    async with founded_organization(
        pool,
        settings,
        name=NAME,
        domain=DOMAIN,
        timezone="Europe/London",
        currency="GBP",
        industry="Wholesale",
        country="United Kingdom",
    ) as founded:
        connection = founded.connection
        # Enough for one sort or hash table of half a million lines; they run one at a time.
        await connection.execute("SET LOCAL work_mem = '256MB'")
        progress(f"{NAME}: reading", 0, 1)
        rows_read = await stage_sources(connection, directory / SOURCE)
        await uci_stock.stage_matched_returns(connection)
        progress(f"{NAME}: reading", 1, 1)
        loading = Loading(connection, founded.organization_id, founded.user_ids["administrator"])
        made = {
            "warehouse": await uci_stock.make_warehouse(loading),
            "customers": await uci_documents.make_customers(loading),
            "products": await uci_documents.make_products(loading),
            "sales orders": await uci_documents.make_sales_orders(loading),
            "sales order lines": await uci_stock.stage_lines_and_movements(loading),
            "sales order changes": await uci_documents.make_sales_order_history(loading),
            "stock movements": await uci_stock.post_movements(
                loading, lambda done, total: progress(f"{NAME}: stock movements", done, total)
            ),
        }
        return LoadReport(
            source=str(SOURCE / "sales_lines.csv.gz"),
            organization=NAME,
            rows_read=rows_read,
            outcomes=await _count_outcomes(loading, made),
            made=made,
            seconds=time.monotonic() - began,
        )


class _Outcomes(Struct, frozen=True):
    returns_matched: int
    returns_unmatched: int
    adjustments: int
    cancelled_charges: int
    fees: int
    bad_debts: int


async def _count_outcomes(loading: Loading, made: dict[str, int]) -> dict[str, int]:
    """Counts written rows, not read ones, so that a lost row shows in the sum."""
    counted = await fetch_one(
        loading.connection,
        _Outcomes,
        """
        SELECT posted.returns_matched, posted.returns - posted.returns_matched AS returns_unmatched,
               posted.adjustments, unposted.cancelled_charges, unposted.fees, unposted.bad_debts
        FROM (
            SELECT (SELECT count(*) FROM matched_returns) AS returns_matched,
                   count(*) FILTER (WHERE t.movement_kind = 'customer_return') AS returns,
                   count(*) FILTER (WHERE t.movement_kind = 'correction') AS adjustments
            FROM inventory_transactions t WHERE t.organization_id = $1
        ) posted
        CROSS JOIN (
            SELECT count(*) FILTER (WHERE l.kind = 'cancel') AS cancelled_charges,
                   count(*) FILTER (WHERE l.kind = 'fee') AS fees,
                   count(*) FILTER (WHERE l.kind = 'bad_debt') AS bad_debts
            FROM lines l WHERE l.product_id IS NULL
        ) unposted
        """,
        loading.organization_id,
    )
    if counted is None:
        raise RuntimeError("an aggregate without groups has one row")
    return {
        "sales became order lines": made["sales order lines"],
        "cancellations became returns against an order": counted.returns_matched,
        "cancellations became returns without an order": counted.returns_unmatched,
        "stock adjustments": counted.adjustments,
        "cancelled charges are not stock": counted.cancelled_charges,
        "fees are not stock": counted.fees,
        "bad debts are not stock": counted.bad_debts,
    }
