"""SQL of returns to suppliers and their lines."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.returns.models import (
    ListedSupplierReturn,
    NewSupplierReturn,
    SupplierReturn,
    SupplierReturnLine,
)

_RETURNS = """
    SELECT r.id, r.return_number, r.purchase_order_id, o.po_number, o.supplier_id, r.warehouse_id,
    r.reverses_id,
           r.supplier_reference, r.notes, r.returned_at, r.created_by, r.created_at
    FROM supplier_returns r
    JOIN purchase_orders o ON o.organization_id = $1 AND o.id = r.purchase_order_id
    WHERE r.organization_id = $1
"""
_FILTERS = {
    "q": "r.id IN (SELECT f.id FROM search_ids($1, 'supplier_return', {}) AS f (id))",
    "return_number": "r.return_number = {}",
    "purchase_order_id": "r.purchase_order_id = {}",
    "warehouse_id": "r.warehouse_id = {}",
    "returned_from": "r.returned_at >= {}",
    "returned_before": "r.returned_at < {}",
}
_SORTS = {"returned_at": Sort("r.returned_at", "returned_at", datetime)}
RETURNS = Listing(SupplierReturn, _RETURNS, filters=_FILTERS, sorts=_SORTS, tiebreak="r.id")
RETURN_SUMMARIES = Listing(
    ListedSupplierReturn,
    """
    SELECT r.id, r.return_number, r.purchase_order_id, o.po_number, o.supplier_id, s.name AS supplier_name,
           r.warehouse_id, w.name AS warehouse_name, r.reverses_id, r.supplier_reference, r.returned_at,
           r.created_by,
           (SELECT count(*) FROM supplier_return_items i
            WHERE i.organization_id = $1 AND i.supplier_return_id = r.id) AS lines,
           (SELECT coalesce(sum(i.quantity), 0) FROM supplier_return_items i
            WHERE i.organization_id = $1 AND i.supplier_return_id = r.id) AS quantity
    FROM supplier_returns r
    LEFT JOIN purchase_orders o ON o.organization_id = $1 AND o.id = r.purchase_order_id
    LEFT JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
    LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = r.warehouse_id
    WHERE r.organization_id = $1
    """,
    filters=_FILTERS,
    sorts=_SORTS,
    tiebreak="r.id",
)


async def get_return(connection: Connection, organization_id: UUID, return_id: UUID) -> SupplierReturn | None:
    return await fetch_one(
        connection, SupplierReturn, _RETURNS + " AND r.id = $2", organization_id, return_id
    )


async def list_lines(
    connection: Connection, organization_id: UUID, return_id: UUID
) -> list[SupplierReturnLine]:
    """All lines of a return. SKU and name are those of the order."""
    return await fetch_all(
        connection,
        SupplierReturnLine,
        """
        SELECT i.id, i.line_number, i.purchase_order_item_id, i.product_id, coalesce(l.sku, p.sku) AS sku,
               coalesce(l.product_name, p.name) AS product_name, i.quantity, i.quantity_quarantined, i.reason,
               i.reverses_item_id,
               EXISTS (SELECT FROM supplier_return_items x
                       WHERE x.organization_id = $1 AND x.reverses_item_id = i.id) AS is_reversed
        FROM supplier_return_items i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        JOIN purchase_order_items l ON l.organization_id = $1 AND l.id = i.purchase_order_item_id
        WHERE i.organization_id = $1 AND i.supplier_return_id = $2
        ORDER BY i.line_number
        """,
        organization_id,
        return_id,
    )


async def insert_return(
    connection: Connection,
    organization_id: UUID,
    new: NewSupplierReturn,
    return_number: str,
    reverses_id: UUID | None,
    created_by: UUID,
) -> UUID:
    return_id: UUID = await connection.fetchval(
        """
        INSERT INTO supplier_returns (organization_id, return_number, purchase_order_id, warehouse_id,
        reverses_id,
                                      supplier_reference, notes, returned_at, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, now()), $9)
        RETURNING id
        """,
        organization_id,
        return_number,
        new.purchase_order_id,
        new.warehouse_id,
        reverses_id,
        new.supplier_reference,
        new.notes,
        new.returned_at,
        created_by,
    )
    return return_id


class NewLine(Struct, frozen=True):
    """A line to store, and the line that it reverses."""

    purchase_order_item_id: UUID
    product_id: UUID
    quantity: int
    quantity_quarantined: int
    reason: str
    reverses_item_id: UUID | None = None


async def insert_lines(
    connection: Connection, organization_id: UUID, return_id: UUID, lines: Sequence[NewLine]
) -> list[UUID]:
    """Stores the lines, numbered from 1; returns their ids in this order."""
    records = await connection.fetch(
        """
        INSERT INTO supplier_return_items (organization_id, supplier_return_id, line_number,
                                           purchase_order_item_id, product_id, quantity, quantity_quarantined,
                                           reason, reverses_item_id)
        SELECT $1, $2, line.number, line.purchase_order_item_id, line.product_id, line.quantity,
               line.quantity_quarantined, line.reason, line.reverses_item_id
        FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::int[], $7::text[], $8::uuid[]) WITH ORDINALITY
             AS line (purchase_order_item_id, product_id, quantity, quantity_quarantined, reason,
                      reverses_item_id, number)
        ORDER BY line.number
        RETURNING id, line_number
        """,
        organization_id,
        return_id,
        [line.purchase_order_item_id for line in lines],
        [line.product_id for line in lines],
        [line.quantity for line in lines],
        [line.quantity_quarantined for line in lines],
        [line.reason for line in lines],
        [line.reverses_item_id for line in lines],
    )
    return [record["id"] for record in sorted(records, key=lambda record: record["line_number"])]
