"""Daily figures, compared with values computed by hand."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from imsop.analytics.metrics.jobs import DAILY_FIGURES
from imsop.core.jobs import Busy, run_now
from imsop.purchasing.performance.jobs import SUPPLIER_METRICS
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted
from tests.inventory.stock import post, receipt, sale
from tests.states import Line, ago, ahead, purchase_order, sales_order

LOST = (
    "DELETE FROM analytics_metrics"
    " WHERE organization_id = $1 AND (dimension_date < $2 OR metric_name !~ '^stock')"
)
"""Deletes figures that a run killed midway would not have written."""


async def figures(owner: Member, superuser: Any) -> dict[tuple[str, str, int], Decimal]:
    """Figures by name, category and number of days ago."""
    records = await superuser.fetch(
        "SELECT metric_name, dimension_category, dimension_date, metric_value FROM analytics_metrics"
        " WHERE organization_id = $1",
        owner.organization_id,
    )
    return {(name, category, (ago(0) - day).days): value for name, category, day, value in records}


async def moved(owner: Member, product: str, warehouse: str, quantity: int, days_ago: int) -> None:
    make = receipt if quantity > 0 else sale
    movement = make(UUID(product), UUID(warehouse), abs(quantity))
    at = datetime.combine(ago(days_ago), time(10), UTC)
    async with owner.transaction() as connection:
        (posting,) = await post(connection, owner, structs.replace(movement, occurred_at=at))
    assert posting.outcome == "posted"


@pytest.fixture
async def stocked(admin: Member) -> tuple[str, str, str]:
    """Nuts with a cost of 2.00, oils without a cost, and their warehouse, with forty days of movements."""
    nuts = (await factories.product(admin, category="Nuts", unit_cost="2.00"))["id"]
    oils = (await factories.product(admin, category="Oils", unit_cost=None))["id"]
    warehouse = (await factories.warehouse(admin))["id"]
    await moved(admin, nuts, warehouse, 100, 40)
    await moved(admin, oils, warehouse, 50, 40)
    for days_ago in (5, 3):
        await moved(admin, nuts, warehouse, -10, days_ago)
    await moved(admin, oils, warehouse, -50, 2)
    return nuts, oils, warehouse


async def test_stock_and_sales_figures(
    database: TestDatabase, superuser: Any, admin: Member, stocked: tuple[str, str, str]
) -> None:
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    found = await figures(admin, superuser)
    here = f"warehouse:{stocked[2]}"
    expected = {
        ("stock_units", "", 40): 150, ("stock_units", "", 6): 150, ("stock_units", "", 5): 140,
        ("stock_units", "", 3): 130, ("stock_units", "", 1): 80, ("stock_units", here, 1): 80,
        ("stock_units", "category:Nuts", 4): 90, ("stock_units", "category:Oils", 1): 0,
        ("stock_value", "", 3): 160, ("stock_value", "", 1): 160, ("stock_value", "category:Oils", 1): 0,
        ("stock_units_without_cost", "", 3): 50, ("stock_units_without_cost", "", 1): 0,
        ("stock_outs", "", 3): 0, ("stock_outs", "", 2): 1, ("stock_outs", "category:Oils", 1): 1,
        ("units_sold", "", 5): 10, ("units_sold", "", 2): 50, ("units_sold", here, 3): 10,
        ("units_sold", "category:Nuts", 3): 10, ("cost_of_goods_sold", "", 5): 20,
        # 40.00 sold of a mean of (35 * 200 + 2 * 180 + 3 * 160) / 40 = 196.00 in 40 of 365 days
        ("turnover", "", 1): Decimal("1.8622"), ("turnover", "category:Nuts", 1): Decimal("1.8622"),
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    unknown = {
        ("stock_value", "category:Oils", 3), ("cost_of_goods_sold", "", 2), ("units_sold", "", 4),
        ("turnover", "", 12), ("days_of_supply", "", 1), ("stock_units", "", 0), ("stock_units", "", 41),
    }  # fmt: skip
    assert not unknown & found.keys()


async def test_categories_with_the_same_first_91_characters_are_merged(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    warehouse = (await factories.warehouse(admin))["id"]
    for end in "ab":
        product = (await factories.product(admin, category="x" * 99 + end))["id"]
        await moved(admin, product, warehouse, 10, 5)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    assert (await figures(admin, superuser))["stock_units", "category:" + "x" * 91, 1] == 20


async def test_days_of_supply_use_the_sales_of_ninety_days(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    product = (await factories.product(admin, unit_cost="4.00"))["id"]
    warehouse = (await factories.warehouse(admin))["id"]
    await moved(admin, product, warehouse, 1000, 100)
    await moved(admin, product, warehouse, -90, 95)  # outside of the ninety days that end yesterday
    await moved(admin, product, warehouse, -180, 50)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    found = await figures(admin, superuser)
    assert found["days_of_supply", "", 1] == 365  # 730 units at 2 a day
    assert ("days_of_supply", "", 12) not in found  # not known for ninety days


async def test_orders_and_lines_of_both_sides(database: TestDatabase, superuser: Any, admin: Member) -> None:
    supplier = (await factories.supplier(admin))["id"]
    customer = (await factories.customer(admin))["id"]
    product = (await factories.product(admin, category="Nuts"))["id"]
    bought = [
        Line(product, 10, 10, promised=ago(10), done_on=ago(12)),
        Line(product, 10, 10, promised=ago(10), done_on=ago(8)),
        Line(product, 10, 0, promised=ago(10)),
        Line(product, 10, 0, promised=ahead(10)),
    ]
    await purchase_order(admin, supplier, "confirmed", *bought)
    await purchase_order(admin, supplier, "draft", *bought[2:])
    sold = [
        Line(product, 4, 4, promised=ago(3), done_on=ago(3)),
        Line(product, 4, 1, promised=ago(3)),
    ]
    await sales_order(admin, customer, "confirmed", *sold)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    found = await figures(admin, superuser)
    expected = {
        ("purchase_orders", "", 30): 1, ("purchase_value", "currency:EUR", 30): 100,
        ("purchase_lines", "", 30): 4, ("purchase_lines", "category:Nuts", 30): 4,
        ("purchase_lines_due", "", 10): 3, ("purchase_lines_on_time", "", 10): 1,
        ("purchase_lines_in_full", "", 10): 2, ("purchase_lines_on_time_in_full", "", 10): 1,
        ("purchase_fill_rate", "", 10): Decimal("0.6667"),
        ("sales_orders", "", 30): 1, ("sales_value", "currency:EUR", 30): 20, ("sales_lines", "", 30): 2,
        ("sales_lines_due", "", 3): 2, ("sales_lines_on_time", "", 3): 1, ("sales_lines_in_full", "", 3): 1,
        ("sales_lines_on_time_in_full", "", 3): 1, ("sales_fill_rate", "", 3): Decimal("0.6250"),
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    assert {days for name, category, days in found if name == "purchase_lines_due"} == {10}  # none to come


async def test_a_second_run_is_idempotent_and_includes_backdated_movements(
    database: TestDatabase, superuser: Any, admin: Member, stocked: tuple[str, str, str]
) -> None:
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    first = await figures(admin, superuser)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    assert await figures(admin, superuser) == first
    await moved(admin, stocked[0], stocked[2], 7, 20)  # backdated
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    again = await figures(admin, superuser)
    assert again["stock_units", "", 20] == first["stock_units", "", 20] + 7
    assert again["stock_units", "", 21] == first["stock_units", "", 21]


async def test_a_second_attempt_resumes_where_the_first_ended(
    database: TestDatabase,
    superuser: Any,
    admin: Member,
    stocked: tuple[str, str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imsop.analytics.metrics.jobs.CHUNK_DAYS", 10)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    finished = (
        "SELECT max(created_at) FROM analytics_metrics WHERE organization_id = $1 AND dimension_date = $2"
    )
    whole = await figures(admin, superuser)
    await superuser.execute(LOST, admin.organization_id, ago(20))  # as if it had been killed then
    before = await superuser.fetchval(finished, admin.organization_id, ago(5))
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id, attempt=2)
    assert (
        await superuser.fetchval(finished + " AND metric_name = 'stock_units'", admin.organization_id, ago(5))
        == before
    )
    assert await figures(admin, superuser) == whole
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    assert await superuser.fetchval(finished, admin.organization_id, ago(5)) > before


async def test_a_first_run_that_is_interrupted_is_still_the_first(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    product = (await factories.product(admin, unit_cost="1"))["id"]
    warehouse = (await factories.warehouse(admin))["id"]
    await moved(admin, product, warehouse, 10, 200)
    await moved(admin, product, warehouse, -4, 150)
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id)
    whole = await figures(admin, superuser)
    await superuser.execute(LOST, admin.organization_id, ago(107))  # the fourth month begins then
    await run_now(database.installation, DAILY_FIGURES, admin.organization_id, attempt=2)
    assert await figures(admin, superuser) == whole
    assert whole["units_sold", "", 150] == 4


async def test_figures_wait_for_daily_balances(database: TestDatabase, superuser: Any, admin: Member) -> None:
    async with superuser.transaction():
        await superuser.execute(
            "SELECT id FROM organizations WHERE id = $1 FOR NO KEY UPDATE", admin.organization_id
        )
        with pytest.raises(Busy):
            await run_now(database.installation, DAILY_FIGURES, admin.organization_id)


@pytest.mark.parametrize(("lines", "rating"), [(5, "3.00"), (4, "1.50")])
async def test_a_rating_needs_five_lines_due(
    database: TestDatabase, admin: Member, lines: int, rating: str
) -> None:
    supplier = (await factories.supplier(admin, rating="1.50"))["id"]
    product = (await factories.product(admin))["id"]
    kept = Line(product, 10, 10, promised=ago(10), done_on=ago(11))
    broken = Line(product, 10, 10, promised=ago(10), done_on=ago(9))
    await purchase_order(admin, supplier, "received", *[kept, kept, kept, broken, broken][:lines])
    await run_now(database.installation, SUPPLIER_METRICS, admin.organization_id)
    assert accepted(await admin.get(f"suppliers/{supplier}"))["rating"] == rating
    (quarter,) = accepted(await admin.get(f"suppliers/{supplier}/metrics"))["items"]
    assert quarter["lines_due"] == lines


async def test_figures_are_of_the_jobs_organization_only(
    database: TestDatabase, superuser: Any, admin: Member, stranger: Member, stocked: tuple[str, str, str]
) -> None:
    await run_now(database.installation, DAILY_FIGURES, stranger.organization_id)
    assert await figures(stranger, superuser) == {}
    assert await figures(admin, superuser) == {}
