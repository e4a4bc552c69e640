"""What a new shipment may refer to: ids that exist, of its type, and that belong together."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.shipping.shipments import link_queries as queries
from imsop.shipping.shipments.link_queries import LineProduct, LinkedLine, LinkedOrder
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


async def completed(connection: Connection, actor: Actor, new: NewShipment) -> NewShipment:
    """The shipment with what follows from its links: its type, the products of its lines, the lines of its
    products, and the warehouse that a sales order's goods are held in.

    Raises InvalidInput for an item that names neither, and for a product that several lines are for.
    """
    kind = new.shipment_type or _type_of(new)
    of = "purchase_order" if kind == "inbound" else "sales_order"
    order_id = new.purchase_order_id if kind == "inbound" else new.sales_order_id
    named = [line for item in new.items if (line := _line_of(item))]
    lines = []
    if named or (order_id is not None and kind != "transfer"):
        read = queries.list_products_of_purchase if kind == "inbound" else queries.list_products_of_sale
        lines = await read(connection, actor.organization_id, order_id, named)
    items, faults = [], []
    for place, item in enumerate(new.items):
        try:
            items.append(_completed_item(item, order_id, lines, f"{of}_item_id"))
        except InvalidInput as wrong:
            faults += [FieldError(f"items[{place}].{fault.field}", fault.message) for fault in wrong.errors]
    if faults:
        raise InvalidInput.of_all(faults)
    origin = new.origin_warehouse_id
    if kind == "outbound" and origin is None and order_id is not None:
        origin = await queries.get_origin(connection, actor.organization_id, order_id)
    return msgspec.structs.replace(new, shipment_type=kind, items=items, origin_warehouse_id=origin)


def _completed_item(
    item: NewShipmentItem, order_id: UUID | None, lines: Sequence[LineProduct], link: str
) -> NewShipmentItem:
    line_id = _line_of(item)
    if item.product_id is None:
        if line_id is None:
            raise InvalidInput.of("product_id", "is required")
        product = next((line.product_id for line in lines if line.id == line_id), None)
        if product is None:
            raise InvalidInput.of(link, "no order line with this id exists")
        return msgspec.structs.replace(item, product_id=product)
    if line_id is not None or order_id is None:
        return item
    alike = [line.id for line in lines if (line.order_id, line.product_id) == (order_id, item.product_id)]
    if len(alike) > 1:
        raise InvalidInput.of(link, "is required: several lines of the order are for this product")
    return msgspec.structs.replace(item, **{link: alike[0]}) if alike else item


def _type_of(new: NewShipment) -> ShipmentType:
    if new.sales_order_id is not None:
        return "outbound"
    if new.purchase_order_id is not None or new.supplier_id is not None:
        return "inbound"
    raise InvalidInput.of("shipment_type", "is required: the shipment names no order that would decide it")


async def require_fitting(connection: Connection, actor: Actor, new: NewShipment) -> None:
    """Checks the links of a completed shipment: allowed for its type, existing, consistent with its orders.

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
    if orders and new.shipment_type == "outbound":
        await _require_complete(connection, actor, new, list(orders))


async def _require_complete(
    connection: Connection, actor: Actor, new: NewShipment, order_ids: list[UUID]
) -> None:
    """Raises InvalidInput if less leaves than is open of an order that is taken in one delivery only."""
    short = await queries.list_missing_of_complete(connection, actor.organization_id, order_ids, new.items)
    if short:
        raise InvalidInput(
            "the customer takes this order in one delivery only; add what is missing",
            errors=[
                FieldError(
                    "items",
                    Said(
                        "%(name)s line %(line)s lacks %(missing)s",
                        name=line.so_number,
                        line=line.line_number,
                        missing=line.missing,
                    ),
                )
                for line in short
            ],
        )


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
        if taken[line.id] > line.left and orders[line.order_id].is_open:
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
    kind = new.shipment_type or _type_of(new)
    allowed, not_here = _LINKS[kind], _NOT_OF[kind]
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
