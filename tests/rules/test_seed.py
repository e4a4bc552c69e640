"""The schema contains everything the seed document requires: tables, columns, defaults, keys, indexes.

Types of the seed in PostgreSQL: ENUM and TEXT are text, TIMESTAMP is timestamptz, DECIMAL is numeric, JSON is
jsonb. A `!` is NOT NULL, `= x` a default.
"""

import re

from tests.rules.catalogue import Catalogue

TIMES = "created_at timestamptz = now()\nupdated_at timestamptz = now()"
TABLES = {
    "organizations": f"""
        id uuid! = uuidv7()
        name varchar(255)!
        description text
        industry varchar(100)
        country varchar(100)
        timezone varchar(50) = 'UTC'
        logo_url varchar(500)
        website varchar(255)
        status text = 'active'
        subscription_tier text = 'starter'
        {TIMES}
        deleted_at timestamptz""",
    "users": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        email varchar(255)!
        password_hash varchar(255)!
        first_name varchar(100)
        last_name varchar(100)
        phone varchar(20)
        avatar_url varchar(500)
        status text = 'active'
        last_login timestamptz
        mfa_enabled boolean = false
        mfa_secret varchar(255)
        {TIMES}
        deleted_at timestamptz""",
    "roles": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        name varchar(100)!
        description text
        is_system boolean = false
        {TIMES}""",
    "permissions": """
        id uuid! = uuidv7()
        name varchar(100)!
        description text
        resource varchar(100)!
        action varchar(50)!
        created_at timestamptz = now()""",
    "role_permissions": """
        id uuid! = uuidv7()
        role_id uuid!
        permission_id uuid!""",
    "user_roles": """
        id uuid! = uuidv7()
        user_id uuid!
        role_id uuid!
        assigned_at timestamptz = now()""",
    "suppliers": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        name varchar(255)!
        email varchar(255)
        phone varchar(20)
        country varchar(100)
        city varchar(100)
        address text
        postal_code varchar(20)
        contact_person varchar(100)
        status text = 'active'
        rating numeric(3,2) = 0
        payment_terms varchar(50)
        lead_time_days integer = 0
        {TIMES}""",
    "products": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        sku varchar(100)!
        name varchar(255)!
        description text
        category varchar(100)
        unit_of_measure varchar(20)
        unit_cost numeric(12,4)
        selling_price numeric(12,4)
        reorder_level integer = 0
        reorder_quantity integer = 0
        status text = 'active'
        {TIMES}""",
    "warehouses": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        name varchar(255)!
        location varchar(255)
        country varchar(100)
        city varchar(100)
        address text
        capacity integer
        manager_id uuid
        status text = 'active'
        {TIMES}""",
    "inventory": f"""
        id uuid! = uuidv7()
        warehouse_id uuid!
        product_id uuid!
        quantity_on_hand integer = 0
        quantity_reserved integer = 0
        quantity_available integer = (quantity_on_hand - quantity_reserved)
        last_counted timestamptz
        {TIMES}""",
    "inventory_transactions": """
        id uuid! = uuidv7()
        inventory_id uuid!
        transaction_type text!
        quantity integer!
        reference_id varchar(100)
        notes text
        created_by uuid
        created_at timestamptz = now()""",
    "purchase_orders": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        supplier_id uuid!
        po_number varchar(100)!
        status text = 'draft'
        order_date date!
        expected_delivery_date date
        actual_delivery_date date
        total_amount numeric(14,2)
        currency varchar(3) = 'USD'
        notes text
        created_by uuid
        {TIMES}""",
    "purchase_order_items": """
        id uuid! = uuidv7()
        purchase_order_id uuid!
        product_id uuid!
        quantity_ordered integer!
        quantity_received integer = 0
        unit_price numeric(12,4)
        line_total numeric(14,2)""",
    "shipments": f"""
        id uuid! = uuidv7()
        organization_id uuid!
        reference_id varchar(100)
        shipment_type text!
        status text = 'pending'
        origin_warehouse_id uuid
        destination_warehouse_id uuid
        carrier varchar(100)
        tracking_number varchar(100)
        ship_date date
        expected_delivery_date date
        actual_delivery_date date
        {TIMES}""",
    "shipment_tracking": """
        id uuid! = uuidv7()
        shipment_id uuid!
        location varchar(255)
        latitude numeric(10,8)
        longitude numeric(11,8)
        status varchar(50)
        timestamp timestamptz""",
    "analytics_events": """
        id uuid! = uuidv7()
        organization_id uuid!
        event_type varchar(100)!
        entity_type varchar(100)
        entity_id varchar(100)
        user_id uuid
        metadata jsonb
        created_at timestamptz = now()""",
    "analytics_metrics": """
        id uuid! = uuidv7()
        organization_id uuid!
        metric_name varchar(100)!
        metric_value numeric(14,4)
        dimension_date date
        dimension_category varchar(100)
        created_at timestamptz = now()""",
}
"""The 17 tables with DDL."""

