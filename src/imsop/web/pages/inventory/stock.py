"""Pages of stock by product and warehouse, current or as of the end of a day."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get
from litestar.params import QueryParameter

from imsop.core.instants import today
from imsop.core.listing import Cursor, Listing
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.days.queries import AsOf, DayStock
from imsop.inventory.stock.models import Stock, StockState
from imsop.inventory.stock.queries import STOCK, STOCK_AS_OF
from imsop.ui.language import N_, DecimalMark, Language
from imsop.ui.parts import Chart, Column, Series
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import PRODUCT, WAREHOUSE, IdOrName, filter_routes, pick, require

ROW_FILTERS = (PRODUCT, WAREHOUSE)

COLUMNS = (
    Column("product", N_("Product"), sort="name"),
    Column("sku", N_("SKU"), sort="sku", shown=False),
    Column("warehouse", N_("Warehouse")),
    Column("on_hand", N_("On hand"), "number"),
    Column("reserved", N_("Reserved"), "number"),
    Column("available", N_("Available"), "number"),
    Column("value", N_("Value at cost"), "number"),
    Column("last_counted", N_("Last counted"), "date"),
    Column("state", N_("Status")),
)


NOW_ONLY = {"reserved", "available", "last_counted"}
"""Columns that are unknown for past days."""


CELLS: dict[str, Callable[[Stock], object]] = {
    "sku": lambda row: row.sku,
    "product_name": lambda row: row.product_name,
    "warehouse_name": lambda row: row.warehouse_name,
    "on_hand": lambda row: row.on_hand,
    "reserved": lambda row: row.reserved,
    "available": lambda row: row.available,
    "value": lambda row: row.value,
    "last_counted": lambda row: row.last_counted,
    "state": lambda row: row.state,
    "product_id": lambda row: row.product_id,
    "warehouse_id": lambda row: row.warehouse_id,
}


# Litestar reserves the name `state`.
StateParameter = Annotated[StockState | None, QueryParameter(name="state")]


StockSort = Literal["sku", "-sku", "name", "-name"]


@get("/inventory", opt=allow(Permission.INVENTORY_READ), include_in_schema=False)
async def inventory_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    product_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    stock_state: StateParameter = None,
    as_of: date | None = None,
    sort: StockSort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, product_id=product_id, warehouse_id=warehouse_id)
    listing, fixed = _listing(as_of, actor)
    filters = _filters(q, picked.ids, stock_state)
    shown = await show(
        connection, actor, listing, [c for c in COLUMNS if as_of is None or c.name not in NOW_ONLY],
        sort=sort, cursor=cursor, before=before, fixed=fixed, **filters,
    )  # fmt: skip
    return render(
        request,
        "pages/inventory/stock.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        as_of=as_of,
    )


@get(["/inventory.csv", "/inventory.xlsx"], opt=allow(Permission.INVENTORY_READ), include_in_schema=False)
async def export_inventory(
    request: TenantRequest,
    q: SearchQuery | None = None,
    product_id: IdOrName | None = None,
    warehouse_id: IdOrName | None = None,
    stock_state: StateParameter = None,
    as_of: date | None = None,
    sort: StockSort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, product_id=product_id, warehouse_id=warehouse_id)
    listing, fixed = _listing(as_of, actor)
    filters = _filters(q, rows, stock_state)
    day = as_of or today(actor.timezone)
    return await export(
        request, listing, CELLS | {"as_of": lambda _: day}, sort=sort, fixed=fixed, **filters, decimal=decimal
    )


def _listing(as_of: date | None, actor: Actor) -> tuple[Listing[Stock], tuple[object, ...]]:
    """The list of current or past stock, with its fixed arguments. Raises InvalidInput for a future day."""
    day = days.require_no_future("as_of", as_of, actor.timezone)
    return (STOCK, ()) if day is None else (STOCK_AS_OF, AsOf(day, actor.timezone))


def _filters(
    q: str | None,
    rows: dict[str, UUID | None],
    state: StockState | None,
) -> dict[str, Any]:
    return {"q": spellings_of(q), **rows, "state": state}


def stock_chart(
    title: str,
    on_hand_label: str,
    charted: Sequence[DayStock],
    limit_label: str,
    limit: int | None,
    language: Language,
) -> Chart:
    """A step chart of stock at the end of each day, with a line for `limit` if there is one."""
    on_hand = Series(on_hand_label, [point.on_hand for point in charted])
    compared = Series(limit_label, [limit] * len(charted), "tone-warning", is_limit=True)
    return Chart(
        "step",
        title,
        language.gettext(N_("Day")),
        [point.day for point in charted],
        [on_hand, compared] if limit else [on_hand],
    )


PAGES = [
    inventory_page,
    export_inventory,
    *filter_routes("/inventory", Permission.INVENTORY_READ, ROW_FILTERS),
]
