"""Progress of order lines, written together with the ledger; backdated entries."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from imsop.core.database import Connection
from imsop.inventory.ledger.models import Movement
from imsop.inventory.ledger.rules import MovementKind, TransactionType
from imsop.inventory.reservations import queries as reservations_queries
from imsop.inventory.reservations.models import Wish
from tests import states
from tests.conftest import TestDatabase
from tests.factories import Member
from tests.inventory import stock
from tests.inventory.stock import Ordered, ordered
from tests.inventory.test_races import race

NOW = datetime.now(UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


async def line_of(admin: Member, order: Ordered) -> tuple[int, ...]:
    """Ordered, reserved, shipped and returned quantities of a sales order's only line."""
    (line,) = (await admin.read(f"sales-orders/{order.id}"))["items"]
    return tuple(line[f"quantity_{what}"] for what in ("ordered", "reserved", "shipped", "returned"))


async def test_receipts_update_the_purchase_order_line(admin: Member) -> None:
    product, warehouse, _ = await stock.shelf(admin, 1)
    order = await ordered(admin, "purchase-orders", product)
    (line,) = order.lines
    before = (await admin.read(f"purchase-orders/{order.id}"))["updated_at"]
    async with admin.transaction() as connection:
        moves: list[tuple[int, TransactionType, MovementKind]] = [
            (8, "receipt", "goods_receipt"),
            (-2, "return", "supplier_return"),
            (-1, "adjustment", "reversal"),
        ]
        for quantity, type_, kind in moves:
            moved = Movement(product, warehouse, quantity, type_, kind, purchase_order_item_id=line)
            await states.post(connection, admin, moved)
        assert await stock.findings(connection) == []
        kept: tuple[int, int] = await connection.fetchrow(
            "SELECT quantity_received, quantity_returned FROM purchase_order_items WHERE id = $1", line
        )
    assert tuple(kept) == (7, 2)
    assert (await admin.read(f"purchase-orders/{order.id}"))["updated_at"] > before


async def test_shipments_update_the_sales_order_line(admin: Member) -> None:
    product, warehouse, balance = await stock.shelf(admin, 20)
    order = await ordered(admin, "sales-orders", product)
    (line,) = order.lines
    async with admin.transaction() as connection:
        held = await reservations_queries.reserve_stock(
            connection,
            admin.organization_id,
            [Wish(balance, 4, "sales_order", line), Wish(balance, 3, "sales_order", line)],
            admin.user_id,
        )
        moves: list[tuple[int, TransactionType, MovementKind, UUID | None]] = [
            (-4, "shipment", "sale", held[0].id),
            (-2, "shipment", "sale", None),
            (1, "adjustment", "reversal", None),
            (1, "return", "customer_return", None),
        ]
        for quantity, type_, kind, drawn in moves:
            moved = Movement(product, warehouse, quantity, type_, kind, drawn, sales_order_item_id=line)
            await states.post(connection, admin, moved)
        assert await stock.findings(connection) == []
    assert await line_of(admin, order) == (10, 3, 5, 1)
    async with admin.transaction() as connection:
        held_id = held[1].id
        assert held_id is not None
        await reservations_queries.release_reservations(connection, admin.organization_id, [held_id])
        assert await stock.findings(connection) == []
    assert await line_of(admin, order) == (10, 0, 5, 1)


async def test_a_reservation_serves_the_line_it_was_made_for(admin: Member) -> None:
    product, warehouse, balance = await stock.shelf(admin, 20)
    order, other = [await ordered(admin, "sales-orders", product) for _ in range(2)]
    async with admin.transaction() as connection:
        (held,) = await reservations_queries.reserve_stock(
            connection,
            admin.organization_id,
            [Wish(balance, 4, "sales_order", order.lines[0])],
            admin.user_id,
        )
        (refused,) = await stock.post(
            connection,
            admin,
            Movement(product, warehouse, -4, "shipment", "sale", held.id, sales_order_item_id=other.lines[0]),
        )
    assert refused.outcome == "unheld"


@pytest.mark.parametrize(
    ("earlier", "available"),
    [
        ([(-3, 5)], 2),  # two were left from then until a receipt
        ([(-2, 5), (-1, 4)], 2),
        ([(-1, 4), (-2, 5)], 2),  # given out of order
        ([(-6, 3)], 5),
        ([(-1, 11)], 0),  # before there was any
    ],
)
async def test_a_backdated_movement_needs_stock_at_that_time(
    admin: Member, earlier: list[tuple[int, float]], available: int
) -> None:
    product, warehouse, inventory_id = await stock.shelf(admin, 0)

    def moved(quantity: int, days: float) -> Movement:
        return Movement(
            product, warehouse, quantity, "adjustment", "correction", reason="a test",
            occurred_at=days_ago(days),
        )  # fmt: skip

    async with admin.transaction() as connection:
        await states.post(connection, admin, moved(5, 10), moved(-3, 6), moved(6, 3.5), moved(-3, 2))
        (refused,) = await stock.post(connection, admin, *(moved(*entry) for entry in earlier))
        assert (refused.outcome, refused.inventory_id, refused.available) == (
            "short",
            inventory_id,
            available,
        )
        assert await stock.quantities(connection, admin, inventory_id) == (5, 0)
        posted = await stock.post(connection, admin, moved(-2, 5), moved(4, 12))
        assert [entry.outcome for entry in posted] == ["posted", "posted"]
        assert await stock.findings(connection) == []


