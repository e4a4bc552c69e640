"""Pages of goods receipts: the list, its export, and the receipt with its lines."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core.errors import DomainError
from imsop.core.fields import ShortName
from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses.queries import get_warehouse
from imsop.purchasing.orders.actions import DRAFTS
from imsop.purchasing.orders.events import PURCHASE_ORDER_REOPENED
from imsop.purchasing.orders.queries import get_progress
from imsop.purchasing.receipts import actions, queries
from imsop.purchasing.receipts.events import GOODS_RECEIPT_REVERSED
from imsop.purchasing.receipts.models import ListedGoodsReceipt, Reversal
from imsop.suppliers.suppliers.queries import get_supplier
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.documents import ReversalForm
from imsop.web.pages.forms import attempt, form_of
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import WAREHOUSE, IdOrName, filter_routes, pick, require

ROW_FILTERS = (WAREHOUSE,)
COLUMNS = (
    Column("number", N_("Number")),
    Column("order", N_("Purchase order")),
    Column("supplier", N_("Supplier")),
    Column("warehouse", N_("Warehouse")),
    Column("delivery_note", N_("Delivery note")),
    Column("received_at", N_("Arrived at"), "date", sort="received_at"),
    Column("lines", N_("Lines"), "number", shown=False),
    Column("accepted", N_("Accepted"), "number"),
    Column("rejected", N_("Rejected"), "number"),
)
LINE_COLUMNS = (
    Column("product", N_("Product")),
    Column("accepted", N_("Accepted"), "number"),
    Column("rejected", N_("Rejected"), "number"),
    Column("reason", N_("Reason")),
    Column("line_status", N_("Status")),
)
CELLS: dict[str, Callable[[ListedGoodsReceipt], object]] = {
    "receipt_number": lambda row: row.receipt_number,
    "po_number": lambda row: row.po_number,
    "supplier": lambda row: row.supplier_name,
    "warehouse": lambda row: row.warehouse_name,
    "delivery_note": lambda row: row.delivery_note,
    "received_at": lambda row: row.received_at,
    "lines": lambda row: row.lines,
    "quantity_accepted": lambda row: row.quantity_accepted,
    "quantity_rejected": lambda row: row.quantity_rejected,
    "reverses_id": lambda row: row.reverses_id,
    "purchase_order_id": lambda row: row.purchase_order_id,
    "id": lambda row: row.id,
}
ReceiptSort = Literal["-received_at", "received_at"]


@get("/goods-receipts", opt=allow(Permission.GOODS_RECEIPTS_READ), include_in_schema=False)
async def goods_receipts_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: IdOrName | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
    sort: ReceiptSort = "-received_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    """Both days are inclusive."""
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    shown = await show(
        connection, actor, queries.RECEIPT_SUMMARIES, COLUMNS, sort=sort, cursor=cursor, before=before,
        q=spellings_of(q), purchase_order_id=purchase_order_id, **picked.ids,
        **_between(actor, received_from, received_to),
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/receipts.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        order=purchase_order_id and await DRAFTS.require(connection, actor, purchase_order_id),
    )


@get(
    ["/goods-receipts.csv", "/goods-receipts.xlsx"],
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def export_goods_receipts(
    request: TenantRequest,
    q: SearchQuery | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: IdOrName | None = None,
    received_from: date | None = None,
    received_to: date | None = None,
    sort: ReceiptSort = "-received_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    return await export(
        request, queries.RECEIPT_SUMMARIES, CELLS, sort=sort, q=spellings_of(q),
        purchase_order_id=purchase_order_id, **rows, decimal=decimal,
        **_between(actor, received_from, received_to),
    )  # fmt: skip


@get(
    "/goods-receipts/{goods_receipt_id:uuid}",
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def goods_receipt_page(
    request: TenantRequest, goods_receipt_id: UUID, done: ShortName | None = None
) -> Response[bytes]:
    return await _receipt(request, goods_receipt_id, done=done)


@post(
    "/goods-receipts/{goods_receipt_id:uuid}/reverse",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, emits=(GOODS_RECEIPT_REVERSED, PURCHASE_ORDER_REOPENED)),
    status_code=303,
    include_in_schema=False,
)
async def reverse_goods_receipt(request: StrictRequest, goods_receipt_id: UUID) -> Response[Any]:
    """Reverses the lines that are not reversed yet and redirects to the reversing receipt; shows the
    receipt with the error if that is refused.
    """
    connection, actor = await request.begin()
    try:
        sent = form_of(request, ReversalForm)
        async with attempt(connection):
            back = await actions.reverse_receipt(connection, actor, goods_receipt_id, Reversal(sent.reason))
    except DomainError as refusal:
        return await _receipt(request, goods_receipt_id, refusal)
    return Redirect(f"/goods-receipts/{back.id}?done=true", status_code=303)


async def _receipt(
    request: TenantRequest,
    receipt_id: UUID,
    refusal: DomainError | None = None,
    *,
    done: str | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    receipt = await actions.get_receipt(connection, actor, receipt_id)
    author = [receipt.created_by] if receipt.created_by else []
    return render(
        request,
        "pages/purchasing/receipt.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        done=done,
        receipt=receipt,
        reverses=receipt.reverses_id
        and await actions.require_receipt(connection, actor, receipt.reverses_id),
        order=await DRAFTS.require(connection, actor, receipt.purchase_order_id),
        progress=await get_progress(connection, actor.organization_id, receipt.purchase_order_id),
        supplier=await get_supplier(connection, actor.organization_id, receipt.supplier_id),
        warehouse=await get_warehouse(connection, actor.organization_id, receipt.warehouse_id),
        names=await list_user_names(connection, actor.organization_id, author),
        columns=LINE_COLUMNS,
        can_reverse=receipt.reverses_id is None and not all(line.is_reversed for line in receipt.lines),
        crumbs=[Crumb(N_("Goods receipts"), "/goods-receipts")],
    )


def _between(actor: Actor, first: date | None, last: date | None) -> dict[str, Any]:
    return {
        "received_from": first and days.beginning(first, actor.timezone),
        "received_before": last and days.end(last, actor.timezone),
    }


PAGES = [
    goods_receipts_page,
    export_goods_receipts,
    goods_receipt_page,
    reverse_goods_receipt,
    *filter_routes("/goods-receipts", Permission.GOODS_RECEIPTS_READ, ROW_FILTERS),
]
