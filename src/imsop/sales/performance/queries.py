"""SQL of our delivery performance towards customers; the view sales_lines defines what counts.

Rates are of all lines due, undelivered ones included. A line is due if its due date is before today.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from asyncpg import Range

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.documents.outcomes import LinesDue
from imsop.sales.performance.models import CustomerLine, CustomerLines, CustomerOrders, QuarterOfLines

CUSTOMER_LINES = Listing(
    CustomerLine,
    # Names by subqueries, evaluated after sorting and LIMIT; a join would look up those of every line.
    """
    SELECT l.id, l.sales_order_id, l.so_number, l.customer_id,
           (SELECT c.name FROM customers c
            WHERE c.organization_id = $1 AND c.id = l.customer_id) AS customer_name,
           l.order_date, l.status, l.line_number, l.product_id,
           (SELECT p.sku FROM products p WHERE p.organization_id = $1 AND p.id = l.product_id) AS sku,
           (SELECT p.name FROM products p
            WHERE p.organization_id = $1 AND p.id = l.product_id) AS product_name,
           l.quantity_ordered, l.quantity_reserved, l.quantity_shipped, l.quantity_returned, l.line_total,
           l.currency, l.due_on, l.actual_delivery_date, coalesce(l.due_on, l.order_date) AS sorted_on
    FROM sales_lines l
    WHERE l.organization_id = $1
    """,
    filters={
        "customer_id": "l.customer_id = {}",
        "product_id": "l.product_id = {}",
        "dated": "l.id = ANY (ARRAY(SELECT sales_lines_dated($1, {}::daterange)))",  # for an index
        "due_from": "l.due_on >= {}",
        "due_before": "l.due_on < {}",
        "agreed": "l.is_agreed = {}",
        "on_time": "l.is_on_time = {}",
        "on_time_in_full": "(l.is_on_time AND l.is_in_full) = {}",
        "open": "l.is_open = {}",
    },
    # Sorted at run time: a customer has thousands of lines at most, and no index spans two tables.
    sorts={"due_on": Sort("coalesce(l.due_on, l.order_date)", "sorted_on", date)},
    tiebreak="l.id",
)


async def count_due(connection: Connection, organization_id: UUID, days: "Range[date]") -> LinesDue:
    """Outcomes of all lines due on these days."""
    counted = await fetch_one(
        connection,
        LinesDue,
        """
        SELECT count(*) AS due, count(*) FILTER (WHERE l.is_on_time) AS on_time,
               count(*) FILTER (WHERE l.is_on_time AND l.is_in_full) AS on_time_in_full
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.id = ANY (ARRAY(SELECT sales_lines_dated($1, $2)))
          AND l.is_agreed AND l.due_on <@ $2
        """,
        organization_id,
        days,
    )
    return counted or LinesDue(0, 0, 0)


async def list_quarters(
    connection: Connection, organization_id: UUID, customer_id: UUID, today: date
) -> list[QuarterOfLines]:
    """Quarters with lines of the customer that were due before today, oldest first."""
    return await fetch_all(
        connection,
        QuarterOfLines,
        """
        SELECT date_trunc('quarter', l.due_on)::date AS begins_on, count(*) AS due,
               count(*) FILTER (WHERE l.is_on_time) AS on_time
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.customer_id = $2 AND l.is_agreed AND l.due_on < $3
        GROUP BY 1 ORDER BY 1
        """,
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
        SELECT count(*) FILTER (WHERE l.is_open) AS open_lines,
               count(*) FILTER (WHERE l.is_open AND l.due_on < $3) AS overdue_lines,
               count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3) AS lines_due,
               count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3 AND l.is_on_time)
                   AS lines_on_time
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.customer_id = $2
        """,
        organization_id,
        customer_id,
        today,
    )
    return counted or CustomerLines(0, 0, 0, 0)


async def list_orders_of(
    connection: Connection, organization_id: UUID, customer_ids: Sequence[UUID], today: date
) -> dict[UUID, CustomerOrders]:
    """Order counts and last order date by customer id; drafts and cancelled orders count, too."""
    rows = await fetch_all(
        connection,
        CustomerOrders,
        """
        SELECT c.customer_id, orders.orders, orders.open_orders, orders.late_orders, orders.last_order_on
        FROM unnest($2::uuid[]) AS c (customer_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders,
                   count(*) FILTER (WHERE sales_order_is_open(o.status)) AS open_orders,
                   count(*) FILTER (WHERE sales_order_is_open(o.status)
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
