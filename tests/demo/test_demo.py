"""The loaded demo: its contents, and that its rows are consistent."""

import psycopg
import pytest

from imsop import demo
from imsop.core.doctor import examine
from imsop.core.installation import silent
from imsop.identity.roles.permissions import SYSTEM_ROLES
from imsop.stewardship.doctor import CHECKS
from tests import factories
from tests.conftest import TestDatabase
from tests.demo.loaded import SETTINGS, Loaded, load_demo
from tests.factories import accepted, visitor

pytestmark = pytest.mark.timeout(300)  # the first test waits for the load: 16 s on idle cores


@pytest.fixture(scope="module")
def loaded(database: TestDatabase) -> Loaded:
    return load_demo(database, "looked_at")


# By organization. Bounds allow for variation with the date: 72 days over three years were checked.
FIGURES = """
    WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day), stock AS (
        SELECT i.organization_id, i.product_id, sum(i.quantity_on_hand) AS on_hand
        FROM inventory i GROUP BY i.organization_id, i.product_id
    )
    SELECT o.name,
        (SELECT count(*) FROM purchase_orders p WHERE p.organization_id = o.id) AS purchase_orders,
        (SELECT count(*) FROM products p WHERE p.organization_id = o.id AND p.status = 'active'
         AND EXISTS (SELECT FROM purchase_order_items i WHERE i.product_id = p.id)
         AND NOT EXISTS (SELECT FROM supplier_products t
                         JOIN supplier_product_prices c ON c.supplier_product_id = t.id
                         WHERE t.product_id = p.id AND t.is_preferred)) AS bought_without_terms,
        (SELECT count(*) FROM sales_orders s WHERE s.organization_id = o.id) AS sales_orders,
        (SELECT count(*) FROM shipments s JOIN shipment_last_position l ON l.shipment_id = s.id
         WHERE s.organization_id = o.id AND s.status = 'in_transit') AS in_transit,
        (SELECT count(*) FROM purchase_orders p WHERE p.organization_id = o.id
         AND p.status IN ('submitted', 'confirmed', 'shipped')) AS open_purchase_orders,
        (SELECT count(*) FROM purchase_orders p, today WHERE p.organization_id = o.id
         AND p.status IN ('confirmed', 'shipped') AND p.expected_delivery_date < day) AS late_purchase_orders,
        (SELECT count(DISTINCT s.id) FROM sales_orders s JOIN sales_order_items l ON l.sales_order_id = s.id
         WHERE s.organization_id = o.id AND s.status = 'confirmed'
           AND l.quantity_reserved + l.quantity_shipped < l.quantity_ordered) AS unallocated_sales_orders,
        (SELECT count(*) FROM products p LEFT JOIN stock ON stock.product_id = p.id
         WHERE p.organization_id = o.id AND coalesce(on_hand, 0) < p.reorder_level) AS below_reorder_level,
        (SELECT count(*) FROM products p LEFT JOIN stock ON stock.product_id = p.id
         WHERE p.organization_id = o.id AND coalesce(on_hand, 0) = 0) AS out_of_stock,
        (SELECT round(sum(on_hand * p.unit_cost)) FROM products p JOIN stock ON stock.product_id = p.id
         WHERE p.organization_id = o.id) AS stock_value,
        (SELECT round(100.0 * sum(on_hand) / (SELECT sum(w.capacity) FROM warehouses w
                                              WHERE w.organization_id = o.id))
         FROM stock WHERE stock.organization_id = o.id) AS percent_full,
        (SELECT round(100 * avg((l.actual_delivery_date <= l.promised_delivery_date)::int))
         FROM purchase_order_items l WHERE l.organization_id = o.id
           AND l.actual_delivery_date IS NOT NULL) AS percent_received_on_time,
        (SELECT round(100 * avg((s.actual_delivery_date <= s.expected_delivery_date)::int))
         FROM sales_orders s WHERE s.organization_id = o.id
           AND s.status = 'delivered') AS percent_delivered_on_time,
        (SELECT count(*) FROM (SELECT FROM shipments s WHERE s.organization_id = o.id
         AND s.status = 'delivered' AND s.purchase_order_id IS NOT NULL
         GROUP BY s.purchase_order_id HAVING count(*) > 1) AS parts) AS orders_received_in_parts,
        (SELECT count(*) FROM (SELECT FROM shipments s WHERE s.organization_id = o.id
         AND s.status = 'delivered' AND s.sales_order_id IS NOT NULL
         GROUP BY s.sales_order_id HAVING count(*) > 1) AS parts) AS orders_delivered_in_parts,
        (SELECT count(*) FROM supplier_metrics m WHERE m.organization_id = o.id) AS supplier_metrics,
        (SELECT count(*) FROM analytics_metrics m WHERE m.organization_id = o.id) AS metrics,
        (SELECT count(*) FROM analytics_events e WHERE e.organization_id = o.id) AS events
    FROM organizations o, today
"""
EXPECTED = {
    "purchase_orders": (1_200, 2_200),
    "bought_without_terms": (0, 0),
    "sales_orders": (4_000, 5_000),
    "in_transit": (10, 90),
    "open_purchase_orders": (10, 120),
    "late_purchase_orders": (0, 50),
    "unallocated_sales_orders": (1, 80),
    "below_reorder_level": (20, 220),
    "out_of_stock": (0, 15),
    "stock_value": (400_000, 1_500_000),
    "percent_full": (30, 90),
    "percent_received_on_time": (60, 90),
    "percent_delivered_on_time": (75, 97),
    "orders_received_in_parts": (50, 500),
    "orders_delivered_in_parts": (50, 800),
    "supplier_metrics": (100, 400),
    "metrics": (50_000, 200_000),
    "events": (25_000, 60_000),
}


