"""Actions on shipments."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.core.instants import today
from imsop.core.said import Said
from imsop.documents.numbers import next_number
from imsop.identity.actor import Actor
from imsop.shipping.shipments import links, queries
from imsop.shipping.shipments.events import SHIPMENT_CHANGED, SHIPMENT_CREATED
from imsop.shipping.shipments.models import NewShipment, ShipmentChanges, ShipmentWithItems


async def require_shipment(connection: Connection, actor: Actor, shipment_id: UUID) -> None:
    if not await queries.shipment_exists(connection, actor.organization_id, shipment_id):
        raise no_such_shipment()


async def get_shipment(connection: Connection, actor: Actor, shipment_id: UUID) -> ShipmentWithItems:
    shipment = await queries.get_shipment(connection, actor.organization_id, shipment_id)
    if shipment is None:
        raise no_such_shipment()
    items = await queries.list_items(connection, actor.organization_id, shipment_id)
    return ShipmentWithItems(**msgspec.structs.asdict(shipment), items=items)


async def create_shipment(connection: Connection, actor: Actor, new: NewShipment) -> ShipmentWithItems:
    """Creates a shipment in status pending.

    Locks the orders that it names, then raises InvalidInput for links that do not exist or do not fit, and
    for a part of an order that is taken in one delivery only.
    """
    new = await links.completed(connection, actor, new)
    await links.require_fitting(connection, actor, new)
    if new.reference_id is None and new.shipment_type != "inbound":
        number = await next_number(
            connection, actor.organization_id, "shipment", today(actor.timezone).year, "reference_id"
        )
        new = msgspec.structs.replace(new, reference_id=number)
    shipment_id = await queries.insert_shipment(connection, actor.organization_id, new)
    await queries.insert_items(connection, actor.organization_id, shipment_id, new.items)
    shipment = await get_shipment(connection, actor, shipment_id)
    await emit(connection, actor, SHIPMENT_CREATED, shipment_id, Named(_display_name(shipment)))
    return shipment


async def edit_shipment(
    connection: Connection, actor: Actor, shipment_id: UUID, changes: ShipmentChanges, if_match: str
) -> ShipmentWithItems:
    """Edits a shipment. Raises NotFound, PreconditionFailed; Conflict once it is delivered or cancelled."""
    current = await queries.get_shipment(connection, actor.organization_id, shipment_id)
    current = edits.require_version(current, if_match, "shipment")
    if current.status in ("delivered", "cancelled"):
        raise Conflict(
            Said("this shipment is %(status)s; it can no longer be edited", status=Said(current.status))
        )
    edited = msgspec.structs.replace(current, **edits.changed_fields(changes))
    if not await queries.update_shipment_under_way(connection, actor.organization_id, edited):
        raise edits.changed_meanwhile("shipment")
    stored = await get_shipment(connection, actor, shipment_id)
    await emit_changed(connection, actor, SHIPMENT_CHANGED, _display_name(stored), current, stored)
    return stored


def _display_name(shipment: ShipmentWithItems) -> str:
    return shipment.reference_id or shipment.tracking_number or ""


def no_such_shipment() -> NotFound:
    return NotFound("no shipment with this id")
