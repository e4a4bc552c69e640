"""SQL of sales as seen from a product: what customers still wait for."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.sales.models import SalesOrderStatus


class Promised(Struct, frozen=True):
    """A line that is still to be sent. `all_lines` and `all_outstanding` are of all such lines."""

    order_id: UUID
    so_number: str
    status: SalesOrderStatus
    customer_id: UUID | None
    customer_name: str | None
    quantity_ordered: int
    outstanding: int
    reserved: int
    due: date | None
    all_lines: int
    all_outstanding: int


async def list_promised(
    connection: Connection, organization_id: UUID, product_id: UUID, limit: int
) -> list[Promised]:
    """Of confirmed orders; what is due first stands first."""
    return await fetch_all(
        connection,
        Promised,
        """
        SELECT o.id AS order_id, o.so_number, o.status, o.customer_id, c.name AS customer_name,
               i.quantity_ordered, i.quantity_ordered - i.quantity_shipped AS outstanding,
               i.quantity_reserved AS reserved,
               coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due,
               count(*) OVER () AS all_lines,
               sum(i.quantity_ordered - i.quantity_shipped) OVER () AS all_outstanding
        FROM sales_order_items i
        JOIN sales_orders o ON o.organization_id = $1 AND o.id = i.sales_order_id
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        WHERE i.organization_id = $1 AND i.product_id = $2 AND i.quantity_shipped < i.quantity_ordered
          AND o.status IN ('confirmed', 'shipped')
        ORDER BY due NULLS LAST, o.so_number, i.line_number
        LIMIT $3
        """,
        organization_id,
        product_id,
        limit,
    )
