"""SQL of how we keep our word to customers, and of the lines that tell.

Of all lines due, those still to come included: on time is the whole quantity, delivered by the day. A line
is due when the day it is held to, our first promise, is before today; it is delivered when all of it is
shipped and it has a day of delivery.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.sales.performance.models import CustomerLine, CustomerLines, CustomerOrders, QuarterOfLines

_LINES = """
    FROM sales_orders o
    JOIN sales_order_items i ON i.organization_id = $1 AND i.sales_order_id = o.id
    CROSS JOIN LATERAL (
        SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date)
                   AS due_on,
               i.quantity_shipped >= i.quantity_ordered AND i.actual_delivery_date IS NOT NULL AS is_complete,
               o.status IN ('confirmed', 'shipped', 'delivered') AS is_agreed
    ) AS held
    CROSS JOIN LATERAL (
        SELECT coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
               o.status IN ('confirmed', 'shipped') AND NOT held.is_complete AS is_open
    ) AS line
    WHERE o.organization_id = $1
"""


CUSTOMER_LINES = Listing(
    CustomerLine,
    # Names by subqueries: they wait until a page is sorted and cut, where a join would look up every line's.
    """
    SELECT i.id, i.sales_order_id, o.so_number, o.order_date, o.status, i.line_number, i.product_id,
           (SELECT p.sku FROM products p WHERE p.organization_id = $1 AND p.id = i.product_id) AS sku,
           (SELECT p.name FROM products p
            WHERE p.organization_id = $1 AND p.id = i.product_id) AS product_name,
           i.quantity_ordered, i.quantity_reserved, i.quantity_shipped, i.quantity_returned, i.line_total,
           o.currency, held.due_on, i.actual_delivery_date, coalesce(held.due_on, o.order_date) AS sorted_on
    """
    + _LINES,
    filters={
        "customer_id": "o.customer_id = {}",
        "product_id": "i.product_id = {}",
        "due_from": "held.due_on >= {}",
        "due_before": "held.due_on < {}",
        "agreed": "held.is_agreed = {}",
        "on_time": "line.is_on_time = {}",
        "open": "line.is_open = {}",
    },
    # Sorted when asked for: a customer's lines are thousands at most, and no index spans two tables.
    sorts={"due_on": Sort("coalesce(held.due_on, o.order_date)", "sorted_on", date)},
    tiebreak="i.id",
)


async def list_quarters(
    connection: Connection, organization_id: UUID, customer_id: UUID, today: date
) -> list[QuarterOfLines]:
    """The quarters in which lines of the customer fell due before today, oldest first."""
    return await fetch_all(
        connection,
        QuarterOfLines,
        """
        SELECT date_trunc('quarter', held.due_on)::date AS begins_on, count(*) AS due,
               count(*) FILTER (WHERE line.is_on_time) AS on_time
        """
        + _LINES
        + " AND o.customer_id = $2 AND held.is_agreed AND held.due_on < $3 GROUP BY 1 ORDER BY 1",
        organization_id,
        customer_id,
        today,
    )


async def count_lines(
    connection: Connection, organization_id: UUID, customer_id: UUID, today: date
) -> CustomerLines:
    counted = await fetch_one(
        connection,
        CustomerLines,
        """
        SELECT count(*) FILTER (WHERE line.is_open) AS open_lines,
               count(*) FILTER (WHERE line.is_open AND held.due_on < $3) AS overdue_lines,
               count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3) AS lines_due,
               count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3 AND line.is_on_time)
                   AS lines_on_time
        """
        + _LINES
        + " AND o.customer_id = $2",
        organization_id,
        customer_id,
        today,
    )
    return counted or CustomerLines(0, 0, 0, 0)


async def list_orders_of(
    connection: Connection, organization_id: UUID, customer_ids: Sequence[UUID], today: date
) -> dict[UUID, CustomerOrders]:
    """Of each of these customers; drafts and cancelled orders count as orders, too."""
    rows = await fetch_all(
        connection,
        CustomerOrders,
        """
        SELECT c.customer_id, orders.orders, orders.open_orders, orders.late_orders, orders.last_order_on
        FROM unnest($2::uuid[]) AS c (customer_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders,
                   count(*) FILTER (WHERE o.status IN ('confirmed', 'shipped')) AS open_orders,
                   count(*) FILTER (WHERE o.status IN ('confirmed', 'shipped')
                                          AND o.expected_delivery_date < $3) AS late_orders,
                   max(o.order_date) AS last_order_on
            FROM sales_orders o
            WHERE o.organization_id = $1 AND o.customer_id = c.customer_id
        ) AS orders
        """,
        organization_id,
        customer_ids,
        today,
    )
    return {row.customer_id: row for row in rows}
