"""Loading the retailer's three files.

If IMSOP_REAL_DATA names the data sets, the real ones are loaded too and must yield the known figures.
"""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg
import pytest

from imsop.core.database import Connection, Pool, open_pool
from imsop.realdata import uci
from imsop.realdata.uci_stock import Trade, match_returns
from tests.conftest import TestDatabase, copied
from tests.inventory import stock
from tests.realdata.gifts import LINES, gifts
from tests.realdata.loaded import load, organization, rows


async def test_every_line_is_accounted_for(pool: Pool, tmp_path: Path) -> None:
    report = await load(uci, pool, gifts(tmp_path, LINES))
    assert report.rows_read == 13
    assert report.outcomes == {
        "sales became order lines": 5,
        "cancellations became returns against an order": 2,
        "cancellations became returns without an order": 2,
        "stock adjustments": 1,
        "cancelled charges are not stock": 1,
        "fees are not stock": 1,
        "bad debts are not stock": 1,
    }
    assert report.made == {
        "warehouse": 1,
        "customers": 2,
        "products": 5,
        "sales orders": 3,
        "sales order lines": 5,
        "sales order changes": 3,
        "stock movements": 14,
    }


async def test_an_invoice_is_an_order_of_its_sales_delivered_the_same_day(pool: Pool, tmp_path: Path) -> None:
    await load(uci, pool, gifts(tmp_path, LINES))
    async with organization(uci, pool) as connection:
        orders = await rows(
            connection,
            """
            SELECT o.so_number, c.customer_number, c.name, c.country, o.status, o.order_date,
                   o.expected_delivery_date, o.actual_delivery_date, o.total_amount, o.currency, h.to_status,
                   h.occurred_at
            FROM sales_orders o
            LEFT JOIN customers c ON c.id = o.customer_id
            JOIN sales_order_history h ON h.sales_order_id = o.id
            ORDER BY o.so_number
            """,
        )
    someone = ("90001", "Customer 90001", "United Kingdom")
    assert orders == [
        (number, *customer, "delivered", day, day, day, Decimal(total), "GBP", "delivered", at)
        for number, customer, day, total, at in (
            ("5001", someone, date(2010, 12, 1), "15.33", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
            ("5002", someone, date(2010, 12, 2), "10.40", datetime(2010, 12, 2, 9, 0, tzinfo=UTC)),
            # The source's clock is British: an hour ahead of UTC in summer.
            ("5008", (None,) * 3, date(2011, 7, 1), "5.00", datetime(2011, 7, 1, 11, 30, tzinfo=UTC)),
        )
    ]


async def test_order_lines_keep_the_sources_number_and_count_returns(pool: Pool, tmp_path: Path) -> None:
    await load(uci, pool, gifts(tmp_path, LINES))
    async with organization(uci, pool) as connection:
        items = await rows(
            connection,
            """
            SELECT o.so_number, i.line_number, p.sku, i.quantity_ordered, i.quantity_shipped,
                   i.quantity_returned, i.unit_price, i.line_total, i.actual_delivery_date
            FROM sales_order_items i
            JOIN sales_orders o ON o.id = i.sales_order_id
            JOIN products p ON p.id = i.product_id
            ORDER BY o.so_number, i.line_number
            """,
        )
    assert items == [
        ("5001", 1, "LANTERN", 6, 6, 2, Decimal("2.5555"), Decimal("15.33"), date(2010, 12, 1)),
        ("5001", 2, "CANDLE", 10, 10, 0, Decimal("0.0000"), Decimal("0.00"), date(2010, 12, 1)),
        ("5002", 1, "LANTERN", 4, 4, 3, Decimal("2.5000"), Decimal("10.00"), date(2010, 12, 2)),
        ("5002", 2, "CANDLE", 1, 1, 0, Decimal("0.4000"), Decimal("0.40"), date(2010, 12, 2)),
        ("5008", 1, "MUG", 2, 2, 0, Decimal("2.5000"), Decimal("5.00"), date(2011, 7, 1)),
    ]


async def test_products_missing_from_the_file_are_derived_from_their_lines(
    pool: Pool, tmp_path: Path
) -> None:
    await load(uci, pool, gifts(tmp_path, LINES))
    async with organization(uci, pool) as connection:
        assert await rows(
            connection, "SELECT sku, name, category, selling_price FROM products ORDER BY sku"
        ) == [
            ("CANDLE", "Invented candle", None, Decimal("0.4000")),
            ("LANTERN", "Invented lantern", None, Decimal("2.5500")),
            ("LOST", "LOST", None, None),  # its only line is an adjustment, whose text is a remark
            ("M", "Manual", "Charge", Decimal("2.5000")),
            ("MUG", "MUG", None, None),
        ]


async def test_opening_balances_are_minimal(pool: Pool, tmp_path: Path) -> None:
    await load(uci, pool, gifts(tmp_path, LINES))
    async with organization(uci, pool) as connection:
        ledger = await rows(
            connection,
            """
            SELECT p.sku, t.transaction_type, t.movement_kind, t.quantity, t.balance_after, t.reference_id,
                   t.notes, t.occurred_at::date
            FROM inventory_transactions t
            JOIN inventory i ON i.id = t.inventory_id
            JOIN products p ON p.id = i.product_id
            ORDER BY p.sku, t.balance_version
            """,
        )
        assert await rows(connection, "SELECT name, country FROM warehouses") == [
            ("Main warehouse", "United Kingdom")
        ]
        assert await stock.findings(connection) == []
    begun, first, second, third = (date(2010, 11, 30), *(date(2010, 12, day) for day in (1, 2, 3)))
    opening = ("adjustment", "opening_balance")
    says = "Opening balance: the least with which stock never falls below zero"
    sale, back = ("shipment", "sale"), ("return", "customer_return")
    assert ledger == [
        ("CANDLE", *opening, 11, 11, None, says, begun),
        ("CANDLE", *sale, -10, 1, "5001", None, first),
        ("CANDLE", *sale, -1, 0, "5002", None, second),
        ("CANDLE", *back, 1, 1, "C5004", "Return without an order", third),
        ("LANTERN", *opening, 10, 10, None, says, begun),
        ("LANTERN", *sale, -6, 4, "5001", None, first),
        ("LANTERN", *sale, -4, 0, "5002", None, second),
        ("LANTERN", *back, 3, 3, "5002", "Credit note C5003", third),
        ("LANTERN", *back, 2, 5, "5001", "Credit note C5003", third),
        ("LANTERN", *back, 5, 10, "C5003", "Return without an order", third),
        ("LOST", *opening, 7, 7, None, says, begun),
        ("LOST", "adjustment", "correction", -7, 0, "5006", "fell off the shelf", second),
        ("MUG", *opening, 2, 2, None, says, begun),
        ("MUG", *sale, -2, 0, "5008", None, date(2011, 7, 1)),
    ]


PRODUCT, ANOTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("trades", "matched"),
    [
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "a", PRODUCT, -5)], {2: 1}),
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "a", PRODUCT, 5), Trade(3, "a", PRODUCT, -1)], {3: 2}),
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "a", PRODUCT, 3), Trade(3, "a", PRODUCT, -4)], {3: 1}),
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "a", PRODUCT, -3), Trade(3, "a", PRODUCT, -3)], {2: 1}),
        ([Trade(1, "a", PRODUCT, 3), Trade(2, "a", PRODUCT, 3), Trade(3, "a", PRODUCT, -6)], {}),
        ([Trade(1, "a", PRODUCT, -1), Trade(2, "a", PRODUCT, 1)], {}),
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "b", PRODUCT, -1)], {}),
        ([Trade(1, "a", PRODUCT, 5), Trade(2, "a", ANOTHER, -1)], {}),
    ],
)
def test_a_return_matches_the_latest_earlier_purchase_that_covers_it(
    trades: list[Trade], matched: dict[int, int]
) -> None:
    assert match_returns(trades) == matched


