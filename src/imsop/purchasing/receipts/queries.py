"""SQL of goods receipts and their lines."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.receipts.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    ListedGoodsReceipt,
    NewGoodsReceipt,
)
from imsop.purchasing.receipts.rules import Receivable

_RECEIPTS = """
    SELECT r.id, r.receipt_number, r.purchase_order_id, o.po_number, o.supplier_id, r.warehouse_id,
    r.reverses_id,
           r.delivery_note, r.dock, r.notes, r.received_at, r.created_by, r.created_at
    FROM goods_receipts r
    JOIN purchase_orders o ON o.organization_id = $1 AND o.id = r.purchase_order_id
    WHERE r.organization_id = $1
"""
_FILTERS = {
    "q": "r.id IN (SELECT f.id FROM search_ids($1, 'goods_receipt', {}) AS f (id))",
    "receipt_number": "r.receipt_number = {}",
    "purchase_order_id": "r.purchase_order_id = {}",
    "warehouse_id": "r.warehouse_id = {}",
    "received_from": "r.received_at >= {}",
    "received_before": "r.received_at < {}",
}
_SORTS = {"received_at": Sort("r.received_at", "received_at", datetime)}
RECEIPTS = Listing(GoodsReceipt, _RECEIPTS, filters=_FILTERS, sorts=_SORTS, tiebreak="r.id")
RECEIPT_SUMMARIES = Listing(
    ListedGoodsReceipt,
    """
    SELECT r.id, r.receipt_number, r.purchase_order_id, o.po_number, o.supplier_id, s.name AS supplier_name,
           r.warehouse_id, w.name AS warehouse_name, r.reverses_id, r.delivery_note, r.received_at,
           r.created_by,
           (SELECT count(*) FROM goods_receipt_items i
            WHERE i.organization_id = $1 AND i.goods_receipt_id = r.id) AS lines,
           (SELECT coalesce(sum(i.quantity_accepted), 0) FROM goods_receipt_items i
            WHERE i.organization_id = $1 AND i.goods_receipt_id = r.id) AS quantity_accepted,
           (SELECT coalesce(sum(i.quantity_rejected), 0) FROM goods_receipt_items i
            WHERE i.organization_id = $1 AND i.goods_receipt_id = r.id) AS quantity_rejected
    FROM goods_receipts r
    LEFT JOIN purchase_orders o ON o.organization_id = $1 AND o.id = r.purchase_order_id
    LEFT JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
    LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = r.warehouse_id
    WHERE r.organization_id = $1
    """,
    filters=_FILTERS,
    sorts=_SORTS,
    tiebreak="r.id",
)


async def get_receipt(connection: Connection, organization_id: UUID, receipt_id: UUID) -> GoodsReceipt | None:
    return await fetch_one(
        connection, GoodsReceipt, _RECEIPTS + " AND r.id = $2", organization_id, receipt_id
    )


async def list_lines(
    connection: Connection, organization_id: UUID, receipt_id: UUID
) -> list[GoodsReceiptLine]:
    """All lines of a receipt. SKU and name are those of the order, else the product's."""
    return await fetch_all(
        connection,
        GoodsReceiptLine,
        """
        SELECT i.id, i.line_number, i.purchase_order_item_id, i.product_id, coalesce(l.sku, p.sku) AS sku,
               coalesce(l.product_name, p.name) AS product_name, i.quantity_accepted, i.quantity_rejected,
               i.reason, i.reverses_item_id,
               EXISTS (SELECT FROM goods_receipt_items x
                       WHERE x.organization_id = $1 AND x.reverses_item_id = i.id) AS is_reversed
        FROM goods_receipt_items i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        LEFT JOIN purchase_order_items l ON l.organization_id = $1 AND l.id = i.purchase_order_item_id
        WHERE i.organization_id = $1 AND i.goods_receipt_id = $2
        ORDER BY i.line_number
        """,
        organization_id,
        receipt_id,
    )


