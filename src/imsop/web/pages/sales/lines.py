"""Pages of the lines that a customer ordered, as counted by its figures."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

from asyncpg import Range
from litestar import Response, get

from imsop.core.instants import today
from imsop.core.listing import Cursor
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.customers import actions
from imsop.sales.performance import queries as performance
from imsop.sales.performance.models import CustomerLine
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import days_listed, line_statuses, lines_counted
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import CUSTOMER, PRODUCT, IdOrName, pick, require

ROW_FILTERS = (PRODUCT,)

COLUMNS = (
    Column("order", N_("Sales order")),
    Column("product", N_("Product")),
    Column("ordered", N_("Ordered"), "number"),
    Column("reserved", N_("Reserved"), "number"),
    Column("shipped", N_("Shipped"), "number"),
    Column("returned", N_("Returned"), "number"),
    Column("order_date", N_("Ordered on"), "date"),
    Column("due_on", N_("Due"), "date", sort="due_on"),
    Column("delivered", N_("Delivered on"), "date"),
    Column("total", N_("Total"), "number", shown=False),
    Column("line_status", N_("Status")),
)


CELLS: dict[str, Callable[[CustomerLine], object]] = {
    "so_number": lambda row: row.so_number,
    "line_number": lambda row: row.line_number,
    "status": lambda row: row.status,
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.product_name,
    "quantity_ordered": lambda row: row.quantity_ordered,
    "quantity_reserved": lambda row: row.quantity_reserved,
    "quantity_shipped": lambda row: row.quantity_shipped,
    "quantity_returned": lambda row: row.quantity_returned,
    "order_date": lambda row: row.order_date,
    "due_on": lambda row: row.due_on,
    "actual_delivery_date": lambda row: row.actual_delivery_date,
    "line_total": lambda row: row.line_total,
    "currency": lambda row: row.currency,
    "sales_order_id": lambda row: row.sales_order_id,
    "id": lambda row: row.id,
}


LineSort = Literal["-due_on", "due_on"]


Outcome = Literal["due", "on_time", "late", "on_time_in_full", "not_on_time_in_full", "open", "overdue"]


@get("/customers/{customer_id:uuid}/lines", opt=allow(Permission.SALES_ORDERS_READ), include_in_schema=False)
async def customer_lines_page(
    request: TenantRequest,
    customer_id: UUID,
    outcome: Outcome | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    customer = await actions.get_customer(connection, actor, customer_id)
    picked = await pick(connection, actor, ROW_FILTERS, product_id=product_id)
    day = today(actor.timezone)
    shown = await show(
        connection, actor, performance.CUSTOMER_LINES, COLUMNS,
        sort=sort, cursor=cursor, before=before, customer_id=customer_id, **picked.ids,
        due_from=due_from, **lines_counted(outcome, day, due_before),
    )  # fmt: skip
    return render(
        request,
        "pages/sales/lines.html",
        status=picked.status,
        customer=customer,
        shown=shown,
        picked=picked,
        line_statuses=line_statuses(
            shown.rows, lambda line: line.status, lambda line: line.quantity_shipped, day
        ),
        crumbs=[
            Crumb(N_("Customers"), "/customers"),
            Crumb(customer.name, f"/customers/{customer_id}", is_name=True),
        ],
    )  # fmt: skip


@get(
    ["/customers/{customer_id:uuid}/lines.csv", "/customers/{customer_id:uuid}/lines.xlsx"],
    opt=allow(Permission.SALES_ORDERS_READ),
    include_in_schema=False,
)
async def export_customer_lines(
    request: TenantRequest,
    customer_id: UUID,
    outcome: Outcome | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    await actions.get_customer(connection, actor, customer_id)
    rows = await require(connection, actor, ROW_FILTERS, product_id=product_id)
    return await export(
        request, performance.CUSTOMER_LINES, CELLS,
        sort=sort, customer_id=customer_id, **rows, due_from=due_from,
        **lines_counted(outcome, today(actor.timezone), due_before), decimal=decimal,
    )  # fmt: skip


ALL_ROW_FILTERS = (CUSTOMER, PRODUCT)
ALL_COLUMNS = (
    COLUMNS[0],
    Column("customer", N_("Customer")),
    *(column for column in COLUMNS[1:] if column.name not in {"reserved", "returned"}),
)
ALL_CELLS = CELLS | {
    "customer": lambda row: row.customer_name,
    "customer_id": lambda row: row.customer_id,
}


def _of_all(
    actor: Actor,
    rows: dict[str, Any],
    outcome: Outcome | None,
    due_from: date | None,
    due_before: date | None,
) -> dict[str, Any]:
    """What the lines of all customers are filtered by: those due within some days, for an index."""
    day = today(actor.timezone)
    first, before = days_listed(due_from, due_before, day)
    return {
        **rows,
        "dated": Range(first, before),
        "due_from": first,
        **lines_counted(outcome, day, before),
    }


@get("/sales-orders/lines", opt=allow(Permission.SALES_ORDERS_READ), include_in_schema=False)
async def all_sales_lines_page(
    request: TenantRequest,
    outcome: Outcome | None = None,
    customer_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ALL_ROW_FILTERS, customer_id=customer_id, product_id=product_id)
    filters = _of_all(actor, picked.ids, outcome, due_from, due_before)
    shown = await show(
        connection, actor, performance.CUSTOMER_LINES, ALL_COLUMNS,
        sort=sort, cursor=cursor, before=before, **filters,
    )  # fmt: skip
    day = today(actor.timezone)
    return render(
        request,
        "pages/sales/lines.html",
        status=picked.status,
        customer=None,
        days=days_listed(due_from, due_before, day),
        shown=shown,
        picked=picked,
        line_statuses=line_statuses(
            shown.rows, lambda line: line.status, lambda line: line.quantity_shipped, day
        ),
        crumbs=[Crumb(N_("Sales orders"), "/sales-orders")],
    )


@get(
    ["/sales-orders/lines.csv", "/sales-orders/lines.xlsx"],
    opt=allow(Permission.SALES_ORDERS_READ),
    include_in_schema=False,
)
async def export_all_sales_lines(
    request: TenantRequest,
    outcome: Outcome | None = None,
    customer_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    due_from: date | None = None,
    due_before: date | None = None,
    sort: LineSort = "-due_on",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ALL_ROW_FILTERS, customer_id=customer_id, product_id=product_id)
    filters = _of_all(actor, rows, outcome, due_from, due_before)
    return await export(request, performance.CUSTOMER_LINES, ALL_CELLS, sort=sort, **filters, decimal=decimal)


PAGES = [customer_lines_page, export_customer_lines, all_sales_lines_page, export_all_sales_lines]