async def test_rivals_over_orders_and_balances_in_any_order_never_deadlock(
    database: TestDatabase, admin: Member
) -> None:
    shelves = [await stock.shelf(admin, 400) for _ in range(3)]
    products = [product for product, _, _ in shelves]
    orders = [await ordered(admin, "sales-orders", *products, quantity=100) for _ in range(3)]
    lines = [(line, shelf) for order in orders for line, shelf in zip(order.lines, shelves, strict=True)]

    async def move(connection: Connection, number: int) -> bool:
        """A third ship at once, a third ship reserved stock, a third reserve and release."""
        chosen = random.Random(number).sample(lines, 4)
        drawn: list[UUID | None] = [None] * len(chosen)
        if number % 3:
            held = await reservations_queries.reserve_stock(
                connection,
                admin.organization_id,
                [Wish(balance, 1, "sales_order", line) for line, (_, _, balance) in chosen],
                admin.user_id,
            )
            drawn = [one.id for one in held if one.outcome == "held"]
            if len(drawn) < len(chosen):
                return False
        if number % 3 == 1:
            ids = [one for one in reversed(drawn) if one]
            return (
                len(await reservations_queries.release_reservations(connection, admin.organization_id, ids))
                == 4
            )
        shipped = [
            Movement(product, warehouse, -1, "shipment", "sale", reservation, sales_order_item_id=line)
            for reservation, (line, (product, warehouse, _)) in zip(drawn, chosen, strict=True)
        ]
        return all(one.outcome == "posted" for one in await stock.post(connection, admin, *shipped))

    assert await race(database, admin, 90, move) == 90
    async with admin.transaction() as connection:
        assert await stock.findings(connection) == []


async def test_concurrent_state_changes_happen_once(database: TestDatabase, admin: Member) -> None:
    product, _, _ = await stock.shelf(admin, 1)
    order = await ordered(admin, "sales-orders", product)

    async def confirm(connection: Connection, _: int) -> bool:
        refused = await connection.fetch(
            """
            SELECT * FROM advance_sales_orders(
                $1, ARRAY[ROW($2::uuid, 'draft', 'confirmed', NULL, NULL, $3::uuid, NULL)::document_change])
            """,
            admin.organization_id,
            order.id,
            admin.user_id,
        )
        assert [tuple(one) for one in refused] in ([], [(order.id, "confirmed")])
        return not refused

    assert await race(database, admin, 32, confirm) == 1
    history = (await admin.read(f"sales-orders/{order.id}/history"))["items"]
    assert [entry["to_status"] for entry in history] == ["confirmed", "draft"]


async def test_functions_of_the_previous_release_still_work(admin: Member) -> None:
    """Their functions know no documents except those of reservations."""
    product, warehouse, balance = await stock.shelf(admin, 10)
    order = await ordered(admin, "sales-orders", product)
    (line,) = order.lines
    async with admin.transaction() as connection:
        held = await connection.fetch(
            "SELECT * FROM reserve_stock("
            "$1, ARRAY[$2::uuid, $2], '{4,2}', 'sales_order', ARRAY[$3::uuid, $3], NULL, $4)",
            admin.organization_id, balance, line, admin.user_id,
        )  # fmt: skip
        assert [one["outcome"] for one in held] == ["held", "held"]
        posted = await connection.fetch(
            "SELECT * FROM post_movements($1, ARRAY[$2::uuid, $2], ARRAY[$3::uuid, $3], '{-3,5}',"
            " '{shipment,receipt}', '{sale,goods_receipt}', ARRAY[$4::uuid, NULL], '{NULL,R}', '{NULL,NULL}',"
            " '{NULL,NULL}', $5)",
            admin.organization_id, product, warehouse, held[0]["id"], admin.user_id,
        )  # fmt: skip
        assert [(one["outcome"], one["balance_after"]) for one in posted] == [("posted", 7), ("posted", 12)]
        freed = await connection.fetch(
            "SELECT * FROM release_reservations($1, $2)", admin.organization_id, [held[1]["id"]]
        )
        assert [one["quantity"] for one in freed] == [2]
        assert await stock.findings(connection) == []
    assert await line_of(admin, order) == (10, 1, 3, 0)
