"""Stock by day: exact whether or not the job has run."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs
from msgspec.structs import astuple

from imsop.core.database import Connection
from imsop.core.jobs import run_for_all
from imsop.core.listing import PageRequest
from imsop.inventory.days import queries as days_queries
from imsop.inventory.days.jobs import DAILY_STOCK, keep_daily_stock
from imsop.inventory.days.queries import AsOf
from imsop.inventory.stock import queries as stock_queries
from imsop.inventory.stock.queries import STOCK_AS_OF
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.inventory.stock import findings, post, receipt, sale

ZONE = "Asia/Tokyo"
FIRST, DAYS = date(2026, 3, 1), 40  # more than the job sums at a time
COST, LEVEL = Decimal("2.50"), 30


class Moved(NamedTuple):
    balance: tuple[UUID, UUID]
    """Product and warehouse."""
    quantity: int
    day: date


class Books:
    """Two products in two warehouses with all their movements, as a model to compare with."""

    def __init__(self, owner: Member, products: list[UUID], warehouses: list[UUID]) -> None:
        self.owner, self.products, self.warehouses = owner, products, warehouses
        self.balances = [(product, warehouse) for product in products for warehouse in warehouses]
        self.moved: list[Moved] = []

    async def move(self, connection: Connection, quantity: int, balance: int, instant: datetime) -> None:
        where = self.balances[balance]
        movement = receipt(*where, quantity) if quantity > 0 else sale(*where, -quantity)
        (posting,) = await post(connection, self.owner, structs.replace(movement, occurred_at=instant))
        if posting.outcome != "posted":  # stock would have been below zero at some time since
            return
        self.moved.append(Moved(where, quantity, instant.astimezone(ZoneInfo(ZONE)).date()))

    def stood(self, day: date) -> dict[tuple[UUID, UUID], int]:
        """Stock at the end of the day of each balance with an entry by then."""
        held = Counter[tuple[UUID, UUID]]()
        for balance, quantity, moved_on in self.moved:
            if moved_on <= day:
                held[balance] += quantity
        return dict(held)

    def of_warehouse(self, warehouse: UUID, day: date) -> int:
        return sum(units for (_, where), units in self.stood(day).items() if where == warehouse)


@pytest.fixture
async def books(admin: Member) -> Books:
    products = [await factories.product(admin, unit_cost=str(COST), reorder_level=LEVEL) for _ in range(2)]
    warehouses = [await factories.warehouse(admin) for _ in range(2)]
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE organizations SET timezone = $2 WHERE id = $1", admin.organization_id, ZONE
        )
    return Books(admin, [UUID(row["id"]) for row in products], [UUID(row["id"]) for row in warehouses])


async def require_agreement(connection: Connection, books: Books) -> None:
    """Every query of every day of the period agrees with the model."""
    organization_id = books.owner.organization_id
    days = [FIRST + timedelta(days=number) for number in range(-2, DAYS + 2)]
    for day in days:
        page = await STOCK_AS_OF.page(connection, organization_id, PageRequest("sku"), *AsOf(day, ZONE))
        assert {(row.product_id, row.warehouse_id): row.on_hand for row in page.items} == books.stood(day)
    for warehouse in books.warehouses:
        held = await stock_queries.list_most_valuable_stock(
            connection, organization_id, warehouse, AsOf(days[-1], ZONE), 1
        )
        assert (held[0].all_on_hand if held else 0) == books.of_warehouse(warehouse, days[-1])
    course = await days_queries.list_product_days(
        connection, organization_id, books.products[0], days[0], days[-1], ZONE
    )
    assert [point.on_hand for point in course] == [
        sum(units for (product, _), units in books.stood(day).items() if product == books.products[0])
        for day in days
    ]
    assert await findings(connection) == []


async def require_kept(connection: Connection, books: Books) -> None:
    """The totals of every day agree with the model, once the job has run."""
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    totals = await days_queries.list_totals(connection, books.owner.organization_id, days)
    for day, kept in zip(days, totals, strict=True):
        stood = books.stood(day)
        if stood:
            units = sum(stood.values())
            assert astuple(kept) == (day, units, units * COST)
        else:
            assert astuple(kept) == (day, None, None)
    for warehouse in books.warehouses:
        course = await days_queries.list_warehouse_days(
            connection, books.owner.organization_id, warehouse, days[0], days[-1]
        )
        assert [point.on_hand for point in course] == [
            books.of_warehouse(warehouse, point.day) for point in course
        ]


@pytest.mark.parametrize("seed", range(4))
async def test_every_day_is_exact_with_backdated_movements_and_job_runs_at_any_time(
    admin: Member, books: Books, seed: int
) -> None:
    chance = Random(seed)
    begin = datetime.combine(FIRST, datetime.min.time(), ZoneInfo(ZONE))
    async with admin.transaction() as connection:
        for _ in range(4):
            for _ in range(chance.randint(1, 6)):
                balance = chance.randrange(len(books.balances))
                held = books.stood(date.max).get(books.balances[balance], 0)
                quantity = chance.choice([chance.randint(1, 60), -held, -(held // 2)])
                instant = begin + timedelta(minutes=chance.randrange(DAYS * 24 * 60))
                if quantity:
                    await books.move(connection, quantity, balance, instant)
            await require_agreement(connection, books)
            await keep_daily_stock(connection, admin.organization_id)
            await require_agreement(connection, books)
            await require_kept(connection, books)
            assert await keep_daily_stock(connection, admin.organization_id) == 0


async def test_changing_the_timezone_recomputes_days(admin: Member, books: Books) -> None:
    evening = datetime(2026, 3, 4, 20, tzinfo=UTC)  # the fifth in Tokyo
    async with admin.transaction() as connection:
        await books.move(connection, 7, 0, evening)
        await keep_daily_stock(connection, admin.organization_id)
        for zone, day in ((ZONE, 5), ("America/New_York", 4)):
            await connection.execute(
                "UPDATE organizations SET timezone = $2 WHERE id = $1", admin.organization_id, zone
            )
            await keep_daily_stock(connection, admin.organization_id)
            kept = await connection.fetch(
                "SELECT day, quantity_on_hand FROM inventory_daily_balances WHERE organization_id = $1",
                admin.organization_id,
            )
            assert [tuple(row) for row in kept] == [(date(2026, 3, day), 7)]
            assert await findings(connection) == []


async def test_a_repeated_hour_after_midnight_belongs_to_one_day(admin: Member, books: Books) -> None:
    """On the Azores, where summer time ends at 01:00."""
    zone, product = "Atlantic/Azores", books.products[0]
    async with admin.transaction() as connection:
        await connection.execute(
            "UPDATE organizations SET timezone = $2 WHERE id = $1", admin.organization_id, zone
        )
        for quantity, hour, held in ((7, 0, 7), (5, 1, 12)):  # 00:30, twice
            await books.move(connection, quantity, 0, datetime(2025, 10, 26, hour, 30, tzinfo=UTC))
            for _ in range(2):
                course = await days_queries.list_product_days(
                    connection, admin.organization_id, product, date(2025, 10, 25), date(2025, 10, 27), zone
                )
                assert [point.on_hand for point in course] == [0, held, held]
                assert await findings(connection) == []
                await keep_daily_stock(connection, admin.organization_id)
            assert await keep_daily_stock(connection, admin.organization_id) == 0


async def test_concurrent_runs_are_serialized(admin: Member, books: Books) -> None:
    async with admin.transaction() as first:
        await books.move(first, 7, 0, datetime(2026, 3, 4, tzinfo=UTC))
    async with admin.transaction() as first, admin.transaction() as second:
        assert (await keep_daily_stock(first, admin.organization_id) or 0) > 0
        assert await asyncio.wait_for(keep_daily_stock(second, admin.organization_id), 5) is None
    async with admin.transaction() as connection:
        assert await keep_daily_stock(connection, admin.organization_id) == 0


async def test_the_job_processes_every_organization(
    database: TestDatabase, admin: Member, stranger: Member, books: Books
) -> None:
    async with admin.transaction() as connection:
        await books.move(connection, 7, 0, datetime(2026, 3, 4, tzinfo=UTC))
    theirs = await factories.product(stranger), await factories.warehouse(stranger)
    async with stranger.transaction() as connection:
        await post(connection, stranger, receipt(UUID(theirs[0]["id"]), UUID(theirs[1]["id"]), 5))
    await run_for_all(database.installation, DAILY_STOCK)
    for member, units in ((admin, 7), (stranger, 5)):
        async with member.transaction() as connection:
            (total,) = await days_queries.list_totals(connection, member.organization_id, [date(2199, 1, 1)])
        assert total.on_hand == units


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (
            "UPDATE inventory_daily_balances SET quantity_on_hand = 8 WHERE organization_id = $1",
            "end of 2026-03-04: kept 8, ledger 7",
        ),
        (
            "UPDATE warehouse_daily_totals SET quantity_on_hand = 8 WHERE organization_id = $1",
            "end of 2026-03-04: kept 8, balances 7",
        ),
        (
            "DELETE FROM warehouse_daily_totals WHERE organization_id = $1",
            "end of 2026-03-04: kept , balances 7",
        ),
    ],
)
async def test_the_doctor_finds_a_day_that_differs_from_its_ledger(
    admin: Member, books: Books, wrong: str, problem: str
) -> None:
    async with admin.transaction() as connection:
        await books.move(connection, 7, 0, datetime(2026, 3, 4, tzinfo=UTC))
        await keep_daily_stock(connection, admin.organization_id)
        await connection.execute("SAVEPOINT kept")
        await connection.execute(wrong, admin.organization_id)
        assert problem in [finding.problem for finding in await findings(connection)]
        await connection.execute("ROLLBACK TO kept")