ONLY_IN_THE_DIAGRAM = {
    "warehouse_zones": {"warehouse_id", "code", "name", "zone_type", "capacity"},
    "supplier_metrics": {
        "supplier_id", "period_start", "period_end", "lines_due", "on_time_rate", "in_full_rate",
        "on_time_in_full_rate", "lead_time_mean_days", "lead_time_stddev_days", "lead_time_p50_days",
        "lead_time_p90_days", "rejected_rate", "price_variance", "sample_size",
    },
    "purchase_order_history": {
        "purchase_order_id", "changed_by", "occurred_at", "from_status", "to_status", "changes", "note",
    },
    "sales_orders": {"customer_id", "so_number", "status", "order_date", "total_amount", "currency"},
    "sales_order_items": {
        "sales_order_id", "product_id", "quantity_ordered", "quantity_reserved", "quantity_shipped",
        "quantity_returned", "unit_price", "line_total",
    },
    "shipment_events": {
        "shipment_id", "event_type", "occurred_at", "created_at", "location", "source", "payload",
    },
}  # fmt: skip

WIDER_THAN_THE_SEED = {(table, "phone"): "varchar(50)" for table in ("users", "suppliers")}
"""With a country code, an area code in brackets and an extension, 20 characters are too few."""
MONEY = {
    ("products", "unit_cost"), ("products", "selling_price"), ("purchase_order_items", "unit_price"),
    ("purchase_order_items", "line_total"), ("purchase_orders", "total_amount"),
}  # fmt: skip
"""Small parts cost less than 0.0001, and dinars have three decimals: see docs/schema/README.md."""
WIDER_THAN_THE_SEED |= dict.fromkeys(MONEY, "numeric")
DEFAULTS_BESIDE_THE_SEED = {
    ("purchase_orders", "total_amount"): "0",  # the sum of no lines
    ("analytics_metrics", "dimension_category"): "''",  # with NULL the unique constraint would have no effect
}

NOT_NULL_BESIDE_THE_SEED = {
    ("shipment_tracking", "timestamp"),  # the partition key
    ("analytics_metrics", "dimension_date"),  # figures are unique
}
KEYED_BY_ID_ALONE = {
    "organizations", "users", "roles", "permissions", "role_permissions", "user_roles",
}  # fmt: skip
AMONG_THE_LIVING = {
    ("organizations", "name"),
    ("users", "organization_id, email"),
    ("users", "email"),
}
INDEXES = [
    ("organizations", "status"),
    ("organizations", "subscription_tier"),
    ("organizations", "name"),
    ("users", "organization_id, email"),
    ("users", "organization_id, status"),
    ("users", "email"),
    ("roles", "organization_id, name"),
    ("permissions", "name"),
    ("permissions", "resource, action"),
    ("role_permissions", "organization_id, role_id, permission_id"),
    ("user_roles", "organization_id, user_id, role_id"),
    ("suppliers", "organization_id, status"),
    ("suppliers", "organization_id, rating"),
    ("products", "organization_id, sku"),
    ("products", "organization_id, category"),
    ("products", "organization_id, status"),
    ("warehouses", "organization_id, status"),
    ("inventory", "organization_id, warehouse_id"),
    ("inventory", "organization_id, product_id"),
    ("inventory", "organization_id, warehouse_id, product_id"),
    ("inventory_transactions", "organization_id, inventory_id"),
    ("inventory_transactions", "organization_id, created_at"),
    ("purchase_orders", "organization_id, po_number"),
    ("purchase_orders", "organization_id, supplier_id"),
    ("purchase_orders", "organization_id, status"),
    ("purchase_orders", "organization_id, order_date"),
    ("purchase_order_items", "organization_id, purchase_order_id"),
    ("shipments", "organization_id, status"),
    ("shipments", "organization_id, tracking_number"),
    ("shipment_tracking", "organization_id, shipment_id"),
    ("shipment_tracking", "organization_id, timestamp"),
    ("analytics_events", "organization_id, event_type"),
    ("analytics_events", "organization_id, created_at"),
    ("analytics_events", "created_at, organization_id"),
    ("analytics_metrics", "organization_id, metric_name"),
    ("analytics_metrics", "organization_id, dimension_date"),
]
"""Every index and unique constraint of the seed, led by the tenant if there is one; the composite one too."""

