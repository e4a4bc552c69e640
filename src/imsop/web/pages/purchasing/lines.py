"""Pages of the lines ordered from a supplier, as counted by its figures."""

from collections.abc import Callable
from datetime import date
from typing import Literal
from uuid import UUID

from litestar import Response, get

from imsop.core.fields import Count
from imsop.core.instants import today
from imsop.core.listing import Cursor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.performance import queries as performance
from imsop.purchasing.performance.models import SupplierLine
from imsop.suppliers.suppliers import actions
from imsop.ui.language import N_
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import Outcome, line_statuses, lines_counted
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import PRODUCT, IdOrName, pick, require

ROW_FILTERS = (PRODUCT,)

COLUMNS = (
    Column("order", N_("Purchase order")),
    Column("product", N_("Product")),
    Column("ordered", N_("Ordered"), "number"),
    Column("received", N_("Received"), "number"),
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
) -> Streamed:
    connection, actor = await request.begin()
    await actions.get_supplier(connection, actor, supplier_id)
    rows = await require(connection, actor, ROW_FILTERS, product_id=product_id)
    return await export(
        request, performance.SUPPLIER_LINES, CELLS,
        sort=sort, supplier_id=supplier_id, **rows, due_from=due_from,
        lead_time_from=lead_time_from, lead_time_before=lead_time_before,
        **lines_counted(outcome, today(actor.timezone), due_before),
    )  # fmt: skip


PAGES = [
    supplier_lines_page,
    export_supplier_lines,
]
