"""The state machine of shipments, and the stock that moves with it.

Dispatching takes stock out of the origin of an outbound shipment or a transfer; delivering brings a
transfer's into its destination. Cancelling on the way puts back what left. Inbound shipments move no stock:
goods receipts do. The word of a carrier moves none either; it moves the state where that needs no stock
(`follow`).

Lock order: the sales orders of the lines in id order, then the shipment, then the balances in id order.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.instants import past_instant
from imsop.core.said import Said
from imsop.documents.lifecycle import Held, Lifecycle, Transition
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.ledger.actions import post_movements
from imsop.inventory.ledger.models import Movement
from imsop.inventory.ledger.rules import MovementKind
from imsop.inventory.reservations import queries as reservations
from imsop.inventory.reservations.models import LineReservation, Wish
from imsop.sales.orders import lifecycle as sales_orders
from imsop.sales.orders import lifecycle_queries as sales_queries
from imsop.sales.orders.events import SALES_ORDER_DELIVERED, SALES_ORDER_REOPENED, SALES_ORDER_SHIPPED
from imsop.shipping.shipments import lifecycle_queries as queries
from imsop.shipping.shipments.events import SHIPMENT_CANCELLED, SHIPMENT_DELIVERED, SHIPMENT_DEPARTED
from imsop.shipping.shipments.lifecycle_queries import Load, Route
from imsop.shipping.shipments.models import Arrival, CalledOff, Departure, ShipmentStatus
from imsop.shipping.tracking.models import EventType
from imsop.ui.language import N_


async def _dispatch(connection: Connection, actor: Actor, shipment: Held, departure: Departure) -> None:
    """Takes what the shipment carries out of stock, unless it is inbound: what is reserved for its lines in
    the origin first, then what is free there.
    """
    at = _instant("dispatched_at", departure.dispatched_at)
    route = await queries.get_route(connection, actor.organization_id, shipment.id)
    origin = route.origin_warehouse_id or departure.origin_warehouse_id
    if route.shipment_type != "inbound":
        loads = await queries.list_loads(connection, actor.organization_id, shipment.id)
        if not loads:
            raise Conflict("nothing is in this shipment", errors=[FieldError("items", "is empty")])
        if origin is None:
            raise Conflict(
                "say which warehouse it leaves from",
                errors=[FieldError("origin_warehouse_id", "is required: the shipment does not say it")],
            )
        _require_released(loads)
        lines = [load.sales_order_item_id for load in loads if load.sales_order_item_id]
        held = await reservations.list_reservations_of_lines(connection, actor.organization_id, lines)
        movements = _leaving(
            loads,
            [one for one in held if one.warehouse_id == origin],
            origin,
            "transfer_out" if route.shipment_type == "transfer" else "sale",
            departure.dispatched_at and at,
        )
        await _require_not_held_elsewhere(connection, actor, loads, movements)
        await _post(connection, actor, loads, movements)
    await queries.set_left(connection, actor.organization_id, shipment.id, _day(at, actor), origin)
    await queries.record_event(connection, actor.organization_id, shipment.id, "departed", at)


def _require_released(loads: Sequence[Load]) -> None:
    """Raises Conflict for lines of orders that nothing may be shipped for now."""
    errors = []
    for place, load in enumerate(loads):
        if load.order_status is None:
            continue
        if load.is_on_hold:
            errors.append(FieldError(f"items[{place}]", Said("%(name)s is on hold", name=load.so_number)))
        elif load.order_status != "confirmed":
            said = Said(
                "%(name)s is %(status)s; nothing is shipped for it",
                name=load.so_number,
                status=Said(load.order_status),
            )
            errors.append(FieldError(f"items[{place}]", said))
    if errors:
        raise Conflict(
            Said("this cannot leave: %(why)s", why=list(dict.fromkeys(error.message for error in errors))),
            errors=errors,
        )


def _leaving(
    loads: Sequence[Load],
    held: Sequence[LineReservation],
    origin: UUID,
    kind: MovementKind,
    at: datetime | None,
) -> list[Movement]:
    """The movements that take the loads out of a warehouse, drawing on these reservations first."""
    left = {one.id: one.quantity for one in held}
    movements = []
    for load in loads:
        shares: list[tuple[UUID | None, int]] = []
        missing = load.quantity
        for one in held:
            drawn = min(missing, left[one.id]) if one.sales_order_item_id == load.sales_order_item_id else 0
            if drawn:
                shares.append((one.id, drawn))
                left[one.id] -= drawn
                missing -= drawn
        if missing:
            shares.append((None, missing))
        movements += [
            Movement(
                load.product_id,
                origin,
                -quantity,
                "shipment",
                kind,
                reservation_id,
                sales_order_item_id=load.sales_order_item_id,
                shipment_item_id=load.id,
                reference_id=load.so_number,
                occurred_at=at,
            )
            for reservation_id, quantity in shares
        ]
    return movements


async def _require_not_held_elsewhere(
    connection: Connection, actor: Actor, loads: Sequence[Load], movements: Sequence[Movement]
) -> None:
    """Raises Conflict if more of a line would leave than is reserved for it here or for it nowhere."""
    free: dict[UUID, int] = {}
    for movement in movements:
        if movement.reservation_id is None and movement.sales_order_item_id is not None:
            free[movement.sales_order_item_id] = free.get(movement.sales_order_item_id, 0) - movement.quantity
    over = {
        load.sales_order_item_id: load
        for load in loads
        if load.sales_order_item_id and free.get(load.sales_order_item_id, 0) > load.unheld
    }
    if not over:
        return
    names = await queries.list_holding_warehouses(connection, actor.organization_id, list(over))
    errors = [
        FieldError(
            f"items[{place}]",
            Said(
                "%(name)s line %(line)s: held in %(warehouses)s",
                name=load.so_number,
                line=load.line_number,
                warehouses=names[load.sales_order_item_id],
            )
            if load.sales_order_item_id in names
            else Said(
                "%(name)s line %(line)s: %(left)s left to send",
                name=load.so_number,
                line=load.line_number,
                left=max(load.unheld, 0),
            ),
        )
        for place, load in enumerate(loads)
        if load.sales_order_item_id in over
    ]
    raise Conflict(
        Said("this cannot leave from here: %(why)s", why=[error.message for error in errors]), errors=errors
    )


async def _post(
    connection: Connection, actor: Actor, loads: Sequence[Load], movements: Sequence[Movement]
) -> None:
    """Posts the movements; a shortage is told at the item."""
    places = {load.id: place for place, load in enumerate(loads)}
    try:
        await post_movements(connection, actor.organization_id, movements, actor.user_id)
    except Conflict as refusal:
        errors = []
        for error in refusal.errors:
            at = 0 if len(movements) == 1 else int(error.field.split("[")[1].split("]")[0])
            item = movements[at].shipment_item_id
            place = places[item] if item else at
            errors.append(
                FieldError(
                    f"items[{place}].quantity",
                    Said("%(sku)s: %(problem)s", sku=loads[place].sku, problem=error.message),
                )
            )
        raise Conflict(
            Said("not enough stock: %(short)s", short=[error.message for error in errors]), errors=errors
        ) from refusal


async def _deliver(connection: Connection, actor: Actor, shipment: Held, arrival: Arrival) -> None:
    """Dates the arrival, and brings what a transfer carries into its destination."""
    at = _instant("delivered_at", arrival.delivered_at)
    route = await queries.get_route(connection, actor.organization_id, shipment.id)
    if route.shipment_type == "transfer":
        await _bring_in(connection, actor, shipment, route, arrival.delivered_at and at)
    await _arrived(connection, actor, shipment, at)
    await queries.record_event(connection, actor.organization_id, shipment.id, "delivered", at)


async def _bring_in(
    connection: Connection, actor: Actor, shipment: Held, route: Route, at: datetime | None
) -> None:
    left = await queries.list_left(connection, actor.organization_id, shipment.id)
    if not left:
        raise Conflict("what left with this transfer was recorded without it; record its arrival by hand")
    if route.destination_warehouse_id is None:
        raise RuntimeError("a transfer without a destination")
    movements = [
        Movement(
            one.product_id,
            route.destination_warehouse_id,
            one.quantity,
            "receipt",
            "transfer_in",
            shipment_item_id=one.shipment_item_id,
            reference_id=route.reference,
            occurred_at=at,
        )
        for one in left
    ]
    await post_movements(connection, actor.organization_id, movements, actor.user_id)


async def _arrived(connection: Connection, actor: Actor, shipment: Held, at: datetime) -> None:
    await queries.set_arrived(connection, actor.organization_id, shipment.id, _day(at, actor))


async def _put_back(connection: Connection, actor: Actor, shipment: Held, called_off: CalledOff) -> None:
    """Puts what left back into stock, and reserves it again for the lines it left for."""
    if shipment.status == "in_transit":
        route = await queries.get_route(connection, actor.organization_id, shipment.id)
        left = await queries.list_left(connection, actor.organization_id, shipment.id)
        if not left and route.shipment_type != "inbound":
            raise Conflict("what left with this shipment was recorded without it; correct stock by hand")
        movements = [
            Movement(
                one.product_id,
                one.warehouse_id,
                one.quantity,
                "adjustment",
                "reversal",
                sales_order_item_id=one.sales_order_item_id,
                shipment_item_id=one.shipment_item_id,
                reference_id=route.reference,
                reason=called_off.reason,
            )
            for one in left
        ]
        await post_movements(connection, actor.organization_id, movements, actor.user_id)
        wishes = [
            Wish(one.inventory_id, one.quantity, "sales_order", one.sales_order_item_id)
            for one in left
            if one.sales_order_item_id
        ]
        if wishes:
            held = await reservations.reserve_stock(connection, actor.organization_id, wishes, actor.user_id)
            if any(one.outcome != "held" for one in held):
                raise RuntimeError("what was put back under a lock is not available")
    payload = {"reason": called_off.reason} if called_off.reason else None
    await queries.record_event(
        connection, actor.organization_id, shipment.id, "cancelled", datetime.now(UTC), payload
    )


async def _settle_orders(connection: Connection, actor: Actor, shipment: Held, _: object) -> None:
    """Brings the lines' days and the orders' states up to what left and arrived. The orders are locked."""
    order_ids = await queries.list_order_ids(connection, actor.organization_id, shipment.id)
    if not order_ids:
        return
    await queries.date_lines(connection, actor.organization_id, shipment.id)
    for order_id in order_ids:
        order = await sales_queries.hold(connection, actor.organization_id, order_id)
        if order is not None and order.status in sales_orders.PAST_DRAFT:
            await sales_orders.settle(connection, actor, order)


async def follow(
    connection: Connection, actor: Actor, shipment_id: UUID, event_type: EventType, at: datetime
) -> None:
    """Moves a shipment to the state that a carrier's event tells of. Never back: events come late, twice and
    in any order. Goods of ours leave by dispatch only, and a transfer arrives by our own word only.
    """
    told = STATE_OF.get(event_type)
    if told is None:
        return
    shipment = await queries.hold(connection, actor.organization_id, shipment_id)
    if shipment is None or shipment.status not in ("pending", "in_transit"):
        return
    route = await queries.get_route(connection, actor.organization_id, shipment_id)
    is_ours = route.shipment_type != "inbound"
    if told == "delivered" and (shipment.status == "in_transit" or not is_ours):
        if route.shipment_type == "transfer":
            return
        await _arrived(connection, actor, shipment, at)
        await LIFECYCLE.move(connection, actor, shipment, "delivered", SHIPMENT_DELIVERED)
        await _settle_orders(connection, actor, shipment, None)
    elif shipment.status == "pending" and not is_ours:
        await LIFECYCLE.move(connection, actor, shipment, "in_transit", SHIPMENT_DEPARTED)


def _instant(field: str, given: datetime | None) -> datetime:
    return past_instant(field, given) if given else datetime.now(UTC)


def _day(at: datetime, actor: Actor) -> date:
    return at.astimezone(ZoneInfo(actor.timezone)).date()


STATE_OF: dict[EventType, ShipmentStatus] = {
    "picked_up": "in_transit",
    "departed": "in_transit",
    "arrived": "in_transit",
    "customs_hold": "in_transit",
    "customs_released": "in_transit",
    "out_for_delivery": "in_transit",
    "delivered": "delivered",
}
"""The state that a shipment has reached, by the event that tells of it; the other types tell of none."""


LIFECYCLE = Lifecycle(
    queries,
    what=N_("shipment"),
    permission=Permission.SHIPMENTS_WRITE,
    transitions=(
        Transition(
            "dispatch",
            N_("Dispatch"),
            ("pending",),
            "in_transit",
            SHIPMENT_DEPARTED,
            (_dispatch,),
            body=Departure,
            then=(_settle_orders,),
            emits_too=(SALES_ORDER_SHIPPED,),
        ),
        Transition(
            "deliver",
            N_("Mark as delivered"),
            ("in_transit",),
            "delivered",
            SHIPMENT_DELIVERED,
            (_deliver,),
            body=Arrival,
            then=(_settle_orders,),
            emits_too=(SALES_ORDER_DELIVERED,),
        ),
        Transition(
            "cancel",
            N_("Cancel the shipment"),
            ("pending", "in_transit"),
            "cancelled",
            SHIPMENT_CANCELLED,
            (_put_back,),
            body=CalledOff,
            then=(_settle_orders,),
            emits_too=(SALES_ORDER_REOPENED,),
        ),
    ),
)
