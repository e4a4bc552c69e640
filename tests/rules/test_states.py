"""Tests begin with what the product can reach: its actions make rows, SQL only where that is named."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.rules.source import ROOT

TESTS = ROOT / "tests"
_WRITES = re.compile(
    r"\b(?:(?:INSERT|MERGE)\s+INTO|DELETE\s+FROM|TRUNCATE|COPY|UPDATE(?=\s+\S+(?:\s+\w+)?\s+SET\b))"
    r"\s+(?:(?:ONLY|TABLE)\s+)?([\w.{}]+)"
)

ABOUT_SQL = {
    "rules": "what each role may do with each table, and plans over many rows",
    "core": "transactions and the bulk path themselves",
    "installation": "the data of older releases, written before there is an application",
    "volume.py": "rows in bulk, for plans and lists under load",
}
"""Whose subject is SQL, and the volume."""

# What no action can do, by the test that needs it. May only shrink.
WRITTEN = {
    "states.py": {"{}", "{}_history", "{}_items"},  # the one factory: days in the past, which loads bring
    "analytics/test_analytics.py": {"analytics_events", "analytics_metrics"},  # of other months
    "analytics/test_daily_figures.py": {"analytics_metrics"},  # lost
    "catalog/test_products.py": {"products"},  # by a rival, and what an older release let in
    "identity/test_access.py": {"sessions"},  # over, without waiting for it
    "identity/test_organization_status.py": {"organizations"},  # what the application may not write
    "identity/test_sign_in.py": {"sign_in_attempts", "users"},  # of another time
    "inventory/test_bulk.py": {"staged_movements"},  # the temporary table of loads
    "inventory/test_daily_stock.py": {
        "inventory_daily_balances", "organizations", "warehouse_daily_totals",
    },  # spoilt, for the job to mend; zones past what can be chosen
    "inventory/test_doctor.py": {
        "inventory", "inventory_transactions", "purchase_order_items", "sales_order_items",
    },  # spoilt as superuser, for the doctor to find
    "inventory/test_ledger_model.py": {"organizations", "products", "warehouses"},  # has no application
    "inventory/test_posting.py": {"inventory", "inventory_reservations", "inventory_transactions"},  # refused
    "pages/plenty.py": {"queue.procrastinate_jobs"},  # failed
    "pages/test_search.py": {"customers", "products", "sales_orders", "shipments"},  # hundreds of each
    "pages/test_labels.py": {"products"},  # a wrong GTIN, which is refused today
    "purchasing/test_purchase_orders.py": {"document_numbers"},  # near the end of its numbers
    "purchasing/test_receiving.py": {"goods_receipt_items"},  # spoilt as superuser, for the doctor to find
    "sales/test_sales_orders.py": {"sales_orders"},  # by a rival
    "stewardship/test_audit.py": {"audit_entries", "organizations", "products", "users", "{}"},  # by hand
    "stewardship/test_audit_seals.py": {"audit_entries", "audit_seals", "products"},  # tampered with
    "stewardship/test_housekeeping.py": {"idempotency_keys", "queue.procrastinate_jobs", "sessions"},  # old
    "pages/test_forgotten.py": {"password_resets"},  # that have expired
    "stewardship/test_jobs.py": {"organizations", "queue.procrastinate_jobs"},  # of workers that died
    "purchasing/test_supplier_products.py": {"supplier_metrics"},  # as measured over months
    "suppliers/test_suppliers.py": {"supplier_metrics"},  # of past months
    "web/test_caches.py": {"products"},  # by hand, behind the application's back
    "web/test_health.py": {"alembic_version"},
    "web/test_idempotency.py": {"products"},  # by a rival
    "web/test_search.py": {"customers", "sales_orders"},  # a thousand; a number that no form asks for yet
    "web/test_stream.py": {"analytics_events"},  # in transactions held open
    "web/test_stream_ends.py": {"analytics_events"},
    "web/test_transactions.py": {"products"},  # by a rival
}  # fmt: skip


def texts(tree: ast.AST) -> Iterator[str]:
    """Every text of a module; `{}` stands for what an f-string fills in."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inner |= {id(value) for value in node.values}
            yield "".join(
                str(value.value) if isinstance(value, ast.Constant) else "{}" for value in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def test_only_what_is_named_writes_rows_by_sql() -> None:
    written = defaultdict[str, set[str]](set)
    for path in sorted(TESTS.rglob("*.py")):
        name = path.relative_to(TESTS)
        if name.parts[0] not in ABOUT_SQL:
            for text in texts(ast.parse(path.read_text())):
                written[str(name)].update(_WRITES.findall(text))
    assert {name: tables for name, tables in written.items() if tables} == WRITTEN
