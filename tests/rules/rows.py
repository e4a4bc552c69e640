"""Creates one row of a tenant in every table, from the catalogue: new tables are covered automatically.

Values come from types, defaults, foreign keys and CHECK lists; other values are given below.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from psycopg import sql

from tests.rules.catalogue import Catalogue, Column, ForeignKey

# Values that a CHECK requires and types do not tell; stock agrees with its ledger and reservations, since
# another test examines the whole installation.
_VALUES: dict[tuple[str, str], Any] = {
    ("audit_entries", "record_id"): UUID(int=1),
    ("audit_seals", "until_xid"): "1",
    ("audit_seals", "entry_ids"): "{}",
    ("supplier_metrics", "period_end"): "2026-02-01",
    ("products", "reorder_level"): 9,
    ("inventory", "quantity_on_hand"): 5,
    ("inventory", "quantity_reserved"): 2,
    ("inventory", "version"): 1,
    ("inventory_transactions", "movement_kind"): "goods_receipt",
    ("inventory_transactions", "reason"): "a sample",
    ("inventory_transactions", "quantity"): 5,
    ("inventory_transactions", "balance_after"): 5,
    ("inventory_transactions", "balance_version"): 1,
    ("inventory_transactions", "occurred_at"): "2026-01-01 12:00:00+00",
    ("inventory_reservations", "quantity"): 2,
    ("approval_rules", "threshold"): 1,
    ("approval_rules", "status"): "inactive",  # or other samples would wait for an approval
    ("purchase_orders", "status"): "confirmed",
    ("purchase_order_items", "quantity_ordered"): 900,
    ("purchase_order_items", "quantity_received"): 5,
    ("goods_receipt_items", "quantity_accepted"): 3,
    ("goods_receipt_items", "quantity_rejected"): 2,
    ("goods_receipt_items", "reason"): "a sample",
    ("supplier_return_items", "quantity"): 1,
    ("supplier_return_items", "quantity_quarantined"): 1,
    ("sales_orders", "status"): "confirmed",
    ("customer_returns", "status"): "received",
    ("customer_return_items", "quantity"): 1,
    ("customer_return_items", "quantity_received"): 1,
    ("sales_order_items", "quantity_ordered"): 9,
    ("sales_order_items", "quantity_reserved"): 2,
    ("shipment_items", "quantity"): 1,
    ("inventory_daily_balances", "quantity_on_hand"): 5,
    ("inventory_daily_balances", "through_version"): 1,
    ("warehouse_daily_totals", "quantity_on_hand"): 5,
}
# Foreign keys that a CHECK forbids in the created row, with the other columns to change for testing them.
FORBIDDEN_TOGETHER = {
    ("approval_rules", "approver_user_id"): "approver_role_id = NULL",
    (
        "purchase_order_approvals",
        "decided_by",
    ): "decision = 'approved', decided_at = now(), total_approved = 1",
    ("shipments", "sales_order_id"): (
        "shipment_type = 'outbound', purchase_order_id = NULL, supplier_id = NULL"
    ),
    ("inventory_transactions", "supplier_return_item_id"): (
        "transaction_type = 'return', movement_kind = 'supplier_return', quantity = -5,"
        " goods_receipt_item_id = NULL"
    ),
    ("inventory_transactions", "customer_return_item_id"): (
        "transaction_type = 'return', movement_kind = 'customer_return', purchase_order_item_id = NULL,"
        " goods_receipt_item_id = NULL"
    ),
    ("inventory_reservations", "customer_return_item_id"): "kind = 'quarantine', sales_order_item_id = NULL",
    ("inventory_reservations", "goods_receipt_item_id"): "kind = 'quarantine', sales_order_item_id = NULL",
    ("shipment_items", "sales_order_item_id"): "purchase_order_item_id = NULL",
    ("inventory_transactions", "sales_order_item_id"): (
        "transaction_type = 'shipment', movement_kind = 'sale', quantity = -5, purchase_order_item_id = NULL,"
        " goods_receipt_item_id = NULL"
    ),
}
_BY_TYPE = {
    "numeric": "1",
    "boolean": "false",
    "date": "2026-01-01",
    "timestamp with time zone": "now",
    "jsonb": "{}",
    "text[]": "{}",
    "inet": "127.0.0.1",
}


SKU = "SAMPLE"
"""Of each tenant's product."""
UNSOLD = 20


class Rows(NamedTuple):
    """A tenant with a row in every table. `ids`: ids of rows, by table."""

    organization_id: UUID
    ids: dict[str, UUID]
    unsold: list[UUID]
    """Products that no supplier sells, each for one use."""


def fill(catalogue: Catalogue, organization_id: UUID, user_id: UUID) -> Rows:
    """Inserts a row into each tenant table, as superuser, for an organization that has signed up."""
    rows = Rows(organization_id, {"organizations": organization_id, "users": user_id}, [])
    for table in _in_order(catalogue):
        if table in rows.ids:
            continue
        values = _new_row(catalogue, rows, table)
        _insert(catalogue, table, values)
        if "id" in values:
            rows.ids[table] = values["id"]
        if table == "products":
            rows.unsold.extend(_insert_unsold(catalogue, rows))
    if "customer_return_items" in rows.ids:  # absent in the previous release
        _move_more(catalogue, rows)
    if "queue" in catalogue.rows("SELECT nspname FROM pg_namespace"):  # absent in the previous release
        rows.ids["jobs"] = failed_job(catalogue, organization_id)
    return rows


def _insert_unsold(catalogue: Catalogue, rows: Rows) -> Iterator[UUID]:
    for _ in range(UNSOLD):
        values = _new_row(catalogue, rows, "products") | {"status": "discontinued"}
        _insert(catalogue, "products", values)
        yield values["id"]