async def list_receivable(connection: Connection, organization_id: UUID, order_id: UUID) -> list[Receivable]:
    """All lines of an order, with the tolerance of its supplier, else of the organization."""
    return await fetch_all(
        connection,
        Receivable,
        """
        SELECT l.id, l.line_number, l.product_id, l.quantity_ordered, l.quantity_due, l.quantity_received,
               l.quantity_closed,
               coalesce(s.over_receipt_percent, o.over_receipt_percent) AS over_receipt_percent
        FROM purchase_lines l
        JOIN suppliers s ON s.organization_id = $1 AND s.id = l.supplier_id
        JOIN organizations o ON o.id = $1
        WHERE l.organization_id = $1 AND l.purchase_order_id = $2
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )


async def list_repeated(
    connection: Connection, organization_id: UUID, quantities: Mapping[UUID, int]
) -> list[UUID]:
    """Those of these order lines of which a receipt that was not reversed has this very quantity."""
    found = await connection.fetch(
        """
        SELECT DISTINCT wanted.id
        FROM unnest($2::uuid[], $3::int[]) AS wanted (id, quantity)
        JOIN goods_receipt_items i ON i.organization_id = $1 AND i.purchase_order_item_id = wanted.id
        WHERE i.quantity_accepted + i.quantity_rejected = wanted.quantity AND i.reverses_item_id IS NULL
          AND NOT EXISTS (SELECT FROM goods_receipt_items x
                          WHERE x.organization_id = $1 AND x.reverses_item_id = i.id)
        """,
        organization_id,
        list(quantities),
        list(quantities.values()),
    )
    return [record["id"] for record in found]


async def insert_receipt(
    connection: Connection,
    organization_id: UUID,
    new: NewGoodsReceipt,
    receipt_number: str,
    warehouse_id: UUID,
    reverses_id: UUID | None,
    created_by: UUID,
) -> UUID:
    receipt_id: UUID = await connection.fetchval(
        """
        INSERT INTO goods_receipts (organization_id, receipt_number, purchase_order_id, warehouse_id,
        reverses_id,
                                    delivery_note, dock, notes, received_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, now()), $10)
        RETURNING id
        """,
        organization_id,
        receipt_number,
        new.purchase_order_id,
        warehouse_id,
        reverses_id,
        new.delivery_note,
        new.dock,
        new.notes,
        new.received_at,
        created_by,
    )
    return receipt_id


class NewLine(Struct, frozen=True):
    """A line to store, and the line that it reverses."""

    purchase_order_item_id: UUID | None
    product_id: UUID
    quantity_accepted: int
    quantity_rejected: int
    reason: str | None
    reverses_item_id: UUID | None = None


async def insert_lines(
    connection: Connection, organization_id: UUID, receipt_id: UUID, lines: Sequence[NewLine]
) -> list[UUID]:
    """Stores the lines, numbered from 1; returns their ids in this order."""
    records = await connection.fetch(
        """
        INSERT INTO goods_receipt_items (organization_id, goods_receipt_id, line_number,
        purchase_order_item_id,
                                         product_id, quantity_accepted, quantity_rejected, reason,
                                         reverses_item_id)
        SELECT $1, $2, line.number, line.purchase_order_item_id, line.product_id, line.quantity_accepted,
               line.quantity_rejected, line.reason, line.reverses_item_id
        FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::text[], $8::uuid[]) WITH ORDINALITY
             AS line (purchase_order_item_id, product_id, quantity_accepted, quantity_rejected, reason,
                      reverses_item_id, number)
        ORDER BY line.number
        RETURNING id, line_number
        """,
        organization_id,
        receipt_id,
        [line.purchase_order_item_id for line in lines],
        [line.product_id for line in lines],
        [line.quantity_accepted for line in lines],
        [line.quantity_rejected for line in lines],
        [line.reason for line in lines],
        [line.reverses_item_id for line in lines],
    )
    return [record["id"] for record in sorted(records, key=lambda record: record["line_number"])]


async def date_lines(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID], received_at: datetime | None
) -> None:
    """Dates the delivery of order lines that are complete and have no day yet; clears that of others."""
    await connection.execute(
        """
        UPDATE purchase_order_items i
        SET actual_delivery_date = CASE WHEN l.is_complete THEN coalesce(
                i.actual_delivery_date, (coalesce($3, now()) AT TIME ZONE o.timezone)::date) END
        FROM purchase_lines l, organizations o
        WHERE i.organization_id = $1 AND i.id = ANY ($2::uuid[]) AND l.organization_id = $1 AND l.id = i.id
          AND o.id = $1 AND l.is_complete = (i.actual_delivery_date IS NULL)
        """,
        organization_id,
        list(line_ids),
        received_at,
    )


class Holder(Struct, frozen=True):
    """A sales order that holds units of a product in a warehouse."""

    product_id: UUID
    so_number: str
    quantity: int


async def list_holders(
    connection: Connection, organization_id: UUID, warehouse_id: UUID, product_ids: Sequence[UUID]
) -> list[Holder]:
    """Who holds these products in the warehouse, largest first; takes no locks."""
    return await fetch_all(
        connection,
        Holder,
        """
        SELECT i.product_id, o.so_number, sum(r.quantity)::int AS quantity
        FROM inventory i
        JOIN inventory_reservations r ON r.organization_id = $1 AND r.inventory_id = i.id
        JOIN sales_order_items l ON l.organization_id = $1 AND l.id = r.sales_order_item_id
        JOIN sales_orders o ON o.organization_id = $1 AND o.id = l.sales_order_id
        WHERE i.organization_id = $1 AND i.warehouse_id = $2 AND i.product_id = ANY ($3::uuid[])
        GROUP BY i.product_id, o.so_number
        ORDER BY sum(r.quantity) DESC, o.so_number
        """,
        organization_id,
        warehouse_id,
        list(product_ids),
    )


async def get_usual_warehouse(
    connection: Connection, organization_id: UUID, supplier_id: UUID
) -> UUID | None:
    """The warehouse where goods of the supplier came in last; None if none did."""
    found: UUID | None = await connection.fetchval(
        """
        SELECT r.warehouse_id
        FROM purchase_orders o
        JOIN goods_receipts r ON r.organization_id = $1 AND r.purchase_order_id = o.id
        WHERE o.organization_id = $1 AND o.supplier_id = $2
          AND o.order_date >= current_date - 400
        ORDER BY r.received_at DESC, r.id DESC
        LIMIT 1
        """,
        organization_id,
        supplier_id,
    )
    return found


async def list_rejecting_lines(
    connection: Connection, organization_id: UUID, order_line_ids: Sequence[UUID]
) -> dict[UUID, UUID]:
    """The newest line of a receipt that rejected something, by the order's line."""
    found = await connection.fetch(
        """
        SELECT DISTINCT ON (i.purchase_order_item_id) i.purchase_order_item_id, i.id
        FROM goods_receipt_items i
        WHERE i.organization_id = $1 AND i.purchase_order_item_id = ANY ($2::uuid[])
          AND i.quantity_rejected > 0 AND i.reverses_item_id IS NULL
        ORDER BY i.purchase_order_item_id, i.id DESC
        """,
        organization_id,
        list(order_line_ids),
    )
    return {record["purchase_order_item_id"]: record["id"] for record in found}