UNIQUE = [
    ("organizations", "name"),
    ("users", "organization_id, email"),
    ("users", "email"),
    ("roles", "organization_id, name"),
    ("permissions", "name"),
    ("permissions", "resource, action"),
    ("role_permissions", "organization_id, role_id, permission_id"),
    ("user_roles", "organization_id, user_id, role_id"),
    ("products", "organization_id, sku"),
    ("inventory", "organization_id, warehouse_id, product_id"),
    ("purchase_orders", "organization_id, po_number"),
]
# Foreign keys of the seed by table and column, with the referenced table and the action on deletion (a:
# refused, c: cascades). `organization_id` is part of each if there is one.
REFERENCES = {
    ("users", "organization_id"): ("organizations", "a"),
    ("roles", "organization_id"): ("organizations", "a"),
    ("role_permissions", "role_id"): ("roles", "c"),
    ("role_permissions", "permission_id"): ("permissions", "a"),
    ("user_roles", "user_id"): ("users", "c"),
    ("user_roles", "role_id"): ("roles", "a"),
    ("suppliers", "organization_id"): ("organizations", "a"),
    ("products", "organization_id"): ("organizations", "a"),
    ("warehouses", "organization_id"): ("organizations", "a"),
    ("warehouses", "manager_id"): ("users", "a"),
    ("inventory", "warehouse_id"): ("warehouses", "a"),
    ("inventory", "product_id"): ("products", "a"),
    ("inventory_transactions", "inventory_id"): ("inventory", "a"),
    ("inventory_transactions", "created_by"): ("users", "a"),
    ("purchase_orders", "organization_id"): ("organizations", "a"),
    ("purchase_orders", "supplier_id"): ("suppliers", "a"),
    ("purchase_orders", "created_by"): ("users", "a"),
    ("purchase_order_items", "purchase_order_id"): ("purchase_orders", "c"),
    ("purchase_order_items", "product_id"): ("products", "a"),
    ("shipments", "organization_id"): ("organizations", "a"),
    ("shipments", "origin_warehouse_id"): ("warehouses", "a"),
    ("shipments", "destination_warehouse_id"): ("warehouses", "a"),
    ("shipment_tracking", "shipment_id"): ("shipments", "c"),
    ("analytics_events", "organization_id"): ("organizations", "a"),
    ("analytics_events", "user_id"): ("users", "a"),
    ("analytics_metrics", "organization_id"): ("organizations", "a"),
}
# Foreign keys of seed tables that its DDL lacks: from its diagram, or required by a departure (docs/schema).
REFERENCES_BESIDE_THE_SEED = {
    ("inventory_transactions", "purchase_order_item_id"): ("purchase_order_items", "a"),
    ("inventory_transactions", "sales_order_item_id"): ("sales_order_items", "a"),
    ("inventory_transactions", "shipment_item_id"): ("shipment_items", "a"),
    ("inventory_transactions", "goods_receipt_item_id"): ("goods_receipt_items", "a"),
    ("inventory_transactions", "supplier_return_item_id"): ("supplier_return_items", "a"),
    ("inventory_transactions", "customer_return_item_id"): ("customer_return_items", "a"),
    ("purchase_orders", "warehouse_id"): ("warehouses", "a"),
    ("shipments", "purchase_order_id"): ("purchase_orders", "a"),
    ("shipments", "sales_order_id"): ("sales_orders", "a"),
    ("shipments", "supplier_id"): ("suppliers", "a"),
    **{
        (table, "organization_id"): ("organizations", "a")  # the seed's child tables have no tenant
        for table in (
            "inventory", "inventory_transactions", "purchase_order_items", "role_permissions",
            "shipment_tracking", "user_roles",
        )
    },
}  # fmt: skip

PARTITIONED = {"audit_entries": "at", "shipment_tracking": "timestamp", "analytics_events": "created_at"}


def in_seeds_words(type_: str) -> str:
    return type_.replace("character varying", "varchar").replace("timestamp with time zone", "timestamptz")


