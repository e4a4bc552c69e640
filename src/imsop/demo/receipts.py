"""Writes the books' goods receipts and returns to suppliers; their movements are posted with all others."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.bulk import stage_records
from imsop.demo.documents import PostedLine
from imsop.demo.loading import Loading, rows_written


async def write_goods_receipts(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_receipt_lines (
            id uuid, number text, order_id uuid, warehouse_id uuid, delivery_note text, at timestamptz,
            line_number int, order_line_id uuid, product_id uuid, quantity int, reason text
        ) ON COMMIT DROP
        """
    )
    await _stage(loading, "staged_receipt_lines", loading.books.receipt_lines, loading.receipt_line_ids)
    await loading.connection.execute(
        """
        INSERT INTO goods_receipts (organization_id, receipt_number, purchase_order_id, warehouse_id,
                                    delivery_note, received_at, created_by)
        SELECT DISTINCT ON (s.number) $1::uuid, s.number, s.order_id, s.warehouse_id, s.delivery_note, s.at,
               $2::uuid
        FROM staged_receipt_lines s ORDER BY s.number
        """,
        loading.organization_id,
        loading.user_ids["warehouse"],
    )
    status = await loading.connection.execute(
        """
        INSERT INTO goods_receipt_items (id, organization_id, goods_receipt_id, line_number,
                                         purchase_order_item_id, product_id, quantity_accepted,
                                         quantity_rejected)
        SELECT s.id, $1::uuid, r.id, s.line_number, s.order_line_id, s.product_id, s.quantity, 0
        FROM staged_receipt_lines s
        JOIN goods_receipts r ON r.organization_id = $1 AND r.receipt_number = s.number
        """,
        loading.organization_id,
    )
    return rows_written(len(loading.books.receipt_lines), status)


async def write_supplier_returns(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_return_lines (
            id uuid, number text, order_id uuid, warehouse_id uuid, delivery_note text, at timestamptz,
            line_number int, order_line_id uuid, product_id uuid, quantity int, reason text
        ) ON COMMIT DROP
        """
    )
    await _stage(loading, "staged_return_lines", loading.books.return_lines, loading.return_line_ids)
    await loading.connection.execute(
        """
        INSERT INTO supplier_returns (organization_id, return_number, purchase_order_id, warehouse_id,
                                      returned_at, created_by)
        SELECT DISTINCT ON (s.number) $1::uuid, s.number, s.order_id, s.warehouse_id, s.at, $2::uuid
        FROM staged_return_lines s ORDER BY s.number
        """,
        loading.organization_id,
        loading.user_ids["warehouse"],
    )
    status = await loading.connection.execute(
        """
        INSERT INTO supplier_return_items (id, organization_id, supplier_return_id, line_number,
                                           purchase_order_item_id, product_id, quantity, quantity_quarantined,
                                           reason)
        SELECT s.id, $1::uuid, r.id, s.line_number, s.order_line_id, s.product_id, s.quantity, 0, s.reason
        FROM staged_return_lines s
        JOIN supplier_returns r ON r.organization_id = $1 AND r.return_number = s.number
        """,
        loading.organization_id,
    )
    return rows_written(len(loading.books.return_lines), status)


async def _stage(loading: Loading, table: str, lines: Sequence[PostedLine], ids: Sequence[UUID]) -> None:
    await stage_records(
        loading.connection,
        table,
        (
            (
                id_, it.document.number, it.document.order.id,
                loading.warehouse_ids[it.document.warehouse], it.document.delivery_note, it.document.at,
                it.number, it.line.id, loading.product_ids[it.line.product], it.quantity, it.reason,
            )
            for id_, it in zip(ids, lines, strict=True)
        ),
    )  # fmt: skip