class Quarantined(Struct, frozen=True):
    """Rejected units that are still held, with the lines of the receipt and of the order."""

    reservation_id: UUID
    goods_receipt_item_id: UUID
    purchase_order_item_id: UUID | None
    quantity: int


async def list_quarantined(
    connection: Connection, organization_id: UUID, order_id: UUID, warehouse_id: UUID
) -> list[Quarantined]:
    """What of an order's rejected units is still held in a warehouse, oldest first; takes no locks."""
    return await fetch_all(
        connection,
        Quarantined,
        """
        SELECT v.id AS reservation_id, i.id AS goods_receipt_item_id, i.purchase_order_item_id, v.quantity
        FROM goods_receipts r
        JOIN goods_receipt_items i ON i.organization_id = $1 AND i.goods_receipt_id = r.id
        JOIN inventory_reservations v ON v.organization_id = $1 AND v.goods_receipt_item_id = i.id
        WHERE r.organization_id = $1 AND r.purchase_order_id = $2 AND r.warehouse_id = $3
        ORDER BY v.id
        """,
        organization_id,
        order_id,
        warehouse_id,
    )


class LineOnForm(Struct, frozen=True):
    """A line of an order where somebody enters what happened to it; quantities in base units."""

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    gtin: str | None
    unit_of_measure: str | None
    units_per_pack: int | None
    quantity_ordered: int
    quantity_received: int
    quantity_returned: int
    quantity_open: int
    unit_price: Decimal | None
    due_on: date | None


async def list_lines_of_order(
    connection: Connection, organization_id: UUID, order_id: UUID
) -> list[LineOnForm]:
    """All lines of an order, by number."""
    return await fetch_all(
        connection,
        LineOnForm,
        """
        SELECT l.id, l.line_number, l.product_id, coalesce(i.sku, p.sku) AS sku,
               coalesce(i.product_name, p.name) AS product_name, p.gtin,
               coalesce(i.unit_of_measure, p.unit_of_measure) AS unit_of_measure,
               coalesce(i.units_per_pack, p.units_per_pack) AS units_per_pack, l.quantity_ordered,
               l.quantity_received, l.quantity_returned, l.quantity_open, l.unit_price, l.due_on
        FROM purchase_lines l
        JOIN purchase_order_items i ON i.organization_id = $1 AND i.id = l.id
        JOIN products p ON p.organization_id = $1 AND p.id = l.product_id
        WHERE l.organization_id = $1 AND l.purchase_order_id = $2
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )
