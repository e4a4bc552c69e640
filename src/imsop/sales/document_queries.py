"""SQL of sales orders as people read them: in lists with names, as documents with their lines.

An order is open when it is confirmed and not all delivered yet; late when its expected day is over, too.
"""

from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.sales.models import LineTotals, SalesOrderLine, SalesOrderSummary

_IS_OPEN = "o.status IN ('confirmed', 'shipped')"  # as the indexes of open orders say it

SALES_ORDER_SUMMARIES = Listing(
    SalesOrderSummary,
    """
    SELECT o.id, o.so_number, o.customer_id, c.name AS customer_name, o.status, o.order_date,
           o.expected_delivery_date, o.actual_delivery_date, o.total_amount, o.currency,
           (SELECT count(*) FROM sales_order_items i
            WHERE i.organization_id = $1 AND i.sales_order_id = o.id) AS lines
    FROM sales_orders o
    LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
    WHERE o.organization_id = $1
    """,
    filters={
        "ids": "o.id = ANY ({}::uuid[])",
        "status": "o.status = (SELECT {})",  # hidden from the planner: see queries.SALES_ORDERS
        "customer_id": "o.customer_id = {}",
        "product_id": """o.id IN (SELECT i.sales_order_id FROM sales_order_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
        "counter": "({}::bool AND o.customer_id IS NULL)",
        "open": "({}::bool AND " + _IS_OPEN + ")",
        "late": "(o.expected_delivery_date < {}::date AND " + _IS_OPEN + ")",
        "short": """({}::bool AND o.status = 'confirmed' AND EXISTS (
            SELECT FROM sales_order_items i WHERE i.organization_id = $1 AND i.sales_order_id = o.id
              AND i.quantity_ordered > i.quantity_reserved + i.quantity_shipped))""",
    },
    sorts={
        "order_date": Sort("o.order_date", "order_date", date),
        "so_number": Sort("o.so_number", "so_number", str),
    },
    tiebreak="o.id",
)

ORDER_LINES = Listing(
    SalesOrderLine,
    """
    SELECT i.id, i.line_number, i.product_id, p.sku, p.name AS product_name, i.quantity_ordered,
           i.quantity_reserved, i.quantity_shipped, i.quantity_returned,
           CASE o.status WHEN 'confirmed' THEN i.quantity_ordered - i.quantity_reserved - i.quantity_shipped
                         ELSE 0 END AS quantity_missing,
           i.unit_price, i.line_total, i.expected_delivery_date, i.promised_delivery_date,
           i.actual_delivery_date,
           coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on
    FROM sales_order_items i
    JOIN sales_orders o ON o.organization_id = $1 AND o.id = i.sales_order_id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    WHERE i.organization_id = $1
    """,
    filters={"sales_order_id": "i.sales_order_id = {}"},
    sorts={"line_number": Sort("i.line_number", "line_number", int)},
    tiebreak="i.id",
)


async def total_lines(connection: Connection, organization_id: UUID, order_id: UUID) -> LineTotals:
    totals = await fetch_one(
        connection,
        LineTotals,
        """
        SELECT count(*) AS lines, coalesce(sum(i.quantity_ordered), 0) AS quantity_ordered,
               coalesce(sum(i.quantity_reserved), 0) AS quantity_reserved,
               coalesce(sum(i.quantity_shipped), 0) AS quantity_shipped,
               coalesce(sum(i.quantity_returned), 0) AS quantity_returned,
               coalesce(sum(i.quantity_ordered - i.quantity_reserved - i.quantity_shipped)
                            FILTER (WHERE o.status = 'confirmed'), 0) AS quantity_missing
        FROM sales_order_items i
        JOIN sales_orders o ON o.organization_id = $1 AND o.id = i.sales_order_id
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return totals or LineTotals(0, 0, 0, 0, 0, 0)
