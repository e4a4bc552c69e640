"""Factories of orders in any reachable state, for the tests of pages."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from imsop.core.instants import today
from tests import states
from tests.factories import Member


def ago(days: int) -> date:
    """A past date in the timezone of the test organizations."""
    return today("UTC") - timedelta(days=days)


def ahead(days: int) -> date:
    return ago(-days)


@dataclass(frozen=True)
class Line:
    """An order line; `done` is its received or shipped quantity."""

    product_id: str
    ordered: int = 10
    done: int = 0
    promised: date | None = None
    expected: date | None = None
    done_on: date | None = None
    price: Decimal | None = Decimal("2.50")
    reserved: int = 0
    returned: int = 0


async def purchase_order(
    admin: Member, supplier_id: str, status: str, *lines: Line, number: str | None = None, **fields: Any
) -> UUID:
    """A purchase order, placed thirty days ago by default."""
    given = {"order_date": ago(30), "expected": None, "received": None, "currency": "EUR"} | fields
    dock = await states.warehouse_of(admin)
    async with admin.transaction() as connection:
        order_id: UUID = await connection.fetchval(
            """
            INSERT INTO purchase_orders (organization_id, supplier_id, po_number, order_date,
                                         expected_delivery_date, actual_delivery_date, currency, total_amount,
                                         created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
            """,
            admin.organization_id,
            UUID(supplier_id),
            number or f"PO-{uuid4().hex[:10]}",
            given["order_date"],
            given["expected"],
            given["received"],
            given["currency"],
            _total(lines),
            admin.user_id,
        )
        for number_, line in enumerate(lines, 1):
            line_id = await connection.fetchval(
                """
                INSERT INTO purchase_order_items (organization_id, purchase_order_id, line_number, product_id,
                    quantity_ordered, unit_price, line_total, expected_delivery_date, promised_delivery_date,
                    actual_delivery_date)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
                """,
                admin.organization_id, order_id, number_, UUID(line.product_id), line.ordered, line.price,
                _total([line]), line.expected, line.promised, line.done_on,
            )  # fmt: skip
            await states.receive(
                connection, admin, dock, line_id, UUID(line.product_id), line.done, line.done_on
            )
        await states.advance(connection, admin, "purchase_orders", order_id, status)
    return order_id


async def sales_order(
    admin: Member,
    customer_id: str | None,
    status: str,
    *lines: Line,
    number: str | None = None,
    **fields: Any,
) -> UUID:
    """A sales order, placed thirty days ago by default."""
    given = {"order_date": ago(30), "expected": None, "delivered": None, "currency": "EUR"} | fields
    dock = await states.warehouse_of(admin)
    async with admin.transaction() as connection:
        order_id: UUID = await connection.fetchval(
            """
            INSERT INTO sales_orders (organization_id, customer_id, so_number, order_date,
                                      expected_delivery_date, actual_delivery_date, currency, total_amount,
                                      created_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
            """,
            admin.organization_id,
            UUID(customer_id) if customer_id else None,
            number or f"SO-{uuid4().hex[:10]}",
            given["order_date"],
            given["expected"],
            given["delivered"],
            given["currency"],
            _total(lines),
            admin.user_id,
        )
        for number_, line in enumerate(lines, 1):
            line_id = await connection.fetchval(
                """
                INSERT INTO sales_order_items (organization_id, sales_order_id, line_number, product_id,
                    quantity_ordered, unit_price, line_total, expected_delivery_date, promised_delivery_date,
                    actual_delivery_date)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
                """,
                admin.organization_id, order_id, number_, UUID(line.product_id), line.ordered, line.price,
                _total([line]), line.expected, line.promised, line.done_on,
            )  # fmt: skip
            await states.ship(
                connection, admin, dock, line_id, UUID(line.product_id), shipped=line.done,
                returned=line.returned, reserved=line.reserved, on=line.done_on,
            )  # fmt: skip
        await states.advance(connection, admin, "sales_orders", order_id, status)
    return order_id


def _total(lines: Any) -> Decimal:
    return sum((line.ordered * (line.price or 0) for line in lines), Decimal(0))
