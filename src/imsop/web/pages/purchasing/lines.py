"""Pages of the lines ordered from a supplier, as counted by its figures."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

from asyncpg import Range
from litestar import Response, get

from imsop.core.fields import Count
from imsop.core.instants import today
from imsop.core.listing import Cursor
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.performance import queries as performance
from imsop.purchasing.performance.models import SupplierLine
from imsop.suppliers.suppliers import actions
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import Outcome, days_listed, line_statuses, lines_counted
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import PRODUCT, SUPPLIER, IdOrName, pick, require

ROW_FILTERS = (PRODUCT,)

COLUMNS = (
    Column("order", N_("Purchase order")),
    Column("product", N_("Product")),
    Column("ordered", N_("Ordered"), "number"),
    Column("received", N_("Received"), "number"),
    Column("open", N_("Open"), "number", shown=False),
    Column("order_date", N_("Ordered on"), "date"),
    Column("due_on", N_("Due"), "date", sort="due_on"),
    Column("received_on", N_("Received on"), "date"),
    Column("lead_time", N_("Lead time"), "number"),
    Column("total", N_("Total"), "number", shown=False),
    Column("line_status", N_("Status")),
)


CELLS: dict[str, Callable[[SupplierLine], object]] = {
    "po_number": lambda row: row.po_number,
    "line_number": lambda row: row.line_number,
    "status": lambda row: row.status,
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.product_name,
    "quantity_ordered": lambda row: row.quantity_ordered,
    "quantity_received": lambda row: row.quantity_received,
    "quantity_open": lambda row: row.quantity_open,
    "order_date": lambda row: row.order_date,
    "due_on": lambda row: row.due_on,
    "actual_delivery_date": lambda row: row.actual_delivery_date,
    "lead_time_days": lambda row: row.lead_time_days,
    "line_total": lambda row: row.line_total,
    "currency": lambda row: row.currency,
    "purchase_order_id": lambda row: row.purchase_order_id,
    "id": lambda row: row.id,
}


LineSort = Literal["-due_on", "due_on"]


@get(
    "/suppliers/{supplier_id:uuid}/lines",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def supplier_lines_page(
    request: TenantRequest,
    supplier_id: UUID,
    outcome: Outcome | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    lead_time_from: Count | None = None,
    lead_time_before: Count | None = None,
    sort: LineSort = "-due_on",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    supplier = await actions.get_supplier(connection, actor, supplier_id)
    picked = await pick(connection, actor, ROW_FILTERS, product_id=product_id)
    day = today(actor.timezone)
    shown = await show(
        connection, actor, performance.SUPPLIER_LINES, COLUMNS,
        sort=sort, cursor=cursor, before=before, supplier_id=supplier_id, **picked.ids,
        due_from=due_from, lead_time_from=lead_time_from, lead_time_before=lead_time_before,
        **lines_counted(outcome, day, due_before),
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/lines.html",
        status=picked.status,
        supplier=supplier,
        shown=shown,
        picked=picked,
        line_statuses=line_statuses(
            shown.rows, lambda line: line.status, lambda line: line.quantity_received, day
        ),
        crumbs=[
            Crumb(N_("Suppliers"), "/suppliers"),
            Crumb(supplier.name, f"/suppliers/{supplier_id}", is_name=True),
        ],
    )  # fmt: skip


@get(
    ["/suppliers/{supplier_id:uuid}/lines.csv", "/suppliers/{supplier_id:uuid}/lines.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_supplier_lines(
    request: TenantRequest,
    supplier_id: UUID,
    outcome: Outcome | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    lead_time_from: Count | None = None,
    lead_time_before: Count | None = None,
    sort: LineSort = "-due_on",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    await actions.get_supplier(connection, actor, supplier_id)
    rows = await require(connection, actor, ROW_FILTERS, product_id=product_id)
    return await export(
        request, performance.SUPPLIER_LINES, CELLS,
        sort=sort, supplier_id=supplier_id, **rows, due_from=due_from,
        lead_time_from=lead_time_from, lead_time_before=lead_time_before,
        **lines_counted(outcome, today(actor.timezone), due_before), decimal=decimal,
    )  # fmt: skip


ALL_ROW_FILTERS = (SUPPLIER, PRODUCT)
ALL_COLUMNS = (
    COLUMNS[0],
    Column("supplier", N_("Supplier")),
    *(column for column in COLUMNS[1:] if column.name not in {"reserved", "returned"}),
)
ALL_CELLS = CELLS | {
    "supplier": lambda row: row.supplier_name,
    "supplier_id": lambda row: row.supplier_id,
}


def _of_all(
    actor: Actor,
    rows: dict[str, Any],
    outcome: Outcome | None,
    due_from: date | None,
    due_before: date | None,
) -> dict[str, Any]:
    """What the lines of all suppliers are filtered by: those due within some days, for an index."""
    day = today(actor.timezone)
    first, before = days_listed(due_from, due_before, day)
    return {
        **rows,
        "dated": Range(first, before),
        "due_from": first,
        **lines_counted(outcome, day, before),
    }


@get("/purchase-orders/lines", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def all_purchasing_lines_page(
    request: TenantRequest,
    outcome: Outcome | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ALL_ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    filters = _of_all(actor, picked.ids, outcome, due_from, due_before)
    shown = await show(
        connection, actor, performance.SUPPLIER_LINES, ALL_COLUMNS,
        sort=sort, cursor=cursor, before=before, **filters,
    )  # fmt: skip
    day = today(actor.timezone)
    return render(
        request,
        "pages/purchasing/lines.html",
        status=picked.status,
        supplier=None,
        days=days_listed(due_from, due_before, day),
        shown=shown,
        picked=picked,
        line_statuses=line_statuses(
            shown.rows, lambda line: line.status, lambda line: line.quantity_received, day
        ),
        crumbs=[Crumb(N_("Purchase orders"), "/purchase-orders")],
    )


@get(
    ["/purchase-orders/lines.csv", "/purchase-orders/lines.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_all_purchasing_lines(
    request: TenantRequest,
    outcome: Outcome | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ALL_ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    filters = _of_all(actor, rows, outcome, due_from, due_before)
    return await export(request, performance.SUPPLIER_LINES, ALL_CELLS, sort=sort, **filters, decimal=decimal)


PAGES = [supplier_lines_page, export_supplier_lines, all_purchasing_lines_page, export_all_purchasing_lines]
