"""The list of the zones of all warehouses, and its export."""

from collections.abc import Callable
from typing import Literal, get_args

from litestar import Response, get

from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses.models import ZoneType
from imsop.inventory.warehouses.queries import ZONES_OF_WAREHOUSES, ZoneOfWarehouse
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import WAREHOUSE, IdOrName, filter_routes, pick, require

ROW_FILTERS = (WAREHOUSE,)

COLUMNS = (
    Column("code", N_("Zone"), sort="code"),
    Column("name", N_("Name"), sort="name"),
    Column("warehouse", N_("Warehouse"), sort="warehouse"),
    Column("type", N_("Type")),
    Column("capacity", N_("Capacity"), "number"),
)


CELLS: dict[str, Callable[[ZoneOfWarehouse], object]] = {
    "code": lambda row: row.code,
    "name": lambda row: row.name,
    "warehouse": lambda row: row.warehouse_name,
    "zone_type": lambda row: row.zone_type,
    "capacity": lambda row: row.capacity,
    "warehouse_id": lambda row: row.warehouse_id,
    "id": lambda row: row.id,
}


ZoneSort = Literal["warehouse", "-warehouse", "code", "-code", "name", "-name"]


@get("/zones", opt=allow(Permission.WAREHOUSES_READ), include_in_schema=False)
async def zones_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    warehouse_id: IdOrName | None = None,
    type: ZoneType | None = None,  # noqa: A002 - the name in the URL
    sort: ZoneSort = "warehouse",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    shown = await show(
        connection, actor, ZONES_OF_WAREHOUSES, COLUMNS,
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), zone_type=type, **picked.ids,
    )  # fmt: skip
    return render(
        request,
        "pages/inventory/zones.html",
        status=picked.status,
        saved=saved,
        shown=shown,
        picked=picked,
        types=get_args(ZoneType),
    )


@get(["/zones.csv", "/zones.xlsx"], opt=allow(Permission.WAREHOUSES_READ), include_in_schema=False)
async def export_zones(
    request: TenantRequest,
    q: SearchQuery | None = None,
    warehouse_id: IdOrName | None = None,
    type: ZoneType | None = None,  # noqa: A002 - the name in the URL
    sort: ZoneSort = "warehouse",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, warehouse_id=warehouse_id)
    return await export(
        request,
        ZONES_OF_WAREHOUSES,
        CELLS,
        sort=sort,
        q=spellings_of(q),
        zone_type=type,
        **rows,
        decimal=decimal,
    )


PAGES = [zones_page, export_zones, *filter_routes("/zones", Permission.WAREHOUSES_READ, ROW_FILTERS)]
