"""SQL of sales orders, their lines and their history."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import UNDATED_LAST, Listing, Sort
from imsop.documents.drafts import References
from imsop.sales.orders.models import (
    LineTotals,
    NewSalesOrder,
    NewSalesOrderItem,
    SalesOrder,
    SalesOrderHistoryEntry,
    SalesOrderItem,
    SalesOrderLine,
    SalesOrderSummary,
)

_LINE_COUNTS = """
    (SELECT count(*) FROM sales_order_items i
     WHERE i.organization_id = $1 AND i.sales_order_id = o.id) AS lines,
    (SELECT count(*) FROM sales_order_items i
     WHERE i.organization_id = $1 AND i.sales_order_id = o.id
       AND i.line_total IS NULL) AS lines_without_price
"""

_SALES_ORDERS = (
    """
    SELECT o.id, o.so_number, o.customer_id, o.status, o.order_date, o.expected_delivery_date,
           o.actual_delivery_date, o.total_amount, o.currency, """
    + _LINE_COUNTS
    + """,
           o.partner, o.customer_reference, o.warehouse_id, o.priority, o.ship_to, o.ship_complete,
           o.on_hold_reason, o.notes, o.created_by, o.created_at, o.updated_at
    FROM sales_orders o
    WHERE o.organization_id = $1
"""
)


SALES_ORDERS = Listing(
    SalesOrder,
    _SALES_ORDERS,
    filters={
        "q": "o.id IN (SELECT f.id FROM search_ids($1, 'sales_order', {}) AS f (id))",
        "so_number": "o.so_number_folded = folded({})",
        # The planner is kept from seeing which status: for a common one it would walk all orders by date, and
        # of the newest none may have it yet.
        "status": "o.status = (SELECT {})",
        "customer_id": "o.customer_id = {}",
        "order_date_from": "o.order_date >= {}",
        "order_date_to": "o.order_date <= {}",
        "expected_delivery_date_from": "o.expected_delivery_date >= {}",
        "expected_delivery_date_to": "o.expected_delivery_date <= {}",
    },
    sorts={
        "expected_delivery_date": Sort("o.expected_delivery_date", "expected_delivery_date", date),
        "order_date": Sort("o.order_date", "order_date", date),
        "so_number": Sort("o.so_number", "so_number", str),
    },
    tiebreak="o.id",
)


async def get_order(connection: Connection, organization_id: UUID, order_id: UUID) -> SalesOrder | None:
    return await fetch_one(
        connection, SalesOrder, _SALES_ORDERS + " AND o.id = $2", organization_id, order_id
    )


async def look_up_references(
    connection: Connection, organization_id: UUID, customer_id: UUID | None, product_ids: Sequence[UUID]
) -> References:
    references = await fetch_one(
        connection,
        References,
        """
        SELECT (SELECT c.status FROM customers c
                WHERE c.organization_id = $1 AND c.id = $2) AS partner_status,
               array(SELECT p.status
                     FROM unnest($3::uuid[]) WITH ORDINALITY AS line (product_id, number)
                     LEFT JOIN products p ON p.organization_id = $1 AND p.id = line.product_id
                     ORDER BY line.number) AS product_statuses
        """,
        organization_id,
        customer_id,
        product_ids,
    )
    return references or References(None, [])


async def insert_order(
    connection: Connection,
    organization_id: UUID,
    new: NewSalesOrder,
    so_number: str,
    currency: str,
    total_amount: Decimal,
    created_by: UUID,
) -> UUID:
    order_id: UUID = await connection.fetchval(
        """
        INSERT INTO sales_orders (organization_id, customer_id, so_number, order_date, expected_delivery_date,
                                  total_amount, currency, notes, created_by, customer_reference, warehouse_id,
                                  priority, ship_to, ship_complete)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        RETURNING id
        """,
        organization_id,
        new.customer_id,
        so_number,
        new.order_date,
        new.expected_delivery_date,
        total_amount,
        currency,
        new.notes,
        created_by,
        new.customer_reference,
        new.warehouse_id,
        new.priority,
        new.ship_to,
        new.ship_complete,
    )
    return order_id


async def update_draft(connection: Connection, organization_id: UUID, row: SalesOrder) -> bool:
    """Writes the row if it is still a draft with this `updated_at`; False otherwise. Locks it."""
    updated = await connection.fetchval(
        """
        UPDATE sales_orders
        SET customer_id = $4, so_number = $5, order_date = $6, expected_delivery_date = $7, total_amount = $8,
            currency = $9, notes = $10, customer_reference = $11, warehouse_id = $12, priority = $13,
            ship_to = $14, ship_complete = $15
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3 AND status = 'draft'
        RETURNING true
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.customer_id,
        row.so_number,
        row.order_date,
        row.expected_delivery_date,
        row.total_amount,
        row.currency,
        row.notes,
        row.customer_reference,
        row.warehouse_id,
        row.priority,
        row.ship_to,
        row.ship_complete,
    )
    return bool(updated)


async def delete_draft(connection: Connection, organization_id: UUID, order_id: UUID) -> str | None:
    """Deletes a draft with its lines and history; returns its number, or None if there is no such draft."""
    number: str | None = await connection.fetchval(
        """
        DELETE FROM sales_orders WHERE organization_id = $1 AND id = $2 AND status = 'draft'
        RETURNING so_number
        """,
        organization_id,
        order_id,
    )
    return number


