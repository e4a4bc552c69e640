"""Concurrency tests of the locks in post_movements and reserve_stock."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from imsop.core import tenancy
from imsop.core.database import Connection
from imsop.inventory.reservations import queries
from tests.conftest import TestDatabase
from tests.factories import Member, connected
from tests.inventory import stock

RIVALS = 16


async def race(
    database: TestDatabase, owner: Member, tasks: int, task: Callable[[Connection, int], Awaitable[bool]]
) -> int:
    """Runs the tasks on sixteen connections, each in a transaction; returns the number of successes."""
    waiting = list(range(tasks))
    start = asyncio.Barrier(RIVALS)

    async def rival() -> int:
        succeeded = 0
        async with connected(database.app_dsn) as connection:
            await start.wait()
            while waiting:
                number = waiting.pop()
                await tenancy.begin(connection, owner.tenant)
                succeeded += await task(connection, number)
                await connection.execute("COMMIT")
        return succeeded

    return sum(await asyncio.gather(*(rival() for _ in range(RIVALS))))


async def test_of_a_hundred_units_and_five_hundred_buyers_each_unit_is_sold_once(
    database: TestDatabase, admin: Member
) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 100)

    async def sell_one(connection: Connection, _: int) -> bool:
        (posting,) = await stock.post(connection, admin, stock.sale(product_id, warehouse_id, 1))
        return posting.outcome == "posted"

    assert await race(database, admin, 500, sell_one) == 100
    async with admin.transaction() as connection:
        assert await stock.quantities(connection, admin, inventory_id) == (0, 0)
        assert await stock.findings(connection) == []


async def test_two_buyers_cannot_reserve_the_last_unit(database: TestDatabase, admin: Member) -> None:
    _, _, inventory_id = await stock.shelf(admin, 100)

    async def hold_one(connection: Connection, _: int) -> bool:
        return await stock.reserve(connection, admin, inventory_id, 1) is not None

    assert await race(database, admin, 500, hold_one) == 100
    async with admin.transaction() as connection:
        assert await stock.quantities(connection, admin, inventory_id) == (100, 100)
        assert await stock.findings(connection) == []


async def test_lines_in_any_order_neither_deadlock_nor_lose_units(
    database: TestDatabase, admin: Member
) -> None:
    shelves = [await stock.shelf(admin, 40) for _ in range(6)]
    dice = random.Random(7)
    baskets = [dice.sample(shelves, 4) for _ in range(200)]

    async def sell_basket(connection: Connection, number: int) -> bool:
        lines = [stock.sale(product_id, warehouse_id, 1) for product_id, warehouse_id, _ in baskets[number]]
        return all(posting.outcome == "posted" for posting in await stock.post(connection, admin, *lines))

    sold = await race(database, admin, len(baskets), sell_basket)
    async with admin.transaction() as connection:
        left = [await stock.quantities(connection, admin, inventory_id) for _, _, inventory_id in shelves]
        assert sum(on_hand for on_hand, _ in left) == 6 * 40 - 4 * sold
        assert min(on_hand for on_hand, _ in left) == 0
        assert await stock.findings(connection) == []


async def test_concurrent_first_receipts_create_one_balance(database: TestDatabase, admin: Member) -> None:
    product_id, _, _ = await stock.shelf(admin)
    _, warehouse_id, _ = await stock.shelf(admin)

    async def receive_one(connection: Connection, _: int) -> bool:
        (posting,) = await stock.post(connection, admin, stock.receipt(product_id, warehouse_id, 1))
        return posting.outcome == "posted"

    assert await race(database, admin, 48, receive_one) == 48
    async with admin.transaction() as connection:
        opened = await connection.fetch(
            """
            SELECT quantity_on_hand FROM inventory
            WHERE organization_id = $1 AND product_id = $2 AND warehouse_id = $3
            """,
            admin.organization_id,
            product_id,
            warehouse_id,
        )
        assert [record["quantity_on_hand"] for record in opened] == [48]


async def test_a_reservation_is_consumed_or_released_never_both(
    database: TestDatabase, admin: Member
) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 60)
    held: list[UUID] = []
    async with admin.transaction() as connection:
        for _ in range(60):
            reservation_id = await stock.reserve(connection, admin, inventory_id, 1)
            assert reservation_id is not None
            held.append(reservation_id)

    async def draw_or_release(connection: Connection, number: int) -> bool:
        reservation_id = held[number // 2]
        if number % 2:
            released = await queries.release_reservations(connection, admin.organization_id, [reservation_id])
            return len(released) == 1
        (posting,) = await stock.post(
            connection, admin, stock.sale(product_id, warehouse_id, 1, reservation_id)
        )
        return posting.outcome == "posted"

    assert await race(database, admin, 120, draw_or_release) == 60
    async with admin.transaction() as connection:
        _, reserved = await stock.quantities(connection, admin, inventory_id)
        assert reserved == 0
        assert await stock.findings(connection) == []


@pytest.mark.parametrize("statements_before_the_crash", [1, 2, 3, 4])
async def test_a_crash_between_any_statements_leaves_balance_and_ledger_equal(
    database: TestDatabase, superuser: Any, admin: Member, statements_before_the_crash: int
) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    async with connected(database.app_dsn) as connection:
        await tenancy.begin(connection, admin.tenant)
        reservation_id: UUID | None = None
        for statement in range(statements_before_the_crash):
            match statement:
                case 0:
                    await stock.post(connection, admin, stock.receipt(product_id, warehouse_id, 5))
                case 1:
                    reservation_id = await stock.reserve(connection, admin, inventory_id, 3)
                case 2:
                    sold = stock.sale(product_id, warehouse_id, 2, reservation_id)
                    await stock.post(connection, admin, sold)
                case _:
                    await queries.release_reservations(connection, admin.organization_id, [reservation_id])  # type: ignore[list-item]
        assert await superuser.fetchval("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
        connection.terminate()
    async with admin.transaction() as survivor:
        assert await stock.quantities(survivor, admin, inventory_id) == (10, 0)
        assert await stock.findings(survivor) == []
