"""Trends of the control tower's figures: past values derived from the changes since."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from imsop.inventory.days.jobs import keep_daily_stock
from imsop.sales.demand.queries import StatusChanges
from imsop.web.pages.analytics import figures
from imsop.web.pages.analytics.figures import Figure, ends_of_stretches, in_state
from tests import factories, states
from tests.factories import Member
from tests.inventory.stock import post, receipt, sale
from tests.pages.browsing import signed_in
from tests.states import Line, ago, noon, purchase_order, sales_order, shipment


def ends() -> list[date]:
    return ends_of_stretches(ago(0))


async def bought(superuser: Any, admin: Member, supplier: str, expected: date, **days_ago: int) -> None:
    """A purchase order, expected then, that came into each of these states so many days ago."""
    line = Line((await factories.product(admin))["id"])
    *_, status = days_ago
    order = await purchase_order(admin, supplier, status, line, expected=expected, order_date=ago(70))
    at = {status: noon(ago(days)) for status, days in days_ago.items()}
    await states.happened(superuser, admin, "purchase_orders", order, **at)


def test_a_change_compares_with_a_month_ago() -> None:
    before = [None, None, 3, 4, 5, 8, 7, 6]
    figure = Figure(10, before)
    assert figure.course == [3, 4, 5, 8, 7, 6, 10]
    assert figure.change == 2
    assert figure.change_share == 0.25
    assert len(ends()) == len(before)
    assert ends()[-3] == ago(30)


@pytest.mark.parametrize(("now", "then"), [(10, None), (10, 0)])
def test_a_change_from_none_or_zero_has_no_percentage(now: int, then: int | None) -> None:
    figure = Figure(now, [then] * 8)
    assert figure.change_share is None
    assert figure.change == (None if then is None else 10)


def test_past_orders_in_a_state_are_derived_from_changes_since() -> None:
    changes = [
        StatusChanges(1, "draft", "confirmed", 4),
        StatusChanges(2, "confirmed", "shipped", 3),
        StatusChanges(2, None, "draft", 1),
    ]
    assert in_state("confirmed", 6, changes, 2) == [6 - 4 + 3, 6 + 3]
    assert in_state("draft", 2, changes, 2) == [2 + 4 - 1, 2 - 1]
    assert in_state("cancelled", 2, changes, 2) == [2, 2]


async def test_past_stock_equals_the_daily_totals(admin: Member, stranger: Member) -> None:
    product = UUID((await factories.product(admin, unit_cost="2.50", reorder_level=5))["id"])
    warehouse = UUID((await factories.warehouse(admin))["id"])
    async with admin.transaction() as connection:
        await post(
            connection,
            admin,
            structs.replace(receipt(product, warehouse, 10), occurred_at=noon(ago(60))),
            structs.replace(sale(product, warehouse, 6), occurred_at=noon(ago(45))),
            structs.replace(sale(product, warehouse, 4), occurred_at=noon(ago(25))),
            receipt(product, warehouse, 7),
        )
        await keep_daily_stock(connection, admin.organization_id)
        found = await figures.stock(connection, await admin.actor(), ends())
    assert found is not None
    assert [*found.on_hand.before, found.on_hand.now] == [None, None, 10, 10, 4, 4, 0, 0, 7]
    assert found.value.before[4] == Decimal(10)
    assert found.out == 0
    page = await (await signed_in(admin)).get("/")
    assert 'tone-active toned">+75.0% in 30 days' in page.text  # from 4 units to 7, and their value
    async with stranger.transaction() as connection:
        theirs = await figures.stock(connection, await stranger.actor(), ends())
    assert theirs is not None
    assert theirs.on_hand == Figure(0, [None] * 8)


async def test_purchase_orders_were_open_from_submission_to_their_end(superuser: Any, admin: Member) -> None:
    supplier = (await factories.supplier(admin))["id"]
    came = {"draft": 66, "submitted": 55, "confirmed": 52, "shipped": 48, "received": 15}
    await bought(superuser, admin, supplier, ago(36), **came)
    await bought(superuser, admin, supplier, ago(10), draft=35, submitted=35, confirmed=34)
    await bought(superuser, admin, supplier, ago(50), draft=60, cancelled=40)
    async with admin.transaction() as connection:
        found = await figures.purchasing(connection, await admin.actor(), ends())
    assert found is not None
    # Eighty, seventy … ten days ago, and now.
    assert [*found.before, found.now] == [0, 0, 0, 1, 1, 2, 2, 1, 1]


async def test_sales_orders_were_in_the_states_that_they_have_left_since(
    superuser: Any, admin: Member
) -> None:
    shipped = await sales_order(admin, None, "shipped")
    at = {"draft": noon(ago(75)), "confirmed": noon(ago(55)), "shipped": noon(ago(15))}
    await states.happened(superuser, admin, "sales_orders", shipped, **at)
    async with admin.transaction() as connection:
        found = await figures.sales(connection, await admin.actor(), ends())
    assert found is not None
    assert [*found["draft"].before, found["draft"].now] == [0, 1, 1, 0, 0, 0, 0, 0, 0]
    assert [*found["confirmed"].before, found["confirmed"].now] == [0, 0, 0, 1, 1, 1, 1, 0, 0]
    assert [*found["shipped"].before, found["shipped"].now] == [0, 0, 0, 0, 0, 0, 0, 1, 1]


async def test_shipments_were_in_transit_from_departure_to_arrival(admin: Member) -> None:
    await shipment(admin, "in_transit", ship_date=f"{ago(30)}")
    await shipment(admin, "delivered", ship_date=f"{ago(65)}", delivered=ago(20))
    await shipment(admin, "cancelled", ship_date=f"{ago(65)}")
    async with admin.transaction() as connection:
        transit = await figures.transit(connection, await admin.actor(), ago(0), ends())
    assert transit is not None
    assert [*transit.moving.before, transit.moving.now] == [0, 0, 1, 1, 1, 2, 1, 1, 1]