def test_the_demo_has_the_figures_a_planner_needs(loaded: Loaded) -> None:
    with psycopg.connect(loaded.installation.operator_dsn) as connection:
        figures = connection.execute(FIGURES)
        columns = [column.name for column in figures.description or []]
        found = {row[0]: dict(zip(columns, row, strict=True)) for row in figures}
    assert found.keys() == {"Harbour Foods", "Keystone Tool Supply"}
    beyond = [
        f"{name}: {figures[what]} {what}"
        for name, figures in found.items()
        for what, (least, most) in EXPECTED.items()
        if not least <= figures[what] <= most
    ]
    assert beyond == []
    assert any(figures["late_purchase_orders"] for figures in found.values())


def test_every_kind_of_movement_happens(loaded: Loaded) -> None:
    kinds = loaded.rows(
        "SELECT o.name, t.movement_kind FROM inventory_transactions t"
        " JOIN organizations o ON o.id = t.organization_id GROUP BY o.name, t.movement_kind"
    )
    both = {
        "opening_balance", "goods_receipt", "supplier_return", "transfer_out", "transfer_in", "sale",
        "customer_return", "count", "correction", "scrap",
    }  # fmt: skip
    assert {kind for name, kind in kinds if name == "Keystone Tool Supply"} == both
    assert {kind for name, kind in kinds if name == "Harbour Foods"} == both | {"production", "consumption"}


