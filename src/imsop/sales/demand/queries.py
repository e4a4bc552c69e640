"""SQL of demand: open sales lines of a product, orders by status, late and short orders."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.sales.orders.models import SalesOrderStatus


class Promised(Struct, frozen=True):
    """An open sales line. `all_lines` and `all_outstanding` are totals over all open lines of the product."""

    order_id: UUID
    so_number: str
    status: SalesOrderStatus
    customer_id: UUID | None
    customer_name: str | None
    quantity_ordered: int
    outstanding: int
    reserved: int
    due: date | None
    all_lines: int
    all_outstanding: int


async def list_promised(
    connection: Connection, organization_id: UUID, product_id: UUID, limit: int
) -> list[Promised]:
    """Open lines of the product in confirmed orders, earliest due first."""
    return await fetch_all(
        connection,
        Promised,
        """
        SELECT l.sales_order_id AS order_id, l.so_number, l.status, l.customer_id, c.name AS customer_name,
               l.quantity_ordered, l.quantity_open AS outstanding,
               l.quantity_reserved AS reserved, l.due_on AS due,
               count(*) OVER () AS all_lines,
               sum(l.quantity_open) OVER () AS all_outstanding
        FROM sales_lines l
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = l.customer_id
        WHERE l.organization_id = $1 AND l.product_id = $2 AND l.is_to_send
        ORDER BY due NULLS LAST, l.so_number, l.line_number
        LIMIT $3
        """,
        organization_id,
        product_id,
        limit,
    )


async def count_by_status(
    connection: Connection, organization_id: UUID, statuses: Sequence[str], most: int
) -> dict[str, int]:
    """Number of orders by status; counting stops at `most`."""
    records = await connection.fetch(
        """
        SELECT asked.status, (SELECT count(*) FROM (
                   SELECT FROM sales_orders o
                   WHERE o.organization_id = $1 AND o.status = asked.status
                   LIMIT $3) AS counted) AS orders
        FROM unnest($2::text[]) AS asked (status)
        """,
        organization_id,
        statuses,
        most,
    )
    return {record["status"]: record["orders"] for record in records}


class StatusChanges(Struct, frozen=True):
    """Number of orders that changed between two statuses after the instant number `after`, from 1."""

    after: int
    from_status: str | None
    to_status: str
    orders: int


async def list_status_changes(
    connection: Connection, organization_id: UUID, ends: Sequence[datetime]
) -> list[StatusChanges]:
    """Status changes counted between consecutive instants, which ascend, and since the last one."""
    return await fetch_all(
        connection,
        StatusChanges,
        """
        SELECT width_bucket(h.occurred_at, $2::timestamptz[]) AS after, h.from_status, h.to_status,
               count(*) AS orders
        FROM sales_order_history h
        WHERE h.organization_id = $1 AND h.occurred_at >= ($2::timestamptz[])[1]
        GROUP BY 1, h.from_status, h.to_status
        """,
        organization_id,
        ends,
    )


class LateAmount(Struct, frozen=True):
    """Open orders past their expected date, in one currency."""

    currency: str
    orders: int
    amount: Decimal | None
    """Of those whose total is known; None if none is."""


async def sum_late(connection: Connection, organization_id: UUID, today: date) -> list[LateAmount]:
    """Late orders by currency, the largest amount first."""
    return await fetch_all(
        connection,
        LateAmount,
        """
        SELECT o.currency, count(*) AS orders, sum(o.total_amount) AS amount
        FROM sales_orders o
        WHERE o.organization_id = $1 AND sales_order_is_open(o.status) AND o.expected_delivery_date < $2
        GROUP BY o.currency
        ORDER BY amount DESC NULLS LAST, o.currency
        """,
        organization_id,
        today,
    )


class LateSalesOrder(Struct, frozen=True):
    id: UUID
    so_number: str
    customer_name: str | None
    expected_delivery_date: date
    total_amount: Decimal | None
    currency: str


async def list_late(
    connection: Connection, organization_id: UUID, today: date, limit: int
) -> list[LateSalesOrder]:
    """Open orders whose expected date has passed, by amount times days late."""
    return await fetch_all(
        connection,
        LateSalesOrder,
        """
        SELECT o.id, o.so_number, c.name AS customer_name, o.expected_delivery_date, o.total_amount,
               o.currency
        FROM sales_orders o
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        WHERE o.organization_id = $1 AND sales_order_is_open(o.status) AND o.expected_delivery_date < $2
        ORDER BY coalesce(o.total_amount, 0) * ($2 - o.expected_delivery_date) DESC,
                 o.expected_delivery_date, o.id
        LIMIT $3
        """,
        organization_id,
        today,
        limit,
    )


class ShortOrder(Struct, frozen=True):
    """A confirmed order with units that are neither shipped nor reserved."""

    id: UUID
    so_number: str
    customer_name: str | None
    missing: int
    amount: Decimal | None
    """Of the missing units; None if their prices are unknown."""
    currency: str


async def list_short(connection: Connection, organization_id: UUID, limit: int) -> list[ShortOrder]:
    """Confirmed orders with units neither shipped nor reserved, by the amount of these units."""
    return await fetch_all(
        connection,
        ShortOrder,
        """
        SELECT o.id, o.so_number, c.name AS customer_name, short.missing, short.amount, o.currency
        FROM sales_orders o
        CROSS JOIN LATERAL (
            SELECT sum(l.quantity_missing)::bigint AS missing,
                   sum(l.quantity_missing * l.unit_price) AS amount
            FROM sales_lines l
            WHERE l.organization_id = $1 AND l.sales_order_id = o.id AND l.quantity_missing > 0
        ) AS short
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        WHERE o.organization_id = $1 AND o.status = 'confirmed' AND short.missing > 0
        ORDER BY coalesce(short.amount, 0) DESC, o.order_date, o.id
        LIMIT $2
        """,
        organization_id,
        limit,
    )
