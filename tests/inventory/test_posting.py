from uuid import UUID, uuid4

import asyncpg
import pytest

from imsop.inventory.ledger import queries as ledger_queries
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from imsop.inventory.stock import queries as stock_queries
from tests.factories import Member
from tests.inventory import stock


async def test_a_posting_appends_to_the_ledger_and_changes_the_balance(admin: Member) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        postings = await stock.post(
            connection,
            admin,
            stock.sale(product_id, warehouse_id, 4),
            stock.receipt(product_id, warehouse_id, 1),
        )
        assert [(posting.outcome, posting.line, posting.balance_after) for posting in postings] == [
            ("posted", 1, 6),
            ("posted", 2, 7),
        ]
        assert await stock.quantities(connection, admin, inventory_id) == (7, 0)
        assert await stock.findings(connection) == []


async def test_all_lines_are_posted_or_none(admin: Member) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    other_product, other_warehouse, other_balance = await stock.shelf(admin, 5)
    async with admin.transaction() as connection:
        (short,) = await stock.post(
            connection,
            admin,
            stock.sale(product_id, warehouse_id, 3),
            stock.sale(other_product, other_warehouse, 6),
        )
        assert (short.outcome, short.line, short.inventory_id, short.available) == (
            "short",
            2,
            other_balance,
            5,
        )
        assert await stock.quantities(connection, admin, inventory_id) == (10, 0)
        assert await stock.findings(connection) == []


async def test_stock_may_not_be_negative_between_two_lines(admin: Member) -> None:
    product_id, warehouse_id, _ = await stock.shelf(admin, 2)
    async with admin.transaction() as connection:
        outcomes = await stock.post(
            connection,
            admin,
            stock.sale(product_id, warehouse_id, 3),
            stock.receipt(product_id, warehouse_id, 5),
        )
        assert [posting.outcome for posting in outcomes] == ["short"]


async def test_reserved_stock_is_not_sold_to_others(admin: Member) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        reservation_id = await stock.reserve(connection, admin, inventory_id, 7)
        (short,) = await stock.post(connection, admin, stock.sale(product_id, warehouse_id, 4))
        assert (short.outcome, short.available) == ("short", 3)
        (posted,) = await stock.post(
            connection, admin, stock.sale(product_id, warehouse_id, 5, reservation_id)
        )
        assert posted.outcome == "posted"
        assert await stock.quantities(connection, admin, inventory_id) == (5, 2)
        assert await stock.findings(connection) == []


async def test_a_consumed_reservation_is_deleted(admin: Member) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        reservation_id = await stock.reserve(connection, admin, inventory_id, 7)
        await stock.post(connection, admin, stock.sale(product_id, warehouse_id, 7, reservation_id))
        assert await stock.quantities(connection, admin, inventory_id) == (3, 0)
        (unheld,) = await stock.post(
            connection, admin, stock.sale(product_id, warehouse_id, 1, reservation_id)
        )
        assert (unheld.outcome, unheld.available) == ("unheld", 0)


async def test_a_reservation_of_another_balance_cannot_be_consumed(admin: Member) -> None:
    _, _, inventory_id = await stock.shelf(admin, 10)
    product_id, warehouse_id, _ = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        reservation_id = await stock.reserve(connection, admin, inventory_id, 7)
        (unheld,) = await stock.post(
            connection, admin, stock.sale(product_id, warehouse_id, 1, reservation_id)
        )
        assert unheld.outcome == "unheld"


async def test_released_stock_is_available_again_and_released_once(admin: Member) -> None:
    _, _, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        assert await stock.reserve(connection, admin, inventory_id, 11) is None
        reservation_id = await stock.reserve(connection, admin, inventory_id, 10)
        assert reservation_id is not None
        first = await reservations_queries.release_reservations(
            connection, admin.organization_id, [reservation_id]
        )
        again = await reservations_queries.release_reservations(
            connection, admin.organization_id, [reservation_id]
        )
        assert [released.quantity for released in first] == [10]
        assert again == []
        assert await stock.quantities(connection, admin, inventory_id) == (10, 0)


async def test_a_count_sets_the_balances_last_counted(admin: Member) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    async with admin.transaction() as connection:
        await stock.post(
            connection, admin, Movement(product_id, warehouse_id, -1, "adjustment", "count", reason="a test")
        )
        balance = await stock_queries.get_balance(connection, admin.organization_id, inventory_id)
        assert balance is not None
        assert balance.last_counted is not None


@pytest.mark.parametrize(
    "movement_of",
    [
        lambda product, warehouse: Movement(product, warehouse, -1, "receipt", "goods_receipt"),
        lambda product, warehouse: Movement(product, warehouse, 1, "receipt", "sale"),
        lambda product, warehouse: Movement(product, warehouse, 0, "adjustment", "count", reason="a test"),
    ],
    ids=["a receipt that takes", "a sale as receipt", "nothing"],
)
async def test_the_ledger_refuses_a_movement_that_contradicts_its_kind(admin: Member, movement_of) -> None:  # type: ignore[no-untyped-def]
    product_id, warehouse_id, _ = await stock.shelf(admin, 10)
    with pytest.raises(asyncpg.CheckViolationError):
        async with admin.transaction() as connection:
            await stock.post(connection, admin, movement_of(product_id, warehouse_id))


async def test_stock_beyond_the_range_of_its_column_is_refused(admin: Member) -> None:
    product_id, warehouse_id, _ = await stock.shelf(admin, 2_147_483_647)
    with pytest.raises(asyncpg.NumericValueOutOfRangeError):
        async with admin.transaction() as connection:
            await stock.post(connection, admin, stock.receipt(product_id, warehouse_id, 1))


async def test_products_of_another_organization_cannot_be_moved(admin: Member, stranger: Member) -> None:
    product_id, _, _ = await stock.shelf(admin, 10)
    _, own_warehouse, _ = await stock.shelf(stranger, 10)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with stranger.transaction() as connection:
            await stock.post(connection, stranger, stock.receipt(product_id, own_warehouse, 1))


async def test_stock_functions_serve_only_the_transactions_organization(
    admin: Member, stranger: Member
) -> None:
    product_id, warehouse_id, inventory_id = await stock.shelf(admin, 10)
    movement = stock.sale(product_id, warehouse_id, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with stranger.transaction() as connection:
            await ledger_queries.post_movements(connection, admin.organization_id, [movement], None)
    async with stranger.transaction() as connection:
        (short,) = await reservations_queries.reserve_stock(
            connection, admin.organization_id, [Wish(inventory_id, 1, "hold", reason="a test")], None
        )
        assert short.outcome == "short"
        assert (
            await reservations_queries.release_reservations(connection, admin.organization_id, [uuid4()])
            == []
        )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO inventory_transactions (organization_id) VALUES ($1)",
        "UPDATE inventory_transactions SET quantity = 1 WHERE organization_id = $1",
        "DELETE FROM inventory_transactions WHERE organization_id = $1",
        "TRUNCATE inventory_transactions",
        "UPDATE inventory SET quantity_on_hand = 1 WHERE organization_id = $1",
        "INSERT INTO inventory (organization_id) VALUES ($1)",
        "DELETE FROM inventory_reservations WHERE organization_id = $1",
        "SELECT lock_balances($1, '{}')",
    ],
)
async def test_stock_cannot_be_written_directly(admin: Member, statement: str) -> None:
    arguments: list[UUID] = [admin.organization_id] if "$1" in statement else []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with admin.transaction() as connection:
            await connection.execute(statement, *arguments)
