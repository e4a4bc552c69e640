"""Pages of purchase orders: the list, its export, and the order with its lines, history and shipments."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, DomainError, InvalidInput, PreconditionFailed
from imsop.core.fields import ShortName
from imsop.core.instants import today
from imsop.core.listing import Cursor, Listing, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.documents.lifecycle import Transition
from imsop.documents.mails.queries import list_mails_of_purchase_order
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses.queries import get_warehouse
from imsop.purchasing.approvals.actions import get_approval
from imsop.purchasing.approvals.models import Approval
from imsop.purchasing.orders import actions
from imsop.purchasing.orders import queries as orders_queries
from imsop.purchasing.orders.events import (
    PURCHASE_ORDER_APPROVED,
    PURCHASE_ORDER_CHANGED,
    PURCHASE_ORDER_REJECTED,
    PURCHASE_ORDER_SUBMITTED,
)
from imsop.purchasing.orders.lifecycle import LIFECYCLE, OPEN
from imsop.purchasing.orders.models import (
    PurchaseOrder,
    PurchaseOrderChanges,
    PurchaseOrderStatus,
    PurchaseOrderSummary,
)
from imsop.purchasing.receipts import queries as receipts_queries
from imsop.purchasing.receipts.models import ListedGoodsReceipt
from imsop.purchasing.returns import queries as returns_queries
from imsop.purchasing.returns.models import ListedSupplierReturn
from imsop.shipping.transit.queries import list_shipments_of_purchase_order
from imsop.suppliers.suppliers import queries as suppliers
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import page_of, render
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import (
    HISTORY,
    MAILS,
    SHIPMENT_COLUMNS,
    SHIPMENTS,
    Flag,
    act,
    is_open_or_late,
    line_changes,
    line_statuses,
    names_of,
)
from imsop.web.pages.forms import attempt
from imsop.web.pages.lists import export, show
from imsop.web.pages.purchasing.proposals import proposals_of, with_taken
from imsop.web.pages.row_filters import PRODUCT, SUPPLIER, IdOrName, filter_routes, pick, require

ROW_FILTERS = (SUPPLIER, PRODUCT)


COLUMNS = (
    Column("number", N_("Number"), sort="po_number"),
    Column("supplier", N_("Supplier")),
    Column("status", N_("Status")),
    Column("ordered", N_("Ordered"), "date", sort="order_date"),
    Column("expected", N_("Expected"), "date", sort="expected_delivery_date"),
    Column("received", N_("Received on"), "date"),
    Column("lines", N_("Lines"), "number"),
    Column("total", N_("Total"), "number"),
)


CELLS: dict[str, Callable[[PurchaseOrderSummary], object]] = {
    "po_number": lambda row: row.po_number,
    "supplier": lambda row: row.supplier_name,
    "status": lambda row: row.status,
    "order_date": lambda row: row.order_date,
    "expected_delivery_date": lambda row: row.expected_delivery_date,
    "actual_delivery_date": lambda row: row.actual_delivery_date,
    "lines": lambda row: row.lines,
    "total_amount": lambda row: row.total_amount if row.lines_without_price < max(row.lines, 1) else None,
    "lines_without_price": lambda row: row.lines_without_price,
    "currency": lambda row: row.currency,
    "supplier_id": lambda row: row.supplier_id,
    "id": lambda row: row.id,
}


POSTED = 50
"""Receipts and returns shown of an order."""
LINE_COLUMNS = (
    Column("product", N_("Product")),
    Column("number", N_("Line"), "number", shown=False),
    Column("ordered", N_("Ordered"), "number"),
    Column("received", N_("Received"), "number"),
    Column("open", N_("Open"), "number"),
    Column("price", N_("Unit price"), "number"),
    Column("total", N_("Total"), "number"),
    Column("expected", N_("Expected"), "date", shown=False),
    Column("promised", N_("Promised"), "date"),
    Column("received_on", N_("Received on"), "date"),
    Column("line_status", N_("Status")),
)


PurchaseOrderSort = Literal[
    "-order_date", "order_date", "po_number", "-po_number",
    "expected_delivery_date", "-expected_delivery_date",
]  # fmt: skip


def _filters(
    actor: Actor,
    q: str | None,
    status: str | None,
    rows: dict[str, UUID | None],
    is_open: Flag | None,
    is_late: Flag | None,
) -> dict[str, Any]:
    """What the list is filtered by."""
    return {
        "q": spellings_of(q),
        "status": status,
        **rows,
        **is_open_or_late(is_open, is_late, today(actor.timezone)),
    }


@get("/purchase-orders", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def purchase_orders_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PurchaseOrderStatus | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: Flag | None = None,
    sort: PurchaseOrderSort = "-order_date",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    filters = _filters(actor, q, status, picked.ids, open, late)
    shown = await show(
        connection, actor, orders_queries.PURCHASE_ORDER_SUMMARIES, COLUMNS,
        sort=sort, cursor=cursor, before=before, **filters,
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/orders.html",
        status=picked.status,
        shown=shown,
        states=get_args(PurchaseOrderStatus),
        picked=picked,
        today=today(actor.timezone),
    )


@get(
    ["/purchase-orders.csv", "/purchase-orders.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_purchase_orders(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: PurchaseOrderStatus | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: Flag | None = None,
    sort: PurchaseOrderSort = "-order_date",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    filters = _filters(actor, q, status, rows, open, late)
    return await export(
        request, orders_queries.PURCHASE_ORDER_SUMMARIES, CELLS, sort=sort, **filters, decimal=decimal
    )


@get("/purchase-orders/{order_id:uuid}", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def purchase_order_page(
    request: TenantRequest,
    order_id: UUID,
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    done: ShortName | None = None,
) -> Response[bytes]:
    return await _order(request, order_id, cursor=cursor, before=before, done=done)


@post(
    "/purchase-orders/{order_id:uuid}/{verb:str}",
    opt=allow(
        Permission.PURCHASE_ORDERS_WRITE,
        emits=tuple(transition.emits for transition in LIFECYCLE.transitions),
    ),
    status_code=303,
    include_in_schema=False,
)
async def act_on_purchase_order(request: StrictRequest, order_id: UUID, verb: str) -> Response[Any]:
    return await act(request, LIFECYCLE, "/purchase-orders", order_id, verb, _order)


@post(
    "/purchase-orders/{order_id:uuid}/proposals",
    opt=allow(Permission.PURCHASE_ORDERS_WRITE, emits=(PURCHASE_ORDER_CHANGED,)),
    status_code=303,
    include_in_schema=False,
)
async def take_proposals(request: StrictRequest, order_id: UUID) -> Response[Any]:
    """Writes the proposed values that were ticked into their lines, as they were shown."""
    connection, actor = await request.begin()
    fields = request.fields()
    try:
        order = await actions.DRAFTS.get(connection, actor, order_id)
        changes = PurchaseOrderChanges(items=[with_taken(item, fields) for item in order.items])
        async with attempt(connection):
            await actions.DRAFTS.edit(connection, actor, order_id, changes, fields.get("version", ""))
    except (InvalidInput, Conflict, PreconditionFailed) as refusal:
        return await _order(request, order_id, refusal)
    return Redirect(f"/purchase-orders/{order_id}#lines", status_code=303)


@post(
    "/purchase-orders/{order_id:uuid}/approve",
    opt=allow(Permission.PURCHASE_ORDERS_APPROVE, emits=(PURCHASE_ORDER_APPROVED, PURCHASE_ORDER_SUBMITTED)),
    status_code=303,
    include_in_schema=False,
)
async def approve_purchase_order(request: StrictRequest, order_id: UUID) -> Response[Any]:
    return await act(request, LIFECYCLE, "/purchase-orders", order_id, "approve", _order)


@post(
    "/purchase-orders/{order_id:uuid}/reject",
    opt=allow(Permission.PURCHASE_ORDERS_APPROVE, emits=(PURCHASE_ORDER_REJECTED,)),
    status_code=303,
    include_in_schema=False,
)
async def send_purchase_order_back(request: StrictRequest, order_id: UUID) -> Response[Any]:
    return await act(request, LIFECYCLE, "/purchase-orders", order_id, "reject", _order)


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
    approval = await get_approval(connection, actor, order_id)
    shown = await show(
        connection, actor, orders_queries.ORDER_LINES, LINE_COLUMNS,
        sort="line_number", cursor=cursor, before=before, purchase_order_id=order_id,
    )  # fmt: skip
    history = await orders_queries.HISTORY.page(
        connection, actor.organization_id, PageRequest("-occurred_at", HISTORY), purchase_order_id=order_id
    )
    shipments = None
    if Permission.SHIPMENTS_READ in actor.permissions:
        shipments = await list_shipments_of_purchase_order(
            connection, actor.organization_id, order_id, SHIPMENTS
        )
    now = today(actor.timezone)
    return render(
        request,
        "pages/purchasing/order.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        done=next((one for one in LIFECYCLE.transitions if one.verb == done), None),
        verbs=_verbs(order, approval, actor),
        version=edits.etag(order.updated_at),
        order=order,
        supplier=await suppliers.get_supplier(connection, actor.organization_id, order.supplier_id),
        shown=shown,
        progress=await orders_queries.get_progress(connection, actor.organization_id, order_id),
        can_confirm=order.status in LIFECYCLE.of("confirm").sources,
        can_receive=order.status in OPEN,
        warehouse=order.warehouse_id
        and await get_warehouse(connection, actor.organization_id, order.warehouse_id),
        receipts=await _posted(connection, actor, receipts_queries.RECEIPT_SUMMARIES, "received_at",
        order_id),
        returns=await _posted(connection, actor, returns_queries.RETURN_SUMMARIES, "returned_at", order_id),
        line_statuses=line_statuses(
            shown.rows, lambda _: order.status, lambda line: line.quantity_received, now
        ),
        history=history.items,
        line_changes=line_changes(history.items, page_of(request).language.gettext),
        names=await names_of(
            connection, actor, history.items, order.created_by,
            *(one.decided_by for one in (approval.asked if approval else ())),
        ),
        approval=approval,
        own_currency=actor.currency,
        proposals=await proposals_of(connection, actor, order, shown.rows),
        mails=await list_mails_of_purchase_order(connection, actor.organization_id, order_id, MAILS),
        shipments=shipments,
        shipment_columns=SHIPMENT_COLUMNS,
        today=now,
        crumbs=[Crumb(N_("Purchase orders"), "/purchase-orders")],
    )  # fmt: skip


def _verbs(order: PurchaseOrder, approval: Approval | None, actor: Actor) -> list[Transition]:
    """What the actor may do now. While the order waits for an approval, those who may decide do that."""
    waits = approval is not None and approval.status == "requested"
    decides = approval is not None and actor.user_id in {one.user_id for one in approval.approvers}
    hidden = {"submit"} if waits else set()
    if not decides:
        hidden |= {"approve", "reject"}
    return [one for one in LIFECYCLE.possible(order.status, actor) if one.verb not in hidden]


class Posted(NamedTuple):
    """A receipt or a return of the order, in its card."""

    number: str
    href: str
    at: datetime
    units: int
    is_reversal: bool


async def _posted(
    connection: Connection,
    actor: Actor,
    listing: Listing[ListedGoodsReceipt] | Listing[ListedSupplierReturn],
    by: str,
    order_id: UUID,
) -> list[Posted]:
    """The newest receipts or returns of the order; none for whoever may not see them."""
    if Permission.GOODS_RECEIPTS_READ not in actor.permissions:
        return []
    page = await listing.page(
        connection, actor.organization_id, PageRequest(f"-{by}", POSTED), purchase_order_id=order_id
    )
    return [
        Posted(
            row.receipt_number,
            f"/goods-receipts/{row.id}",
            row.received_at,
            row.quantity_accepted + row.quantity_rejected,
            row.reverses_id is not None,
        )
        if isinstance(row, ListedGoodsReceipt)
        else Posted(
            row.return_number,
            f"/supplier-returns/{row.id}",
            row.returned_at,
            row.quantity,
            row.reverses_id is not None,
        )
        for row in page.items
    ]


PAGES = [
    purchase_orders_page,
    export_purchase_orders,
    purchase_order_page,
    act_on_purchase_order,
    take_proposals,
    approve_purchase_order,
    send_purchase_order_back,
    *filter_routes("/purchase-orders", Permission.PURCHASE_ORDERS_READ, ROW_FILTERS),
]
