"""Pages of returns to suppliers: the list, its export, and the return with its lines."""

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
from imsop.purchasing.receipts.models import Reversal
from imsop.purchasing.returns import actions, queries
from imsop.purchasing.returns.events import SUPPLIER_RETURN_REVERSED
from imsop.purchasing.returns.models import ListedSupplierReturn
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
    Column("supplier_reference", N_("Supplier's return number")),
    Column("returned_at", N_("Left at"), "date", sort="returned_at"),
    Column("lines", N_("Lines"), "number", shown=False),
    Column("quantity", N_("Quantity"), "number"),
)
LINE_COLUMNS = (
    Column("product", N_("Product")),
    Column("quantity", N_("Quantity"), "number"),
    Column("reason", N_("Reason")),
    Column("line_status", N_("Status")),
)
CELLS: dict[str, Callable[[ListedSupplierReturn], object]] = {
    "return_number": lambda row: row.return_number,
    "po_number": lambda row: row.po_number,
    "supplier": lambda row: row.supplier_name,
    "warehouse": lambda row: row.warehouse_name,
    "supplier_reference": lambda row: row.supplier_reference,
    "returned_at": lambda row: row.returned_at,
    "lines": lambda row: row.lines,
    "quantity": lambda row: row.quantity,
    "reverses_id": lambda row: row.reverses_id,
    "purchase_order_id": lambda row: row.purchase_order_id,
    "id": lambda row: row.id,
}
ReturnSort = Literal["-returned_at", "returned_at"]


@get("/supplier-returns", opt=allow(Permission.GOODS_RECEIPTS_READ), include_in_schema=False)
async def supplier_returns_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: IdOrName | None = None,
    returned_from: date | None = None,
    returned_to: date | None = None,
    sort: ReturnSort = "-returned_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    """Both days are inclusive."""
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    shown = await show(
        connection, actor, queries.RETURN_SUMMARIES, COLUMNS, sort=sort, cursor=cursor, before=before,
        q=spellings_of(q), purchase_order_id=purchase_order_id, **picked.ids,
        **_between(actor, returned_from, returned_to),
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/returns.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        order=purchase_order_id and await DRAFTS.require(connection, actor, purchase_order_id),
    )


@get(
    ["/supplier-returns.csv", "/supplier-returns.xlsx"],
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def export_supplier_returns(
    request: TenantRequest,
    q: SearchQuery | None = None,
    purchase_order_id: UUID | None = None,
    warehouse_id: IdOrName | None = None,
    returned_from: date | None = None,
    returned_to: date | None = None,
    sort: ReturnSort = "-returned_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    return await export(
        request, queries.RETURN_SUMMARIES, CELLS, sort=sort, q=spellings_of(q),
        purchase_order_id=purchase_order_id, **rows, decimal=decimal,
        **_between(actor, returned_from, returned_to),
    )  # fmt: skip


@get(
    "/supplier-returns/{supplier_return_id:uuid}",
    opt=allow(Permission.GOODS_RECEIPTS_READ),
    include_in_schema=False,
)
async def supplier_return_page(
    request: TenantRequest, supplier_return_id: UUID, done: ShortName | None = None
) -> Response[bytes]:
    return await _return(request, supplier_return_id, done=done)


@post(
    "/supplier-returns/{supplier_return_id:uuid}/reverse",
    opt=allow(Permission.GOODS_RECEIPTS_WRITE, emits=(SUPPLIER_RETURN_REVERSED,)),
    status_code=303,
    include_in_schema=False,
)
async def reverse_supplier_return(request: StrictRequest, supplier_return_id: UUID) -> Response[Any]:
    """Reverses the lines that are not reversed yet and redirects to the reversing return; shows the return
    with the error if that is refused.
    """
    connection, actor = await request.begin()
    try:
        sent = form_of(request, ReversalForm)
        async with attempt(connection):
            back = await actions.reverse_return(connection, actor, supplier_return_id, Reversal(sent.reason))
    except DomainError as refusal:
        return await _return(request, supplier_return_id, refusal)
    return Redirect(f"/supplier-returns/{back.id}?done=true", status_code=303)


async def _return(
    request: TenantRequest,
    return_id: UUID,
    refusal: DomainError | None = None,
    *,
    done: str | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    returned = await actions.get_return(connection, actor, return_id)
    author = [returned.created_by] if returned.created_by else []
    return render(
        request,
        "pages/purchasing/return.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        done=done,
        returned=returned,
        reverses=returned.reverses_id
        and await actions.require_return(connection, actor, returned.reverses_id),
        order=await DRAFTS.require(connection, actor, returned.purchase_order_id),
        supplier=await get_supplier(connection, actor.organization_id, returned.supplier_id),
        warehouse=await get_warehouse(connection, actor.organization_id, returned.warehouse_id),
        names=await list_user_names(connection, actor.organization_id, author),
        columns=LINE_COLUMNS,
        can_reverse=returned.reverses_id is None and not all(line.is_reversed for line in returned.lines),
        crumbs=[Crumb(N_("Returns to suppliers"), "/supplier-returns")],
    )


def _between(actor: Actor, first: date | None, last: date | None) -> dict[str, Any]:
    return {
        "returned_from": first and days.beginning(first, actor.timezone),
        "returned_before": last and days.end(last, actor.timezone),
    }


PAGES = [
    supplier_returns_page,
    export_supplier_returns,
    supplier_return_page,
    reverse_supplier_return,
    *filter_routes("/supplier-returns", Permission.GOODS_RECEIPTS_READ, ROW_FILTERS),
]
