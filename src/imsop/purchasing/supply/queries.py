"""SQL of supply: what to order, open purchase lines of a product, its suppliers, late orders."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.listing import BY_NAME, Listing, Sort
from imsop.purchasing.orders.models import PurchaseOrderStatus
from imsop.purchasing.supply.models import Replenishment

REPLENISHMENT = Listing(
    Replenishment,
    """
    SELECT p.id, p.sku, p.name, s.available, s.on_order, s.next_due_on,
           round(s.units_sold * 7 / 90.0, 1) AS demand_per_week,
           (s.available * 90 / nullif(s.units_sold, 0))::int AS cover_days, p.reorder_level,
           CASE WHEN s.state = 'to_reorder' THEN
               orderable_quantity(
                   greatest(p.reorder_quantity, p.reorder_level - s.available - s.on_order + 1),
                   coalesce(t.minimum_quantity, 1), coalesce(t.units_per_pack, p.units_per_pack))
           ELSE 0 END AS suggested_quantity,
           t.supplier_id, u.name AS supplier_name,
           s.state, coalesce(s.available * 90 / nullif(s.units_sold, 0), 1000000)::int AS rank
    FROM product_supply s
    JOIN products p ON p.organization_id = $1 AND p.id = s.product_id
    LEFT JOIN supplier_products t ON t.organization_id = $1 AND t.product_id = p.id AND t.is_preferred
    LEFT JOIN suppliers u ON u.organization_id = $1 AND u.id = t.supplier_id
    WHERE s.organization_id = $1
    """,
    filters={
        "q": "p.id = ANY (ARRAY(SELECT search_ids($1, 'product', {})))",
        "state": "s.state = {}",
    },
    sorts={
        "name": Sort("p.name_order", "name", str, BY_NAME),
        # At run time: cover follows from stock and sales.
        "cover": Sort("coalesce(s.available * 90 / nullif(s.units_sold, 0), 1000000)::int", "rank", int),
    },
    tiebreak="p.id",
)


class OnOrder(Struct, frozen=True):
    """An open purchase line.

    `all_lines` and `all_outstanding` are totals over all open lines of the product.
    """

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
    """Open lines of a product, earliest due first. Over-delivery counts as zero outstanding."""
    return await fetch_all(
        connection,
        OnOrder,
        """
        SELECT l.purchase_order_id AS order_id, l.po_number, l.status, l.supplier_id,
               s.name AS supplier_name, l.quantity_ordered,
               l.quantity_open AS outstanding, l.due_on AS due,
               count(*) OVER () AS all_lines,
               sum(l.quantity_open) OVER () AS all_outstanding
        FROM purchase_lines l
        JOIN suppliers s ON s.organization_id = $1 AND s.id = l.supplier_id
        WHERE l.organization_id = $1 AND l.product_id = $2 AND l.is_open
        ORDER BY due NULLS LAST, l.po_number, l.line_number
        LIMIT $3
        """,
        organization_id,
        product_id,
        limit,
    )


class Source(Struct, frozen=True):
    """A supplier of a product. `lines` includes drafts; price and date are of the last submitted order.

    Lead times are those of purchase_lines: days from the order to completion of a line, of the `lines_timed`
    lines where both are known in this order.
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
    """Suppliers that the product was ordered from, last ordered first, with last price and mean lead time."""
    return await fetch_all(
        connection,
        Source,
        """
        SELECT s.id AS supplier_id, s.name AS supplier_name,
               (array_agg(l.unit_price
                          ORDER BY l.order_date DESC, l.purchase_order_id DESC, l.line_number DESC)
                FILTER (WHERE l.unit_price IS NOT NULL AND line.is_ordered))[1] AS last_price,
               (array_agg(l.currency
                          ORDER BY l.order_date DESC, l.purchase_order_id DESC, l.line_number DESC)
                FILTER (WHERE l.unit_price IS NOT NULL AND line.is_ordered))[1] AS currency,
               max(l.order_date) FILTER (WHERE line.is_ordered) AS last_ordered, count(*) AS lines,
               count(l.lead_time_days) AS lines_timed,
               round(avg(l.lead_time_days), 1) AS lead_time_days,
               min(l.lead_time_days) AS shortest_days, max(l.lead_time_days) AS longest_days
        FROM purchase_lines l
        JOIN suppliers s ON s.organization_id = $1 AND s.id = l.supplier_id
        CROSS JOIN LATERAL (SELECT l.status NOT IN ('draft', 'cancelled') AS is_ordered) AS line
        WHERE l.organization_id = $1 AND l.product_id = $2
        GROUP BY s.id, s.name
        HAVING bool_or(line.is_ordered)
        ORDER BY last_ordered DESC, s.name
        """,
        organization_id,
        product_id,
    )


class LatePurchaseOrder(Struct, frozen=True):
    id: UUID
    po_number: str
    supplier_name: str
    expected_delivery_date: date
    total_amount: Decimal | None
    currency: str


async def list_late(
    connection: Connection, organization_id: UUID, today: date, limit: int
) -> list[LatePurchaseOrder]:
    """Open orders past their expected date, the highest amount times days late first; currencies are not
    converted.
    """
    return await fetch_all(
        connection,
        LatePurchaseOrder,
        """
        SELECT o.id, o.po_number, s.name AS supplier_name, o.expected_delivery_date, o.total_amount,
               o.currency
        FROM purchase_orders o
        JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
        WHERE o.organization_id = $1 AND purchase_order_is_open(o.status)
          AND o.expected_delivery_date < $2
        ORDER BY coalesce(o.total_amount, 0) * ($2 - o.expected_delivery_date) DESC,
                 o.expected_delivery_date, o.id
        LIMIT $3
        """,
        organization_id,
        today,
        limit,
    )


async def list_unfinished(
    connection: Connection, organization_id: UUID, ends: Sequence[datetime]
) -> list[int]:
    """The number of open orders before each of these instants, ascending.

    An order is open from submission to its final state, according to its history.
    """
    records = await connection.fetch(
        """
        WITH ended AS (
            SELECT h.purchase_order_id AS id, max(h.occurred_at) AS ended_at
            FROM purchase_order_history h
            WHERE h.organization_id = $1 AND h.occurred_at >= ($2::timestamptz[])[1]
              AND h.to_status IN ('received', 'cancelled')
            GROUP BY h.purchase_order_id
        ), unfinished AS (
            SELECT o.id, NULL::timestamptz AS ended_at FROM purchase_orders o
            WHERE o.organization_id = $1 AND purchase_order_is_open(o.status)
            UNION ALL
            SELECT o.id, e.ended_at FROM ended e
            JOIN purchase_orders o ON o.organization_id = $1 AND o.id = e.id
        ), lived AS (
            SELECT u.ended_at,
                   (SELECT min(h.occurred_at) FROM purchase_order_history h
                    WHERE h.organization_id = $1 AND h.purchase_order_id = u.id
                      AND purchase_order_is_open(h.to_status)) AS opened_at
            FROM unfinished u
        )
        SELECT count(l.opened_at) AS open
        FROM unnest($2::timestamptz[]) AS asked (ended_at)
        LEFT JOIN lived l ON l.opened_at < asked.ended_at
            AND (l.ended_at IS NULL OR l.ended_at >= asked.ended_at)
        GROUP BY asked.ended_at
        ORDER BY asked.ended_at
        """,
        organization_id,
        ends,
    )
    return [record["open"] for record in records]
