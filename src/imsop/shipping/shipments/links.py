"""What a new shipment may refer to: ids that exist, of its type, and that belong together."""

from collections import Counter
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.shipping.shipments import link_queries as queries
from imsop.shipping.shipments.link_queries import LinkedLine, LinkedOrder
from imsop.shipping.shipments.models import NewShipment, NewShipmentItem, ShipmentType

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


async def require_fitting(connection: Connection, actor: Actor, new: NewShipment) -> None:
    """Checks the shipment's links: allowed for its type, existing, consistent with its orders.

    Raises InvalidInput with all faults of the first check that fails. Locks the orders that the shipment
    names, so that no two shipments take the same open quantity of a line.
    """
    if faults := _faults_of_type(new):
        raise InvalidInput.of_all(faults)
    if unknown := await queries.find_unknown_links(connection, actor.organization_id, new):
        raise InvalidInput(
            Said(
                "the shipment refers to something that does not exist: %(fields)s", fields=", ".join(unknown)
            ),
            errors=[FieldError(field, _unknown(field)) for field in unknown],
        )
    lines = [line for item in new.items if (line := _line_of(item))]
    orders = await _lock_orders(connection, actor, new, lines)
    if orders and (faults := _misfits(new, orders, await _list_lines(connection, actor, new, lines))):
        raise InvalidInput.of_all(faults)


def _line_of(item: NewShipmentItem) -> UUID | None:
    return item.purchase_order_item_id or item.sales_order_item_id


async def _lock_orders(
    connection: Connection, actor: Actor, new: NewShipment, lines: list[UUID]
) -> dict[UUID, LinkedOrder]:
    order_id = new.purchase_order_id or new.sales_order_id
    if order_id is None and not lines:
        return {}
    lock = queries.lock_purchase_orders if new.shipment_type == "inbound" else queries.lock_sales_orders
    return {order.id: order for order in await lock(connection, actor.organization_id, order_id, lines)}


async def _list_lines(
    connection: Connection, actor: Actor, new: NewShipment, lines: list[UUID]
) -> dict[UUID, LinkedLine]:
    read = queries.list_purchase_lines if new.shipment_type == "inbound" else queries.list_sales_lines
    return {line.id: line for line in await read(connection, actor.organization_id, lines)}


def _misfits(
    new: NewShipment, orders: dict[UUID, LinkedOrder], lines: dict[UUID, LinkedLine]
) -> list[FieldError]:
    order_id = new.purchase_order_id or new.sales_order_id
    field = "purchase_order_id" if new.shipment_type == "inbound" else "sales_order_id"
    faults = [] if order_id is None else _faults_of_order(field, orders[order_id])
    if new.supplier_id and any(order.supplier_id != new.supplier_id for order in orders.values()):
        faults.append(FieldError("supplier_id", "is not the supplier of the order"))
    taken: Counter[UUID] = Counter()
    for place, item in enumerate(new.items):
        line_id = _line_of(item)
        if line_id is None:
            continue
        line = lines[line_id]
        taken[line.id] += item.quantity
        where = f"items[{place}]"
        if order_id not in (None, line.order_id):
            faults.append(FieldError(f"{where}.{field[:-3]}_item_id", "is a line of another order"))
        elif order_id is None:
            faults += _faults_of_order(f"{where}.{field[:-3]}_item_id", orders[line.order_id])
        if taken[line.id] > line.left:
            said = Said("is more than is left of the line: %(left)s", left=max(line.left, 0))
            faults.append(FieldError(f"{where}.quantity", said))
    return faults


def _faults_of_order(field: str, order: LinkedOrder) -> list[FieldError]:
    if order.is_open:
        return []
    said = Said(
        "%(name)s is %(status)s; nothing is shipped for it", name=order.number, status=Said(order.status)
    )
    return [FieldError(field, said)]


def _faults_of_type(new: NewShipment) -> list[FieldError]:
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
