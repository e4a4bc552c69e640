"""Actions on customers."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.identity.actor import Actor
from imsop.sales.customers import queries
from imsop.sales.customers.events import CUSTOMER_CHANGED, CUSTOMER_CREATED, CUSTOMER_DELETED
from imsop.sales.customers.models import Customer, CustomerChanges, NewCustomer


async def get_customer(connection: Connection, actor: Actor, customer_id: UUID) -> Customer:
    customer = await queries.get_customer(connection, actor.organization_id, customer_id)
    if customer is None:
        raise NotFound("no customer with this id")
    return customer


async def create_customer(connection: Connection, actor: Actor, new: NewCustomer) -> Customer:
    """Adds a customer. Raises Conflict for a customer number that is taken."""
    customer_id = await queries.insert_customer(connection, actor.organization_id, new)
    await emit(connection, actor, CUSTOMER_CREATED, customer_id, Named(new.name))
    return await get_customer(connection, actor, customer_id)


async def edit_customer(
    connection: Connection, actor: Actor, customer_id: UUID, changes: CustomerChanges, if_match: str
) -> Customer:
    """Edits a customer. Raises NotFound, and PreconditionFailed unless its version is `if_match`."""
    current = await queries.get_customer(connection, actor.organization_id, customer_id)
    current = edits.require_version(current, if_match, "customer")
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if await queries.update_customer(connection, actor.organization_id, edited) is None:
        raise edits.changed_meanwhile("customer")
    stored = await get_customer(connection, actor, customer_id)
    await emit_changed(connection, actor, CUSTOMER_CHANGED, stored.name, current, stored)
    return stored


async def delete_customer(connection: Connection, actor: Actor, customer_id: UUID) -> None:
    """Deletes a customer without orders. Raises NotFound; Conflict otherwise: make it inactive instead."""
    name = await queries.delete_customer(connection, actor.organization_id, customer_id)
    if name is None:
        raise NotFound("no customer with this id")
    await emit(connection, actor, CUSTOMER_DELETED, customer_id, Named(name))
