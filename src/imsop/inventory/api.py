"""Routes of inventory: warehouses, zones, balances and the ledger."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.errors import InvalidInput
from imsop.core.fields import Instant, Name, ShortName
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.permissions import Permission
from imsop.identity.request import TenantRequest
from imsop.inventory import actions, queries, warehouse_actions
from imsop.inventory.models import (
    Balance,
    InventoryTransaction,
    NewInventoryTransaction,
    NewWarehouse,
    NewZone,
    Warehouse,
    WarehouseChanges,
    WarehouseStatus,
    Zone,
    ZoneChanges,
    ZoneType,
)
from imsop.inventory.movements import MovementKind, TransactionType
from imsop.inventory.warehouse_queries import WAREHOUSES, ZONES


@get("/inventory", opt=allow(Permission.INVENTORY_READ))
async def list_inventory(
    request: TenantRequest,
    sku: ShortName | None = None,
    product_id: UUID | None = None,
    warehouse_id: UUID | None = None,
    as_of: Instant | None = None,
    recorded_as_of: Instant | None = None,
    sort: Literal["warehouse_name", "-warehouse_name"] = "warehouse_name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Balance]:
    """Stock per product and warehouse: now, or `as_of` an instant.

    `recorded_as_of` leaves out movements recorded later: stock as it was known then.
    """
    connection, actor = await request.begin()
    page = PageRequest(sort, limit, cursor)
    filters = {"sku": sku, "product_id": product_id, "warehouse_id": warehouse_id}
    if as_of is None:
        if recorded_as_of is not None:
            raise InvalidInput.of("recorded_as_of", "requires as_of")
        return await queries.BALANCES.page(connection, actor.organization_id, page, **filters)
    return await queries.BALANCES_AS_OF.page(
        connection, actor.organization_id, page, as_of, recorded_as_of, **filters
    )


@get("/inventory/{inventory_id:uuid}", opt=allow(Permission.INVENTORY_READ))
async def get_inventory(request: TenantRequest, inventory_id: UUID) -> Balance:
    connection, actor = await request.begin()
    return await actions.get_balance(connection, actor, inventory_id)


@get("/inventory-transactions", opt=allow(Permission.INVENTORY_READ))
async def list_inventory_transactions(
    request: TenantRequest,
    inventory_id: UUID | None = None,
    product_id: UUID | None = None,
    sku: ShortName | None = None,
    transaction_type: TransactionType | None = None,
    movement_kind: MovementKind | None = None,
    reference_id: ShortName | None = None,
    occurred_from: Instant | None = None,
    occurred_before: Instant | None = None,
    sort: Literal["occurred_at", "-occurred_at"] = "-occurred_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[InventoryTransaction]:
    """The ledger, newest first. `GET /inventory` gives the `inventory_id` of a product in a warehouse."""
    connection, actor = await request.begin()
    return await queries.TRANSACTIONS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        inventory_id=inventory_id,
        product_id=product_id,
        sku=sku,
        transaction_type=transaction_type,
        movement_kind=movement_kind,
        reference_id=reference_id,
        occurred_from=occurred_from,
        occurred_before=occurred_before,
    )


@post("/inventory-transactions", opt=allow(Permission.INVENTORY_WRITE, 409), response_headers=CREATED[1:])
async def record_inventory_transaction(
    request: TenantRequest, data: NewInventoryTransaction
) -> Response[InventoryTransaction]:
    """Post a stock movement. The ledger is append-only: a mistake is corrected by another movement."""
    connection, actor = await request.begin()
    return created(
        await actions.record_transaction(connection, actor, data), "/api/v1/inventory-transactions"
    )


@get("/inventory-transactions/{transaction_id:uuid}", opt=allow(Permission.INVENTORY_READ))
async def get_inventory_transaction(request: TenantRequest, transaction_id: UUID) -> InventoryTransaction:
    connection, actor = await request.begin()
    return await actions.get_transaction(connection, actor, transaction_id)


@get("/warehouses", opt=allow(Permission.WAREHOUSES_READ))
async def list_warehouses(
    request: TenantRequest,
    name: Name | None = None,
    status: WarehouseStatus | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Warehouse]:
    connection, actor = await request.begin()
    return await WAREHOUSES.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), name=name, status=status
    )


@post("/warehouses", opt=allow(Permission.WAREHOUSES_WRITE, 409), response_headers=CREATED)
async def create_warehouse(request: TenantRequest, data: NewWarehouse) -> Response[Warehouse]:
    connection, actor = await request.begin()
    return created(await warehouse_actions.create_warehouse(connection, actor, data), "/api/v1/warehouses")


@get("/warehouses/{warehouse_id:uuid}", opt=allow(Permission.WAREHOUSES_READ), response_headers=VERSIONED)
async def get_warehouse(request: TenantRequest, warehouse_id: UUID) -> Response[Warehouse]:
    connection, actor = await request.begin()
    return versioned(await warehouse_actions.get_warehouse(connection, actor, warehouse_id))


@patch(
    "/warehouses/{warehouse_id:uuid}",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, 412, 428),
    response_headers=VERSIONED,
)
async def edit_warehouse(
    request: TenantRequest, warehouse_id: UUID, data: WarehouseChanges, if_match: IfMatch
) -> Response[Warehouse]:
    connection, actor = await request.begin()
    return versioned(await warehouse_actions.edit_warehouse(connection, actor, warehouse_id, data, if_match))


@delete("/warehouses/{warehouse_id:uuid}", opt=allow(Permission.WAREHOUSES_WRITE, 409))
async def delete_warehouse(request: TenantRequest, warehouse_id: UUID) -> None:
    """Delete a warehouse that never held stock; set any other to inactive (`status`)."""
    connection, actor = await request.begin()
    await warehouse_actions.delete_warehouse(connection, actor, warehouse_id)


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


@post("/warehouse-zones", opt=allow(Permission.WAREHOUSES_WRITE, 409), response_headers=CREATED)
async def create_warehouse_zone(request: TenantRequest, data: NewZone) -> Response[Zone]:
    connection, actor = await request.begin()
    return created(await warehouse_actions.create_zone(connection, actor, data), "/api/v1/warehouse-zones")


@get("/warehouse-zones/{zone_id:uuid}", opt=allow(Permission.WAREHOUSES_READ), response_headers=VERSIONED)
async def get_warehouse_zone(request: TenantRequest, zone_id: UUID) -> Response[Zone]:
    connection, actor = await request.begin()
    return versioned(await warehouse_actions.get_zone(connection, actor, zone_id))


@patch(
    "/warehouse-zones/{zone_id:uuid}",
    opt=allow(Permission.WAREHOUSES_WRITE, 409, 412, 428),
    response_headers=VERSIONED,
)
async def edit_warehouse_zone(
    request: TenantRequest, zone_id: UUID, data: ZoneChanges, if_match: IfMatch
) -> Response[Zone]:
    connection, actor = await request.begin()
    return versioned(await warehouse_actions.edit_zone(connection, actor, zone_id, data, if_match))


@delete("/warehouse-zones/{zone_id:uuid}", opt=allow(Permission.WAREHOUSES_WRITE))
async def delete_warehouse_zone(request: TenantRequest, zone_id: UUID) -> None:
    connection, actor = await request.begin()
    await warehouse_actions.delete_zone(connection, actor, zone_id)


ROUTES = [
    list_inventory,
    get_inventory,
    list_inventory_transactions,
    record_inventory_transaction,
    get_inventory_transaction,
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
