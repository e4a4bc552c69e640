"""Simulates sales: from customer demand to delivery, and some returns."""

from datetime import datetime, timedelta
from decimal import Decimal

from imsop.demo.company import Product
from imsop.demo.demand import Demand, Wish
from imsop.demo.documents import Change, SalesLine, SalesOrder, Shipment, ShipmentLine
from imsop.demo.lifecycles import advance
from imsop.demo.partners import Customer
from imsop.demo.voyages import deliver, depart, journey, plan_shipment
from imsop.demo.world import World, is_working

_CENT = Decimal("0.01")
_PRICE_RISE_PER_YEAR = Decimal("0.03")
_SECOND_DAY = 0.4
"""Share of orders that ship on the second working day instead of the first; except those ordered ahead."""
_FORWARD_ORDERS = 0.10
_FORWARD_DAYS = (5, 15)
_CANCELLED = 0.02
_ACCEPT_PARTS = 0.7
_PARTS_AFTER_DAYS = 2
"""Days that a customer who accepts partial shipments waits for the whole."""
_PATIENCE_DAYS = 18
_GIVE_UP = 0.12
"""Daily probability after that of cancelling an order of which nothing could ship."""
_RETURNED = 0.035
_STILL_DRAFTED = 0.35
"""Share of the orders of the last days that are not yet confirmed."""
_DRAFT_DAYS = 4
_ORDER_HOURS = (0.2, 9.2)
_CONFIRMED_WITHIN_MINUTES = 40


def take_orders(world: World, demand: Demand) -> None:
    """The day's orders, each confirmed soon after; the newest may still be drafts."""
    count = demand.orders_on(world.day, world.rng)
    for hours in sorted(world.rng.uniform(*_ORDER_HOURS) for _ in range(count)):
        if world.rng.random() >= world.company.counter_sales:
            _take_order(world, demand, world.at(world.day, hours))
        elif is_working(world.day):
            _sell_at_counter(world, demand)


def _take_order(world: World, demand: Demand, at: datetime) -> None:
    number = demand.customer(world.rng)
    customer = world.customers[number]
    wishes = demand.wishes(customer, world.day, world.rng)
    if not wishes:
        return
    days = 1 + (world.rng.random() < _SECOND_DAY)
    if world.rng.random() < _FORWARD_ORDERS:
        days = world.rng.randint(*_FORWARD_DAYS)
    ready_on = world.working_day_after(world.day, days)
    warehouse = _source(world, customer, wishes)
    way = journey(world.company.warehouses[warehouse].place, customer.place)
    order = _draft(world, number, warehouse, wishes, at)
    order.ready_on = ready_on
    order.expected_on = world.working_day_after(ready_on + timedelta(days=way.days_to_the_shelf + 1), 0)
    lately = (world.today - world.day).days <= _DRAFT_DAYS
    if not (lately and world.rng.random() < _STILL_DRAFTED):
        _confirm(world, order, at + timedelta(minutes=world.rng.uniform(1, _CONFIRMED_WITHIN_MINUTES)))
        if world.rng.random() < _CANCELLED:
            note = world.rng.choice(("Ordered twice by the customer", "Project postponed", "Customer's wish"))
            world.schedule(
                world.working_day_after(world.day, 1), 1.0, lambda: cancel_order(world, order, note)
            )


def _source(world: World, customer: Customer, wishes: list[Wish]) -> int:
    """The customer's own warehouse, or another one that has everything if its own has not."""
    places = [customer.warehouse]
    if not customer.place.port:
        places += range(len(world.company.warehouses))
    for warehouse in places:
        if all(world.stock.available(warehouse, wish.product) >= wish.quantity for wish in wishes):
            return warehouse
    return customer.warehouse


def _sell_at_counter(world: World, demand: Demand) -> None:
    """A counter sale of available stock."""
    warehouse = world.rng.randrange(len(world.company.warehouses))
    wishes = [
        wish
        for wish in demand.wishes(None, world.day, world.rng)
        if world.stock.available(warehouse, wish.product) >= wish.quantity
    ]
    if not wishes:
        return
    order = _draft(world, None, warehouse, wishes, world.tick())
    order.note = "Sold at the counter"
    _confirm(world, order, world.now)
    for line in order.lines:
        _issue(world, order, line)
        line.delivered_on = world.day
    advance(world, order, "ship", "sales", at=world.now)
    advance(world, order, "deliver", "sales", at=world.now)
    order.delivered_on = world.day
    del world.open_orders[order.id]


def _draft(world: World, number: int | None, warehouse: int, wishes: list[Wish], at: datetime) -> SalesOrder:
    customer = None if number is None else world.customers[number]
    order = SalesOrder(
        id=world.new_id(at),
        number=world.new_number("SO"),
        customer=number,
        warehouse=warehouse,
        ordered_on=world.day,
        ready_on=world.day,
        expected_on=world.day,
        lines=[
            SalesLine(world.new_id(at), wish.product, wish.quantity, _price(world, wish.product, customer))
            for wish in wishes
        ],
        accepts_parts=world.rng.random() < _ACCEPT_PARTS,
    )
    order.history.append(Change(None, "draft", "sales", at, None))
    world.books.sales_orders.append(order)
    return order


