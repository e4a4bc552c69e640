"""Routes of warehouses and zones."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import Name
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.warehouses import actions
from imsop.inventory.warehouses.events import (
    WAREHOUSE_CHANGED,
    WAREHOUSE_CREATED,
    WAREHOUSE_DELETED,
    ZONE_CHANGED,
    ZONE_CREATED,
    ZONE_DELETED,
)
from imsop.inventory.warehouses.models import (
    NewWarehouse,
    NewZone,
    Warehouse,
    WarehouseChanges,
    WarehouseStatus,
    Zone,
    ZoneChanges,
    ZoneType,
)
from imsop.inventory.warehouses.queries import WAREHOUSES, ZONES


@get("/warehouses", opt=allow(Permission.WAREHOUSES_READ))
async def list_warehouses(
    request: TenantRequest,
    q: SearchQuery | None = None,
    name: Name | None = None,
    status: WarehouseStatus | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Warehouse]:
    connection, actor = await request.begin()
    return await WAREHOUSES.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        q=spellings_of(q),
        name=name,
        status=status,
    )


@post(
    "/warehouses",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, emits=(WAREHOUSE_CREATED,)),
    response_headers=CREATED,
)
async def create_warehouse(request: TenantRequest, data: NewWarehouse) -> Response[Warehouse]:
    connection, actor = await request.begin()
    return created(await actions.create_warehouse(connection, actor, data), "/api/v1/warehouses")


@get("/warehouses/{warehouse_id:uuid}", opt=allow(Permission.WAREHOUSES_READ), response_headers=VERSIONED)
async def get_warehouse(request: TenantRequest, warehouse_id: UUID) -> Response[Warehouse]:
    return versioned(await request.cached("warehouse", warehouse_id, actions.get_warehouse))


@patch(
    "/warehouses/{warehouse_id:uuid}",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, 412, 428, emits=(WAREHOUSE_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_warehouse(
    request: TenantRequest, warehouse_id: UUID, data: WarehouseChanges, if_match: IfMatch
) -> Response[Warehouse]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_warehouse(connection, actor, warehouse_id, data, if_match))


@delete(
    "/warehouses/{warehouse_id:uuid}", opt=allow(Permission.WAREHOUSES_WRITE, 409, emits=(WAREHOUSE_DELETED,))
)
async def delete_warehouse(request: TenantRequest, warehouse_id: UUID) -> None:
    """Delete a warehouse that never held stock; set any other to inactive (`status`)."""
    connection, actor = await request.begin()
    await actions.delete_warehouse(connection, actor, warehouse_id)


@get("/warehouse-zones", opt=allow(Permission.WAREHOUSES_READ))
async def list_warehouse_zones(
    request: TenantRequest,
    warehouse_id: UUID | None = None,
    zone_type: ZoneType | None = None,
    sort: Literal["code", "-code"] = "code",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Zone]:
    connection, actor = await request.begin()
    return await ZONES.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        warehouse_id=warehouse_id,
        zone_type=zone_type,
    )


@post(
    "/warehouse-zones",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, emits=(ZONE_CREATED,)),
    response_headers=CREATED,
)
async def create_warehouse_zone(request: TenantRequest, data: NewZone) -> Response[Zone]:
    connection, actor = await request.begin()
    return created(await actions.create_zone(connection, actor, data), "/api/v1/warehouse-zones")


@get("/warehouse-zones/{zone_id:uuid}", opt=allow(Permission.WAREHOUSES_READ), response_headers=VERSIONED)
async def get_warehouse_zone(request: TenantRequest, zone_id: UUID) -> Response[Zone]:
    return versioned(await request.cached("warehouse_zone", zone_id, actions.get_zone))


@patch(
    "/warehouse-zones/{zone_id:uuid}",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, 412, 428, emits=(ZONE_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_warehouse_zone(
    request: TenantRequest, zone_id: UUID, data: ZoneChanges, if_match: IfMatch
) -> Response[Zone]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_zone(connection, actor, zone_id, data, if_match))


@delete("/warehouse-zones/{zone_id:uuid}", opt=allow(Permission.WAREHOUSES_WRITE, emits=(ZONE_DELETED,)))
async def delete_warehouse_zone(request: TenantRequest, zone_id: UUID) -> None:
    connection, actor = await request.begin()
    await actions.delete_zone(connection, actor, zone_id)


ROUTES = [
    list_warehouses,
    create_warehouse,
    get_warehouse,
    edit_warehouse,
    delete_warehouse,
    list_warehouse_zones,
    create_warehouse_zone,
    get_warehouse_zone,
    edit_warehouse_zone,
    delete_warehouse_zone,
]
