"""USAID's deliveries of health commodities, 2006 to 2015, as the organization "Global Health Supply".

docs/real-data.md maps the columns of the source.
"""

import time
from pathlib import Path

from imsop.core.bulk import LoadReport
from imsop.core.database import Pool
from imsop.core.installation import Progress
from imsop.core.settings import Settings
from imsop.demo.people import founded_organization
from imsop.realdata import usaid_documents, usaid_stock
from imsop.realdata.loading import Loading
from imsop.realdata.usaid_source import stage_deliveries

NAME = "Global Health Supply"
DOMAIN = "health.example"
SOURCE = Path("usaid_scms", "deliveries.csv")


async def load(pool: Pool, settings: Settings, directory: Path, progress: Progress) -> LoadReport:
    """Loads the file in one transaction, or nothing.

    Raises InvalidInput with every fault of the file, Conflict if the organization exists already.
    """
    began = time.monotonic()
    async with founded_organization(
        pool,
        settings,
        name=NAME,
        domain=DOMAIN,
        timezone="America/New_York",
        currency="USD",
        industry="Public health",
        country="United States",
    ) as founded:
        rows_read = await stage_deliveries(founded.connection, directory / SOURCE)
        progress(NAME, 1, len(_MAKERS) + 1)
        loading = Loading(founded.connection, founded.organization_id, founded.user_ids["administrator"])
        made = {}
        for step, (what, make) in enumerate(_MAKERS.items(), 2):
            made[what] = await make(loading)
            progress(NAME, step, len(_MAKERS) + 1)
        return LoadReport(
            source=str(SOURCE),
            organization=NAME,
            rows_read=rows_read,
            outcomes={
                "became purchase order lines": made["purchase order lines"],
                "became sales order lines": made["sales order lines"],
            },
            made=made,
            seconds=time.monotonic() - began,
        )


# In dependency order.
_MAKERS = {
    "warehouses": usaid_stock.make_warehouses,
    "suppliers": usaid_documents.make_suppliers,
    "customers": usaid_documents.make_customers,
    "products": usaid_documents.make_products,
    "purchase orders": usaid_documents.make_purchase_orders,
    "purchase order lines": usaid_documents.make_purchase_order_items,
    "sales orders": usaid_documents.make_sales_orders,
    "sales order lines": usaid_documents.make_sales_order_items,
    "purchase order changes": usaid_documents.make_purchase_order_history,
    "sales order changes": usaid_documents.make_sales_order_history,
    "shipments": usaid_stock.make_shipments,
    "shipment lines": usaid_stock.make_shipment_items,
    "shipment events": usaid_stock.make_shipment_events,
    "stock movements": usaid_stock.post_movements,
}