if REAL_DATA := os.environ.get("IMSOP_REAL_DATA"):

    @pytest.fixture
    def apart(database: TestDatabase) -> Iterator[str]:
        """DSN of the application role to a separate database: so many rows would slow down other tests."""
        admin_dsn = copied(database.admin_dsn, f"uci_{uuid4().hex}")
        name = urlsplit(admin_dsn).path.removeprefix("/")
        with psycopg.connect(database.admin_dsn, autocommit=True) as server:
            server.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO imsop_app")
            yield urlsplit(database.app_dsn)._replace(path=f"/{name}").geturl()
            server.execute(f"DROP DATABASE {name}")

    @pytest.mark.timeout(600)
    async def test_the_real_lines_yield_the_known_figures(apart: str) -> None:
        pool = await open_pool(apart, min_size=1, max_size=1)
        try:
            report = await load(uci, pool, Path(REAL_DATA or ""))
            async with organization(uci, pool) as connection:
                await _require_known_orders(connection)
                await _require_known_stock(connection)
                assert await stock.findings(connection) == []
        finally:
            await pool.close()
        assert report.rows_read == 541_909
        assert report.outcomes == {
            "sales became order lines": 528_953,
            "cancellations became returns against an order": 7_387,
            "cancellations became returns without an order": 1_317,
            "stock adjustments": 1_336,
            "cancelled charges are not stock": 584,
            "fees are not stock": 2_329,
            "bad debts are not stock": 3,
        }

    async def _require_known_orders(connection: Connection) -> None:
        assert await rows(
            connection,
            """
            SELECT count(*), sum(quantity_ordered), sum(quantity_shipped), sum(line_total),
                   count(*) FILTER (WHERE unit_price = 0),
                   count(*) FILTER (WHERE unit_price = 0 AND customer_id IS NULL)
            FROM sales_order_items i JOIN sales_orders o ON o.id = i.sales_order_id
            """,
        ) == [(528_953, 5_645_227, 5_645_227, Decimal("10272118.87"), 1_164, 1_131)]
        assert await rows(
            connection,
            """
            SELECT count(*), count(DISTINCT so_number), count(*) FILTER (WHERE customer_id IS NULL),
                   sum(total_amount), (SELECT count(*) FROM customers), (SELECT count(*) FROM products),
                   (SELECT count(*) FROM sales_order_history)
            FROM sales_orders
            """,
        ) == [(20_541, 20_541, 2_136, Decimal("10272118.87"), 4_372, 3_820 + 136, 20_541)]

    async def _require_known_stock(connection: Connection) -> None:
        assert await rows(
            connection,
            """
            SELECT movement_kind, count(*), sum(quantity), min(balance_after)
            FROM inventory_transactions GROUP BY movement_kind ORDER BY movement_kind
            """,
        ) == [
            ("correction", 1_336, -206_957, 0),
            ("customer_return", 8_704, 272_030, 1),
            ("opening_balance", 3_934, 5_738_708, 1),
            ("sale", 528_953, -5_645_227, 0),
        ]
        # Matched with an order of the same customer, and no more than it contains of the product.
        assert await rows(
            connection,
            """
            SELECT count(*), sum(t.quantity), (SELECT sum(quantity_returned) FROM sales_order_items)
            FROM inventory_transactions t
            JOIN sales_orders o ON o.so_number = t.reference_id
            WHERE t.movement_kind = 'customer_return' AND o.customer_id IS NOT NULL
            """,
        ) == [(7_387, 249_418, 249_418)]
        # With a smaller opening balance, stock would have fallen below zero.
        assert await rows(
            connection,
            """
            SELECT count(*), count(*) FILTER (WHERE opened AND least > 0)
            FROM (SELECT bool_or(movement_kind = 'opening_balance') AS opened, min(balance_after) AS least
                  FROM inventory_transactions GROUP BY inventory_id)
            """,
        ) == [(3_947, 0)]
