"""SQL of amendments of purchase orders that were sent."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection
from imsop.purchasing.orders.models import PurchaseOrder


class AmendedLine(Struct, frozen=True):
    """A line as amended. `is_other`: its quantity or price changes, so what was confirmed or closed is
    void.
    """

    id: UUID
    quantity_ordered: int
    unit_price: Decimal | None
    line_total: Decimal | None
    expected_delivery_date: date | None
    is_other: bool


async def update_amended(connection: Connection, organization_id: UUID, order: PurchaseOrder) -> None:
    """Writes what may change of an order that was sent; the caller has locked it."""
    await connection.execute(
        """
        UPDATE purchase_orders
        SET expected_delivery_date = $3, warehouse_id = $4, supplier_reference = $5, notes = $6,
            total_amount = $7, revision = $8
        WHERE organization_id = $1 AND id = $2
        """,
        organization_id,
        order.id,
        order.expected_delivery_date,
        order.warehouse_id,
        order.supplier_reference,
        order.notes,
        order.total_amount,
        order.revision,
    )


async def update_lines(connection: Connection, organization_id: UUID, lines: Sequence[AmendedLine]) -> None:
    await connection.execute(
        """
        UPDATE purchase_order_items i
        SET quantity_ordered = l.quantity_ordered, unit_price = l.unit_price, line_total = l.line_total,
            expected_delivery_date = l.expected_delivery_date,
            quantity_confirmed = CASE WHEN l.is_other THEN NULL ELSE i.quantity_confirmed END,
            confirmed_unit_price = CASE WHEN l.is_other THEN NULL ELSE i.confirmed_unit_price END,
            quantity_closed = CASE WHEN l.is_other THEN 0 ELSE i.quantity_closed END
        FROM unnest($2::uuid[], $3::int[], $4::numeric[], $5::numeric[], $6::date[], $7::bool[])
             AS l (id, quantity_ordered, unit_price, line_total, expected_delivery_date, is_other)
        WHERE i.organization_id = $1 AND i.id = l.id
        """,
        organization_id,
        [line.id for line in lines],
        [line.quantity_ordered for line in lines],
        [line.unit_price for line in lines],
        [line.line_total for line in lines],
        [line.expected_delivery_date for line in lines],
        [line.is_other for line in lines],
    )


async def delete_lines(connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]) -> None:
    """Takes lines off an order, of which nothing came in."""
    await connection.execute(
        "DELETE FROM purchase_order_items i WHERE i.organization_id = $1 AND i.id = ANY ($2::uuid[])",
        organization_id,
        list(line_ids),
    )
