"""Reorder rules: when and how much to order."""

from datetime import date, timedelta

from imsop.demo.company import Company, Product, Supplier
from imsop.demo.demand import Demand, Expectation
from imsop.demo.documents import ReorderRule
from imsop.demo.voyages import journey
from imsop.demo.world import World

MAKING_DAYS = 3
"""Working days from filling to release by the laboratory."""
_CONFIRMING_DAYS = {True: 6, False: 3}
"""Days from draft to the supplier's confirmation, by whether it is overseas."""
_WAITING_DAYS = {True: 4, False: 3}
"""Days from ready to loaded."""
_SPREADING_DAYS = 11
"""Days for a product to reach the other warehouses."""
REVIEW_WEEKS = {True: 2, False: 1}
"""Interval of reviewing a supplier's products, on its weekdays."""
SAFETY = 1.2
"""Safety stock in standard deviations, for each warehouse."""
_SAFETY_OF_MATERIALS = 1.4
_SCARCE = 7
_SCARCE_COVERS = 1.0
"""Duration of scarcity relative to the longest that stock could last: most have run out by then."""
_LONGEST_SCARCE_DAYS = 160
DAYS_MADE_AT_ONCE = 24
_DAYS_BOUGHT_AT_ONCE = 10
_LEAD_TIMES_BOUGHT_AT_ONCE = 1.2


def transit_days(company: Company, supplier: Supplier) -> int:
    return journey(supplier.place, company.warehouses[supplier.warehouse].place).days_to_the_shelf


def lead_time_days(company: Company, supplier: Supplier) -> int:
    """Calendar days from drafting an order to receipt."""
    office = _CONFIRMING_DAYS[supplier.overseas] + _WAITING_DAYS[supplier.overseas]
    return office + supplier.preparation_days + transit_days(company, supplier)


def promised_day(world: World, supplier: Supplier) -> date:
    """The expected delivery date of an order that the supplier confirms today."""
    leaves_on = world.working_day_after(world.day + timedelta(days=supplier.preparation_days), 2)
    return world.working_day_after(leaves_on + timedelta(days=transit_days(world.company, supplier)), 0)


def base_rules(world: World, expectations: list[list[Expectation]]) -> list[ReorderRule]:
    """Reorder rules for mean demand, without season.

    The level covers lead time and review period (periodic review, R + L) with safety stock. The quantity is
    some weeks' demand in whole packs.
    """
    rules = []
    for number, product in enumerate(world.company.products):
        expected = expectations[number]
        supplier_number = world.supplier_of(number)
        if supplier_number is None:
            days, at_once = MAKING_DAYS, float(DAYS_MADE_AT_ONCE)
        else:
            supplier = world.company.suppliers[supplier_number]
            days = lead_time_days(world.company, supplier) + REVIEW_WEEKS[supplier.overseas] * 7 // len(
                supplier.review_weekdays
            )
            at_once = max(_DAYS_BOUGHT_AT_ONCE, days * _LEAD_TIMES_BOUGHT_AT_ONCE * supplier.overseas)
        if product.kind == "material":
            level = expected[0].needed(days, _SAFETY_OF_MATERIALS)
        else:
            level = sum(each.needed(days + _SPREADING_DAYS, SAFETY) for each in expected)
        rules.append(_rule(product, level, sum(each.per_day for each in expected) * at_once))
    return rules


def rules_of_month(world: World, demand: Demand, base: list[ReorderRule]) -> list[ReorderRule]:
    """The base rules adjusted for the season in a month.

    Discontinued products are bought for waiting orders only.
    """
    ahead = world.day + timedelta(days=30)
    rules = []
    for product, rule in zip(world.company.products, base, strict=True):
        season = 1.0 if product.kind == "material" else demand.season(product.category, ahead)
        if demand.is_over(product, world.day):
            rules.append(ReorderRule(-1, product.pack))
        else:
            rules.append(_rule(product, rule.level * season, rule.quantity * season))
    return rules


def scarce_products(world: World, demand: Demand, expectations: list[list[Expectation]]) -> dict[int, date]:
    """A few products that cannot be bought, with the day since when: the story of the last weeks."""
    since = {}
    step = len(demand.sold) // _SCARCE
    for number in demand.sold[step // 2 :: step]:
        per_day = sum(each.per_day for each in expectations[number])
        if per_day and not world.product(number).discontinued:
            days = _SCARCE_COVERS * (world.rules[number].level + world.rules[number].quantity) / per_day
            since[number] = world.today - timedelta(days=min(days, _LONGEST_SCARCE_DAYS))
    return since


def _rule(product: Product, level: float, quantity: float) -> ReorderRule:
    return ReorderRule(round(level), max(1, round(quantity / product.pack)) * product.pack)
