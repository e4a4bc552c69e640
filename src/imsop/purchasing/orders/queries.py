"""SQL of purchase orders, their lines and their history."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import UNDATED_LAST, Listing, Sort
from imsop.documents.drafts import References
from imsop.purchasing.orders.models import (
    ListedPurchaseOrder,
    NewPurchaseOrder,
    NewPurchaseOrderItem,
    Progress,
    PurchaseOrder,
    PurchaseOrderHistoryEntry,
    PurchaseOrderItem,
    PurchaseOrderLine,
    PurchaseOrderSummary,
)

# Sub-selects, not a join: they are computed for the rows of a page only, so that a list stays in index order.
_PROGRESS_OF_ORDER = """FROM purchase_progress g
         WHERE g.organization_id = $1 AND g.purchase_order_id = o.id)"""
_QUANTITY_OPEN = "(SELECT g.quantity_open " + _PROGRESS_OF_ORDER
_RECEIPT_STATUS = "(SELECT g.receipt_status " + _PROGRESS_OF_ORDER
_RECEIVED_PERCENT = "(SELECT g.received_percent " + _PROGRESS_OF_ORDER
_LINE_COUNTS = """
    (SELECT count(*) FROM purchase_order_items i
     WHERE i.organization_id = $1 AND i.purchase_order_id = o.id) AS lines,
    (SELECT count(*) FROM purchase_order_items i
     WHERE i.organization_id = $1 AND i.purchase_order_id = o.id
       AND i.line_total IS NULL) AS lines_without_price
"""

PURCHASE_ORDERS = Listing(
    ListedPurchaseOrder,
    """
    SELECT o.id, o.po_number, o.supplier_id, o.status, o.order_date, o.expected_delivery_date,
           o.actual_delivery_date, o.total_amount, o.currency, """
    + _LINE_COUNTS
    + """, o.partner, o.warehouse_id, o.supplier_reference, o.notes, o.revision, coalesce("""
    + _RECEIPT_STATUS
    + """, 'none') AS receipt_status, coalesce("""
    + _RECEIVED_PERCENT
    + """, 0) AS received_percent, o.created_by, o.created_at,
           o.updated_at,
           array(SELECT p.name
                 FROM purchase_order_items i
                 JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
                 WHERE i.organization_id = $1 AND i.purchase_order_id = o.id
                 ORDER BY i.line_number) AS products
    FROM purchase_orders o
    WHERE o.organization_id = $1
    """,
    filters={
        "q": "o.id IN (SELECT f.id FROM search_ids($1, 'purchase_order', {}) AS f (id))",
        "po_number": "o.po_number_folded = folded({})",
        "status": "o.status = {}",
        "supplier_id": "o.supplier_id = {}",
        "order_date_from": "o.order_date >= {}",
        "order_date_to": "o.order_date <= {}",
        "expected_delivery_date_from": "o.expected_delivery_date >= {}",
        "expected_delivery_date_to": "o.expected_delivery_date <= {}",
    },
    sorts={
        "expected_delivery_date": Sort("o.expected_delivery_date", "expected_delivery_date", date),
        "order_date": Sort("o.order_date", "order_date", date),
        "po_number": Sort("o.po_number", "po_number", str),
    },
    tiebreak="o.id",
)


async def get_order(connection: Connection, organization_id: UUID, order_id: UUID) -> PurchaseOrder | None:
    return await fetch_one(
        connection,
        PurchaseOrder,
        """
        SELECT o.id, o.po_number, o.supplier_id, o.status, o.order_date, o.expected_delivery_date,
               o.actual_delivery_date, o.total_amount, o.currency, """
        + _LINE_COUNTS
        + """, o.partner, o.warehouse_id, o.supplier_reference, o.notes,
               o.revision, coalesce(p.receipt_status, 'none') AS receipt_status,
               coalesce(p.received_percent, 0) AS received_percent, o.created_by, o.created_at, o.updated_at
        FROM purchase_orders o
        LEFT JOIN purchase_progress p ON p.organization_id = $1 AND p.purchase_order_id = $2
        WHERE o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
    )