# Each query finds contradictory rows; the demo has none.
CONTRADICTIONS = {
    "a shipment in transit without a position": """
        SELECT s.reference_id FROM shipments s LEFT JOIN shipment_last_position l ON l.shipment_id = s.id
        WHERE s.status = 'in_transit' AND l.latitude IS NULL
    """,
    "a last position that is not the newest": """
        SELECT t.shipment_id
        FROM (SELECT DISTINCT ON (shipment_id) * FROM shipment_tracking
              ORDER BY shipment_id, "timestamp" DESC) t
        FULL JOIN shipment_last_position l ON l.shipment_id = t.shipment_id
        WHERE (t."timestamp", t.latitude, t.longitude, t.location, t.status)
              IS DISTINCT FROM (l."timestamp", l.latitude, l.longitude, l.location, l.status)
    """,
    "a purchase order whose total is not that of its lines": """
        SELECT o.po_number FROM purchase_orders o JOIN purchase_order_items l ON l.purchase_order_id = o.id
        GROUP BY o.id, o.po_number, o.total_amount HAVING sum(l.line_total) <> o.total_amount
            OR sum(round(l.quantity_ordered * l.unit_price, 2)) <> o.total_amount
    """,
    "a sales order whose total is not that of its lines": """
        SELECT o.so_number FROM sales_orders o JOIN sales_order_items l ON l.sales_order_id = o.id
        GROUP BY o.id, o.so_number, o.total_amount HAVING sum(l.line_total) <> o.total_amount
            OR sum(round(l.quantity_ordered * l.unit_price, 2)) <> o.total_amount
    """,
    "a purchase order that its history leaves elsewhere": """
        SELECT o.po_number FROM purchase_orders o
        LEFT JOIN (SELECT DISTINCT ON (purchase_order_id) * FROM purchase_order_history
                   ORDER BY purchase_order_id, occurred_at DESC, id DESC) h ON h.purchase_order_id = o.id
        WHERE h.to_status IS DISTINCT FROM o.status OR h.occurred_at > now()
    """,
    "a sales order that its history leaves elsewhere": """
        SELECT o.so_number FROM sales_orders o
        LEFT JOIN (SELECT DISTINCT ON (sales_order_id) * FROM sales_order_history
                   ORDER BY sales_order_id, occurred_at DESC, id DESC) h ON h.sales_order_id = o.id
        WHERE h.to_status IS DISTINCT FROM o.status OR h.occurred_at > now()
    """,
    "a purchase line that the ledger received otherwise": """
        SELECT o.po_number, l.product_id FROM purchase_orders o
        JOIN purchase_order_items l ON l.purchase_order_id = o.id
        LEFT JOIN (SELECT t.organization_id, t.reference_id, i.product_id, sum(t.quantity) AS units
                   FROM inventory_transactions t JOIN inventory i ON i.id = t.inventory_id
                   WHERE t.movement_kind = 'goods_receipt' GROUP BY 1, 2, 3) r
            ON (r.organization_id, r.reference_id, r.product_id)
               = (o.organization_id, o.po_number, l.product_id)
        WHERE l.quantity_received <> coalesce(r.units, 0)
    """,
    "a sales line that the ledger shipped or took back otherwise": """
        SELECT o.so_number, l.product_id FROM sales_orders o
        JOIN sales_order_items l ON l.sales_order_id = o.id
        LEFT JOIN (SELECT t.organization_id, t.reference_id, i.product_id,
                          -sum(t.quantity) FILTER (WHERE t.movement_kind = 'sale') AS shipped,
                          sum(t.quantity) FILTER (WHERE t.movement_kind = 'customer_return') AS returned
                   FROM inventory_transactions t JOIN inventory i ON i.id = t.inventory_id
                   WHERE t.movement_kind IN ('sale', 'customer_return') GROUP BY 1, 2, 3) m
            ON (m.organization_id, m.reference_id, m.product_id)
               = (o.organization_id, o.so_number, l.product_id)
        WHERE (l.quantity_shipped, l.quantity_returned) <> (coalesce(m.shipped, 0), coalesce(m.returned, 0))
    """,
    "a sales line that holds otherwise than its reservations": """
        SELECT l.id FROM sales_order_items l
        LEFT JOIN (SELECT sales_order_item_id, sum(quantity) AS units FROM inventory_reservations
                   GROUP BY sales_order_item_id) r ON r.sales_order_item_id = l.id
        WHERE l.quantity_reserved <> coalesce(r.units, 0)
    """,
    "a supplier's metrics that do not follow from the lines due": """
        WITH due AS (
            SELECT o.supplier_id, date_trunc('quarter', held.due_on)::date AS quarter, count(*) AS lines,
                   round(avg((l.quantity_received >= l.quantity_ordered
                              AND l.actual_delivery_date <= held.due_on)::int), 6) AS rate
            FROM purchase_order_items l JOIN purchase_orders o ON o.id = l.purchase_order_id
            JOIN organizations whose ON whose.id = o.organization_id
            CROSS JOIN LATERAL (
                SELECT coalesce(l.promised_delivery_date, l.expected_delivery_date, o.expected_delivery_date)
            ) AS held (due_on)
            WHERE o.status IN ('confirmed', 'shipped', 'received')
              AND held.due_on < (whose.created_at AT TIME ZONE whose.timezone)::date
            GROUP BY 1, 2
        )
        SELECT m.supplier_id, m.period_start FROM supplier_metrics m
        FULL JOIN due ON due.supplier_id = m.supplier_id AND due.quarter = m.period_start
        WHERE (m.lines_due, m.on_time_rate) IS DISTINCT FROM (due.lines, due.rate)
    """,
    "units sold that are not the ledger's": """
        SELECT o.name, m.units, t.units FROM organizations o,
        LATERAL (SELECT sum(metric_value) AS units FROM analytics_metrics
                 WHERE organization_id = o.id AND metric_name = 'units_sold' AND dimension_category = '') m,
        LATERAL (SELECT -sum(quantity) AS units FROM inventory_transactions
                 WHERE organization_id = o.id AND movement_kind = 'sale'
                   AND (occurred_at AT TIME ZONE o.timezone)::date < (now() AT TIME ZONE o.timezone)::date) t
        WHERE m.units IS DISTINCT FROM t.units
    """,
    "an event about nothing": """
        SELECT e.id FROM analytics_events e
        WHERE NOT EXISTS (SELECT FROM purchase_orders x WHERE x.id::text = e.entity_id)
          AND NOT EXISTS (SELECT FROM sales_orders x WHERE x.id::text = e.entity_id)
          AND NOT EXISTS (SELECT FROM shipments x WHERE x.id::text = e.entity_id)
          AND NOT EXISTS (SELECT FROM customer_returns x WHERE x.id::text = e.entity_id)
          AND e.entity_type NOT IN ('inventory', 'organization') OR e.created_at > now()
    """,
    "a table of the business without a row": """
        SELECT o.name FROM organizations o
        WHERE NOT EXISTS (SELECT FROM suppliers x WHERE x.organization_id = o.id AND x.rating > 0)
           OR NOT EXISTS (SELECT FROM customers x WHERE x.organization_id = o.id)
           OR NOT EXISTS (SELECT FROM warehouse_zones x WHERE x.organization_id = o.id)
           OR NOT EXISTS (SELECT FROM shipment_items x WHERE x.organization_id = o.id)
           OR NOT EXISTS (SELECT FROM shipment_events x WHERE x.organization_id = o.id)
    """,
}


