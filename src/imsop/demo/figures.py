"""Business events, and figures that follow from documents and ledger.

The figures are computed from what was staged, which equals what was written and has statistics to plan by.
"""

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