async def look_up_references(
    connection: Connection, organization_id: UUID, supplier_id: UUID | None, product_ids: Sequence[UUID]
) -> References:
    references = await fetch_one(
        connection,
        References,
        """
        SELECT (SELECT s.status FROM suppliers s
                WHERE s.organization_id = $1 AND s.id = $2) AS partner_status,
               array(SELECT p.status
                     FROM unnest($3::uuid[]) WITH ORDINALITY AS line (product_id, number)
                     LEFT JOIN products p ON p.organization_id = $1 AND p.id = line.product_id
                     ORDER BY line.number) AS product_statuses
        """,
        organization_id,
        supplier_id,
        product_ids,
    )
    return references or References(None, [])


async def insert_order(
    connection: Connection,
    organization_id: UUID,
    new: NewPurchaseOrder,
    po_number: str,
    currency: str,
    total_amount: Decimal,
    created_by: UUID,
) -> UUID:
    order_id: UUID = await connection.fetchval(
        """
        INSERT INTO purchase_orders (organization_id, supplier_id, po_number, order_date,
                                     expected_delivery_date, total_amount, currency, notes, created_by,
                                     warehouse_id, supplier_reference)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        RETURNING id
        """,
        organization_id,
        new.supplier_id,
        po_number,
        new.order_date,
        new.expected_delivery_date,
        total_amount,
        currency,
        new.notes,
        created_by,
        new.warehouse_id,
        new.supplier_reference,
    )
    return order_id


async def update_draft(connection: Connection, organization_id: UUID, row: PurchaseOrder) -> bool:
    """Writes the row if it is still a draft with this `updated_at`; False otherwise. Locks it."""
    updated = await connection.fetchval(
        """
        UPDATE purchase_orders
        SET supplier_id = $4, po_number = $5, order_date = $6, expected_delivery_date = $7, total_amount = $8,
            currency = $9, notes = $10, warehouse_id = $11, supplier_reference = $12
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3 AND status = 'draft'
        RETURNING true
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.supplier_id,
        row.po_number,
        row.order_date,
        row.expected_delivery_date,
        row.total_amount,
        row.currency,
        row.notes,
        row.warehouse_id,
        row.supplier_reference,
    )
    return bool(updated)


async def delete_draft(connection: Connection, organization_id: UUID, order_id: UUID) -> str | None:
    """Deletes a draft with its lines and history; returns its number, or None if there is no such draft."""
    number: str | None = await connection.fetchval(
        """
        DELETE FROM purchase_orders WHERE organization_id = $1 AND id = $2 AND status = 'draft'
        RETURNING po_number
        """,
        organization_id,
        order_id,
    )
    return number


_ITEMS = """
    SELECT i.id, i.line_number, i.product_id, coalesce(i.sku, p.sku) AS sku,
           coalesce(i.product_name, p.name) AS product_name, i.quantity_ordered, i.quantity_confirmed,
           i.quantity_received, i.quantity_returned, i.quantity_closed, l.quantity_open, i.unit_price,
           i.confirmed_unit_price, i.line_total, i.expected_delivery_date, i.promised_delivery_date,
           i.actual_delivery_date
    FROM purchase_order_items i
    JOIN purchase_lines l ON l.organization_id = $1 AND l.id = i.id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    WHERE i.organization_id = $1
"""


ITEMS = Listing(
    PurchaseOrderItem,
    _ITEMS,
    filters={"purchase_order_id": "i.purchase_order_id = {}"},
    sorts={"line_number": Sort("i.line_number", "line_number", int)},
    tiebreak="i.id",
)


async def list_items(
    connection: Connection, organization_id: UUID, order_id: UUID
) -> list[PurchaseOrderItem]:
    """All lines of an order."""
    return await fetch_all(
        connection,
        PurchaseOrderItem,
        _ITEMS + " AND i.purchase_order_id = $2 ORDER BY i.line_number",
        organization_id,
        order_id,
    )


async def insert_items(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    items: Sequence[NewPurchaseOrderItem],
    line_totals: Sequence[Decimal | None],
    after: int = 0,
) -> None:
    """Inserts lines, numbered from `after` + 1."""
    await connection.execute(
        """
        INSERT INTO purchase_order_items (organization_id, purchase_order_id, line_number, product_id,
                                          quantity_ordered, unit_price, line_total, expected_delivery_date)
        SELECT $1, $2, $8 + line.number, line.product_id, line.quantity_ordered, line.unit_price,
        line.line_total,
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
        after,
    )


