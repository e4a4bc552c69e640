"""SQL of how suppliers keep their word, and of the lines that tell.

Of all lines due, those that never came included, since leaving them out flatters: on time is the whole
quantity by the day, in full is neither less nor more than ordered (SCOR, RL.2.1), both without tolerance. A
line is due when the day it is held to, the supplier's first promise, is before today. A line keeps no
quantities by day: it counts from the day it was complete. Lead time runs from the order to that day.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from imsop.core.database import Connection, fetch_all
from imsop.core.listing import Listing, Sort
from imsop.purchasing.performance.models import (
    DeliveredProduct,
    QuarterOfLines,
    SupplierLine,
    SupplierStanding,
)

# Lines fall due once the supplier has agreed to the order. What came before its own order has no lead time:
# some sources date orders afterwards.
_LINES = """
    FROM purchase_orders o
    JOIN purchase_order_items i ON i.organization_id = $1 AND i.purchase_order_id = o.id
    CROSS JOIN LATERAL (
        SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date)
                   AS due_on,
               i.quantity_received >= i.quantity_ordered AS is_complete,
               o.status IN ('confirmed', 'shipped', 'received') AS is_agreed
    ) AS held
    CROSS JOIN LATERAL (
        SELECT coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
               i.quantity_received = i.quantity_ordered AS is_in_full,
               o.status IN ('submitted', 'confirmed', 'shipped') AND NOT held.is_complete AS is_open,
               CASE WHEN held.is_agreed AND held.is_complete AND i.actual_delivery_date >= o.order_date
                    THEN i.actual_delivery_date - o.order_date END AS lead_time_days
    ) AS line
    WHERE o.organization_id = $1
