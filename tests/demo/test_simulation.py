"""The books of two simulated companies: deterministic, and consistent in every record."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import pytest

from imsop.core.installation import PARTITION_MONTHS_BACK, silent
from imsop.demo.catalogue import foods, tools
from imsop.demo.company import Company
from imsop.demo.documents import Books, Change, PurchaseOrder, SalesOrder
from imsop.demo.running import Simulations
from imsop.demo.simulation import simulate
from imsop.demo.world import DAYS

TODAY = date(2026, 3, 16)
END = datetime.combine(TODAY, time(), UTC)
PURCHASE_STEPS = {
    None: {"draft"},
    "draft": {"submitted"},
    "submitted": {"confirmed", "cancelled"},
    "confirmed": {"shipped"},
    "shipped": {"received"},
}
SALES_STEPS = {
    None: {"draft"},
    "draft": {"confirmed"},
    "confirmed": {"shipped", "cancelled"},
    "shipped": {"delivered"},
}


class Told(NamedTuple):
    company: Company
    books: Books

    @property
    def on_hand(self) -> Counter[tuple[int, int]]:
        """Final stock by product and warehouse."""
        left: Counter[tuple[int, int]] = Counter()
        for movement in self.books.movements:
            left[movement.product, movement.warehouse] += movement.quantity
        return left

    def moved(self, kind: str) -> Counter[tuple[str | None, int]]:
        """Units by document and product."""
        units: Counter[tuple[str | None, int]] = Counter()
        for movement in self.books.movements:
            if movement.kind == kind:
                units[movement.reference, movement.product] += movement.quantity
        return units


@cache
def simulated(name: str) -> Told:
    company = {"foods": foods, "tools": tools}[name]()
    return Told(company, simulate(company, TODAY))


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    """Released afterwards: a simulation takes a hundred megabytes."""
    yield
    simulated.cache_clear()


@pytest.fixture(params=["foods", "tools"])
def told(request: pytest.FixtureRequest) -> Told:
    return simulated(request.param)


def orders_of(books: Books) -> list[tuple[PurchaseOrder | SalesOrder, dict[str | None, set[str]]]]:
    bought = [(order, PURCHASE_STEPS) for order in books.purchase_orders]
    return bought + [(order, SALES_STEPS) for order in books.sales_orders]  # type: ignore[operator]


def reached(history: list[Change], status: str) -> datetime | None:
    return next((change.occurred_at for change in history if change.to_status == status), None)


def test_books_are_deterministic_across_processes() -> None:
    told = simulated("tools")
    with Simulations([told.company], TODAY) as simulations:
        again = asyncio.run(simulations.books(told.company, silent))
    books = told.books
    assert again.movements == books.movements
    assert again.events == books.events
    assert again.fixes == books.fixes
    assert (again.rules, again.ratings, again.holds) == (books.rules, books.ratings, books.holds)
    for one, other in (
        (again.purchase_orders, books.purchase_orders),
        (again.sales_orders, books.sales_orders),
    ):
        assert [(o.id, o.number, o.status, o.total, o.history) for o in one] == [
            (o.id, o.number, o.status, o.total, o.history) for o in other
        ]
    assert [(s.id, s.reference, s.tracking_number, s.stops) for s in again.shipments] == [
        (s.id, s.reference, s.tracking_number, s.stops) for s in books.shipments
    ]


def test_another_seed_yields_other_books() -> None:
    company = foods()
    company = company._replace(orders_per_day=0.2)
    assert simulate(company, TODAY, "a").movements != simulate(company, TODAY, "b").movements


def test_two_years_fit_the_partitions_on_every_day(told: Told) -> None:
    for day in (date(2024, 1, 1) + timedelta(days=number) for number in range(4 * 366)):
        months = day.year * 12 + day.month - 1 - PARTITION_MONTHS_BACK
        assert date(months // 12, months % 12 + 1, 1) <= day - timedelta(days=DAYS), day
    begins = END - timedelta(days=DAYS)
    instants = [movement.occurred_at for movement in told.books.movements]
    instants += [event.created_at for event in told.books.events]
    instants += [fix.timestamp for fix in told.books.fixes]
    instants += [stop.occurred_at for shipment in told.books.shipments for stop in shipment.stops]
    assert begins <= min(instants)
    assert min(instants) < begins + timedelta(days=2)
    assert END - timedelta(days=1) < max(instants) <= END


def test_stock_never_falls_below_zero_and_is_booked_in_order(told: Told) -> None:
    left: Counter[tuple[int, int]] = Counter()
    for movement in told.books.movements:
        left[movement.product, movement.warehouse] += movement.quantity
        assert left[movement.product, movement.warehouse] >= 0, movement
    assert all(a.occurred_at < b.occurred_at for a, b in pairwise(told.books.movements))


def test_reserved_stock_is_on_hand(told: Told) -> None:
    held = Counter[tuple[int, int]]()
    for order in told.books.sales_orders:
        for line in order.lines:
            held[line.product, order.warehouse] += line.reserved
            assert not line.reserved or order.status == "confirmed"
    for hold in told.books.holds:
        held[hold.product, hold.warehouse] += hold.quantity
    assert {hold.kind for hold in told.books.holds} == {"quarantine", "hold"}
    on_hand = told.on_hand
    assert all(quantity <= on_hand[where] for where, quantity in held.items())


def test_orders_change_states_in_chronological_order(told: Told) -> None:
    for order, steps in orders_of(told.books):
        assert order.history[-1].to_status == order.status
        assert order.history[0].from_status is None
        for change in order.history:
            assert change.to_status in steps[change.from_status], order.number
        for one, following in pairwise(order.history):
            assert one.to_status == following.from_status
            assert one.occurred_at <= following.occurred_at, order.number
        assert all(change.occurred_at < END for change in order.history)


def test_lines_agree_with_the_ledger(told: Told) -> None:
    received, sold, returned = (told.moved(kind) for kind in ("goods_receipt", "sale", "customer_return"))
    rejected = told.moved("supplier_return")
    for bought in told.books.purchase_orders:
        for line in bought.lines:
            assert line.received == received.pop((bought.number, line.product), 0)
            assert line.rejected == -rejected.pop((bought.number, line.product), 0)
            assert line.rejected <= line.received <= line.ordered
    for order in told.books.sales_orders:
        for item in order.lines:
            assert item.shipped == -sold.pop((order.number, item.product), 0)
            assert item.returned == returned.pop((order.number, item.product), 0)
            assert item.returned <= item.shipped
            assert item.missing >= 0
    assert not any((received, rejected, sold, returned)), "goods moved for orders that do not exist"


def test_nothing_ships_before_confirmation(told: Told) -> None:
    confirmed = {order.number: reached(order.history, "confirmed") for order in told.books.sales_orders}
    for movement in told.books.movements:
        if movement.kind == "sale":
            at = confirmed[movement.reference or ""]
            assert at is not None
            assert at <= movement.occurred_at


def test_shipments_arrive_after_they_leave_and_carry_what_lines_say(told: Told) -> None:
    delivered: dict[object, int] = defaultdict(int)
    dispatched: dict[object, int] = defaultdict(int)
    for shipment in told.books.shipments:
        happened = {stop.event_type: stop.occurred_at for stop in shipment.stops}
        order = ["created", "picked_up", "departed", "arrived", "out_for_delivery", "delivered"]
        instants = [happened[stop] for stop in order if stop in happened]
        assert instants == sorted(instants), shipment.reference
        assert ("departed" in happened) == (shipment.status in {"in_transit", "delivered"})
        assert ("delivered" in happened) == (shipment.status == "delivered")
        assert ("cancelled" in happened) == (shipment.status == "cancelled")
        if shipment.delivered_on:
            assert shipment.ship_date is not None
            assert shipment.ship_date <= shipment.delivered_on < TODAY
        for line in shipment.lines:
            if line.purchase_line and shipment.status == "delivered":
                delivered[line.purchase_line] += line.quantity
            if line.sales_line:
                dispatched[line.sales_line] += line.quantity
    lines = [line for order in told.books.purchase_orders for line in order.lines]
    assert all(line.received == delivered[line] for line in lines)
    counter = {order.id for order in told.books.sales_orders if order.customer is None}
    for order in told.books.sales_orders:
        for item in order.lines:
            assert item.shipped == (item.ordered if order.id in counter else dispatched[item])


def test_transfers_lose_nothing(told: Told) -> None:
    left, came = told.moved("transfer_out"), told.moved("transfer_in")
    under_way = Counter[tuple[str | None, int]]()
    for shipment in told.books.shipments:
        if shipment.type == "transfer" and shipment.status == "in_transit":
            for line in shipment.lines:
                under_way[shipment.reference, line.product] += line.quantity
    assert under_way
    for transfer, quantity in left.items():
        assert -quantity == came.pop(transfer, 0) + under_way.pop(transfer, 0)
    assert not came
    assert not under_way


def test_positions_belong_to_shipments_in_transit_and_end_at_the_destination(told: Told) -> None:
    shipments = {shipment.id: shipment for shipment in told.books.shipments}
    for fix in told.books.fixes:
        shipment = shipments[fix.shipment]
        assert shipment.departs_at <= fix.timestamp <= min(shipment.arrives_at, END)
        assert (fix.status == "arrived") == (fix.timestamp >= shipment.arrives_at)
        if fix.status == "arrived":
            assert fix.location == shipment.destination.name
    seen = {fix.shipment for fix in told.books.fixes}
    assert all(it.id in seen for it in told.books.shipments if it.status == "in_transit")


def test_production_consumes_its_recipe() -> None:
    told = simulated("foods")
    numbers = {product.sku: number for number, product in enumerate(told.company.products)}
    made, used = told.moved("production"), told.moved("consumption")
    assert len(made) > 1000
    for (order, product), quantity in made.items():
        for sku, in_a_thousand in told.company.products[product].recipe:
            assert -used[order, numbers[sku]] == ceil(in_a_thousand * quantity / 1000)
