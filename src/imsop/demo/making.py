"""Simulates production: consumes materials, and produces cans some days later."""

from imsop.demo.planning import MAKING_DAYS
from imsop.demo.selling import feed
from imsop.demo.world import World

_PLANT = 0
_BATCHES_PER_DAY = 9
_MOST_LOTS = 3
_SCRAPPED_BATCHES = 0.04


def plan_production(world: World) -> None:
    """Starts the most urgent batches, within the limits of materials and capacity."""
    due = []
    for number, rule in enumerate(world.rules):
        if not world.recipes[number] or world.is_scarce(number):
            continue
        if (left := world.stock.position(number) - rule.level) <= 0:
            due.append((left / rule.quantity, number))
    started = 0
    for _, number in sorted(due):
        if started == _BATCHES_PER_DAY:
            break
        started += _start(world, number)


def _start(world: World, number: int) -> bool:
    rule = world.rules[number]
    lots = -(-(rule.level - world.stock.position(number)) // rule.quantity)
    enough_for = min(
        world.stock.available(_PLANT, material) * 1000 // (share * rule.quantity)
        for material, share in world.recipes[number]
    )
    quantity = rule.quantity * min(max(lots, 1), _MOST_LOTS, enough_for)
    if quantity == 0:
        return False
    needs = [(material, -(-share * quantity // 1000)) for material, share in world.recipes[number]]
    order = world.new_number("MO")
    for material, needed in needs:
        world.move(material, _PLANT, -needed, "consumption", order)
    world.stock.in_making[number] += quantity
    done_on = world.working_day_after(world.day, MAKING_DAYS)
    world.schedule(done_on, 0.5, lambda: _finish(world, number, quantity, order))
    return True


def _finish(world: World, number: int, quantity: int, order: str) -> None:
    world.stock.in_making[number] -= quantity
    world.move(number, _PLANT, quantity, "production", order)
    if world.rng.random() < _SCRAPPED_BATCHES:
        scrapped = max(1, quantity * world.rng.randint(1, 6) // 1000)
        world.move(number, _PLANT, -scrapped, "scrap", order, "Seams failed in the laboratory")
    feed(world, _PLANT, number)
    world.tell(
        "inventory.produced",
        order,
        "warehouse",
        production_order=order,
        sku=world.product(number).sku,
        quantity=quantity,
    )