"""


SUPPLIER_LINES = Listing(
    SupplierLine,
    # Names by subqueries: they wait until a page is sorted and cut, where a join would look up every line's.
    """
    SELECT i.id, i.purchase_order_id, o.po_number, o.order_date, o.status, i.line_number, i.product_id,
           (SELECT p.sku FROM products p WHERE p.organization_id = $1 AND p.id = i.product_id) AS sku,
           (SELECT p.name FROM products p
            WHERE p.organization_id = $1 AND p.id = i.product_id) AS product_name,
           i.quantity_ordered, i.quantity_received, i.line_total, o.currency, held.due_on,
           i.actual_delivery_date, line.lead_time_days, coalesce(held.due_on, o.order_date) AS sorted_on
    """
    + _LINES,
    filters={
        "supplier_id": "o.supplier_id = {}",
        "product_id": "i.product_id = {}",
        "due_from": "held.due_on >= {}",
        "due_before": "held.due_on < {}",
        "agreed": "held.is_agreed = {}",
        "on_time": "line.is_on_time = {}",
        "in_full": "line.is_in_full = {}",
        "open": "line.is_open = {}",
        "timed": "(line.lead_time_days IS NOT NULL) = {}",
        "lead_time_from": "line.lead_time_days >= {}",
        "lead_time_before": "line.lead_time_days < {}",
    },
    # Sorted when asked for: a supplier's lines are thousands at most, and no index spans two tables.
    sorts={"due_on": Sort("coalesce(held.due_on, o.order_date)", "sorted_on", date)},
    tiebreak="i.id",
)


async def list_quarters(
    connection: Connection, organization_id: UUID, supplier_id: UUID, today: date
) -> list[QuarterOfLines]:
    """The quarters in which lines of the supplier fell due before today, oldest first."""
    return await fetch_all(
        connection,
        QuarterOfLines,
        """
        SELECT date_trunc('quarter', held.due_on)::date AS begins_on, count(*) AS due,
               count(*) FILTER (WHERE line.is_on_time) AS on_time,
               count(*) FILTER (WHERE line.is_in_full) AS in_full
        """
        + _LINES
        + " AND o.supplier_id = $2 AND held.is_agreed AND held.due_on < $3 GROUP BY 1 ORDER BY 1",
        organization_id,
        supplier_id,
        today,
    )


async def count_lead_times(
    connection: Connection, organization_id: UUID, supplier_id: UUID
) -> dict[int, int]:
    """How many lines of the supplier took how many days, shortest first."""
    records = await connection.fetch(
        "SELECT line.lead_time_days, count(*)"
        + _LINES
        + " AND o.supplier_id = $2 AND line.lead_time_days IS NOT NULL GROUP BY 1 ORDER BY 1",
        organization_id,
        supplier_id,
    )
    return {record[0]: record[1] for record in records}


async def list_delivered_products(
    connection: Connection, organization_id: UUID, supplier_id: UUID, today: date, limit: int
) -> list[DeliveredProduct]:
    """What the supplier delivers, the most often ordered first; its price is that of the newest line."""
    return await fetch_all(
        connection,
        DeliveredProduct,
        """
        WITH delivered AS (
            SELECT i.product_id, count(*) AS lines, sum(i.quantity_received) AS quantity_received,
                   max(i.actual_delivery_date) AS last_received_on,
                   (array_agg(i.unit_price ORDER BY o.order_date DESC, i.id DESC))[1] AS unit_price,
                   (array_agg(o.currency ORDER BY o.order_date DESC, i.id DESC))[1] AS currency,
                   count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3) AS lines_due,
                   count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3 AND line.is_on_time)
                       AS lines_on_time
        """
        + _LINES
        + """ AND o.supplier_id = $2 AND o.status NOT IN ('draft', 'cancelled')
            GROUP BY i.product_id
        )
        SELECT d.product_id, p.sku, p.name, d.lines, d.quantity_received, d.last_received_on, d.unit_price,
               d.currency, d.lines_due, d.lines_on_time, count(*) OVER () AS products
        FROM delivered d
        JOIN products p ON p.organization_id = $1 AND p.id = d.product_id
        ORDER BY d.lines DESC, p.sku
        LIMIT $4
        """,
        organization_id,
        supplier_id,
        today,
        limit,
    )


async def list_standings(
    connection: Connection, organization_id: UUID, supplier_ids: Sequence[UUID], today: date
) -> dict[UUID, SupplierStanding]:
    """Of each of these suppliers."""
    rows = await fetch_all(
        connection,
        SupplierStanding,
        """
        SELECT s.supplier_id, orders.orders, orders.open_orders, orders.late_orders, lines.open_lines,
               lines.overdue_lines, lines.lines_due, lines.lines_on_time
        FROM unnest($2::uuid[]) AS s (supplier_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders,
                   count(*) FILTER (WHERE o.status IN ('submitted', 'confirmed', 'shipped')) AS open_orders,
                   count(*) FILTER (WHERE o.status IN ('submitted', 'confirmed', 'shipped')
                                          AND o.expected_delivery_date < $3) AS late_orders
            FROM purchase_orders o
            WHERE o.organization_id = $1 AND o.supplier_id = s.supplier_id
        ) AS orders
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE line.is_open) AS open_lines,
                   count(*) FILTER (WHERE line.is_open AND held.due_on < $3) AS overdue_lines,
                   count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3) AS lines_due,
                   count(*) FILTER (WHERE held.is_agreed AND held.due_on < $3 AND line.is_on_time)
                       AS lines_on_time
        """
        + _LINES
        + """ AND o.supplier_id = s.supplier_id
        ) AS lines
        """,
        organization_id,
        supplier_ids,
        today,
    )
    return {row.supplier_id: row for row in rows}


async def refresh_supplier_metrics(connection: Connection, organization_id: UUID, today: date) -> int:
    """Computes supplier_metrics anew: per supplier and quarter, of all lines due in it before today.

    Rates are of all lines due, those never delivered included; lead times of the lines that are complete;
    rejected are units returned to the supplier of units received; the price variance is what the lines cost
    above the products' standard cost. Idempotent; one run at a time per organization (the caller's lock).
    """
    await connection.execute("DELETE FROM supplier_metrics WHERE organization_id = $1", organization_id)
    status = await connection.execute(
        """
        INSERT INTO supplier_metrics
            (organization_id, supplier_id, period_start, period_end, lines_due, on_time_rate, in_full_rate,
             on_time_in_full_rate, lead_time_mean_days, lead_time_stddev_days, lead_time_p50_days,
             lead_time_p90_days, rejected_rate, price_variance, sample_size, rule)
        SELECT $1::uuid, due.supplier_id, due.quarter, (due.quarter + interval '3 months')::date, count(*),
               avg(due.is_on_time::int), avg(due.is_in_full::int),
               avg((due.is_on_time AND due.is_in_full)::int), avg(due.lead_time_days),
               stddev_samp(due.lead_time_days),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY due.lead_time_days),
               percentile_cont(0.9) WITHIN GROUP (ORDER BY due.lead_time_days),
               sum(due.quantity_returned) / nullif(sum(due.quantity_received), 0)::numeric,
               sum((due.unit_price - due.unit_cost) * due.quantity_received), count(due.lead_time_days),
               'purchase order lines due, v2'
        FROM (
            SELECT o.supplier_id, date_trunc('quarter', held.due_on)::date AS quarter, line.is_on_time,
                   line.is_in_full, line.lead_time_days, i.quantity_received, i.quantity_returned,
                   i.unit_price,
                   (SELECT p.unit_cost FROM products p
                    WHERE p.organization_id = $1 AND p.id = i.product_id) AS unit_cost
        """
        + _LINES
        + """ AND held.is_agreed AND held.due_on < $2
        ) AS due
        GROUP BY due.supplier_id, due.quarter
        """,
        organization_id,
        today,
    )
    return int(status.rsplit(" ", 1)[-1])
