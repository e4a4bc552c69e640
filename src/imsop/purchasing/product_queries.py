"""SQL of purchasing as seen from a product: what is on order, and who sells it to us for how much."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.purchasing.models import PurchaseOrderStatus


class OnOrder(Struct, frozen=True):
    """A line that a supplier still owes. `all_lines` and `all_outstanding` are of all such lines."""

    order_id: UUID
    po_number: str
    status: PurchaseOrderStatus
    supplier_id: UUID
    supplier_name: str
    quantity_ordered: int
    outstanding: int
    due: date | None
    all_lines: int
    all_outstanding: int


async def list_on_order(
    connection: Connection, organization_id: UUID, product_id: UUID, limit: int
) -> list[OnOrder]:
    """What is due first stands first. What was received beyond the order is not owed."""
    return await fetch_all(
        connection,
        OnOrder,
        """
        SELECT o.id AS order_id, o.po_number, o.status, o.supplier_id, s.name AS supplier_name,
               i.quantity_ordered, i.quantity_ordered - i.quantity_received AS outstanding,
               coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due,
               count(*) OVER () AS all_lines,
               sum(i.quantity_ordered - i.quantity_received) OVER () AS all_outstanding
        FROM purchase_order_items i
        JOIN purchase_orders o ON o.organization_id = $1 AND o.id = i.purchase_order_id
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        WHERE i.organization_id = $1 AND i.product_id = $2 AND i.quantity_received < i.quantity_ordered
          AND o.status IN ('submitted', 'confirmed', 'shipped')
        ORDER BY due NULLS LAST, o.po_number, i.line_number
        LIMIT $3
        """,
        organization_id,
        product_id,
        limit,
    )


class Source(Struct, frozen=True):
    """A supplier of a product; `lines` are all there, drafts too; price and day are of what was ordered.

    Lead times are as in performance_queries: days from the order to the day a line was complete, of the
    `lines_timed` that have both in this order.
    """

    supplier_id: UUID
    supplier_name: str
    last_price: Decimal | None
    currency: str | None
    last_ordered: date
    lines: int
    lines_timed: int
    lead_time_days: Decimal | None
    shortest_days: int | None
    longest_days: int | None


async def list_sources(connection: Connection, organization_id: UUID, product_id: UUID) -> list[Source]:
    """Those it was ordered from, the last one first; `lead_time_days` is the mean."""
    return await fetch_all(
        connection,
        Source,
        """
        SELECT s.id AS supplier_id, s.name AS supplier_name,
               (array_agg(i.unit_price ORDER BY o.order_date DESC, o.id DESC, i.line_number DESC)
                FILTER (WHERE i.unit_price IS NOT NULL AND line.is_ordered))[1] AS last_price,
               (array_agg(o.currency ORDER BY o.order_date DESC, o.id DESC, i.line_number DESC)
                FILTER (WHERE i.unit_price IS NOT NULL AND line.is_ordered))[1] AS currency,
               max(o.order_date) FILTER (WHERE line.is_ordered) AS last_ordered, count(*) AS lines,
               count(line.lead_time_days) AS lines_timed,
               round(avg(line.lead_time_days), 1) AS lead_time_days,
               min(line.lead_time_days) AS shortest_days, max(line.lead_time_days) AS longest_days
        FROM purchase_order_items i
        JOIN purchase_orders o ON o.organization_id = $1 AND o.id = i.purchase_order_id
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        CROSS JOIN LATERAL (
            SELECT o.status NOT IN ('draft', 'cancelled') AS is_ordered,
                   CASE WHEN o.status IN ('confirmed', 'shipped', 'received')
                             AND i.quantity_received >= i.quantity_ordered
                             AND i.actual_delivery_date >= o.order_date
                        THEN i.actual_delivery_date - o.order_date END AS lead_time_days
        ) AS line
        WHERE i.organization_id = $1 AND i.product_id = $2
        GROUP BY s.id, s.name
        HAVING bool_or(line.is_ordered)
        ORDER BY last_ordered DESC, s.name
        """,
        organization_id,
        product_id,
    )
