"""Actions on warehouses and their zones."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import InvalidInput, NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.identity.actor import Actor
from imsop.inventory.warehouses import queries
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
    Zone,
    ZoneChanges,
)


async def get_warehouse(connection: Connection, actor: Actor, warehouse_id: UUID) -> Warehouse:
    warehouse = await queries.get_warehouse(connection, actor.organization_id, warehouse_id)
    if warehouse is None:
        raise NotFound("no warehouse with this id")
    return warehouse


async def require_warehouse(connection: Connection, actor: Actor, field: str, warehouse_id: UUID) -> None:
    """Raises InvalidInput naming the field if there is no such warehouse."""
    if await queries.get_warehouse(connection, actor.organization_id, warehouse_id) is None:
        raise InvalidInput.of(field, "nothing with this id exists")


async def create_warehouse(connection: Connection, actor: Actor, new: NewWarehouse) -> Warehouse:
    warehouse_id = await queries.insert_warehouse(connection, actor.organization_id, new)
    await emit(connection, actor, WAREHOUSE_CREATED, warehouse_id, Named(new.name))
    return await get_warehouse(connection, actor, warehouse_id)


async def edit_warehouse(
    connection: Connection, actor: Actor, warehouse_id: UUID, changes: WarehouseChanges, if_match: str
) -> Warehouse:
    """Edits a warehouse. Raises NotFound, and PreconditionFailed unless its version is `if_match`."""
    current = await queries.get_warehouse(connection, actor.organization_id, warehouse_id)
    current = edits.require_version(current, if_match, "warehouse")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await queries.update_warehouse(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("warehouse")
    stored = await get_warehouse(connection, actor, warehouse_id)
    await emit_changed(connection, actor, WAREHOUSE_CHANGED, stored.name, current, stored)
    return stored


async def delete_warehouse(connection: Connection, actor: Actor, warehouse_id: UUID) -> None:
    """Deletes a warehouse that never held stock.

    Raises NotFound; Conflict otherwise: set it inactive instead.
    """
    name = await queries.delete_warehouse(connection, actor.organization_id, warehouse_id)
    if name is None:
        raise NotFound("no warehouse with this id")
    await emit(connection, actor, WAREHOUSE_DELETED, warehouse_id, Named(name))


async def get_zone(connection: Connection, actor: Actor, zone_id: UUID) -> Zone:
    zone = await queries.get_zone(connection, actor.organization_id, zone_id)
    if zone is None:
        raise NotFound("no zone with this id")
    return zone


async def create_zone(connection: Connection, actor: Actor, new: NewZone) -> Zone:
    """Adds a zone. Raises Conflict for a code that the warehouse already uses."""
    zone_id = await queries.insert_zone(connection, actor.organization_id, new)
    await emit(connection, actor, ZONE_CREATED, zone_id, Named(new.code))
    return await get_zone(connection, actor, zone_id)


async def edit_zone(
    connection: Connection, actor: Actor, zone_id: UUID, changes: ZoneChanges, if_match: str
) -> Zone:
    """Edits a zone. Raises NotFound, and PreconditionFailed unless its version is `if_match`."""
    current = await queries.get_zone(connection, actor.organization_id, zone_id)
    current = edits.require_version(current, if_match, "zone")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await queries.update_zone(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("zone")
    stored = await get_zone(connection, actor, zone_id)
    await emit_changed(connection, actor, ZONE_CHANGED, stored.code, current, stored)
    return stored


async def delete_zone(connection: Connection, actor: Actor, zone_id: UUID) -> None:
    code = await queries.delete_zone(connection, actor.organization_id, zone_id)
    if code is None:
        raise NotFound("no zone with this id")
    await emit(connection, actor, ZONE_DELETED, zone_id, Named(code))
