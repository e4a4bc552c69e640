"""Simulates purchasing: from reorder rules to received goods."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from imsop.demo.company import Supplier
from imsop.demo.documents import (
    Change,
    Posted,
    PostedLine,
    PurchaseLine,
    PurchaseOrder,
    Shipment,
    ShipmentLine,
)
from imsop.demo.lifecycles import advance
from imsop.demo.planning import REVIEW_WEEKS, lead_time_days, promised_day
from imsop.demo.selling import feed
from imsop.demo.voyages import cancel, deliver, depart, plan_shipment
from imsop.demo.world import World

_PRICE = Decimal("0.0001")
_PRICE_RISE_PER_YEAR = Decimal("0.03")
_CANCELLED = 0.025
_IN_TWO_PARTS = 0.13
_FIRST_PART = (0.5, 0.8)
_DELIVERED_SHORT = 0.02
_BOOKING_LOST = 0.015
_REJECTED_LINES = {True: 0.025, False: 0.012}
"""Share of rejected lines, by whether they came by sea."""


def review(world: World) -> None:
    """Orders products at their reorder level from suppliers that are due today; on the last day from all."""
    last = world.working_day_after(world.day, 1) > world.last_day
    due: dict[int, list[int]] = defaultdict(list)
    for number, rule in enumerate(world.rules):
        supplier = world.supplier_of(number)
        if supplier is None:
            continue
        turn = last or _is_turn_of(world, world.company.suppliers[supplier])
        if turn and world.stock.position(number) <= rule.level:
            due[supplier].append(number)
    for supplier, products in due.items():
        _draft(world, supplier, products)


def _is_turn_of(world: World, supplier: Supplier) -> bool:
    week = world.day.toordinal() // 7
    return world.day.weekday() in supplier.review_weekdays and week % REVIEW_WEEKS[supplier.overseas] == 0


def _draft(world: World, number: int, products: list[int]) -> None:
    supplier = world.company.suppliers[number]
    at = world.tick()
    expected_on = world.working_day_after(
        world.day + timedelta(days=lead_time_days(world.company, supplier)), 0
    )
    order = PurchaseOrder(world.new_id(at), world.new_number("PO"), number, world.day, [], expected_on)
    for product in products:
        rule = world.rules[product]
        missing = rule.level - world.stock.position(product)
        lots = max(1, -(-missing // rule.quantity))
        order.lines.append(
            PurchaseLine(world.new_id(at), product, lots * rule.quantity, _price(world, product), expected_on)
        )
        world.stock.on_order[product] += lots * rule.quantity
    order.history.append(Change(None, "draft", "buyer", at, None))
    world.books.purchase_orders.append(order)
    wait = world.rng.choice((0, 0, 1, 1, 2) if supplier.overseas else (0, 0, 1))
    if world.working_day_after(world.day, 1) > world.last_day:
        wait = len(world.books.purchase_orders) % 2  # so that some of the newest are drafts in any case
    if wait:
        world.schedule(world.working_day_after(world.day, wait), 2.0, lambda: _submit(world, order))
    else:
        _submit(world, order)


def _price(world: World, product: int) -> Decimal:
    """The supplier's price on that day: around a standard cost that has risen to today's."""
    years = Decimal((world.today - world.day).days) / 365
    noise = Decimal(world.rng.randint(975, 1030)) / 1000
    return (world.product(product).unit_cost * (1 - _PRICE_RISE_PER_YEAR * years) * noise).quantize(_PRICE)


def _submit(world: World, order: PurchaseOrder) -> None:
    world.tick()
    advance(world, order, "submit", "buyer")
    overseas = world.company.suppliers[order.supplier].overseas
    answers_on = world.working_day_after(world.day, world.rng.choice((1, 1, 2, 3)) if overseas else 1)
    world.schedule(answers_on, 2.5, lambda: _answer(world, order))


def _answer(world: World, order: PurchaseOrder) -> None:
    """The supplier confirms and promises a date, or the order is cancelled."""
    world.tick()
    supplier = world.company.suppliers[order.supplier]
    if world.rng.random() < _CANCELLED:
        for line in order.lines:
            world.stock.on_order[line.product] -= line.ordered
        note = world.rng.choice(("Supplier cannot deliver in time", "No agreement on the price"))
        advance(world, order, "cancel", "buyer", note=note)
        return
    advance(world, order, "confirm", "buyer")
    promised_on = promised_day(world, supplier)
    for line in order.lines:
        line.promised_on = promised_on
    for consignment in _consignments(world, order, supplier):
        order.consignments += 1
        world.schedule(
            consignment.ready_on,
            3.0,
            lambda it=consignment: _announce(world, order, it),  # type: ignore[misc]
        )


@dataclass(slots=True)
class _Consignment:
    ready_on: date
    quantities: dict[int, int]
    """By zero-based line number of the order."""


def _consignments(world: World, order: PurchaseOrder, supplier: Supplier) -> list[_Consignment]:
    """Splits an order into consignments, ready on dates that depend on the supplier's reliability."""
    rng = world.rng
    then, today = supplier.on_time
    ready_on = world.day + timedelta(days=max(1, supplier.preparation_days - rng.choice((0, 0, 1, 2))))
    if rng.random() > then + (today - then) * world.elapsed:
        ready_on += timedelta(days=min(30, 2 + int(rng.expovariate(1 / 7))))
    whole = {
        number: max(1, int(line.ordered * rng.uniform(0.88, 0.99)))
        if rng.random() < _DELIVERED_SHORT
        else line.ordered
        for number, line in enumerate(order.lines)
    }
    scarce = {
        number: whole.pop(number) for number, line in enumerate(order.lines) if world.is_scarce(line.product)
    }
    first, rest = whole, dict[int, int]()
    if rng.random() < _IN_TWO_PARTS:
        part = rng.uniform(*_FIRST_PART)
        first = {number: max(1, int(quantity * part)) for number, quantity in whole.items()}
        rest = {
            number: quantity - first[number] for number, quantity in whole.items() if quantity > first[number]
        }
    later = ready_on + timedelta(days=rng.randint(6, 20))
    some_day = world.today + timedelta(days=rng.randint(3, 20))
    parts = ((ready_on, first), (later, rest), (some_day, scarce))
    return [_Consignment(world.working_day_after(day, 0), each) for day, each in parts if each]


