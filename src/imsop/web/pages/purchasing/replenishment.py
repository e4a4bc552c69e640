"""The page of what to order: products with a reorder level, their supply and their demand."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, get_args

from litestar import Response, get
from litestar.params import QueryParameter

from imsop.core.instants import today
from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.supply.models import Replenishment, SupplyState
from imsop.purchasing.supply.queries import REPLENISHMENT
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import export, show

COLUMNS = (
    Column("product", N_("Product"), sort="name"),
    Column("sku", N_("SKU"), shown=False),
    Column("state", N_("Status")),
    Column("available", N_("Available"), "number"),
    Column("on_order", N_("On order"), "number"),
    Column("next_due", N_("Next due"), "date"),
    Column("demand", N_("Demand a week"), "number"),
    Column("cover", N_("Cover in days"), "number", sort="cover"),
    Column("level", N_("Reorder level"), "number"),
    Column("suggested", N_("To order"), "number"),
    Column("supplier", N_("Preferred supplier"), shown=False),
)


CELLS: dict[str, Callable[[Replenishment], object]] = {
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.name,
    "state": lambda row: row.state,
    "available": lambda row: row.available,
    "on_order": lambda row: row.on_order,
    "next_due_on": lambda row: row.next_due_on,
    "demand_per_week": lambda row: row.demand_per_week,
    "cover_days": lambda row: row.cover_days,
    "reorder_level": lambda row: row.reorder_level,
    "suggested_quantity": lambda row: row.suggested_quantity,
    "supplier": lambda row: row.supplier_name,
    "product_id": lambda row: row.id,
    "supplier_id": lambda row: row.supplier_id,
}


# Litestar reserves the name `state`.
StateParameter = Annotated[SupplyState | None, QueryParameter(name="state")]


ReplenishmentSort = Literal["cover", "-cover", "name", "-name"]


def _filters(q: str | None, state: SupplyState | None) -> dict[str, Any]:
    return {"q": spellings_of(q), "state": state}


@get("/replenishment", opt=allow(Permission.PURCHASE_ORDERS_READ), include_in_schema=False)
async def replenishment_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    supply_state: StateParameter = None,
    sort: ReplenishmentSort = "cover",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, REPLENISHMENT, COLUMNS,
        sort=sort, cursor=cursor, before=before, **_filters(q, supply_state),
    )  # fmt: skip
    return render(
        request,
        "pages/purchasing/replenishment.html",
        shown=shown,
        states=get_args(SupplyState),
        today=today(actor.timezone),
    )


@get(
    ["/replenishment.csv", "/replenishment.xlsx"],
    opt=allow(Permission.PURCHASE_ORDERS_READ),
    include_in_schema=False,
)
async def export_replenishment(
    request: TenantRequest,
    q: SearchQuery | None = None,
    supply_state: StateParameter = None,
    sort: ReplenishmentSort = "cover",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(
        request, REPLENISHMENT, CELLS, sort=sort, **_filters(q, supply_state), decimal=decimal
    )


PAGES = [replenishment_page, export_replenishment]
