"""SQL of promises."""

from collections.abc import Sequence
from uuid import UUID

from imsop.core.database import Connection, fetch_all
from imsop.inventory.reservations.rules import Waiting
from imsop.sales.allocation.rules import Incoming


async def list_incoming(
    connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]
) -> list[Incoming]:
    """What is on order of these products, in the order in which it is due; undated lines last."""
    return await fetch_all(
        connection,
        Incoming,
        """
        SELECT l.id AS line_id, l.product_id, l.purchase_order_id, l.po_number, l.warehouse_id,
               l.quantity_open AS quantity, l.due_on
        FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.product_id = ANY ($2::uuid[]) AND l.is_open
        ORDER BY l.due_on NULLS LAST, l.po_number, l.line_number
        """,
        organization_id,
        list(product_ids),
    )


class OrderLine(Waiting, frozen=True):
    """A line of an order, and what of it is still to be reserved."""

    line_number: int
    is_queued: bool
    """True if it waits in the queue already: its order is confirmed and not on hold."""


async def list_lines_to_promise(
    connection: Connection, organization_id: UUID, order_id: UUID
) -> list[OrderLine]:
    """The lines of a draft or open order of which something is still to be reserved, by number."""
    return await fetch_all(
        connection,
        OrderLine,
        """
        SELECT l.id AS line_id, l.product_id,
               l.quantity_ordered - l.quantity_reserved - l.quantity_shipped - l.quantity_closed AS quantity,
               l.warehouse_id, l.line_number, l.status = 'confirmed' AND NOT l.is_on_hold AS is_queued
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.sales_order_id = $2 AND l.status IN ('draft', 'confirmed')
          AND l.quantity_ordered > l.quantity_reserved + l.quantity_shipped + l.quantity_closed
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )
