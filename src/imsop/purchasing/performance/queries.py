"""SQL of suppliers' delivery performance, based on the view purchase_lines, which defines what counts.

Rates are of all lines due, those never delivered included: leaving them out would flatter. A line is due if
its due date is before today.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from asyncpg import Range

from imsop.core.database import Connection, fetch_all, fetch_one, rows_affected
from imsop.core.listing import Listing, Sort
from imsop.documents.outcomes import LinesDue
from imsop.purchasing.performance.models import (
    DeliveredProduct,
    QuarterOfLines,
    SupplierLine,
    SupplierTotals,
)

SUPPLIER_LINES = Listing(
    SupplierLine,
    # Names by subqueries, evaluated after sorting and LIMIT; a join would look up those of every line.
    """
    SELECT l.id, l.purchase_order_id, l.po_number, l.supplier_id,
           (SELECT s.name FROM suppliers s
            WHERE s.organization_id = $1 AND s.id = l.supplier_id) AS supplier_name,
           l.order_date, l.status, l.line_number, l.product_id,
           (SELECT p.sku FROM products p WHERE p.organization_id = $1 AND p.id = l.product_id) AS sku,
           (SELECT p.name FROM products p
            WHERE p.organization_id = $1 AND p.id = l.product_id) AS product_name,
           l.quantity_ordered, l.quantity_received, l.quantity_open, l.line_total, l.currency, l.due_on,
           l.actual_delivery_date, l.lead_time_days, coalesce(l.due_on, l.order_date) AS sorted_on
    FROM purchase_lines l
    WHERE l.organization_id = $1
    """,
    filters={
        "supplier_id": "l.supplier_id = {}",
        "product_id": "l.product_id = {}",
        "dated": "l.id = ANY (ARRAY(SELECT purchase_lines_dated($1, {}::daterange)))",  # for an index
        "due_from": "l.due_on >= {}",
        "due_before": "l.due_on < {}",
        "agreed": "l.is_agreed = {}",
        "on_time": "l.is_on_time = {}",
        "on_time_in_full": "(l.is_on_time AND l.is_in_full) = {}",
        "in_full": "l.is_in_full = {}",
        "open": "l.is_open = {}",
        "timed": "(l.lead_time_days IS NOT NULL) = {}",
        "lead_time_from": "l.lead_time_days >= {}",
        "lead_time_before": "l.lead_time_days < {}",
    },
    # Sorted at run time: a supplier has thousands of lines at most, and no index spans two tables.
    sorts={"due_on": Sort("coalesce(l.due_on, l.order_date)", "sorted_on", date)},
    tiebreak="l.id",
)


async def count_due(connection: Connection, organization_id: UUID, days: "Range[date]") -> LinesDue:
    """Outcomes of all lines due on these days."""
    counted = await fetch_one(
        connection,
        LinesDue,
        """
        SELECT count(*) AS due, count(*) FILTER (WHERE l.is_on_time) AS on_time,
               count(*) FILTER (WHERE l.is_on_time AND l.is_in_full) AS on_time_in_full
        FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.id = ANY (ARRAY(SELECT purchase_lines_dated($1, $2)))
          AND l.is_agreed AND l.due_on <@ $2
        """,
        organization_id,
        days,
    )
    return counted or LinesDue(0, 0, 0)


async def list_quarters(
    connection: Connection, organization_id: UUID, supplier_id: UUID, today: date
) -> list[QuarterOfLines]:
    """Quarters with lines of the supplier that were due before today, oldest first."""
    return await fetch_all(
        connection,
        QuarterOfLines,
        """
        SELECT date_trunc('quarter', l.due_on)::date AS begins_on, count(*) AS due,
               count(*) FILTER (WHERE l.is_on_time) AS on_time,
               count(*) FILTER (WHERE l.is_in_full) AS in_full
        FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.supplier_id = $2 AND l.is_agreed AND l.due_on < $3
        GROUP BY 1 ORDER BY 1
        """,
        organization_id,
        supplier_id,
        today,
    )


async def count_lead_times(
    connection: Connection, organization_id: UUID, supplier_id: UUID
) -> dict[int, int]:
    """Number of the supplier's lines by lead time in days, shortest first."""
    records = await connection.fetch(
        """
        SELECT l.lead_time_days, count(*) FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.supplier_id = $2 AND l.lead_time_days IS NOT NULL
        GROUP BY 1 ORDER BY 1
        """,
        organization_id,
        supplier_id,
    )
    return {record[0]: record[1] for record in records}