async def delete_items(connection: Connection, organization_id: UUID, order_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM purchase_order_items WHERE organization_id = $1 AND purchase_order_id = $2",
        organization_id,
        order_id,
    )


HISTORY = Listing(
    PurchaseOrderHistoryEntry,
    """
    SELECT h.id, h.from_status, h.to_status, h.changes, h.note, h.changed_by, h.occurred_at, h.created_at
    FROM purchase_order_history h
    WHERE h.organization_id = $1
    """,
    filters={"purchase_order_id": "h.purchase_order_id = {}"},
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
        INSERT INTO purchase_order_history (organization_id, purchase_order_id, from_status, to_status,
                                            changed_by)
        VALUES ($1, $2, $3, $4, $5)
        """,
        organization_id,
        order_id,
        from_status,
        to_status,
        changed_by,
    )


PURCHASE_ORDER_SUMMARIES = Listing(
    PurchaseOrderSummary,
    # LEFT JOIN, though every order has a supplier: it lets the planner drop the join when counting.
    """
    SELECT o.id, o.po_number, o.supplier_id, s.name AS supplier_name, o.status, o.order_date,
           o.expected_delivery_date, o.actual_delivery_date, o.total_amount, o.currency, """
    + _LINE_COUNTS
    + """, coalesce("""
    + _RECEIVED_PERCENT
    + """, 0) AS received_percent, coalesce("""
    + _QUANTITY_OPEN
    + """, 0) AS quantity_open
    FROM purchase_orders o
    LEFT JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
    WHERE o.organization_id = $1
    """,
    filters={
        "q": "o.id = ANY (ARRAY(SELECT search_ids($1, 'purchase_order', {})))",
        "status": "o.status = {}",
        "supplier_id": "o.supplier_id = {}",
        "product_id": """o.id IN (SELECT i.purchase_order_id FROM purchase_order_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
        "open": "({}::bool AND purchase_order_is_open(o.status))",
        "late": "(o.expected_delivery_date < {}::date AND purchase_order_is_open(o.status))",
    },
    sorts={
        "expected_delivery_date": Sort(
            "o.expected_delivery_date", "expected_delivery_date", date, absent=UNDATED_LAST
        ),
        "order_date": Sort("o.order_date", "order_date", date),
        "po_number": Sort("o.po_number", "po_number", str),
    },
    tiebreak="o.id",
)


ORDER_LINES = Listing(
    PurchaseOrderLine,
    """
    SELECT i.id, i.line_number, i.product_id, coalesce(i.sku, p.sku) AS sku,
           coalesce(i.product_name, p.name) AS product_name,
           CASE WHEN i.sku IS NULL THEN t.supplier_sku ELSE i.supplier_sku END AS supplier_sku,
           coalesce(i.unit_of_measure, p.unit_of_measure) AS unit_of_measure,
           i.quantity_ordered, l.quantity_due, i.quantity_received, l.quantity_open, i.quantity_closed,
           i.quantity_returned, coalesce(i.confirmed_unit_price, i.unit_price) AS unit_price, i.line_total,
           i.expected_delivery_date, i.promised_delivery_date, i.actual_delivery_date, l.due_on
    FROM purchase_order_items i
    JOIN purchase_lines l ON l.organization_id = $1 AND l.id = i.id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    LEFT JOIN supplier_products t ON t.organization_id = $1 AND t.supplier_id = l.supplier_id
        AND t.product_id = i.product_id
    WHERE i.organization_id = $1
    """,
    filters={"purchase_order_id": "i.purchase_order_id = {}"},
    sorts={"line_number": Sort("i.line_number", "line_number", int)},
    tiebreak="i.id",
)


async def get_progress(connection: Connection, organization_id: UUID, order_id: UUID) -> Progress:
    progress = await fetch_one(
        connection,
        Progress,
        """
        SELECT p.lines, p.lines_open, p.quantity_due, p.quantity_received, p.quantity_returned,
        p.quantity_open,
               p.receipt_status, p.received_percent
        FROM purchase_progress p
        WHERE p.organization_id = $1 AND p.purchase_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return progress or Progress()
