"""Pages of the audit trail: the stream of changes, of one record or of all, and its export."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get

from imsop.core.fields import ShortName
from imsop.core.listing import Cursor
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.stewardship.audit import queries
from imsop.stewardship.audit.actions import filters_asked
from imsop.stewardship.audit.events import AUDIT_READ
from imsop.stewardship.audit.models import AUDITED, AuditEntry
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.lists import export, show
from imsop.web.places import PLACES, Kind

COLUMNS = (
    Column("at", N_("Time"), "date", sort="at"),
    Column("who", N_("User")),
    Column("action", N_("Action")),
    Column("record", N_("Record")),
    Column("changes", N_("Changes")),
    Column("source", N_("Source"), shown=False),
    Column("address", N_("Address"), shown=False),
    Column("request", N_("Request"), shown=False),
    Column("sealed", N_("Sealed")),
)
CELLS: dict[str, Callable[[AuditEntry], object]] = {
    "at": lambda row: row.at,
    "user_id": lambda row: row.user_id,
    "action": lambda row: row.action,
    "table_name": lambda row: row.table_name,
    "record_id": lambda row: row.record_id,
    "old": lambda row: row.old and msgspec.json.encode(row.old).decode(),
    "new": lambda row: row.new and msgspec.json.encode(row.new).decode(),
    "source": lambda row: row.source,
    "credential_id": lambda row: row.credential_id,
    "request_id": lambda row: row.request_id,
    "address": lambda row: row.address,
    "sealed": lambda row: row.sealed,
    "id": lambda row: row.id,
}
AuditSort = Literal["at", "-at"]
TABLES: dict[str, Kind] = {
    "products": "product",
    "suppliers": "supplier",
    "supplier_products": "supplier_product",
    "customers": "customer",
    "warehouses": "warehouse",
    "purchase_orders": "purchase_order",
    "sales_orders": "sales_order",
    "customer_returns": "customer_return",
    "shipments": "shipment",
}
"""Tables whose rows have a page."""
_NAMES = ("name", "sku", "po_number", "so_number", "reference_id", "return_number", "email", "code")
"""Columns that name a row, if an entry has one."""
MOST_CHARACTERS = 80
"""Of a value in the list; the export has all of it."""


@get("/audit", opt=allow(Permission.AUDIT_READ, emits=(AUDIT_READ,)), include_in_schema=False)
async def audit_page(
    request: TenantRequest,
    table: ShortName | None = None,
    record_id: UUID | None = None,
    user_id: UUID | None = None,
    request_id: ShortName | None = None,
    first: date | None = None,
    last: date | None = None,
    sort: AuditSort = "-at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    """Both days are inclusive. Reading is recorded as an event."""
    connection, actor = await request.begin()
    filters = await filters_asked(
        connection, actor, _filters(actor, table, record_id, user_id, request_id, first, last)
    )
    shown = await show(
        connection, actor, queries.ENTRIES, COLUMNS, sort=sort, cursor=cursor, before=before, **filters
    )
    users = {row.user_id for row in shown.rows if row.user_id} | ({user_id} if user_id else set())
    return render(
        request,
        "pages/stewardship/audit.html",
        shown=shown,
        names=await list_user_names(connection, actor.organization_id, users),
        tables=[(name, name.replace("_", " ")) for name in AUDITED],
        chips=_chips(record_id, user_id, request_id),
        href_of=lambda row: _href_of(row, actor),
        name_of=_name_of,
        changes_of=changes_of,
    )


@get(
    ["/audit.csv", "/audit.xlsx"],
    opt=allow(Permission.AUDIT_READ, emits=(AUDIT_READ,)),
    include_in_schema=False,
)
async def export_audit(
    request: TenantRequest,
    table: ShortName | None = None,
    record_id: UUID | None = None,
    user_id: UUID | None = None,
    request_id: ShortName | None = None,
    first: date | None = None,
    last: date | None = None,
    sort: AuditSort = "-at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    filters = await filters_asked(
        connection, actor, _filters(actor, table, record_id, user_id, request_id, first, last)
    )
    return await export(request, queries.ENTRIES, CELLS, sort=sort, **filters, decimal=decimal)


def _filters(
    actor: Actor,
    table: str | None,
    record_id: UUID | None,
    user_id: UUID | None,
    request_id: str | None,
    first: date | None,
    last: date | None,
) -> dict[str, Any]:
    return {
        "table": table,
        "record_id": record_id,
        "user_id": user_id,
        "request_id": request_id,
        "from": first and days.beginning(first, actor.timezone),
        "to": last and days.end(last, actor.timezone),
    }


def _chips(record_id: UUID | None, user_id: UUID | None, request_id: str | None) -> list[tuple[str, str]]:
    """The filters that links set, with the texts to show for them."""
    words = {"record_id": N_("One record"), "user_id": N_("One user"), "request_id": N_("One request")}
    given = {"record_id": record_id, "user_id": user_id, "request_id": request_id}
    return [(name, words[name]) for name, value in given.items() if value is not None]


def _href_of(entry: AuditEntry, actor: Actor) -> str:
    """The URL of the record's page; empty if it has none or the actor may not see it."""
    kind = TABLES.get(entry.table_name)
    if kind is None or entry.action == "delete" or PLACES[kind].permission not in actor.permissions:
        return ""
    return f"{PLACES[kind].path}/{entry.record_id}"


def _name_of(entry: AuditEntry) -> str:
    """What names the record, as far as the entry has it; else the start of its id."""
    told = (entry.old or {}) | (entry.new or {})
    return next((str(told[name]) for name in _NAMES if told.get(name)), str(entry.record_id)[:8])


def changes_of(entry: AuditEntry) -> list[tuple[str, str | None, str | None]]:
    """Each column of an update with its old and new value, as text; of other entries, none."""
    if entry.action != "update":
        return []
    old, new = entry.old or {}, entry.new or {}
    return [(name, _text(old.get(name)), _text(new.get(name))) for name in sorted({*old, *new})]


def _text(value: object) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


PAGES = [audit_page, export_audit]
