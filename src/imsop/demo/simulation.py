"""Simulates two years of a company, day by day, without a database. Deterministic in day and seed."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from imsop.demo import buying, keeping, making, planning, selling, voyages
from imsop.demo.company import Company
from imsop.demo.demand import Demand
from imsop.demo.documents import Books, ReorderRule
from imsop.demo.partners import make_customers
from imsop.demo.world import DAYS, World, is_working

SEED = "imsop"


def simulate(
    company: Company,
    today: date,
    seed: str = SEED,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Books:
    """The company's books until midnight at the start of `today`. Reports the number of simulated days."""
    customers = make_customers(company)
    world = World(company, customers, today, seed)
    demand = Demand(company, customers, today)
    expectations = demand.expectations(planning.DAYS_MADE_AT_ONCE)
    base = planning.base_rules(world, expectations)
    world.rules = planning.rules_of_month(world, demand, base)
    world.scarce = planning.scarce_products(world, demand, expectations)
    keeping.open_stock(world, expectations)
    for number in range(DAYS):
        world.day = world.first_day + timedelta(days=number)
        if world.day.day == 1:
            world.rules = planning.rules_of_month(world, demand, base)
        world.begin_phase(0)
        world.do_what_is_due()
        world.begin_phase(1)
        selling.take_orders(world, demand)
        if is_working(world.day):
            world.begin_phase(2)
            buying.review(world)
            making.plan_production(world)
            world.begin_phase(4)
            selling.dispatch_orders(world)
            keeping.send_transfers(world, demand, expectations)
            world.begin_phase(7)
            keeping.count_stock(world)
            keeping.scrap(world)
        progress(number + 1, DAYS)
    keeping.set_aside(world)
    world.books.customers = customers
    world.books.fixes = voyages.fixes(world)
    world.books.rules = [rule if rule.level >= 0 else ReorderRule(0, 0) for rule in world.rules]
    world.books.ratings = _ratings(world)
    world.books.lead_times_days = [
        planning.lead_time_days(company, supplier) for supplier in company.suppliers
    ]
    return world.books


def _ratings(world: World) -> list[Decimal]:
    """Ratings from 1 to 5 by the share of last year's lines that came as promised; 0 without any."""
    due = [0] * len(world.company.suppliers)
    on_time = [0] * len(world.company.suppliers)
    for order in world.books.purchase_orders:
        for line in order.lines:
            if line.received_on and line.promised_on and (world.today - line.promised_on).days <= 365:
                due[order.supplier] += 1
                on_time[order.supplier] += line.received_on <= line.promised_on
    return [
        (1 + Decimal(4 * good) / all_).quantize(Decimal("0.01")) if all_ else Decimal(0)
        for good, all_ in zip(on_time, due, strict=True)
    ]