def test_no_rows_contradict_each_other(loaded: Loaded) -> None:
    wrong = {what: found[:3] for what, sql in CONTRADICTIONS.items() if (found := loaded.rows(sql))}
    assert wrong == {}


async def test_the_doctor_finds_nothing(loaded: Loaded) -> None:
    outcomes = [outcome async for outcome in examine(loaded.installation.operator_dsn, CHECKS)]
    assert [finding for outcome in outcomes for finding in outcome.findings] == []
    assert min(outcome.examined for outcome in outcomes) > 50


async def test_everyone_signs_in_and_sees_only_their_own(loaded: Loaded) -> None:
    assert len(loaded.sign_ins) == 2 * len(SYSTEM_ROLES)
    async with factories.running(loaded.installation) as app:
        for email, password in loaded.sign_ins:
            http = visitor(app)
            token = accepted(await http.post("auth/token", json={"email": email, "password": password}))
            http.headers["Authorization"] = f"Bearer {token['access_token']}"
            warehouses = accepted(await http.get("warehouses"))["items"]
            assert len(warehouses) == (4 if email.endswith("@foods.example") else 3)


def test_a_loaded_demo_is_not_loaded_again(loaded: Loaded) -> None:
    reports, sign_ins = demo.load(loaded.installation, SETTINGS, silent)
    assert reports == [
        "foods.example was loaded before and is left as it is",
        "tools.example was loaded before and is left as it is",
    ]
    assert sign_ins == loaded.sign_ins
