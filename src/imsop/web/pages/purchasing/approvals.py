"""The page of approvals: what waits for the reader, and what was decided."""

from collections.abc import Callable
from typing import Any, Literal

from litestar import Response, get

from imsop.core.listing import Cursor
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approvals.models import Asked
from imsop.purchasing.approvals.queries import APPROVALS, sum_waiting_for
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import export, show

COLUMNS = (
    Column("order", N_("Purchase order")),
    Column("supplier", N_("Supplier")),
    Column("why", N_("Why")),
    Column("total", N_("Total"), "number"),
    Column("requested_by", N_("Requested by")),
    Column("requested", N_("Requested"), "date", sort="requested_at"),
    Column("decision", N_("Status")),
)


CELLS: dict[str, Callable[[Asked], object]] = {
    "po_number": lambda row: row.po_number,
    "supplier": lambda row: row.supplier_name,
    "kind": lambda row: row.kind,
    "threshold": lambda row: row.threshold,
    "category": lambda row: row.category,
    "figure": lambda row: row.figure,
    "sku": lambda row: row.sku,
    "total_amount": lambda row: row.total_amount,
    "currency": lambda row: row.currency,
    "requested_at": lambda row: row.requested_at,
    "decision": lambda row: row.decision,
    "decided_at": lambda row: row.decided_at,
    "reason": lambda row: row.reason,
    "purchase_order_id": lambda row: row.purchase_order_id,
    "id": lambda row: row.id,
}


Waiting = Literal["mine", "true", "all"]
ApprovalSort = Literal["requested_at", "-requested_at"]


def _filters(waiting: Waiting, actor: Actor) -> dict[str, Any]:
    return {
        "waiting": True if waiting == "true" else None,
        "waiting_for": actor.user_id if waiting == "mine" else None,
    }


@get("/approvals", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def approvals_page(
    request: TenantRequest,
    waiting: Waiting = "mine",
    sort: ApprovalSort = "requested_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, APPROVALS, COLUMNS,
        sort=sort, cursor=cursor, before=before, **_filters(waiting, actor),
    )  # fmt: skip
    requesters = {row.requested_by for row in shown.rows}
    return render(
        request,
        "pages/purchasing/approvals.html",
        shown=shown,
        sums=await sum_waiting_for(connection, actor.organization_id, actor.user_id),
        names=await list_user_names(connection, actor.organization_id, requesters),
        own_currency=actor.currency,
    )


@get(
    ["/approvals.csv", "/approvals.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_approvals(
    request: TenantRequest,
    waiting: Waiting = "mine",
    sort: ApprovalSort = "requested_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    _, actor = await request.begin()
    return await export(request, APPROVALS, CELLS, sort=sort, **_filters(waiting, actor), decimal=decimal)


PAGES = [approvals_page, export_approvals]