_ITEMS = """
    SELECT i.id, i.line_number, i.product_id, coalesce(i.sku, p.sku) AS sku,
           coalesce(i.product_name, p.name) AS product_name, i.quantity_ordered, i.quantity_reserved,
           l.quantity_missing AS quantity_backordered, i.quantity_shipped, i.quantity_closed,
           i.quantity_returned, i.unit_price, i.line_total, i.expected_delivery_date,
           i.promised_delivery_date, i.actual_delivery_date
    FROM sales_order_items i
    JOIN sales_lines l ON l.organization_id = $1 AND l.id = i.id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    WHERE i.organization_id = $1
"""


ITEMS = Listing(
    SalesOrderItem,
    _ITEMS,
    filters={"sales_order_id": "i.sales_order_id = {}"},
    sorts={"line_number": Sort("i.line_number", "line_number", int)},
    tiebreak="i.id",
)


async def list_items(connection: Connection, organization_id: UUID, order_id: UUID) -> list[SalesOrderItem]:
    """All lines of an order."""
    return await fetch_all(
        connection,
        SalesOrderItem,
        _ITEMS + " AND i.sales_order_id = $2 ORDER BY i.line_number",
        organization_id,
        order_id,
    )


async def insert_items(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    items: Sequence[NewSalesOrderItem],
    line_totals: Sequence[Decimal | None],
) -> None:
    await connection.execute(
        """
        INSERT INTO sales_order_items (organization_id, sales_order_id, line_number, product_id,
                                       quantity_ordered, unit_price, line_total, expected_delivery_date)
        SELECT $1, $2, line.number, line.product_id, line.quantity_ordered, line.unit_price, line.line_total,
               line.expected_delivery_date
        FROM unnest($3::uuid[], $4::int[], $5::numeric[], $6::numeric[], $7::date[]) WITH ORDINALITY
             AS line (product_id, quantity_ordered, unit_price, line_total, expected_delivery_date, number)
        """,
        organization_id,
        order_id,
        [item.product_id for item in items],
        [item.quantity_ordered for item in items],
        [item.unit_price for item in items],
        line_totals,
        [item.expected_delivery_date for item in items],
    )


async def delete_items(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM sales_order_items WHERE organization_id = $1 AND sales_order_id = $2",
        organization_id,
        order_id,
    )


HISTORY = Listing(
    SalesOrderHistoryEntry,
    """
    SELECT h.id, h.from_status, h.to_status, h.changes, h.note, h.changed_by, h.occurred_at, h.created_at
    FROM sales_order_history h
    WHERE h.organization_id = $1
    """,
    filters={"sales_order_id": "h.sales_order_id = {}"},
    sorts={"occurred_at": Sort("h.occurred_at", "occurred_at", datetime)},
    tiebreak="h.id",
)


async def insert_history(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    from_status: str | None,
    to_status: str,
    changed_by: UUID,
) -> None:
    await connection.execute(
        """
        INSERT INTO sales_order_history (organization_id, sales_order_id, from_status, to_status, changed_by)
        VALUES ($1, $2, $3, $4, $5)
        """,
        organization_id,
        order_id,
        from_status,
        to_status,
        changed_by,
    )


SALES_ORDER_SUMMARIES = Listing(
    SalesOrderSummary,
    """
    SELECT o.id, o.so_number, o.customer_id, c.name AS customer_name, o.status, o.order_date,
           o.expected_delivery_date, o.actual_delivery_date, o.total_amount, o.currency, """
    + _LINE_COUNTS
    + """
    FROM sales_orders o
    LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
    WHERE o.organization_id = $1
    """,
    filters={
        "q": "o.id = ANY (ARRAY(SELECT search_ids($1, 'sales_order', {})))",
        "status": "o.status = (SELECT {})",  # hidden from the planner: see queries.SALES_ORDERS
        "customer_id": "o.customer_id = {}",
        "product_id": """o.id IN (SELECT i.sales_order_id FROM sales_order_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
        "counter": "({}::bool AND o.customer_id IS NULL)",
        "open": "({}::bool AND sales_order_is_open(o.status))",
        "late": "(o.expected_delivery_date < {}::date AND sales_order_is_open(o.status))",
        "expected_from": "o.expected_delivery_date >= {}",
        "expected_to": "o.expected_delivery_date <= {}",
        "short": """({}::bool AND o.status = 'confirmed' AND EXISTS (
            SELECT FROM sales_lines l WHERE l.organization_id = $1 AND l.sales_order_id = o.id
              AND l.quantity_missing > 0))""",
    },
    sorts={
        "expected_delivery_date": Sort(
            "o.expected_delivery_date", "expected_delivery_date", date, absent=UNDATED_LAST
        ),
        "order_date": Sort("o.order_date", "order_date", date),
        "so_number": Sort("o.so_number", "so_number", str),
    },
    tiebreak="o.id",
)


ORDER_LINES = Listing(
    SalesOrderLine,
    """
    SELECT i.id, i.line_number, i.product_id, coalesce(i.sku, p.sku) AS sku,
           coalesce(i.product_name, p.name) AS product_name, i.quantity_ordered,
           i.quantity_reserved, i.quantity_shipped, i.quantity_closed, i.quantity_returned,
           l.quantity_missing, i.unit_price, i.line_total, i.expected_delivery_date, i.promised_delivery_date,
           i.actual_delivery_date, l.due_on
    FROM sales_order_items i
    JOIN sales_lines l ON l.organization_id = $1 AND l.id = i.id
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
               coalesce(sum(i.quantity_closed), 0) AS quantity_closed,
               coalesce(sum(i.quantity_open), 0) AS quantity_open,
               coalesce(sum(i.quantity_missing), 0) AS quantity_missing
        FROM sales_lines i
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return totals or LineTotals(0, 0, 0, 0, 0, 0, 0, 0)