async def list_delivered_products(
    connection: Connection, organization_id: UUID, supplier_id: UUID, today: date, limit: int
) -> list[DeliveredProduct]:
    """Products that the supplier delivers, most often ordered first, with the price of the newest line."""
    return await fetch_all(
        connection,
        DeliveredProduct,
        """
        WITH delivered AS (
            SELECT l.product_id, count(*) AS lines, sum(l.quantity_received) AS quantity_received,
                   max(l.actual_delivery_date) AS last_received_on,
                   (array_agg(l.unit_price ORDER BY l.order_date DESC, l.id DESC))[1] AS unit_price,
                   (array_agg(l.currency ORDER BY l.order_date DESC, l.id DESC))[1] AS currency,
                   count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3) AS lines_due,
                   count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3 AND l.is_on_time)
                       AS lines_on_time
            FROM purchase_lines l
            WHERE l.organization_id = $1 AND l.supplier_id = $2 AND l.status NOT IN ('draft', 'cancelled')
            GROUP BY l.product_id
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


async def list_supplier_totals(
    connection: Connection, organization_id: UUID, supplier_ids: Sequence[UUID], today: date
) -> dict[UUID, SupplierTotals]:
    """Totals by supplier id."""
    rows = await fetch_all(
        connection,
        SupplierTotals,
        """
        SELECT s.supplier_id, orders.orders, orders.open_orders, orders.late_orders, lines.open_lines,
               lines.overdue_lines, lines.lines_due, lines.lines_on_time
        FROM unnest($2::uuid[]) AS s (supplier_id)
        CROSS JOIN LATERAL (
            SELECT count(*) AS orders,
                   count(*) FILTER (WHERE purchase_order_is_open(o.status)) AS open_orders,
                   count(*) FILTER (WHERE purchase_order_is_open(o.status)
                                          AND o.expected_delivery_date < $3) AS late_orders
            FROM purchase_orders o
            WHERE o.organization_id = $1 AND o.supplier_id = s.supplier_id
        ) AS orders
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE l.is_open) AS open_lines,
                   count(*) FILTER (WHERE l.is_open AND l.due_on < $3) AS overdue_lines,
                   count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3) AS lines_due,
                   count(*) FILTER (WHERE l.is_agreed AND l.due_on < $3 AND l.is_on_time)
                       AS lines_on_time
            FROM purchase_lines l
            WHERE l.organization_id = $1 AND l.supplier_id = s.supplier_id
        ) AS lines
        """,
        organization_id,
        supplier_ids,
        today,
    )
    return {row.supplier_id: row for row in rows}


async def refresh_supplier_metrics(connection: Connection, organization_id: UUID, today: date) -> int:
    """Recomputes supplier_metrics: per supplier and quarter, of all lines due before today.

    Rates are of all lines due, those never delivered included; lead times of complete lines; the reject rate
    is units returned to the supplier by units received; the price variance compares the lines' cost with the
    products' standard cost. Idempotent; one run at a time per organization (the caller's lock).
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
            SELECT l.supplier_id, date_trunc('quarter', l.due_on)::date AS quarter, l.is_on_time,
                   l.is_in_full, l.lead_time_days, l.quantity_received, l.quantity_returned,
                   l.unit_price,
                   (SELECT p.unit_cost FROM products p
                    WHERE p.organization_id = $1 AND p.id = l.product_id) AS unit_cost
            FROM purchase_lines l
            WHERE l.organization_id = $1 AND l.is_agreed AND l.due_on < $2
        ) AS due
        GROUP BY due.supplier_id, due.quarter
        """,
        organization_id,
        today,
    )
    return rows_affected(status)


async def rate_suppliers(
    connection: Connection, organization_id: UUID, since: date, today: date, least: int
) -> int:
    """Rates suppliers with at least `least` lines due since then: five times the share on time and in full.

    Returns the number of changed ratings. Locks those suppliers in id order.
    """
    status = await connection.execute(
        """
        WITH earned AS (
            SELECT l.supplier_id, round(5 * avg((l.is_on_time AND l.is_in_full)::int), 2) AS rating
            FROM purchase_lines l
            WHERE l.organization_id = $1 AND l.is_agreed AND l.due_on >= $2 AND l.due_on < $3
            GROUP BY l.supplier_id
            HAVING count(*) >= $4
        ), locked AS (
            SELECT s.id, e.rating FROM suppliers s
            JOIN earned e ON e.supplier_id = s.id AND e.rating <> s.rating
            WHERE s.organization_id = $1
            ORDER BY s.id FOR NO KEY UPDATE OF s
        )
        UPDATE suppliers s SET rating = l.rating FROM locked l WHERE s.organization_id = $1 AND s.id = l.id
        """,
        organization_id,
        since,
        today,
        least,
    )
    return rows_affected(status)
