"""Simulates warehouse work: opening stock, transfers, cycle counts, scrap, and reservations."""

from collections import defaultdict
from datetime import timedelta

from imsop.demo.demand import Demand, Expectation
from imsop.demo.documents import Hold, HoldKind, Shipment, ShipmentLine
from imsop.demo.planning import SAFETY
from imsop.demo.selling import feed
from imsop.demo.voyages import deliver, depart, plan_shipment
from imsop.demo.world import World

_COVER_DAYS = {"road": (8, 18), "ocean": (13, 26), "rail": (15, 30)}
"""Days of cover below which a transfer is sent, and up to which it fills, by transport mode."""
_HUB_KEEPS_DAYS = 14
_COUNTS_PER_DAY = 4
_COUNTED_WRONG = 0.16
_RECOUNTED = 0.08
_SCRAP_PER_DAY = 0.35
_HOLDS: tuple[tuple[HoldKind, str], ...] = (
    ("quarantine", "Laboratory result pending"),
    ("quarantine", "Temperature log incomplete"),
    ("hold", "Held for a customer's audit"),
    ("hold", "Labels to be replaced"),
    ("quarantine", "Damaged pallet, inspection due"),
)


def open_stock(world: World, expectations: list[list[Expectation]]) -> None:
    """Opening stock on the first day: between the reorder level and a full shelf."""
    for number, rule in enumerate(world.rules):
        hub = world.hub_of(number)
        left = round(rule.level + rule.quantity * world.rng.random())
        for warehouse, expected in enumerate(expectations[number]):
            _, cover = _COVER_DAYS[world.company.warehouses[warehouse].linked_by]
            if warehouse != hub and expected.per_day:
                there = min(left // 2, round(expected.needed(cover, SAFETY) * world.rng.uniform(0.6, 1.0)))
                left -= _open(world, number, warehouse, there)
        _open(world, number, hub, left)


def _open(world: World, number: int, warehouse: int, quantity: int) -> int:
    pack = world.product(number).pack
    whole = quantity // pack * pack
    if whole:
        world.move(number, warehouse, whole, "opening_balance", "OPENING", "Counted at the start")
    return whole


def send_transfers(world: World, demand: Demand, expectations: list[list[Expectation]]) -> None:
    """Sends transfers to each warehouse on its weekday, to replenish what it is short of."""
    for warehouse in range(len(world.company.warehouses)):
        if world.day.weekday() != (2 * warehouse + 1) % 5:
            continue
        lines: dict[int, list[ShipmentLine]] = defaultdict(list)
        for number in demand.sold:
            hub = world.hub_of(number)
            quantity = 0
            if hub != warehouse:
                quantity = _wanted(world, demand, expectations[number], number, hub, warehouse)
            if quantity:
                lines[hub].append(ShipmentLine(number, quantity))
            elif world.stock.outlook(warehouse, number) < 0:
                other, quantity = _spared(world, number, warehouse)
                if quantity:
                    lines[other].append(ShipmentLine(number, quantity))
        for source, chosen in lines.items():
            _send(world, source, warehouse, chosen)


def _wanted(
    world: World, demand: Demand, expected: list[Expectation], number: int, hub: int, warehouse: int
) -> int:
    """The quantity that the hub transfers: to fill up the warehouse, without running short itself."""
    product = world.product(number)
    season = demand.season(product.category, world.day + timedelta(days=14))
    below, up_to = _COVER_DAYS[world.company.warehouses[warehouse].linked_by]
    outlook = world.stock.outlook(warehouse, number)
    if outlook >= expected[warehouse].needed(below, SAFETY) * season:
        return 0
    wanted = expected[warehouse].needed(up_to, SAFETY) * season - outlook
    kept = expected[hub].needed(_HUB_KEEPS_DAYS, SAFETY) * season + world.stock.short(hub, number)
    spare = world.stock.available(hub, number) - kept
    return max(0, int(min(-(-wanted // product.pack), spare // product.pack))) * product.pack


def _spared(world: World, number: int, warehouse: int) -> tuple[int, int]:
    """For waiting orders: the warehouse with the best outlook, and at most half of its stock."""
    others = (other for other in range(len(world.company.warehouses)) if other != warehouse)
    fullest = max(others, key=lambda other: world.stock.outlook(other, number))
    half = max(0, world.stock.outlook(fullest, number)) // 2
    quantity = min(half, world.stock.available(fullest, number), -world.stock.outlook(warehouse, number))
    return fullest, quantity


def _send(world: World, hub: int, warehouse: int, lines: list[ShipmentLine]) -> None:
    world.tick()
    here, there = world.company.warehouses[hub], world.company.warehouses[warehouse]
    leaves_at = world.now + timedelta(minutes=world.rng.randint(60, 120))
    link = there.linked_by if there.linked_by != "road" else here.linked_by
    shipment = plan_shipment(world, "transfer", lines, here.place, there.place, leaves_at, link)
    shipment.origin_warehouse, shipment.destination_warehouse = hub, warehouse
    for line in lines:
        world.move(line.product, hub, -line.quantity, "transfer_out", shipment.reference)
        world.stock.coming[warehouse][line.product] += line.quantity
    depart(world, shipment, lambda arrived: _take_in(world, arrived))


def _take_in(world: World, shipment: Shipment) -> None:
    deliver(world, shipment, world.tick())
    warehouse = shipment.destination_warehouse or 0
    for line in shipment.lines:
        world.stock.coming[warehouse][line.product] -= line.quantity
        world.move(line.product, warehouse, line.quantity, "transfer_in", shipment.reference)
        feed(world, warehouse, line.product)


def count_stock(world: World) -> None:
    """Cycle counts: most are right. A wrong one is sometimes corrected by a recount."""
    for _ in range(_COUNTS_PER_DAY):
        warehouse = world.rng.randrange(len(world.company.warehouses))
        number = world.rng.randrange(len(world.company.products))
        expected = world.stock.on_hand[warehouse][number]
        if expected == 0:
            continue
        difference = 0
        if world.rng.random() < _COUNTED_WRONG:
            most = max(1, expected // 50)
            difference = world.rng.choice((-1, -1, 1)) * world.rng.randint(1, most)
            difference = max(difference, -world.stock.available(warehouse, number))
        reference = world.new_number("CC")
        if difference:
            note = f"Cycle count: {expected + difference} found, {expected} expected"
            world.move(number, warehouse, difference, "count", reference, note)
            feed(world, warehouse, number)
            if difference < 0 and world.rng.random() < _RECOUNTED:
                world.schedule(
                    world.working_day_after(world.day, 2),
                    6.0,
                    lambda w=warehouse, n=number, d=-difference, r=reference: _correct(world, w, n, d, r),  # type: ignore[misc]
                )
        else:
            world.tick()
        world.tell(
            "inventory.counted",
            reference,
            "warehouse",
            sku=world.product(number).sku,
            warehouse=world.company.warehouses[warehouse].name,
            counted=expected + difference,
            expected=expected,
        )


def _correct(world: World, warehouse: int, number: int, quantity: int, reference: str) -> None:
    note = f"{reference} missed a pallet behind another"
    world.move(number, warehouse, quantity, "correction", reference, note)
    feed(world, warehouse, number)


def scrap(world: World) -> None:
    """Occasional damage."""
    if world.rng.random() >= _SCRAP_PER_DAY:
        return
    warehouse = world.rng.randrange(len(world.company.warehouses))
    number = world.rng.randrange(len(world.company.products))
    available = world.stock.available(warehouse, number)
    if available > 0:
        note = world.rng.choice(
            ("Dropped by a forklift", "Water damage", "Past its date", "Crushed in the rack")
        )
        world.move(number, warehouse, -min(available, world.rng.randint(1, 12)), "scrap", None, note)


def set_aside(world: World) -> None:
    """On the last day, reserves some of the available stock for reasons other than orders."""
    free = [
        (warehouse, number)
        for warehouse in range(len(world.company.warehouses))
        for number in range(len(world.company.products))
        if world.stock.available(warehouse, number) >= 4 * world.product(number).pack
    ]
    for (warehouse, number), (kind, reason) in zip(world.rng.sample(free, len(_HOLDS)), _HOLDS, strict=True):
        quantity = world.product(number).pack * world.rng.randint(1, 3)
        world.books.holds.append(Hold(number, warehouse, quantity, kind, reason))
