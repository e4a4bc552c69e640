"""Business events, and figures that follow from documents and ledger.

The figures are computed from what was staged, which equals what was written and has statistics to plan by.
"""

from datetime import date

import msgspec

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading, rows_written


async def write_events(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_events (
            event_type text, entity_type text, entity_id text, user_id uuid, metadata text,
            created_at timestamptz
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_events",
        (
            (
                event.event_type, event.entity_type, event.entity_id, loading.user_ids[event.by],
                msgspec.json.encode(event.metadata).decode(), event.created_at,
            )
            for event in loading.books.events
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO analytics_events
            (organization_id, event_type, entity_type, entity_id, user_id, metadata, created_at)
        SELECT $1::uuid, s.event_type, s.entity_type, s.entity_id, s.user_id, s.metadata::jsonb, s.created_at
        FROM staged_events s
        ORDER BY s.created_at
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def make_metrics(loading: Loading) -> int:
    """Per day of the organization's timezone: orders won and their value, units sold, deliveries on time."""
    status = await loading.connection.execute(
        """
        INSERT INTO analytics_metrics
            (organization_id, metric_name, metric_value, dimension_date, dimension_category, rule)
        WITH confirmed AS (
            SELECT (h.occurred_at AT TIME ZONE $2)::date AS day, o.total_amount
            FROM staged_sales_history h
            JOIN staged_sales_orders o ON o.id = h.order_id
            WHERE h.to_status = 'confirmed'
        ), sold AS (
            SELECT (m.occurred_at AT TIME ZONE $2)::date AS day, p.category, -m.quantity AS units
            FROM staged_movements m
            JOIN staged_products p ON p.id = m.product_id
            WHERE m.movement_kind = 'sale'
        )
        SELECT $1::uuid, 'sales_orders_confirmed', count(*), c.day, '', 'sales_order_history, v1'
        FROM confirmed c GROUP BY c.day
        UNION ALL
        SELECT $1::uuid, 'sales_value_confirmed', sum(c.total_amount), c.day, '', 'sales_order_history, v1'
        FROM confirmed c GROUP BY c.day
        UNION ALL
        SELECT $1::uuid, 'units_sold', sum(s.units), s.day, coalesce(s.category, ''),
               'inventory_transactions, v1'
        FROM sold s GROUP BY GROUPING SETS ((s.day), (s.day, s.category))
        UNION ALL
        SELECT $1::uuid, 'deliveries_on_time_rate',
               avg((s.actual_delivery_date <= s.expected_delivery_date)::int), s.actual_delivery_date, '',
               'shipments, v1'
        FROM staged_shipments s
        WHERE s.shipment_type = 'outbound' AND s.status = 'delivered'
        GROUP BY s.actual_delivery_date
        """,
        loading.organization_id,
        loading.company.timezone,
    )
    return int(status.rsplit(" ", 1)[-1])


async def make_supplier_metrics(loading: Loading, today: date) -> int:
    """Per supplier and quarter, over the order lines that were promised for a day in it before today.

    A line is on time when it was complete by that day. Lead times run from the order to the line's
    completion; rejected are units returned to the supplier of units received; the price variance is what the
    lines cost above standard cost.
    """
    status = await loading.connection.execute(
        """
        INSERT INTO supplier_metrics
            (organization_id, supplier_id, period_start, period_end, lines_due, on_time_rate, in_full_rate,
             on_time_in_full_rate, lead_time_mean_days, lead_time_stddev_days, lead_time_p50_days,
             lead_time_p90_days, rejected_rate, price_variance, sample_size, rule)
        WITH rejected AS (
            SELECT m.reference_id AS po_number, m.product_id, -sum(m.quantity) AS units
            FROM staged_movements m
            WHERE m.movement_kind = 'supplier_return'
            GROUP BY m.reference_id, m.product_id
        ), line AS (
            SELECT o.supplier_id, date_trunc('quarter', l.promised_delivery_date)::date AS quarter,
                   coalesce(l.actual_delivery_date <= l.promised_delivery_date, false) AS on_time,
                   l.quantity_received >= l.quantity_ordered AS in_full,
                   l.actual_delivery_date - o.order_date AS days, l.quantity_received AS received,
                   coalesce(r.units, 0) AS rejected,
                   (l.unit_price - p.unit_cost) * l.quantity_ordered AS variance
            FROM staged_purchase_lines l
            JOIN staged_purchase_orders o ON o.id = l.purchase_order_id
            JOIN staged_products p ON p.id = l.product_id
            LEFT JOIN rejected r ON r.po_number = o.po_number AND r.product_id = l.product_id
            WHERE o.status <> 'cancelled' AND l.promised_delivery_date < $2
        )
        SELECT $1::uuid, line.supplier_id, line.quarter, (line.quarter + interval '3 months')::date, count(*),
               avg(line.on_time::int), avg(line.in_full::int), avg((line.on_time AND line.in_full)::int),
               avg(line.days), stddev_samp(line.days),
               percentile_cont(0.5) WITHIN GROUP (ORDER BY line.days),
               percentile_cont(0.9) WITHIN GROUP (ORDER BY line.days),
               sum(line.rejected) / nullif(sum(line.received), 0), sum(line.variance), count(line.days),
               'purchase_order_items by promised date, v1'
        FROM line
        GROUP BY line.supplier_id, line.quarter
        """,
        loading.organization_id,
        today,
    )
    return int(status.rsplit(" ", 1)[-1])
