"""Generates a database as full as after two years of trade, in a few statements, for testing plans.

Three organizations of very different size share it: a plan that is fast for the large one only because it
owns nearly all rows, or for the small one only because it has few, does not pass. Ids are derived from
numbers, so rows reference each other without reading; foreign keys are not checked while loading.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psycopg

from imsop.core.installation import Installation
from imsop.identity.credentials.tokens import new_token, token_hash

SHARES = (0.80, 0.16, 0.04)
DATABASE = "imsop_volume"
_LOCK = 0x766F6C  # two workers may want the volume at once: one builds, the other waits

_FUNCTIONS = """
    CREATE OR REPLACE FUNCTION pg_temp.key(kind text, n bigint) RETURNS uuid LANGUAGE sql STABLE
    RETURN (substr(md5(kind), 1, 8) || '-' || current_setting('volume.number') || '-7000-8000-'
            || lpad(n::text, 12, '0'))::uuid;
    CREATE OR REPLACE FUNCTION pg_temp.pick(n bigint, many bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN 1 + (hashint8(n) & 2147483647)::bigint % many;
    -- One in five goes to the first: somebody's largest customer, the supplier of most.
    CREATE OR REPLACE FUNCTION pg_temp.favour(n bigint, many bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN n % 5 = 0 THEN 1 ELSE pg_temp.pick(n, many) END;
    CREATE OR REPLACE FUNCTION pg_temp.day(n bigint) RETURNS date LANGUAGE sql STABLE
    RETURN current_date - 1 - (pg_temp.pick(n, 700))::int;
    CREATE OR REPLACE FUNCTION pg_temp.word(n bigint, VARIADIC words text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN words[pg_temp.pick(n * 31, cardinality(words))];
    -- Within two years, more and more often.
    CREATE OR REPLACE FUNCTION pg_temp.lately(n bigint) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN now() - make_interval(mins => (pg_temp.pick(n, 1000) ^ 2)::int);
"""

# One statement per table and organization. %(x)s is the number of rows of x.
_ROWS = """
    INSERT INTO users (id, organization_id, email, password_hash, status)
    SELECT pg_temp.key('user', n), %(organization)s,
           'user' || n || '@' || %(organization)s::uuid || '.example', 'x',
           pg_temp.word(n, 'active', 'active', 'active', 'inactive')
    FROM generate_series(2, %(users)s) n;

    INSERT INTO suppliers (id, organization_id, name, country, status, rating, lead_time_days)
    SELECT pg_temp.key('supplier', n), %(organization)s, 'Supplier ' || n, 'Peru',
           CASE n %% 50 WHEN 0 THEN 'inactive' WHEN 1 THEN 'blocked' ELSE 'active' END, n %% 6, n %% 60
    FROM generate_series(1, %(suppliers)s) n;

    INSERT INTO supplier_metrics (organization_id, supplier_id, period_start, period_end, lines_due,
                                  sample_size, rule)
    SELECT %(organization)s, pg_temp.key('supplier', n), current_date - m * 30, current_date - m * 30 + 30, 5,
           5, 'made up'
    FROM generate_series(1, %(suppliers)s) n, generate_series(1, 6) m;

    INSERT INTO customers (id, organization_id, customer_number, name, status)
    SELECT pg_temp.key('customer', n), %(organization)s, 'C' || n,
           'Customer ' || pg_temp.pick(n, %(customers)s),
           CASE n %% 50 WHEN 0 THEN 'inactive' WHEN 1 THEN 'blocked' ELSE 'active' END
    FROM generate_series(1, %(customers)s) n;

    INSERT INTO products (id, organization_id, sku, name, category, gtin, status, unit_cost, selling_price,
                          reorder_level)
    SELECT pg_temp.key('product', n), %(organization)s, 'SKU-' || lpad(n::text, 6, '0'),
           'Product ' || pg_temp.pick(n, %(products)s), 'Category ' || pg_temp.pick(n, 40),
           lpad(n::text, 14, '0'),
           CASE WHEN n %% 100 = 0 THEN 'archived' WHEN n %% 50 = 1 THEN 'discontinued' ELSE 'active' END,
           1, 2, CASE n %% 4 WHEN 0 THEN 100 ELSE 0 END
    FROM generate_series(1, %(products)s) n;

    INSERT INTO warehouses (id, organization_id, name, status)
    SELECT pg_temp.key('warehouse', n), %(organization)s, 'Warehouse ' || n, 'active'
    FROM generate_series(1, %(warehouses)s) n;

    INSERT INTO warehouse_zones (id, organization_id, warehouse_id, code, name, zone_type)
    SELECT pg_temp.key('zone', w * 100 + n), %(organization)s, pg_temp.key('warehouse', w), 'Z' || n, 'Zone',
           'storage'
    FROM generate_series(1, %(warehouses)s) w, generate_series(1, 40) n;

    INSERT INTO inventory (id, organization_id, warehouse_id, product_id, quantity_on_hand, version)
    SELECT pg_temp.key('balance', p * 10 + w), %(organization)s,
           pg_temp.key('warehouse', 1 + (p + w) %% %(warehouses)s), pg_temp.key('product', p), 100,
           %(movements)s
    FROM generate_series(1, %(products)s) p, generate_series(0, 1) w;

    INSERT INTO inventory_transactions (organization_id, inventory_id, transaction_type, movement_kind,
                                        quantity, balance_after, balance_version, reference_id, reason,
                                        occurred_at, created_at)
    SELECT %(organization)s, pg_temp.key('balance', p * 10 + w), m.type, m.kind, m.quantity, v, v,
           'REF-' || pg_temp.pick(p * 100 + v, 5000), 'a sample', t.at, t.at
    FROM generate_series(1, %(products)s) p, generate_series(0, 1) w,
         generate_series(1, CASE WHEN p = 1 THEN %(hot_movements)s ELSE %(movements)s END) v,
         LATERAL (SELECT now() - make_interval(mins => pg_temp.pick(p * 1000 + v, 1000000)::int) AS at) t,
         LATERAL (SELECT pg_temp.pick(p * 1000 + v, 100) AS n) chance
    JOIN (VALUES (1, 2, 'adjustment', 'count', 1), (3, 3, 'return', 'customer_return', 1),
                 (4, 50, 'shipment', 'sale', -1), (51, 100, 'receipt', 'goods_receipt', 1)
         ) AS m (least, most, type, kind, quantity) ON n BETWEEN m.least AND m.most;

    INSERT INTO purchase_orders (id, organization_id, supplier_id, po_number, status, order_date,
                                 expected_delivery_date)
    SELECT pg_temp.key('po', n), %(organization)s, pg_temp.key('supplier', pg_temp.favour(n, %(suppliers)s)),
           'PO-' || lpad(n::text, 6, '0'),
           CASE WHEN n %% 100 < 3 THEN pg_temp.word(n, 'draft', 'submitted', 'confirmed', 'shipped')
                WHEN n %% 100 < 6 THEN 'cancelled' ELSE 'received' END, pg_temp.day(n),
           CASE WHEN n %% 9 > 0 THEN pg_temp.day(n) + 14 END
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO purchase_order_items (id, organization_id, purchase_order_id, line_number, product_id,
                                      quantity_ordered, unit_price, line_total)
    SELECT pg_temp.key('poi', n * 10 + l), %(organization)s, pg_temp.key('po', n), l,
           pg_temp.key('product', pg_temp.pick(n * 10 + l, %(products)s)), 5, 2, 10
    FROM generate_series(1, %(orders)s) n, generate_series(1, 3) l;

    INSERT INTO supplier_products (id, organization_id, supplier_id, product_id, supplier_sku, is_preferred)
    SELECT pg_temp.key('sp', n * 10 + l), %(organization)s,
           pg_temp.key('supplier', pg_temp.favour(n * 10 + l, %(suppliers)s)), pg_temp.key('product', n),
           CASE WHEN n %% 10 > 0 THEN 'SN-' || lpad(n::text, 6, '0') || '-' || l END, l = 1
    FROM generate_series(1, %(products)s) n, generate_series(1, 2) l
    ON CONFLICT DO NOTHING;

    INSERT INTO supplier_product_prices (organization_id, supplier_product_id, currency, from_quantity,
                                         unit_price, valid_from)
    SELECT %(organization)s, t.id, 'USD', pick.quantity, 2, current_date - 100
    FROM supplier_products t, (VALUES (1), (10), (100)) AS pick (quantity)
    WHERE t.organization_id = %(organization)s;

    INSERT INTO goods_receipts (id, organization_id, receipt_number, purchase_order_id, warehouse_id,
    received_at)
    SELECT pg_temp.key('gr', n), %(organization)s, 'GR-' || lpad(n::text, 6, '0'), pg_temp.key('po', n),
           pg_temp.key('warehouse', pg_temp.pick(n, %(warehouses)s)), pg_temp.lately(n)
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO goods_receipt_items (organization_id, goods_receipt_id, line_number, purchase_order_item_id,
                                     product_id, quantity_accepted, quantity_rejected)
    SELECT %(organization)s, pg_temp.key('gr', n), l, pg_temp.key('poi', n * 10 + l),
           pg_temp.key('product', pg_temp.pick(n * 10 + l, %(products)s)), 5, 0
    FROM generate_series(1, %(orders)s) n, generate_series(1, 3) l;

    INSERT INTO supplier_returns (id, organization_id, return_number, purchase_order_id, warehouse_id,
    returned_at)
    SELECT pg_temp.key('sr', n), %(organization)s, 'SR-' || lpad(n::text, 6, '0'), pg_temp.key('po', n),
           pg_temp.key('warehouse', pg_temp.pick(n, %(warehouses)s)), pg_temp.lately(n)
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO supplier_return_items (organization_id, supplier_return_id, line_number,
    purchase_order_item_id,
                                       product_id, quantity, quantity_quarantined, reason)
    SELECT %(organization)s, pg_temp.key('sr', n), 1, pg_temp.key('poi', n * 10 + 1),
           pg_temp.key('product', pg_temp.pick(n * 10 + 1, %(products)s)), 1, 0, 'broken'
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO approval_rules (id, organization_id, kind, threshold, approver_user_id, status)
    SELECT pg_temp.key('rule', n), %(organization)s, 'total', n * 1000, %(user)s,
           CASE WHEN n < 4 THEN 'active' ELSE 'inactive' END
    FROM generate_series(1, 60) n;

    INSERT INTO purchase_order_approvals (id, organization_id, purchase_order_id, round, approval_rule_id,
                                          kind, threshold, figure, total_amount, currency, requested_by,
                                          requested_at, decision, decided_by, decided_at,
                                          total_approved)
    SELECT pg_temp.key('approval', n * 10 + r), %(organization)s, pg_temp.key('po', n), r,
           pg_temp.key('rule', pg_temp.pick(n, 3)), 'total', 1000, 2000, 2000, 'EUR',
           pg_temp.key('user', 5), t.at, CASE WHEN n %% 100 > 0 THEN 'approved' END,
           CASE WHEN n %% 100 > 0 THEN %(user)s::uuid END, CASE WHEN n %% 100 > 0 THEN t.at END, 2000
    FROM generate_series(1, %(orders)s) n, generate_series(1, 2) r,
         LATERAL (SELECT pg_temp.lately(n) AS at) t;

    INSERT INTO purchase_order_history (organization_id, purchase_order_id, to_status, occurred_at)
    SELECT %(organization)s, pg_temp.key('po', n), pg_temp.word(l, 'draft', 'submitted'),
           now() - l * interval '1 day'
    FROM generate_series(1, %(orders)s) n, generate_series(1, 3) l;

    INSERT INTO sales_orders (id, organization_id, customer_id, so_number, status, order_date,
                              expected_delivery_date)
    SELECT pg_temp.key('so', n), %(organization)s,
           CASE WHEN n %% 10 > 0 THEN pg_temp.key('customer', pg_temp.favour(n, %(customers)s)) END,
           'SO-' || lpad(n::text, 6, '0'),
           CASE WHEN n %% 100 < 2 THEN pg_temp.word(n, 'draft', 'confirmed', 'shipped')
                WHEN n %% 100 < 4 THEN 'cancelled' ELSE 'delivered' END, pg_temp.day(n),
           CASE WHEN n %% 9 > 0 THEN pg_temp.day(n) + 7 END
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO sales_order_items (id, organization_id, sales_order_id, line_number, product_id,
                                   quantity_ordered, unit_price, line_total)
    SELECT pg_temp.key('soi', n * 10 + l), %(organization)s, pg_temp.key('so', n), l,
           pg_temp.key('product', pg_temp.pick(n * 7 + l, %(products)s)), 5, 2, 10
    FROM generate_series(1, %(orders)s) n, generate_series(1, 3) l;

    INSERT INTO customer_returns (id, organization_id, return_number, sales_order_id, customer_id,
                                  warehouse_id, status, created_at)
    SELECT pg_temp.key('cr', n), %(organization)s, 'CR-' || lpad(n::text, 6, '0'), pg_temp.key('so', n),
           pg_temp.key('customer', pg_temp.pick(n, %(customers)s)),
           pg_temp.key('warehouse', pg_temp.pick(n, %(warehouses)s)),
           pg_temp.word(n, 'authorized', 'received', 'closed'), pg_temp.lately(n)
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO customer_return_items (organization_id, customer_return_id, line_number, product_id, quantity,
                                       reason)
    SELECT %(organization)s, pg_temp.key('cr', n), 1,
           pg_temp.key('product', pg_temp.pick(n, %(products)s)), 1, 'broken'
    FROM generate_series(1, %(orders)s) n;

    INSERT INTO sales_order_history (organization_id, sales_order_id, to_status, occurred_at)
    SELECT %(organization)s, pg_temp.key('so', n), pg_temp.word(l, 'draft', 'confirmed'),
           now() - l * interval '1 day'
    FROM generate_series(1, %(orders)s) n, generate_series(1, 3) l;

    INSERT INTO shipments (id, organization_id, shipment_type, status, reference_id, purchase_order_id,
                           sales_order_id, supplier_id, tracking_number, expected_delivery_date, created_at)
    SELECT pg_temp.key('shipment', n), %(organization)s,
           CASE n %% 2 WHEN 0 THEN 'inbound' ELSE 'outbound' END,
           CASE WHEN n %% 100 = 1 THEN 'in_transit' WHEN n %% 100 = 2 THEN 'pending'
                WHEN n %% 100 = 3 THEN 'cancelled' ELSE 'delivered' END, 'R-' || n,
           CASE n %% 2 WHEN 0 THEN pg_temp.key('po', pg_temp.pick(n, %(orders)s)) END,
           CASE n %% 2 WHEN 1 THEN pg_temp.key('so', pg_temp.pick(n, %(orders)s)) END,
           CASE n %% 2 WHEN 0 THEN pg_temp.key('supplier', pg_temp.favour(n, %(suppliers)s)) END,
           'TRACK-' || n, pg_temp.day(n) + 7, now() - make_interval(mins => pg_temp.pick(n, 1000000)::int)
    FROM generate_series(1, %(shipments)s) n;

    INSERT INTO shipment_items (id, organization_id, shipment_id, product_id, quantity)
    SELECT pg_temp.key('si', n * 10 + l), %(organization)s, pg_temp.key('shipment', n),
           pg_temp.key('product', pg_temp.pick(n + l, %(products)s)), 1
    FROM generate_series(1, %(shipments)s) n, generate_series(1, 2) l;

    INSERT INTO shipment_tracking (organization_id, shipment_id, location, latitude, longitude, "timestamp")
    SELECT s.organization_id, s.id, 'At sea', 1, 1, s.created_at + l * interval '6 hours'
    FROM shipments s, generate_series(1, 8) l
    WHERE s.organization_id = %(organization)s;

    INSERT INTO shipment_last_position (organization_id, shipment_id, location, latitude, longitude,
                                        "timestamp")
    SELECT s.organization_id, s.id, 'At sea', 1, 1, s.created_at + 8 * interval '6 hours'
    FROM shipments s WHERE s.organization_id = %(organization)s;

    INSERT INTO shipment_events (organization_id, shipment_id, event_type, occurred_at)
    SELECT s.organization_id, s.id, 'departed', s.created_at + l * interval '1 day'
    FROM shipments s, generate_series(1, 3) l WHERE s.organization_id = %(organization)s;

    INSERT INTO analytics_events (organization_id, event_type, entity_type, entity_id, created_at)
    SELECT %(organization)s, 'kind.' || pg_temp.pick(n, 20), 'product',
           pg_temp.pick(n, %(products)s)::text, pg_temp.lately(n)
    FROM generate_series(1, %(events)s) n;

    INSERT INTO analytics_metrics (organization_id, metric_name, metric_value, dimension_date,
                                   dimension_category, rule)
    SELECT %(organization)s, 'metric ' || m, n, current_date - n::int, 'category ' || c, 'made up'
    FROM generate_series(1, %(days)s) n, generate_series(1, 5) m, generate_series(1, 4) c;

    INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, shown_status, attempts, args,
                                          created_at)
    SELECT 'default', 'task ' || pg_temp.pick(n, 5), 'succeeded',
           CASE n %% 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'waiting' WHEN 2 THEN 'running'
                ELSE 'succeeded' END, 1,
           jsonb_build_object('organization_id', %(organization)s::text), pg_temp.lately(n)
    FROM generate_series(1, %(days)s * 10) n;

    INSERT INTO api_keys (organization_id, name, prefix, key_hash, permissions, created_by)
    SELECT %(organization)s, 'key ' || n, 'imsop_key_', sha256(n::text::bytea), '{}', %(user)s
    FROM generate_series(1, 20) n;
"""


class Trader(NamedTuple):
    """An organization, and a valid token of its administrator."""

    organization_id: UUID
    user_id: UUID
    token: str


@contextmanager
def opened(database: Installation, scale: float = 1.0) -> Iterator[tuple[Installation, list[Trader]]]:
    """The volume in a database on the same server, built by the first caller."""
    template = database.admin_dsn
    volume = Installation(
        *(_named(dsn, DATABASE) for dsn in (template, database.app_dsn, database.operator_dsn))
    )
    with psycopg.connect(_named(template, "postgres"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        if server.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            unfinished = f"{DATABASE}_unfinished"
            server.execute(
                f"CREATE DATABASE {unfinished} TEMPLATE imsop STRATEGY file_copy OWNER imsop_owner"
            )
            with psycopg.connect(_named(template, unfinished), autocommit=True) as connection:
                fill(connection, scale)
                connection.execute("VACUUM (ANALYZE)")
            server.execute(f"ALTER DATABASE {unfinished} RENAME TO {DATABASE}")
            _grant(volume)
    with psycopg.connect(volume.admin_dsn, autocommit=True) as connection:
        yield volume, _signed_in(connection)


def _named(dsn: str, database: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{database}").geturl()


def _grant(volume: Installation) -> None:
    """A copied database is open to nobody yet."""
    with psycopg.connect(volume.owner_dsn, autocommit=True) as connection:
        connection.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO imsop_app, imsop_operator")


def _signed_in(connection: psycopg.Connection) -> list[Trader]:
    """The largest organization first, each with a session."""
    traders = []
    for organization_id, user_id in connection.execute(
        "SELECT o.id, u.id FROM organizations o JOIN users u ON u.organization_id = o.id"
        " WHERE u.email LIKE 'admin@volume-%' ORDER BY o.name"
    ).fetchall():
        token = new_token("bearer", organization_id)
        connection.execute(
            "INSERT INTO sessions (organization_id, user_id, kind, token_hash, expires_at)"
            " VALUES (%s, %s, 'bearer', %s, now() + interval '1 hour')",
            [organization_id, user_id, token_hash(token)],
        )
        traders.append(Trader(organization_id, user_id, token))
    return traders


def counts(share: float, scale: float) -> dict[str, int]:
    """Row counts of an organization with this share. At scale 1 all together have 20,000 products."""

    def of(total: int, least: int = 2) -> int:
        return max(least, round(total * share * scale))

    return {
        "users": of(4_000, 5),
        "suppliers": of(4_000, 5),
        "customers": of(4_000, 20),
        "products": of(20_000, 50),
        "warehouses": of(20, 2),
        "movements": 1,
        "hot_movements": of(5_000),
        "orders": of(10_000, 50),
        "shipments": of(10_000, 50),
        "events": of(20_000, 50),
        "days": max(30, round(300 * share)),
    }


def fill(connection: psycopg.Connection, scale: float = 1.0) -> None:
    """Fills an empty migrated database with three organizations, as superuser; `scale` multiplies sizes."""
    connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    for number, share in enumerate(SHARES):
        organization_id, user_id = _found(connection, number)
        connection.execute("SELECT set_config('volume.number', %s, false)", [f"{number:04}"])
        connection.execute(_FUNCTIONS)
        values = counts(share, scale) | {"organization": organization_id, "user": user_id}
        for statement in _ROWS.split(";\n"):
            if statement.strip():
                connection.execute(statement, values)


def _found(connection: psycopg.Connection, number: int) -> tuple[UUID, UUID]:
    """An organization, and its administrator with all permissions."""
    organization_id, user_id, role_id = uuid4(), uuid4(), uuid4()
    insert = connection.execute
    insert("INSERT INTO organizations (id, name) VALUES (%s, %s)", [organization_id, f"Volume {number}"])
    insert(
        "INSERT INTO users (id, organization_id, email, password_hash) VALUES (%s, %s, %s, 'x')",
        [user_id, organization_id, f"admin@volume-{number}.example"],
    )
    insert(
        "INSERT INTO roles (id, organization_id, name) VALUES (%s, %s, 'administrator')",
        [role_id, organization_id],
    )
    insert(
        "INSERT INTO role_permissions (organization_id, role_id, permission_id)"
        " SELECT %s, %s, id FROM permissions",
        [organization_id, role_id],
    )
    insert(
        "INSERT INTO user_roles (organization_id, user_id, role_id) VALUES (%s, %s, %s)",
        [organization_id, user_id, role_id],
    )
    return organization_id, user_id
