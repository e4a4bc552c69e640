"""Bulk posting: hundreds of thousands of movements, staged in a temporary table, through post_movements."""

from collections.abc import Callable
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.errors import Conflict, FieldError

_CHUNK_MOVEMENTS = 100_000
"""Movements per call.

Each call updates every balance once, and dead row versions slow down the rest of the transaction, so calls
should be few. 100,000 movements take 100 MB of the server's memory.
"""


class _Refused(Struct, frozen=True):
    line: int
    reference_id: str | None
    available: int


async def stage_movements(connection: Connection) -> None:
    """Creates the temporary tables `staged_movements` and `staged_sold_lines`, dropped at commit.

    Movements are posted in insertion order. A sold line is a sales order line that does not exist yet: it is
    inserted, with its progress, by the call that posts its sale.
    """
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_movements (
            line int GENERATED ALWAYS AS IDENTITY, product_id uuid, warehouse_id uuid, quantity int,
            transaction_type text, movement_kind text, purchase_order_item_id uuid, sales_order_item_id uuid,
            shipment_item_id uuid, goods_receipt_item_id uuid, supplier_return_item_id uuid, reference_id
            text,
            reason text, notes text, occurred_at timestamptz
        ) ON COMMIT DROP
        """
    )
    await connection.execute(
        """
        CREATE TEMPORARY TABLE staged_sold_lines (
            id uuid, sales_order_id uuid, line_number int, product_id uuid, quantity_ordered int,
            unit_price numeric, line_total numeric, expected_delivery_date date, promised_delivery_date date,
            actual_delivery_date date
        ) ON COMMIT DROP
        """
    )


async def post_staged_movements(
    connection: Connection,
    organization_id: UUID,
    created_by: UUID | None,
    progress: Callable[[int, int], None],
) -> int:
    """Posts all of `staged_movements`; returns their number and reports progress.

    Raises Conflict, naming the lines, if stock would fall below zero; the caller must roll back.
    """
    await connection.execute("CREATE UNIQUE INDEX ON staged_movements (line)")
    await connection.execute("CREATE INDEX ON staged_sold_lines (id)")
    await connection.execute("ANALYZE staged_movements, staged_sold_lines")
    total: int = await connection.fetchval("SELECT count(*) FROM staged_movements")
    for first in range(1, total + 1, _CHUNK_MOVEMENTS):
        last = min(first + _CHUNK_MOVEMENTS - 1, total)
        if refused := await _post(connection, organization_id, created_by, first, last):
            raise Conflict(
                f"{len(refused)} movements would take more than there is",
                errors=[
                    FieldError(f"movement {r.line} ({r.reference_id})", f"only {r.available} available")
                    for r in refused
                ],
            )
        progress(last, total)
    return total


async def _post(
    connection: Connection, organization_id: UUID, created_by: UUID | None, first: int, last: int
) -> list[_Refused]:
    return await fetch_all(
        connection,
        _Refused,
        """
        SELECT s.line, s.reference_id, p.available
        FROM record_past_sales($1, array(
            SELECT ROW(l.id, l.sales_order_id, l.line_number, l.product_id, l.quantity_ordered, l.unit_price,
                       l.line_total, l.expected_delivery_date, l.promised_delivery_date,
                       l.actual_delivery_date)::past_sale_line
            FROM staged_movements s
            JOIN staged_sold_lines l ON l.id = s.sales_order_item_id
            WHERE s.line BETWEEN $3 AND $4 AND s.movement_kind = 'sale'), array(
            SELECT ROW(s.product_id, s.warehouse_id, s.quantity, s.transaction_type, s.movement_kind, NULL,
                       s.purchase_order_item_id, s.sales_order_item_id, s.shipment_item_id, s.reference_id,
                       s.reason, s.notes, s.occurred_at, s.goods_receipt_item_id,
                       s.supplier_return_item_id, NULL)::stock_movement
            FROM staged_movements s WHERE s.line BETWEEN $3 AND $4 ORDER BY s.line), $2) p
        JOIN staged_movements s ON s.line = p.line + $3 - 1
        WHERE p.outcome <> 'posted'
        """,
        organization_id,
        created_by,
        first,
        last,
    )
