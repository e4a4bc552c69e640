"""SQL that computes daily figures (docs/metrics.md defines each).

Every statement recomputes the figures of a range of days. The category of an overall figure is empty; others
are `warehouse:` and its id, `category:` and that of the products, or `currency:` and its code. Categories
with the same first 91 characters are merged, since the column holds 100.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from imsop.core.database import Connection, rows_affected
from imsop.inventory.days.queries import HELD_BY_DAY

STOCK = ("stock_units", "stock_value", "stock_units_without_cost", "stock_outs")
FLOWS = (
    "units_sold",
    "cost_of_goods_sold",
    *(
        side + figure
        for side in ("sales", "purchase")
        for figure in (
            "_orders", "_value", "_lines", "_lines_due", "_lines_on_time", "_lines_in_full",
            "_lines_on_time_in_full", "_fill_rate",
        )
    ),
)  # fmt: skip
RATIOS = ("turnover", "days_of_supply")

# Wraps a statement that selects name, value, day and category of figures. Rows with a null category (products
# without one) or a null value are left out.
_INSERT = """
    INSERT INTO analytics_metrics
        (organization_id, metric_name, metric_value, dimension_date, dimension_category, rule)
    SELECT $1::uuid, told.name, told.value, told.day, told.category, 'daily figures, v2'
    FROM (
"""
_TOLD = """
    ) AS told (name, value, day, category)
    WHERE told.value IS NOT NULL AND told.category IS NOT NULL
"""


async def get_first_day(connection: Connection, organization_id: UUID) -> date | None:
    """The first day with known stock; None if there never was any."""
    first: date | None = await connection.fetchval(
        "SELECT min(d.day) FROM inventory_daily_balances d WHERE d.organization_id = $1", organization_id
    )
    return first


async def is_computed(
    connection: Connection, organization_id: UUID, day: date, since: datetime | None = None
) -> bool:
    """True if the day's stock figures have been computed, since the time `since` if given."""
    found: bool = await connection.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM analytics_metrics m
            WHERE m.organization_id = $1 AND m.metric_name = 'stock_units' AND m.dimension_category = ''
              AND m.rule = 'daily figures, v2'
              AND m.dimension_date = $2
              AND m.created_at >= coalesce($3, m.created_at))
        """,
        organization_id,
        day,
        since,
    )
    return found


async def delete_figures(
    connection: Connection, organization_id: UUID, names: Sequence[str], first: date, last: date
) -> None:
    """Deletes figures by name and day, whichever rule computed them."""
    await connection.execute(
        """
        DELETE FROM analytics_metrics m
        WHERE m.organization_id = $1 AND m.metric_name = ANY ($2::text[])
          AND m.dimension_date BETWEEN $3 AND $4
        """,
        organization_id,
        names,
        first,
        last,
    )


async def insert_stock(connection: Connection, organization_id: UUID, first: date, last: date) -> int:
    """Units and value on hand at the end of each day, and the number of products out of stock.

    Products without a cost have no value; the sum is null if nothing on hand has a cost.
    """
    return rows_affected(
        await connection.execute(
            _INSERT
            + """
        SELECT figure.name, figure.value, sums.day, sums.category
        FROM (
            SELECT held.day,
                   CASE WHEN grouping(held.warehouse_id) = 0 THEN 'warehouse:' || held.warehouse_id
                        WHEN grouping(named.category) = 0 THEN named.category
                        ELSE '' END AS category,
                   sum(held.on_hand) AS units, sum(held.on_hand * held.unit_cost) AS value,
                   coalesce(sum(held.on_hand) FILTER (WHERE held.unit_cost IS NULL), 0) AS uncosted,
                   count(DISTINCT held.product_id) FILTER (WHERE held.state = 'out_of_stock') AS outs
            FROM (SELECT was.*, stock_state_v2(was.status, was.on_hand, was.of_product, was.reorder_level,
                             (was.product_id, was.day) IN (
                                 SELECT d.product_id, d.day
                                 FROM products_in_demand($1, $2::date, $3::date) AS d)) AS state
                  FROM ("""
            + HELD_BY_DAY
            + """) AS was) AS held
            CROSS JOIN LATERAL (SELECT left('category:' || held.category, 100) AS category) AS named
            GROUP BY GROUPING SETS ((held.day), (held.day, held.warehouse_id), (held.day, named.category))
        ) AS sums
        CROSS JOIN LATERAL (VALUES
            ('stock_units', sums.units::numeric),
            ('stock_value',
             CASE WHEN sums.uncosted < sums.units OR sums.units = 0 THEN coalesce(sums.value, 0) END),
            ('stock_units_without_cost', sums.uncosted), ('stock_outs', sums.outs)
        ) AS figure (name, value)
        """
            + _TOLD,
            organization_id,
            first,
            last,
        )
    )


async def insert_sold(
    connection: Connection, organization_id: UUID, timezone: str, first: date, last: date
) -> int:
    """Units sold, from the ledger, and their cost at the products' current cost."""
    return rows_affected(
        await connection.execute(
            _INSERT
            + """
        SELECT figure.name, figure.value, sums.day, sums.category
        FROM (
            SELECT sold.day,
                   CASE WHEN grouping(sold.warehouse_id) = 0 THEN 'warehouse:' || sold.warehouse_id
                        WHEN grouping(sold.category) = 0 THEN sold.category
                        ELSE '' END AS category,
                   sum(sold.quantity) AS units, sum(sold.quantity * sold.unit_cost) AS cost
            FROM (
                SELECT (t.occurred_at AT TIME ZONE $2)::date AS day, i.warehouse_id,
                       left('category:' || p.category, 100) AS category, p.unit_cost,
                       -t.quantity AS quantity
                FROM inventory_transactions t
                JOIN inventory i ON i.organization_id = $1 AND i.id = t.inventory_id
                JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
                WHERE t.organization_id = $1 AND t.movement_kind = 'sale'
                  AND t.occurred_at >= $3::date::timestamp AT TIME ZONE $2
                  AND t.occurred_at < ($4::date + 1)::timestamp AT TIME ZONE $2
            ) AS sold
            GROUP BY GROUPING SETS ((sold.day), (sold.day, sold.warehouse_id), (sold.day, sold.category))
        ) AS sums
        CROSS JOIN LATERAL (VALUES
            ('units_sold', sums.units::numeric), ('cost_of_goods_sold', sums.cost)
        ) AS figure (name, value)
        """
            + _TOLD,
            organization_id,
            timezone,
            first,
            last,
        )
    )


