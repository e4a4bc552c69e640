"""Writes a company's books into the database, in one transaction through the bulk path."""

import time
from collections.abc import Awaitable, Callable
from datetime import date

from imsop.core.bulk import LoadReport
from imsop.core.database import Pool
from imsop.core.installation import Progress
from imsop.core.settings import Settings
from imsop.demo import customer_returns, events, freight, masters, orders, receipts, stock, terms
from imsop.demo.company import Company
from imsop.demo.documents import Books
from imsop.demo.loading import Loading
from imsop.demo.people import founded_organization
from imsop.demo.simulation import SEED

# In dependency order.
_WRITERS: dict[str, Callable[[Loading], Awaitable[int]]] = {
    "warehouses": masters.write_warehouses,
    "zones": masters.write_zones,
    "suppliers": masters.write_suppliers,
    "customers": masters.write_customers,
    "products": masters.write_products,
    "supplier products": terms.write_supplier_products,
    "supplier prices": terms.write_supplier_prices,
    "approval rules": masters.write_approval_rules,
    "purchase orders": orders.write_purchase_orders,
    "purchase order lines": orders.write_purchase_lines,
    "goods receipts": receipts.write_goods_receipts,
    "returns to suppliers": receipts.write_supplier_returns,
    "purchase order changes": orders.write_purchase_history,
    "sales orders": orders.write_sales_orders,
    "sales order lines": orders.write_sales_lines,
    "sales order changes": orders.write_sales_history,
    "shipments": freight.write_shipments,
    "shipment lines": freight.write_shipment_lines,
    "shipment events": freight.write_shipment_events,
    "positions": freight.write_positions,
    "events": events.write_events,
}


async def write_books(
    pool: Pool, settings: Settings, company: Company, books: Books, today: date, progress: Progress
) -> LoadReport:
    """Creates the company's organization and writes its books as of that day, all or nothing.

    Raises Conflict if the organization exists already.
    """
    began = time.monotonic()
    async with founded_organization(
        pool,
        settings,
        name=company.name,
        domain=company.domain,
        timezone=company.timezone,
        currency=company.currency,
        industry=company.industry,
        country=company.country,
    ) as founded:
        loading = await Loading.into(founded, company, books)
        made = {}
        for step, (what, write) in enumerate(_WRITERS.items(), 1):
            made[what] = await write(loading)
            progress(f"{company.name}: books", step, len(_WRITERS))
        made["stock movements"] = await stock.post_movements(
            loading, lambda done, total: progress(f"{company.name}: stock movements", done, total)
        )
        made["reservations"] = await stock.reserve_stock(loading)
        made["customer returns"] = await customer_returns.authorize_returns(loading)
        written = sum(made.values())
        return LoadReport(
            source=f"two simulated years up to {today}, seed {SEED!r}",
            organization=company.name,
            rows_read=written,
            outcomes={"written": written},
            made=made,
            seconds=time.monotonic() - began,
        )
