"""Pages of warehouses: the list, and each with its zones, stock and movements."""

from collections.abc import Callable
from datetime import date
from typing import Literal
from uuid import UUID

from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.listing import MAX_PAGE, Cursor, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.days import queries as days_queries
from imsop.inventory.days.queries import AsOf
from imsop.inventory.ledger.queries import LEDGER
from imsop.inventory.stock import queries as stock_queries
from imsop.inventory.warehouses import actions
from imsop.inventory.warehouses.models import Warehouse, WarehouseStatus, WarehouseSummary
from imsop.inventory.warehouses.queries import WAREHOUSE_SUMMARIES, ZONES
from imsop.ui.language import N_, DecimalMark, Language, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.analytics.events import EVENT_WORDS
from imsop.web.pages.editor import history_of
from imsop.web.pages.inventory.ledger import COLUMNS as LEDGER_COLUMNS
from imsop.web.pages.inventory.stock import stock_chart
from imsop.web.pages.inventory.warehouse_editor import EDITOR
from imsop.web.pages.lists import export, show

COLUMNS = (
    Column("name", N_("Name"), sort="name"),
    Column("place", N_("Location")),
    Column("zones", N_("Zones"), "number", shown=False),
    Column("products", N_("Products"), "number"),
    Column("on_hand", N_("Units on hand"), "number"),
    Column("capacity", N_("Capacity"), "number"),
    Column("utilization", N_("Utilization")),
    Column("value", N_("Value at cost"), "number"),
    Column("out_of_stock", N_("Out of stock"), "number"),
    Column("status", N_("Status")),
)


OF_STOCK = {"products", "on_hand", "utilization", "value", "products_without_cost", "out_of_stock"}
"""Columns, of the page and of its export, that require permission to read inventory."""


CELLS: dict[str, Callable[[WarehouseSummary], object]] = {
    "name": lambda row: row.name,
    "location": lambda row: row.location,
    "city": lambda row: row.city,
    "country": lambda row: row.country,
    "status": lambda row: row.status,
    "capacity": lambda row: row.capacity,
    "zones": lambda row: row.zones,
    "products": lambda row: row.products,
    "on_hand": lambda row: row.on_hand,
    "value": lambda row: row.value,
    "products_without_cost": lambda row: row.without_cost,
    "out_of_stock": lambda row: row.out_of_stock,
    "id": lambda row: row.id,
}


ZONE_COLUMNS = (
    Column("code", N_("Zone")),
    Column("name", N_("Name")),
    Column("type", N_("Type")),
    Column("capacity", N_("Capacity"), "number"),
)


STOCK_COLUMNS = (
    Column("product", N_("Product")),
    Column("on_hand", N_("On hand"), "number"),
    Column("available", N_("Available"), "number"),
    Column("value", N_("Value at cost"), "number"),
    Column("state", N_("Status")),
)


MOVEMENT_COLUMNS = tuple(column for column in LEDGER_COLUMNS if column.name in {"product", "quantity"})


LISTED = 15
"""Rows of each section; a link leads to the whole list."""


WarehouseSort = Literal["name", "-name"]


@get("/warehouses", opt=allow(Permission.WAREHOUSES_READ), include_in_schema=False)
async def warehouses_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: WarehouseStatus | None = None,
    sort: WarehouseSort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    columns = [column for column in COLUMNS if column.name not in OF_STOCK or _may_see_stock(actor)]
    shown = await show(
        connection, actor, WAREHOUSE_SUMMARIES, columns,
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), status=status,
    )  # fmt: skip
    return render(request, "pages/inventory/warehouses.html", saved=saved, shown=shown)


@get(["/warehouses.csv", "/warehouses.xlsx"], opt=allow(Permission.WAREHOUSES_READ), include_in_schema=False)
async def export_warehouses(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: WarehouseStatus | None = None,
    sort: WarehouseSort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    cells = {
        name: cell for name, cell in CELLS.items() if name not in OF_STOCK or _may_see_stock(request.actor)
    }
    return await export(
        request, WAREHOUSE_SUMMARIES, cells, sort=sort, q=spellings_of(q), status=status, decimal=decimal
    )


@get("/warehouses/{warehouse_id:uuid}", opt=allow(Permission.WAREHOUSES_READ), include_in_schema=False)
async def warehouse_page(
    request: TenantRequest, warehouse_id: UUID, as_of: date | None = None, saved: bool = False
) -> Response[bytes]:
    """Sections that require permission to read inventory are left out without it."""
    connection, actor = await request.begin()
    as_of = days.require_no_future("as_of", as_of, actor.timezone)
    language = get_language(actor.locale, actor.timezone)
    warehouse = await actions.get_warehouse(connection, actor, warehouse_id)
    stock = (
        await _stock(connection, actor, warehouse, as_of, language)
        if _may_see_stock(actor)
        else {"stock": None}
    )
    zones = await ZONES.page(
        connection, actor.organization_id, PageRequest("code", MAX_PAGE), warehouse_id=warehouse_id
    )
    return render(
        request,
        "pages/inventory/warehouse.html",
        warehouse=warehouse,
        saved=saved,
        history=await history_of(connection, actor, EDITOR, warehouse_id),
        event_words=EVENT_WORDS,
        zones=zones.items,
        zone_columns=ZONE_COLUMNS,
        as_of=as_of,
        crumbs=[Crumb(N_("Warehouses"), "/warehouses")],
        **stock,
    )


async def _stock(
    connection: Connection, actor: Actor, warehouse: Warehouse, as_of: date | None, language: Language
) -> dict[str, object]:
    """The warehouse's stock value and utilization, its largest balances and its last movements."""
    then = AsOf(as_of, actor.timezone) if as_of else None
    movements = await LEDGER.page(
        connection,
        actor.organization_id,
        PageRequest("-occurred_at", LISTED),
        warehouse_id=warehouse.id,
        occurred_before=days.end(as_of, actor.timezone) if as_of else None,
    )
    newest = movements.items[0].occurred_at if movements.items else None
    charted = await days_queries.list_warehouse_days(
        connection, actor.organization_id, warehouse.id, *days.charted(as_of, newest, actor.timezone)
    )
    return {
        "stock": await stock_queries.list_most_valuable_stock(
            connection, actor.organization_id, warehouse.id, then, LISTED
        ),
        "stock_columns": [c for c in STOCK_COLUMNS if as_of is None or c.name != "available"],
        "movements": movements.items,
        "movement_columns": MOVEMENT_COLUMNS,
        "chart": stock_chart(
            language.gettext(N_("Units at the end of each day")),
            language.gettext(N_("Units on hand")),
            charted,
            language.gettext(N_("Capacity")),
            warehouse.capacity,
            language,
        )
        if charted
        else None,
    }


def _may_see_stock(actor: Actor) -> bool:
    return Permission.INVENTORY_READ in actor.permissions


PAGES = [warehouses_page, export_warehouses, warehouse_page]