def _move_more(catalogue: Catalogue, rows: Rows) -> None:
    """The ledger entries of the sample's returns and sale, and the quarantine of what a customer returned:
    each table has one row, which is of the receipt and of the sales order.
    """
    ids = rows.ids
    bought, returned, sold, back = (
        ids[table]
        for table in (
            "purchase_order_items",
            "supplier_return_items",
            "sales_order_items",
            "customer_return_items",
        )
    )
    for entry in (
        ("return", "supplier_return", -1, 4, 2, bought, returned, None, None, "2026-01-02 12:00:00+00"),
        ("shipment", "sale", -1, 3, 3, None, None, sold, None, "2026-01-03 12:00:00+00"),
        ("return", "customer_return", 1, 4, 4, None, None, sold, back, "2026-01-04 12:00:00+00"),
    ):
        catalogue.connection.execute(
            """
            INSERT INTO inventory_transactions
                (organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
                 balance_version, purchase_order_item_id, supplier_return_item_id, sales_order_item_id,
                 customer_return_item_id, occurred_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [rows.organization_id, ids["inventory"], *entry],
        )
    catalogue.connection.execute(
        """
        INSERT INTO inventory_reservations
            (organization_id, inventory_id, kind, quantity, customer_return_item_id, reason)
        VALUES (%s, %s, 'quarantine', 1, %s, 'a sample')
        """,
        [rows.organization_id, ids["inventory"], back],
    )
    for correct in (
        f"UPDATE products SET sku = '{SKU}' WHERE organization_id = %s AND id = '{ids['products']}'",
        "UPDATE inventory SET quantity_on_hand = 4, quantity_reserved = 3 WHERE organization_id = %s",
        "UPDATE inventory SET version = 4 WHERE organization_id = %s",
        "UPDATE purchase_order_items SET quantity_returned = 1 WHERE organization_id = %s",
        "UPDATE sales_order_items SET quantity_shipped = 1, quantity_returned = 1 WHERE organization_id = %s",
    ):
        catalogue.connection.execute(correct, [rows.organization_id])


def failed_job(catalogue: Catalogue, organization_id: UUID) -> UUID:
    """A failed job of the organization, which can be retried."""
    (uid,) = catalogue.rows(
        "INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, args)"
        " VALUES ('default', 'sample', 'failed', jsonb_build_object('organization_id', %s::text))"
        " RETURNING uid",
        organization_id,
    )
    return UUID(str(uid))


def another(catalogue: Catalogue, rows: Rows, table: str) -> dict[str, Any]:
    """Another row of the tenant, not inserted, as JSON."""
    return {
        name: str(value)
        if isinstance(value, UUID)
        else f"\\x{value.hex()}"
        if isinstance(value, bytes)
        else value
        for name, value in _new_row(catalogue, rows, table).items()
    }


def _in_order(catalogue: Catalogue) -> list[str]:
    """Tables in dependency order."""
    waiting = {table: set[str]() for table in catalogue.tenant_tables}
    for key in catalogue.foreign_keys:
        if key.table in waiting and key.target in waiting and key.target != key.table:
            waiting[key.table].add(key.target)
    ordered: list[str] = []
    while len(ordered) < len(waiting):
        ordered += sorted(t for t, needs in waiting.items() if t not in ordered and needs <= set(ordered))
    return ordered


def _new_row(catalogue: Catalogue, rows: Rows, table: str) -> dict[str, Any]:
    """Values of a valid row, with as many foreign keys set as possible."""
    keys = {key.columns[-1]: key for key in catalogue.foreign_keys if key.table == table}
    values: dict[str, Any] = {}
    for column in catalogue.columns[table]:
        if column.generated or (table, column.name) in FORBIDDEN_TOGETHER:
            continue
        if column.name == "id":
            values["id"] = uuid4()
        elif column.name == "organization_id":
            values["organization_id"] = rows.organization_id
        elif column.name in keys:
            if keys[column.name].target != table:
                values[column.name] = _referred(catalogue, rows, keys[column.name])
        elif (table, column.name) in _VALUES or (column.not_null and column.default is None):
            values[column.name] = _sample(catalogue, table, column)
    return values


def _referred(catalogue: Catalogue, rows: Rows, key: ForeignKey) -> UUID:
    if key.target in rows.ids:
        return rows.ids[key.target]
    permission: UUID = catalogue.rows("SELECT id FROM permissions ORDER BY name LIMIT 1")[0]
    assert key.target == "permissions", key
    return permission


def _sample(catalogue: Catalogue, table: str, column: Column) -> Any:
    if value := _VALUES.get((table, column.name)):
        return value
    checks = catalogue.checks.get(table, {}).values()
    for check in checks:
        if listed := re.match(rf"CHECK \(\({column.name} = ANY \(ARRAY\['([^']*)'", check):
            return listed[1]
    base = re.sub(r"\(.*\)", "", column.type)
    if base in ("integer", "bigint"):
        return uuid4().int % 1_000_000 + 1
    if base in _BY_TYPE:
        return _BY_TYPE[base]
    if base == "bytea":
        return uuid4().bytes
    assert base in ("character varying", "text"), f"{table}.{column.name}: what is a sample of {column.type}?"
    return "USD" if column.type == "character varying(3)" else f"sample-{uuid4().hex}"[:20]


def _insert(catalogue: Catalogue, table: str, values: dict[str, Any]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    catalogue.connection.execute(statement, list(values.values()))


def now() -> datetime:
    """A timestamp within the existing partitions."""
    return datetime.now(UTC)
