"""Actions on shipments."""

from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.shipping.shipments import queries
from imsop.shipping.shipments.events import SHIPMENT_CHANGED, SHIPMENT_CREATED
from imsop.shipping.shipments.models import NewShipment, ShipmentChanges, ShipmentType, ShipmentWithItems

# The table's CHECKs enforce the same; these errors name the field.
_LINKS: dict[ShipmentType, frozenset[str]] = {
    "inbound": frozenset({"purchase_order_id", "supplier_id", "purchase_order_item_id"}),
    "outbound": frozenset({"sales_order_id", "sales_order_item_id"}),
    "transfer": frozenset(),
}


_NOT_OF: dict[ShipmentType, Said] = {
    "inbound": Said("is not allowed on an inbound shipment"),
    "outbound": Said("is not allowed on an outbound shipment"),
    "transfer": Said("is not allowed on a transfer shipment"),
}


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
    """Creates a shipment in status pending. Raises InvalidInput for links that do not exist or do not fit."""
    if faults := link_faults(new):
        raise InvalidInput.of_all(faults)
    if unknown := await queries.find_unknown_links(connection, actor.organization_id, new):
        raise InvalidInput(
            Said(
                "the shipment refers to something that does not exist: %(fields)s", fields=", ".join(unknown)
            ),
            errors=[FieldError(field, _unknown(field)) for field in unknown],
        )
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


def link_faults(new: NewShipment) -> list[FieldError]:
    """Links that do not fit the shipment's type."""
    allowed = _LINKS[new.shipment_type]
    not_here = _NOT_OF[new.shipment_type]
    faults = [
        FieldError(link, not_here)
        for link in ("purchase_order_id", "sales_order_id", "supplier_id")
        if link not in allowed and getattr(new, link) is not None
    ]
    if new.shipment_type == "transfer":
        faults += _transfer_faults(new)
    faults += [
        FieldError(f"items[{place}].{link}", not_here)
        for place, item in enumerate(new.items)
        for link in ("purchase_order_item_id", "sales_order_item_id")
        if link not in allowed and getattr(item, link) is not None
    ]
    return faults


def _transfer_faults(new: NewShipment) -> list[FieldError]:
    missing = [
        FieldError(warehouse, "is required: a transfer goes from one warehouse to another")
        for warehouse in ("origin_warehouse_id", "destination_warehouse_id")
        if getattr(new, warehouse) is None
    ]
    if not missing and new.origin_warehouse_id == new.destination_warehouse_id:
        return [FieldError("destination_warehouse_id", "is the origin; a transfer goes to another warehouse")]
    return missing


def _unknown(field: str) -> str:
    if field.endswith("_item_id"):
        return Said("no order line with this id is for this product")
    return Said("nothing with this id exists")
