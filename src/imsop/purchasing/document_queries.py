"""SQL of purchase orders as people read them: in lists with names, as documents with their lines.

An order is open when the supplier was asked and not all is here yet; late when its expected day is over, too.
"""

from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.models import LineTotals, PurchaseOrderLine, PurchaseOrderSummary

_IS_OPEN = "o.status IN ('submitted', 'confirmed', 'shipped')"  # as the indexes of open orders say it

PURCHASE_ORDER_SUMMARIES = Listing(
    PurchaseOrderSummary,
    # LEFT JOIN, though every order has a supplier: counting then leaves suppliers out.
    """
    SELECT o.id, o.po_number, o.supplier_id, s.name AS supplier_name, o.status, o.order_date,
           o.expected_delivery_date, o.actual_delivery_date, o.total_amount, o.currency,
           (SELECT count(*) FROM purchase_order_items i
            WHERE i.organization_id = $1 AND i.purchase_order_id = o.id) AS lines
    FROM purchase_orders o
    LEFT JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
    WHERE o.organization_id = $1
    """,
    filters={
        "ids": "o.id = ANY ({}::uuid[])",
        "status": "o.status = {}",
        "supplier_id": "o.supplier_id = {}",
        "product_id": """o.id IN (SELECT i.purchase_order_id FROM purchase_order_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
        "open": "({}::bool AND " + _IS_OPEN + ")",
        "late": "(o.expected_delivery_date < {}::date AND " + _IS_OPEN + ")",
    },
    sorts={
        "order_date": Sort("o.order_date", "order_date", date),
        "po_number": Sort("o.po_number", "po_number", str),
    },
    tiebreak="o.id",
)

ORDER_LINES = Listing(
    PurchaseOrderLine,
    """
    SELECT i.id, i.line_number, i.product_id, p.sku, p.name AS product_name, p.unit_of_measure,
           i.quantity_ordered, i.quantity_received, i.unit_price, i.line_total, i.expected_delivery_date,
           i.promised_delivery_date, i.actual_delivery_date,
           coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on
    FROM purchase_order_items i
    JOIN purchase_orders o ON o.organization_id = $1 AND o.id = i.purchase_order_id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    WHERE i.organization_id = $1
    """,
    filters={"purchase_order_id": "i.purchase_order_id = {}"},
    sorts={"line_number": Sort("i.line_number", "line_number", int)},
    tiebreak="i.id",
)


async def total_lines(connection: Connection, organization_id: UUID, order_id: UUID) -> LineTotals:
    totals = await fetch_one(
        connection,
        LineTotals,
        """
        SELECT count(*) AS lines, coalesce(sum(i.quantity_ordered), 0) AS quantity_ordered,
               coalesce(sum(i.quantity_received), 0) AS quantity_received,
               count(*) FILTER (WHERE i.quantity_received >= i.quantity_ordered) AS lines_received
        FROM purchase_order_items i
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return totals or LineTotals(0, 0, 0, 0)