def _announce(world: World, order: PurchaseOrder, consignment: _Consignment) -> None:
    """The supplier's advance shipping notice: booked today, departing in a day or two."""
    world.tick()
    supplier = world.company.suppliers[order.supplier]
    warehouse = world.company.warehouses[supplier.warehouse]
    lines = [
        ShipmentLine(order.lines[number].product, quantity, purchase_line=order.lines[number])
        for number, quantity in consignment.quantities.items()
    ]
    leaves_on = world.working_day_after(world.day, world.rng.choice((1, 1, 2)))
    leaves_at = world.at(leaves_on, world.rng.uniform(2, 8))
    shipment = plan_shipment(world, "inbound", lines, supplier.place, warehouse.place, leaves_at)
    shipment.purchase_order, shipment.supplier = order, order.supplier
    shipment.destination_warehouse = supplier.warehouse
    if world.rng.random() < _BOOKING_LOST:
        world.schedule(leaves_on, 3.0, lambda: _lose_booking(world, order, consignment, shipment))
    else:
        world.schedule(leaves_on, 3.0, lambda: _leave(world, order, shipment))


def _lose_booking(world: World, order: PurchaseOrder, consignment: _Consignment, shipment: Shipment) -> None:
    """The carrier cancels the booking; another one is made some days later."""
    world.tick()
    cancel(world, shipment, "Booking rolled by the carrier")
    world.schedule(
        world.working_day_after(world.day, world.rng.randint(2, 5)),
        3.0,
        lambda: _announce(world, order, consignment),
    )


def _leave(world: World, order: PurchaseOrder, shipment: Shipment) -> None:
    if order.status == "confirmed":
        advance(world, order, "ship", "buyer", at=shipment.departs_at)
    depart(world, shipment, lambda arrived: _receive(world, order, arrived))


def _receive(world: World, order: PurchaseOrder, shipment: Shipment) -> None:
    """Goods are received and inspected; rejects are returned."""
    deliver(world, shipment, world.tick())
    warehouse = shipment.destination_warehouse or 0
    receipt = Posted(world.new_number("GR"), order, warehouse, world.now, shipment.reference)
    back = None
    for number, (product, quantity, line, _) in enumerate(shipment.lines, 1):
        if line is None:
            continue
        received = world.books.receipt_lines
        received.append(PostedLine(receipt, number, line, quantity))
        world.move(
            product, warehouse, quantity, "goods_receipt", order.number, line=line,
            receipt_line=len(received) - 1,
        )  # fmt: skip
        world.stock.on_order[product] -= quantity
        line.received += quantity
        if world.rng.random() < _REJECTED_LINES[shipment.mode == "ocean"]:
            rejected = max(1, quantity * world.rng.randint(1, 12) // 100)
            line.rejected += rejected
            reason = world.rng.choice(("Damaged packaging", "Below specification", "Wrong article"))
            back = back or Posted(world.new_number("SR"), order, warehouse, world.now)
            returned = world.books.return_lines
            returned.append(PostedLine(back, number, line, rejected, reason))
            world.move(
                product, warehouse, -rejected, "supplier_return", order.number, reason, line,
                return_line=len(returned) - 1,
            )  # fmt: skip
        feed(world, warehouse, product)
        if line.received == line.ordered:
            line.received_on = world.day
    order.consignments -= 1
    if order.consignments == 0:
        _close(world, order)


def _close(world: World, order: PurchaseOrder) -> None:
    """Closes the order, lines that are short included."""
    notes = []
    for number, line in enumerate(order.lines, 1):
        if missing := line.ordered - line.received:
            world.stock.on_order[line.product] -= missing
            line.closed = missing
            line.received_on = world.day
            notes.append(f"Line {number} closed {missing} short.")
    order.received_on = world.day
    advance(world, order, "receive", "warehouse", note=" ".join(notes) or None)
