"""Routes of purchase orders."""

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
from imsop.purchasing.orders import actions, amending, queries
from imsop.purchasing.orders.events import (
    PURCHASE_ORDER_APPROVAL_WITHDRAWN,
    PURCHASE_ORDER_CHANGED,
    PURCHASE_ORDER_CREATED,
    PURCHASE_ORDER_DELETED,
    PURCHASE_ORDER_RECEIVED,
)
from imsop.purchasing.orders.lifecycle import LIFECYCLE
from imsop.purchasing.orders.models import (
    ListedPurchaseOrder,
    NewPurchaseOrder,
    PurchaseOrderChanges,
    PurchaseOrderHistoryEntry,
    PurchaseOrderItem,
    PurchaseOrderStatus,
    PurchaseOrderWithItems,
)

OrderSort = Literal[
    "-order_date",
    "order_date",
    "po_number",
    "-po_number",
    "expected_delivery_date",
    "-expected_delivery_date",
]


@get("/purchase-orders", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_purchase_orders(
    request: TenantRequest,
    q: SearchQuery | None = None,
    po_number: ShortName | None = None,
    status: PurchaseOrderStatus | None = None,
    supplier_id: UUID | None = None,
    order_date_from: date | None = None,
    order_date_to: date | None = None,
    expected_delivery_date_from: date | None = None,
    expected_delivery_date_to: date | None = None,
    sort: OrderSort | None = None,
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ListedPurchaseOrder]:
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
    return await queries.PURCHASE_ORDERS.page(
        connection,
        actor.organization_id,
        PageRequest(sort_by, limit, cursor),
        q=spellings_of(q),
        po_number=po_number,
        status=status,
        supplier_id=supplier_id,
        **ordered,
        **expected,
    )


@post(
    "/purchase-orders",
    opt=allow(Permission.PURCHASE_ORDERS_WRITE, 409, emits=(PURCHASE_ORDER_CREATED,)),
    response_headers=CREATED,
)
async def create_purchase_order(
    request: TenantRequest, data: NewPurchaseOrder
) -> Response[PurchaseOrderWithItems]:
    """Draft an order with its lines."""
    connection, actor = await request.begin()
    return created(await actions.DRAFTS.create(connection, actor, data), "/api/v1/purchase-orders")


@get(
    "/purchase-orders/{order_id:uuid}",
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    response_headers=VERSIONED,
)
async def get_purchase_order(request: TenantRequest, order_id: UUID) -> Response[PurchaseOrderWithItems]:
    connection, actor = await request.begin()
    return versioned(await actions.get_order(connection, actor, order_id))


@patch(
    "/purchase-orders/{order_id:uuid}",
    opt=allow(
        Permission.PURCHASE_ORDERS_WRITE,
        409,
        412,
        428,
        emits=(PURCHASE_ORDER_CHANGED, PURCHASE_ORDER_RECEIVED, PURCHASE_ORDER_APPROVAL_WITHDRAWN),
    ),
    response_headers=VERSIONED,
)
async def edit_purchase_order(
    request: TenantRequest, order_id: UUID, data: PurchaseOrderChanges, if_match: IfMatch
) -> Response[PurchaseOrderWithItems]:
    """Change a draft, or amend an order that was sent: as its next revision, never below what came in.

    A draft that waits for an approval no longer does if more is bought than was asked for. 409 for an
    amendment that a rule asks an approval for.
    """
    connection, actor = await request.begin()
    return versioned(await amending.edit_order(connection, actor, order_id, data, if_match))


@delete(
    "/purchase-orders/{order_id:uuid}",
    opt=allow(Permission.PURCHASE_ORDERS_WRITE, 409, emits=(PURCHASE_ORDER_DELETED,)),
)
async def delete_purchase_order(request: TenantRequest, order_id: UUID) -> None:
    """Delete a draft."""
    connection, actor = await request.begin()
    await actions.DRAFTS.delete(connection, actor, order_id)


@get("/purchase-orders/{order_id:uuid}/items", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_purchase_order_items(
    request: TenantRequest,
    order_id: UUID,
    sort: Literal["line_number", "-line_number"] = "line_number",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[PurchaseOrderItem]:
    connection, actor = await request.begin()
    await actions.DRAFTS.require(connection, actor, order_id)
    return await queries.ITEMS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), purchase_order_id=order_id
    )


@get("/purchase-orders/{order_id:uuid}/history", opt=allow(Permission.PURCHASE_ORDERS_READ))
async def list_purchase_order_history(
    request: TenantRequest,
    order_id: UUID,
    sort: Literal["-occurred_at", "occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[PurchaseOrderHistoryEntry]:
    connection, actor = await request.begin()
    await actions.DRAFTS.require(connection, actor, order_id)
    return await queries.HISTORY.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), purchase_order_id=order_id
    )


ROUTES = [
    list_purchase_orders,
    create_purchase_order,
    get_purchase_order,
    edit_purchase_order,
    delete_purchase_order,
    list_purchase_order_items,
    list_purchase_order_history,
    *LIFECYCLE.routes("/purchase-orders", actions.get_order, PurchaseOrderWithItems),
]
