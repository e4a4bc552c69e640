"""Every table is audited, or its rows are a record already. The list of exceptions may only shrink."""

import re

from imsop.stewardship.audit.models import AUDITED
from tests.rules.catalogue import Catalogue

EXEMPT = {
    # Append-only with author and time: rows are neither changed nor deleted, so that each is its own entry.
    "analytics_events": "append-only, has its user",
    "goods_receipts": "append-only, has its user",
    "goods_receipt_items": "append-only, of a goods receipt",
    "inventory_transactions": "append-only: the ledger, has its user",
    "purchase_order_history": "append-only, has its user",
    "sales_order_history": "append-only, has its user",
    "shipment_events": "append-only, has its source",
    "shipment_tracking": "append-only: positions that carriers report",
    "supplier_returns": "append-only, has its user",
    "supplier_return_items": "append-only, of a supplier return",
    "audit_entries": "append-only: the trail itself",
    "audit_seals": "append-only: hashes of the trail",
    # Derived by the database or a job from what is recorded, and by nothing else.
    "inventory": "the sum of its ledger, written in one call with it",
    "inventory_daily_balances": "the ledger by days, kept by a job",
    "warehouse_daily_totals": "the ledger by days, kept by a job",
    "shipment_last_position": "the newest position, written in the statement that appends it",
    "analytics_metrics": "figures that a job derives; each names its rule",
    "supplier_metrics": "figures that a job derives; each names its rule",
    "document_numbers": "a counter; each number is on its document",
    "idempotency_keys": "replies kept for a day, of requests whose writes are audited",
}
_SECRET = re.compile("hash|secret|token|password|^body$|^attachment$")
_NO_SECRET = {"attachment_name"}


def arguments(catalogue: Catalogue) -> dict[str, set[tuple[str, ...]]]:
    """By table, the arguments of its three triggers."""
    found = catalogue.rows(
        "SELECT c.relname, t.tgargs, t.tgtype::int FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgfoid = 'record_changes'::regproc AND t.tgenabled = 'O'"
    )
    tables: dict[str, set[tuple[str, ...]]] = {}
    events: dict[str, int] = {}
    for table, encoded, kinds in found:
        tables.setdefault(table, set()).add(tuple(bytes(encoded).decode().split("\0")[:4]))
        events[table] = events.get(table, 0) | kinds
    assert {table for table, kinds in events.items() if kinds != 4 | 8 | 16} == set()
    return tables


def test_every_tenant_table_is_audited_or_exempt_with_a_reason(catalogue: Catalogue) -> None:
    audited = set(arguments(catalogue))
    assert audited == set(AUDITED)
    assert audited & set(EXEMPT) == set()
    assert audited | set(EXEMPT) == set(catalogue.tenant_tables)
    assert len(EXEMPT) <= 20


def test_triggers_name_their_table_its_key_and_what_is_not_recorded(catalogue: Catalogue) -> None:
    for table, found in arguments(catalogue).items():
        ((name, key, unrecorded, secret),) = found
        assert name == table
        columns = {column.name for column in catalogue.columns[table]}
        hidden, masked = set(unrecorded[1:-1].split(",")), set(secret[1:-1].split(",")) - {""}
        assert key in columns
        assert hidden - {""} <= columns
        assert masked <= columns
        derived = {column.name for column in catalogue.columns[table] if column.generated}
        assert derived | (columns & {"updated_at"}) <= hidden, table
        assert {c for c in columns - _NO_SECRET if _SECRET.search(c)} == masked, table
