"""Routes of sales orders."""

from datetime import date
from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import ShortName
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest, sort_within
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.sales.orders import actions, queries
from imsop.sales.orders.events import SALES_ORDER_CHANGED, SALES_ORDER_CREATED, SALES_ORDER_DELETED
from imsop.sales.orders.lifecycle import LIFECYCLE
from imsop.sales.orders.models import (
    NewSalesOrder,
    SalesOrder,
    SalesOrderChanges,
    SalesOrderHistoryEntry,
    SalesOrderItem,
    SalesOrderStatus,
    SalesOrderWithItems,
)

OrderSort = Literal[
    "-order_date",
    "order_date",
    "so_number",
    "-so_number",
    "expected_delivery_date",
    "-expected_delivery_date",
]


@get("/sales-orders", opt=allow(Permission.SALES_ORDERS_READ))
async def list_sales_orders(
    request: TenantRequest,
    q: SearchQuery | None = None,
    so_number: ShortName | None = None,
    status: SalesOrderStatus | None = None,
    customer_id: UUID | None = None,
    order_date_from: date | None = None,
    order_date_to: date | None = None,
    expected_delivery_date_from: date | None = None,
    expected_delivery_date_to: date | None = None,
    sort: OrderSort | None = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SalesOrder]:
    """Newest first; with a date range (inclusive), in order of that date, unless `sort` says otherwise."""
    ordered = {"order_date_from": order_date_from, "order_date_to": order_date_to}
    expected = {
        "expected_delivery_date_from": expected_delivery_date_from,
        "expected_delivery_date_to": expected_delivery_date_to,
    }
    sort_by = sort_within(
        sort,
        "-order_date",
        {"order_date": [*ordered.values()], "expected_delivery_date": [*expected.values()]},
    )
    connection, actor = await request.begin()
    return await queries.SALES_ORDERS.page(
        connection,
        actor.organization_id,
        PageRequest(sort_by, limit, cursor),
        q=spellings_of(q),
        so_number=so_number,
        status=status,
        customer_id=customer_id,
        **ordered,
        **expected,
    )


@post(
    "/sales-orders",
    opt=allow(Permission.SALES_ORDERS_WRITE, 409, emits=(SALES_ORDER_CREATED,)),
    response_headers=CREATED,
)
async def create_sales_order(request: TenantRequest, data: NewSalesOrder) -> Response[SalesOrderWithItems]:
    """Draft an order with its lines."""
    connection, actor = await request.begin()
    return created(await actions.DRAFTS.create(connection, actor, data), "/api/v1/sales-orders")


@get(
    "/sales-orders/{order_id:uuid}",
    opt=allow(Permission.SALES_ORDERS_READ),
    response_headers=VERSIONED,
)
async def get_sales_order(request: TenantRequest, order_id: UUID) -> Response[SalesOrderWithItems]:
    connection, actor = await request.begin()
    return versioned(await actions.DRAFTS.get(connection, actor, order_id))


@patch(
    "/sales-orders/{order_id:uuid}",
    opt=allow(Permission.SALES_ORDERS_WRITE, 409, 412, 428, emits=(SALES_ORDER_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_sales_order(
    request: TenantRequest, order_id: UUID, data: SalesOrderChanges, if_match: IfMatch
) -> Response[SalesOrderWithItems]:
    """Change a draft; `items`, where given, replaces all its lines."""
    connection, actor = await request.begin()
    return versioned(await actions.DRAFTS.edit(connection, actor, order_id, data, if_match))


@delete(
    "/sales-orders/{order_id:uuid}",
    opt=allow(Permission.SALES_ORDERS_WRITE, 409, emits=(SALES_ORDER_DELETED,)),
)
async def delete_sales_order(request: TenantRequest, order_id: UUID) -> None:
    """Delete a draft; an order beyond draft is cancelled instead."""
    connection, actor = await request.begin()
    await actions.DRAFTS.delete(connection, actor, order_id)


@get("/sales-orders/{order_id:uuid}/items", opt=allow(Permission.SALES_ORDERS_READ))
async def list_sales_order_items(
    request: TenantRequest,
    order_id: UUID,
    sort: Literal["line_number", "-line_number"] = "line_number",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SalesOrderItem]:
    connection, actor = await request.begin()
    await actions.DRAFTS.require(connection, actor, order_id)
    return await queries.ITEMS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), sales_order_id=order_id
    )


@get("/sales-orders/{order_id:uuid}/history", opt=allow(Permission.SALES_ORDERS_READ))
async def list_sales_order_history(
    request: TenantRequest,
    order_id: UUID,
    sort: Literal["-occurred_at", "occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[SalesOrderHistoryEntry]:
    connection, actor = await request.begin()
    await actions.DRAFTS.require(connection, actor, order_id)
    return await queries.HISTORY.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), sales_order_id=order_id
    )


ROUTES = [
    list_sales_orders,
    create_sales_order,
    get_sales_order,
    edit_sales_order,
    delete_sales_order,
    list_sales_order_items,
    list_sales_order_history,
    *LIFECYCLE.routes("/sales-orders", actions.DRAFTS.get, SalesOrderWithItems),
]