async def insert_orders(connection: Connection, organization_id: UUID, first: date, last: date) -> int:
    """Number of agreed orders by order date, overall and by warehouse; their value by currency."""
    return rows_affected(
        await connection.execute(
            _INSERT
            + """
        SELECT placed.side || figure.name, figure.value, placed.day, placed.category
        FROM (
            SELECT orders.side, orders.day,
                   CASE WHEN grouping(orders.warehouse_id) = 0 THEN 'warehouse:' || orders.warehouse_id
                        WHEN grouping(orders.currency) = 0 THEN 'currency:' || orders.currency
                        ELSE '' END AS category,
                   grouping(orders.currency) = 0 AS has_value, count(*) AS orders,
                   sum(orders.amount) AS amount
            FROM (
                SELECT 'sales' AS side, o.order_date AS day, o.warehouse_id, o.currency,
                       o.total_amount AS amount
                FROM sales_orders o
                WHERE o.organization_id = $1 AND sales_order_is_agreed(o.status)
                UNION ALL
                SELECT 'purchase', o.order_date, o.warehouse_id, o.currency, o.total_amount
                FROM purchase_orders o
                WHERE o.organization_id = $1 AND purchase_order_is_agreed(o.status)
            ) AS orders
            WHERE orders.day BETWEEN $2 AND $3
            GROUP BY GROUPING SETS ((orders.side, orders.day), (orders.side, orders.day, orders.warehouse_id),
                                    (orders.side, orders.day, orders.currency))
        ) AS placed
        CROSS JOIN LATERAL (VALUES
            ('_orders', placed.orders::numeric),
            ('_value', CASE WHEN placed.has_value THEN placed.amount END)
        ) AS figure (name, value)
        """
            + _TOLD,
            organization_id,
            first,
            last,
        )
    )