def _price(world: World, number: int, customer: Customer | None) -> Decimal:
    """The list price on that day, less the customer's discount."""
    product: Product = world.product(number)
    years = Decimal((world.today - world.day).days) / 365
    discount = Decimal(customer.discount_percent if customer else 0) / 100
    listed = (product.selling_price or Decimal(0)) * (1 - _PRICE_RISE_PER_YEAR * years)
    return max(_CENT, (listed * (1 - discount)).quantize(_CENT))


def _confirm(world: World, order: SalesOrder, at: datetime) -> None:
    """Reserves available stock; the rest joins the queue."""
    advance(world, order, "confirm", "sales", at=at)
    world.open_orders[order.id] = order
    for line in order.lines:
        world.stock.waiting[order.warehouse][line.product].append(line)
        feed(world, order.warehouse, line.product)


def feed(world: World, warehouse: int, product: int) -> None:
    """Reserves newly available stock for queued lines, first come, first served."""
    waiting = world.stock.waiting[warehouse][product]
    while waiting and (available := world.stock.available(warehouse, product)) > 0:
        line = waiting[0]
        reserved = min(available, line.missing)
        line.reserved += reserved
        world.stock.reserved[warehouse][product] += reserved
        if line.missing == 0:
            waiting.popleft()


def _issue(world: World, order: SalesOrder, line: SalesLine) -> None:
    quantity, line.reserved = line.reserved, 0
    line.shipped += quantity
    world.stock.reserved[order.warehouse][line.product] -= quantity
    world.move(line.product, order.warehouse, -quantity, "sale", order.number, line=line)


def cancel_order(world: World, order: SalesOrder, note: str) -> None:
    """Cancels an order and releases its reservations, unless something has shipped."""
    if order.status != "confirmed" or any(line.shipped for line in order.lines):
        return
    world.tick()
    for line in order.lines:
        waiting = world.stock.waiting[order.warehouse][line.product]
        if line in waiting:
            waiting.remove(line)
        world.stock.reserved[order.warehouse][line.product] -= line.reserved
        line.reserved = 0
    advance(world, order, "cancel", "sales", note=note)
    del world.open_orders[order.id]
    for line in order.lines:
        feed(world, order.warehouse, line.product)


def dispatch_orders(world: World) -> None:
    """Ships due orders that are complete, and partial ones if the customer accepts that."""
    for order in list(world.open_orders.values()):
        if order.ready_on > world.day:
            continue
        waited = (world.day - order.ready_on).days
        held = [line for line in order.lines if line.reserved]
        if held and (
            all(line.missing == 0 for line in order.lines)
            or (order.accepts_parts and waited >= _PARTS_AFTER_DAYS)
        ):
            _dispatch(world, order, held)
        elif waited > _PATIENCE_DAYS and world.rng.random() < _GIVE_UP:
            cancel_order(world, order, "Waited too long")


def _dispatch(world: World, order: SalesOrder, held: list[SalesLine]) -> None:
    customer = world.customers[order.customer or 0]
    lines = [ShipmentLine(line.product, line.reserved, sales_line=line) for line in held]
    for line in held:
        _issue(world, order, line)
    leaves_at = world.tick() + timedelta(minutes=world.rng.randint(20, 90))
    origin = world.company.warehouses[order.warehouse].place
    shipment = plan_shipment(world, "outbound", lines, origin, customer.place, leaves_at)
    shipment.sales_order, shipment.origin_warehouse = order, order.warehouse
    order.underway += 1
    if all(line.shipped == line.ordered for line in order.lines):
        advance(world, order, "ship", "warehouse")
        del world.open_orders[order.id]
    depart(world, shipment, lambda arrived: _delivered(world, arrived))


def _delivered(world: World, shipment: Shipment) -> None:
    order = shipment.sales_order
    if order is None:
        raise RuntimeError("an outbound shipment carries an order")
    at = max(shipment.arrives_at, world.at(world.day, world.rng.uniform(0, 6)))  # a port adds some time
    deliver(world, shipment, at)
    order.underway -= 1
    for item in shipment.lines:
        if item.sales_line is not None and item.sales_line.shipped == item.sales_line.ordered:
            item.sales_line.delivered_on = at.date()
        if item.sales_line is not None and world.rng.random() < _RETURNED:
            back = world.working_day_after(world.day, world.rng.randint(3, 15))
            line = item.sales_line
            world.schedule(back, 1.5, lambda line=line: _take_back(world, order, line))  # type: ignore[misc]
    if order.status == "shipped" and order.underway == 0:
        advance(world, order, "deliver", "warehouse", at=at)
        order.delivered_on = at.date()


def _take_back(world: World, order: SalesOrder, line: SalesLine) -> None:
    """A customer returns a part of a line; unsaleable units are scrapped."""
    pack = world.product(line.product).pack
    packs = (line.shipped - line.returned) // pack
    if packs == 0:
        return
    quantity = pack * world.rng.randint(1, max(1, packs // 3))
    reason = world.rng.choice(("Damaged in transit", "Wrong article ordered", "Not sold", "Faulty"))
    line.returned += quantity
    world.move(line.product, order.warehouse, quantity, "customer_return", order.number, reason, line)
    if reason in {"Damaged in transit", "Faulty"}:
        world.move(line.product, order.warehouse, -quantity, "scrap", order.number, reason)
    else:
        feed(world, order.warehouse, line.product)
    world.tell(
        "sales_order.returned",
        order.id,
        "warehouse",
        so_number=order.number,
        sku=world.product(line.product).sku,
        quantity=quantity,
        reason=reason,
    )
