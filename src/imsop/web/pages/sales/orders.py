"""Pages of sales orders: the list, its export, and the order with its lines, history and shipments."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal, get_args
from uuid import UUID

from litestar import Response, get, post

from imsop.core import edits
from imsop.core.errors import DomainError
from imsop.core.fields import ShortName
from imsop.core.instants import today
from imsop.core.listing import Cursor, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses.queries import get_warehouse
from imsop.sales.allocation.actions import get_promises
from imsop.sales.customers import queries as customers_queries
from imsop.sales.orders import actions
from imsop.sales.orders import queries as orders_queries
from imsop.sales.orders.lifecycle import LIFECYCLE
from imsop.sales.orders.models import SalesOrderStatus, SalesOrderSummary
from imsop.shipping.transit.queries import list_shipments_of_sales_order
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import page_of, render
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import (
    HISTORY,
    SHIPMENT_COLUMNS,
    SHIPMENTS,
    Flag,
    act,
    is_open_or_late,
    line_changes,
    line_statuses,
    names_of,
)
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import CUSTOMER, PRODUCT, IdOrName, filter_routes, pick, require

ROW_FILTERS = (CUSTOMER, PRODUCT)


COLUMNS = (
    Column("number", N_("Number"), sort="so_number"),
    Column("customer", N_("Customer")),
    Column("status", N_("Status")),
    Column("ordered", N_("Ordered"), "date", sort="order_date"),
    Column("expected", N_("Expected"), "date", sort="expected_delivery_date"),
    Column("delivered", N_("Delivered on"), "date"),
    Column("lines", N_("Lines"), "number"),
    Column("total", N_("Total"), "number"),
)


CELLS: dict[str, Callable[[SalesOrderSummary], object]] = {
    "so_number": lambda row: row.so_number,
    "customer": lambda row: row.customer_name,
    "status": lambda row: row.status,
    "order_date": lambda row: row.order_date,
    "expected_delivery_date": lambda row: row.expected_delivery_date,
    "actual_delivery_date": lambda row: row.actual_delivery_date,
    "lines": lambda row: row.lines,
    "total_amount": lambda row: row.total_amount if row.lines_without_price < max(row.lines, 1) else None,
    "lines_without_price": lambda row: row.lines_without_price,
    "currency": lambda row: row.currency,
    "customer_id": lambda row: row.customer_id,
    "id": lambda row: row.id,
}


LINE_COLUMNS = (
    Column("product", N_("Product")),
    Column("number", N_("Line"), "number", shown=False),
    Column("ordered", N_("Ordered"), "number"),
    Column("reserved", N_("Reserved"), "number"),
    Column("shipped", N_("Shipped"), "number"),
    Column("returned", N_("Returned"), "number", shown=False),
    Column("missing", N_("Short"), "number"),
    Column("closed", N_("Closed"), "number", shown=False),
    Column("promise", N_("Can be promised")),
    Column("price", N_("Unit price"), "number"),
    Column("total", N_("Total"), "number"),
    Column("expected", N_("Expected"), "date", shown=False),
    Column("promised", N_("Promised"), "date"),
    Column("delivered", N_("Delivered on"), "date"),
    Column("line_status", N_("Status")),
)


SalesOrderSort = Literal[
    "-order_date", "order_date", "so_number", "-so_number",
    "expected_delivery_date", "-expected_delivery_date",
]  # fmt: skip


def _filters(
    actor: Actor,
    q: str | None,
    status: str | None,
    rows: dict[str, UUID | None],
    is_counter_sale: Flag | None,
    is_open: Flag | None,
    is_late: Flag | None,
    is_short: Flag | None,
) -> dict[str, Any]:
    """What the list is filtered by."""
    return {
        "q": spellings_of(q),
        "status": status,
        **rows,
        "counter": True if is_counter_sale else None,
        "short": True if is_short else None,
        **is_open_or_late(is_open, is_late, today(actor.timezone)),
    }


@get("/sales-orders", opt=allow(Permission.SALES_ORDERS_READ), include_in_schema=False)
async def sales_orders_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: SalesOrderStatus | None = None,
    customer_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    counter: Flag | None = None,
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: Flag | None = None,
    short: Flag | None = None,
    expected_from: date | None = None,
    expected_to: date | None = None,
    sort: SalesOrderSort = "-order_date",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, customer_id=customer_id, product_id=product_id)
    filters = _filters(actor, q, status, picked.ids, counter, open, late, short)
    filters |= {"expected_from": expected_from, "expected_to": expected_to}
    shown = await show(
        connection, actor, orders_queries.SALES_ORDER_SUMMARIES, COLUMNS,
        sort=sort, cursor=cursor, before=before, **filters,
    )  # fmt: skip
    return render(
        request,
        "pages/sales/orders.html",
        status=picked.status,
        shown=shown,
        states=get_args(SalesOrderStatus),
        picked=picked,
        today=today(actor.timezone),
    )


@get(
    ["/sales-orders.csv", "/sales-orders.xlsx"],
    opt=allow(Permission.SALES_ORDERS_READ),
    include_in_schema=False,
)
async def export_sales_orders(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: SalesOrderStatus | None = None,
    customer_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    counter: Flag | None = None,
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: Flag | None = None,
    short: Flag | None = None,
    expected_from: date | None = None,
    expected_to: date | None = None,
    sort: SalesOrderSort = "-order_date",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, customer_id=customer_id, product_id=product_id)
    filters = _filters(actor, q, status, rows, counter, open, late, short)
    filters |= {"expected_from": expected_from, "expected_to": expected_to}
    return await export(
        request, orders_queries.SALES_ORDER_SUMMARIES, CELLS, sort=sort, **filters, decimal=decimal
    )


@get("/sales-orders/{order_id:uuid}", opt=allow(Permission.SALES_ORDERS_READ), include_in_schema=False)
async def sales_order_page(
    request: TenantRequest,
    order_id: UUID,
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    done: ShortName | None = None,
) -> Response[bytes]:
    return await _order(request, order_id, cursor=cursor, before=before, done=done)


@post(
    "/sales-orders/{order_id:uuid}/{verb:str}",
    opt=allow(
        Permission.SALES_ORDERS_WRITE,
        emits=tuple(event for one in LIFECYCLE.transitions for event in (one.emits, *one.emits_too)),
    ),
    status_code=303,
    include_in_schema=False,
)
async def act_on_sales_order(request: StrictRequest, order_id: UUID, verb: str) -> Response[Any]:
    return await act(request, LIFECYCLE, "/sales-orders", order_id, verb, _order)


async def _order(
    request: TenantRequest,
    order_id: UUID,
    refusal: DomainError | None = None,
    *,
    cursor: str | None = None,
    before: str | None = None,
    done: str | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    order = await actions.DRAFTS.require(connection, actor, order_id)
    shown = await show(
        connection, actor, orders_queries.ORDER_LINES, LINE_COLUMNS,
        sort="line_number", cursor=cursor, before=before, sales_order_id=order_id,
    )  # fmt: skip
    history = await orders_queries.HISTORY.page(
        connection, actor.organization_id, PageRequest("-occurred_at", HISTORY), sales_order_id=order_id
    )
    customer = None
    if order.customer_id is not None:
        customer = await customers_queries.get_customer(connection, actor.organization_id, order.customer_id)
    shipments = None
    if Permission.SHIPMENTS_READ in actor.permissions:
        shipments = await list_shipments_of_sales_order(
            connection, actor.organization_id, order_id, SHIPMENTS
        )
    warehouse = None
    if order.warehouse_id is not None:
        warehouse = await get_warehouse(connection, actor.organization_id, order.warehouse_id)
    totals = await orders_queries.total_lines(connection, actor.organization_id, order_id)
    promises = {}
    if Permission.INVENTORY_READ in actor.permissions and order.status in ("draft", "confirmed"):
        found = await get_promises(connection, actor, order_id)
        promises = {promise.line_id: promise for promise in found}
    now = today(actor.timezone)
    return render(
        request,
        "pages/sales/order.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        done=next((one for one in LIFECYCLE.transitions if one.verb == done), None),
        verbs=LIFECYCLE.possible(
            order.status, actor, is_on_hold=order.on_hold_reason is not None
        ),
        version=edits.etag(order.updated_at),
        order=order,
        customer=customer,
        shown=shown,
        warehouse=warehouse,
        promises=promises,
        totals=totals,
        can_ship=order.status == "confirmed" and totals.quantity_open > 0,
        line_statuses=line_statuses(
            shown.rows, lambda _: order.status, lambda line: line.quantity_shipped, now
        ),
        history=history.items,
        names=await names_of(connection, actor, history.items, order.created_by),
        changes=line_changes(history.items, page_of(request).language.gettext),
        shipments=shipments,
        shipment_columns=SHIPMENT_COLUMNS,
        today=now,
        crumbs=[Crumb(N_("Sales orders"), "/sales-orders")],
    )  # fmt: skip


PAGES = [
    sales_orders_page,
    export_sales_orders,
    sales_order_page,
    act_on_sales_order,
    *filter_routes("/sales-orders", Permission.SALES_ORDERS_READ, ROW_FILTERS),
]