async def insert_lines(connection: Connection, organization_id: UUID, first: date, last: date) -> int:
    """Order lines by order date, and by due date with their outcome so far."""
    return rows_affected(
        await connection.execute(
            _INSERT
            + """
        SELECT sums.side || figure.name, figure.value, sums.day, sums.category
        FROM (
            SELECT line.side, line.day, line.is_due,
                   CASE WHEN grouping(line.warehouse_id) = 0 THEN 'warehouse:' || line.warehouse_id
                        WHEN grouping(line.category) = 0 THEN line.category
                        ELSE '' END AS category,
                   count(*) AS lines,
                   count(*) FILTER (WHERE line.is_on_time) AS on_time,
                   count(*) FILTER (WHERE line.is_in_full) AS in_full,
                   count(*) FILTER (WHERE line.is_on_time AND line.is_in_full) AS both,
                   sum(least(line.done, line.ordered)) / nullif(sum(line.ordered), 0)::numeric AS filled
            FROM (
                SELECT each.side, each.day, each.is_due, each.warehouse_id,
                       left('category:' || p.category, 100) AS category, each.ordered,
                       each.done, each.is_on_time, each.is_in_full
                FROM (
                    SELECT 'sales' AS side, dated.day, dated.is_due, l.warehouse_id, l.product_id,
                           l.quantity_ordered AS ordered, l.quantity_shipped AS done, l.is_on_time,
                           l.is_in_full
                    FROM sales_lines l
                    CROSS JOIN LATERAL (VALUES (l.order_date, false), (l.due_on, true)) AS dated (day, is_due)
                    WHERE l.organization_id = $1 AND l.is_agreed
                    UNION ALL
                    SELECT 'purchase', dated.day, dated.is_due, l.warehouse_id, l.product_id,
                           l.quantity_ordered, l.quantity_received, l.is_on_time, l.is_in_full
                    FROM purchase_lines l
                    CROSS JOIN LATERAL (VALUES (l.order_date, false), (l.due_on, true)) AS dated (day, is_due)
                    WHERE l.organization_id = $1 AND l.is_agreed
                ) AS each
                JOIN products p ON p.organization_id = $1 AND p.id = each.product_id
                WHERE each.day BETWEEN $2 AND $3
            ) AS line
            GROUP BY GROUPING SETS ((line.side, line.day, line.is_due),
                                    (line.side, line.day, line.is_due, line.warehouse_id),
                                    (line.side, line.day, line.is_due, line.category))
        ) AS sums
        CROSS JOIN LATERAL (VALUES
            ('_lines', CASE WHEN NOT sums.is_due THEN sums.lines::numeric END),
            ('_lines_due', CASE WHEN sums.is_due THEN sums.lines END),
            ('_lines_on_time', CASE WHEN sums.is_due THEN sums.on_time END),
            ('_lines_in_full', CASE WHEN sums.is_due THEN sums.in_full END),
            ('_lines_on_time_in_full', CASE WHEN sums.is_due THEN sums.both END),
            ('_fill_rate', CASE WHEN sums.is_due THEN sums.filled END)
        ) AS figure (name, value)
        """
            + _TOLD,
            organization_id,
            first,
            last,
        )
    )


async def insert_ratios(connection: Connection, organization_id: UUID, first: date, last: date) -> int:
    """Inventory turnover and days of supply.

    Turnover is the cost of goods sold in the 365 days before, divided by the mean stock value of these days
    (of as many as are known, extrapolated to a year; at least 30). Days of supply are the stock value divided
    by the mean daily cost of goods sold in the 90 days before.
    """
    return rows_affected(
        await connection.execute(
            _INSERT
            + """
        SELECT figure.name, figure.value, known.day, known.category
        FROM (
            SELECT s.dimension_date AS day, s.dimension_category AS category, s.metric_value AS value,
                   avg(s.metric_value) OVER year AS mean_value, count(*) OVER year AS days,
                   sum(coalesce(c.metric_value, 0)) OVER year AS sold_in_year,
                   sum(coalesce(c.metric_value, 0)) OVER quarter / 90 AS sold_per_day
            FROM analytics_metrics s
            LEFT JOIN analytics_metrics c ON c.organization_id = $1 AND c.metric_name = 'cost_of_goods_sold'
                AND c.dimension_date = s.dimension_date AND c.dimension_category = s.dimension_category
            WHERE s.organization_id = $1 AND s.metric_name = 'stock_value'
              AND s.dimension_date BETWEEN $2::date - 364 AND $3
            WINDOW year AS (PARTITION BY s.dimension_category ORDER BY s.dimension_date
                            RANGE BETWEEN interval '364 days' PRECEDING AND CURRENT ROW),
                   quarter AS (PARTITION BY s.dimension_category ORDER BY s.dimension_date
                               RANGE BETWEEN interval '89 days' PRECEDING AND CURRENT ROW)
        ) AS known
        CROSS JOIN LATERAL (VALUES
            ('turnover', CASE WHEN known.days >= 30 AND known.mean_value > 0
                              THEN known.sold_in_year / known.mean_value * 365 / known.days END),
            ('days_of_supply', CASE WHEN known.days >= 90 AND known.sold_per_day > 0
                                    THEN known.value / known.sold_per_day END)
        ) AS figure (name, value)
        WHERE known.day >= $2 AND figure.value < 1e10 -- the column's end; nobody waits for so long
        """
            + _TOLD,
            organization_id,
            first,
            last,
        )
    )