def test_every_column_of_the_seed_is_there_with_its_type_and_default(catalogue: Catalogue) -> None:
    """Columns are NOT NULL where the seed says so or gives a default, and elsewhere only as documented."""
    assert len(TABLES) == 17
    not_null = set()
    for table, lines in TABLES.items():
        columns = {column.name: column for column in catalogue.columns[table]}
        for line in lines.split("\n"):
            if not line.strip():
                continue
            spec = re.fullmatch(r"(\w+) ([^!=]+?)(!?)(?: = (.*))?", line.strip())
            assert spec, line
            column = columns[spec[1]]
            where = f"{table}.{column.name}"
            asked = WIDER_THAN_THE_SEED.get((table, column.name), spec[2])
            assert in_seeds_words(column.type) == asked, where
            default = re.sub(r"::(text|character varying)", "", column.default or "")
            beside = DEFAULTS_BESIDE_THE_SEED.get((table, column.name), "")
            assert default == (spec[4] or beside), where
            assert column.generated == ("s" if column.name == "quantity_available" else ""), where
            wanted = bool(spec[3] or spec[4] or beside) and not column.generated
            assert column.not_null >= wanted, f"{where} may be NULL"
            if column.not_null and not wanted:
                not_null.add((table, column.name))
        assert "organization_id" in columns or table in ("organizations", "permissions")
    assert not_null == NOT_NULL_BESIDE_THE_SEED


def test_every_table_has_its_primary_key(catalogue: Catalogue) -> None:
    keys = {index.table: index.columns for index in catalogue.indexes if index.primary}
    for table in TABLES:
        wanted = ("id",) if table in KEYED_BY_ID_ALONE else ("id", "organization_id")
        if table in PARTITIONED:
            wanted = (*wanted, PARTITIONED[table])
        assert keys[table] == wanted, table


def test_tables_only_in_the_diagram_have_their_columns(catalogue: Catalogue) -> None:
    for table, wanted in ONLY_IN_THE_DIAGRAM.items():
        assert wanted <= {column.name for column in catalogue.columns[table]}, table


def test_every_index_the_seed_names_exists(catalogue: Catalogue) -> None:
    """Over all rows and sorted: neither a partial index nor a text search index counts."""
    for table, columns in INDEXES:
        wanted = tuple(columns.split(", "))
        found = [
            index
            for index in catalogue.indexes
            if (index.table, index.method) == (table, "btree") and index.columns[: len(wanted)] == wanted
        ]
        allowed = {None, "(deleted_at IS NULL)"} if (table, columns) in AMONG_THE_LIVING else {None}
        assert {index.predicate for index in found} & allowed, f"{table} ({columns})"


def test_every_unique_constraint_of_the_seed_is_effective(catalogue: Catalogue) -> None:
    for table, columns in UNIQUE:
        found = {
            index.predicate
            for index in catalogue.indexes
            if index.table == table and index.unique and ", ".join(index.columns) == columns
        }
        # A deleted name or address is free again; among existing rows it is unique.
        assert found == {"(deleted_at IS NULL)" if (table, columns) in AMONG_THE_LIVING else None}, table


def test_foreign_keys_are_exactly_those_of_the_seed(catalogue: Catalogue) -> None:
    found = {}
    for key in catalogue.foreign_keys:
        column = key.columns[-1] if key.columns != ("organization_id",) else "organization_id"
        if key.table in TABLES:
            assert key.columns in ((column,), ("organization_id", column)), key
            assert key.target_columns in (("id",), ("organization_id", "id")), key
            found[key.table, column] = (key.target, key.on_delete)
    beside = {table_column: found[table_column] for table_column in found.keys() - REFERENCES.keys()}
    assert {key: found.get(key) for key in REFERENCES} == REFERENCES
    assert beside == REFERENCES_BESIDE_THE_SEED


def test_tables_with_retention_are_partitioned_by_month(catalogue: Catalogue) -> None:
    found = catalogue.rows(
        "SELECT p.partrelid::regclass::text, a.attname FROM pg_partitioned_table p"
        " JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]"
        " WHERE p.partstrat = 'r'"
    )
    assert dict(found) == PARTITIONED
    ahead = catalogue.rows(
        "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'shipment_tracking'::regclass"
        " AND c.relname > 'shipment_tracking_' || to_char(pg_postmaster_start_time(), 'YYYY_MM')"
    )
    assert ahead[0] >= 3
