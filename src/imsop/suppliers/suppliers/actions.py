"""Actions on suppliers."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.identity.actor import Actor
from imsop.suppliers.suppliers import queries
from imsop.suppliers.suppliers.events import SUPPLIER_CHANGED, SUPPLIER_CREATED, SUPPLIER_DELETED
from imsop.suppliers.suppliers.models import NewSupplier, Supplier, SupplierChanges


async def get_supplier(connection: Connection, actor: Actor, supplier_id: UUID) -> Supplier:
    supplier = await queries.get_supplier(connection, actor.organization_id, supplier_id)
    if supplier is None:
        raise NotFound("no supplier with this id")
    return supplier


async def create_supplier(connection: Connection, actor: Actor, new: NewSupplier) -> Supplier:
    supplier_id = await queries.insert_supplier(connection, actor.organization_id, new)
    await emit(connection, actor, SUPPLIER_CREATED, supplier_id, Named(new.name))
    return await get_supplier(connection, actor, supplier_id)


async def edit_supplier(
    connection: Connection, actor: Actor, supplier_id: UUID, changes: SupplierChanges, if_match: str
) -> Supplier:
    """Edits a supplier. Raises NotFound, and PreconditionFailed unless its version is `if_match`."""
    current = await queries.get_supplier(connection, actor.organization_id, supplier_id)
    current = edits.require_version(current, if_match, "supplier")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await queries.update_supplier(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("supplier")
    stored = await get_supplier(connection, actor, supplier_id)
    await emit_changed(connection, actor, SUPPLIER_CHANGED, stored.name, current, stored)
    return stored


async def delete_supplier(connection: Connection, actor: Actor, supplier_id: UUID) -> None:
    """Deletes a supplier without documents. Raises NotFound; Conflict otherwise: make it inactive instead."""
    name = await queries.delete_supplier(connection, actor.organization_id, supplier_id)
    if name is None:
        raise NotFound("no supplier with this id")
    await emit(connection, actor, SUPPLIER_DELETED, supplier_id, Named(name))
