"""Pages of business events: what happened, to which entity, by whom."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get

from imsop.analytics.events import queries
from imsop.analytics.events.models import AnalyticsEvent
from imsop.core.database import Connection
from imsop.core.fields import ShortName
from imsop.core.instants import today
from imsop.core.listing import Cursor, Listing
from imsop.core.searching import SearchQuery
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_, DecimalMark, Language
from imsop.ui.parts import Column, TimelineEntry
from imsop.ui.render import render
from imsop.ui.words import Word
from imsop.web.edge.streamed import Streamed
from imsop.web.pages import days
from imsop.web.pages.lists import export, show
from imsop.web.places import PLACES, Kind
from imsop.web.search import search

EVENT_WORDS: Mapping[str, Word] = {
    "organization.created": Word(N_("Organization signed up"), "tone-good"),
    "organization.changed": Word(N_("Organization changed")),
    "user.created": Word(N_("User added"), "tone-active"),
    "user.changed": Word(N_("User changed")),
    "user.deleted": Word(N_("User removed"), "tone-warning"),
    "role.created": Word(N_("Role created"), "tone-active"),
    "role.changed": Word(N_("Role changed")),
    "role.deleted": Word(N_("Role deleted"), "tone-warning"),
    "api_key.created": Word(N_("API key created"), "tone-active"),
    "api_key.revoked": Word(N_("API key revoked"), "tone-warning"),
    "product.created": Word(N_("Product created"), "tone-active"),
    "product.changed": Word(N_("Product changed")),
    "product.deleted": Word(N_("Product deleted"), "tone-warning"),
    "supplier.created": Word(N_("Supplier created"), "tone-active"),
    "supplier.changed": Word(N_("Supplier changed")),
    "supplier.deleted": Word(N_("Supplier deleted"), "tone-warning"),
    "supplier_product.created": Word(N_("Supplier product added"), "tone-active"),
    "supplier_product.changed": Word(N_("Supplier product changed")),
    "supplier_product.deleted": Word(N_("Supplier product deleted"), "tone-warning"),
    "customer.created": Word(N_("Customer created"), "tone-active"),
    "customer.changed": Word(N_("Customer changed")),
    "customer.deleted": Word(N_("Customer deleted"), "tone-warning"),
    "warehouse.created": Word(N_("Warehouse created"), "tone-active"),
    "warehouse.changed": Word(N_("Warehouse changed")),
    "warehouse.deleted": Word(N_("Warehouse deleted"), "tone-warning"),
    "warehouse_zone.created": Word(N_("Zone created"), "tone-active"),
    "warehouse_zone.changed": Word(N_("Zone changed")),
    "warehouse_zone.deleted": Word(N_("Zone deleted"), "tone-warning"),
    "shipment.created": Word(N_("Shipment announced"), "tone-active"),
    "shipment.changed": Word(N_("Shipment changed")),
    "purchase_order.created": Word(N_("Purchase order drafted")),
    "purchase_order.changed": Word(N_("Purchase order changed")),
    "purchase_order.lines_closed": Word(N_("Purchase order lines closed"), "tone-warning"),
    "purchase_order.reopened": Word(N_("Purchase order open again"), "tone-warning"),
    "goods_receipt.posted": Word(N_("Goods received"), "tone-good"),
    "goods_receipt.reversed": Word(N_("Goods receipt reversed"), "tone-warning"),
    "supplier_return.posted": Word(N_("Goods returned to supplier"), "tone-warning"),
    "supplier_return.reversed": Word(N_("Return to supplier reversed"), "tone-warning"),
    "purchase_order.deleted": Word(N_("Purchase order draft deleted"), "tone-warning"),
    "sales_order.created": Word(N_("Sales order drafted")),
    "sales_order.changed": Word(N_("Sales order changed")),
    "sales_order.deleted": Word(N_("Sales order draft deleted"), "tone-warning"),
    "purchase_order.mailed": Word(N_("Purchase order sent by e-mail"), "tone-active"),
    "purchase_order.submitted": Word(N_("Purchase order submitted"), "tone-active"),
    "purchase_order.approval_requested": Word(N_("Approval requested"), "tone-active"),
    "purchase_order.approval_withdrawn": Word(N_("Approval withdrawn"), "tone-warning"),
    "purchase_order.approved": Word(N_("Purchase order approved"), "tone-good"),
    "purchase_order.rejected": Word(N_("Purchase order sent back"), "tone-warning"),
    "approval_rule.created": Word(N_("Approval rule created"), "tone-active"),
    "approval_rule.changed": Word(N_("Approval rule changed")),
    "approval_rule.deleted": Word(N_("Approval rule deleted"), "tone-warning"),
    "purchase_order.confirmed": Word(N_("Purchase order confirmed"), "tone-active"),
    "purchase_order.shipped": Word(N_("Purchase order shipped"), "tone-active"),
    "purchase_order.received": Word(N_("Purchase order received"), "tone-good"),
    "purchase_order.cancelled": Word(N_("Purchase order cancelled")),
    "sales_order.confirmed": Word(N_("Sales order confirmed"), "tone-active"),
    "sales_order.shipped": Word(N_("Sales order shipped"), "tone-active"),
    "sales_order.delivered": Word(N_("Sales order delivered"), "tone-good"),
    "sales_order.reopened": Word(N_("Sales order open again"), "tone-warning"),
    "sales_order.lines_closed": Word(N_("Sales order lines closed"), "tone-warning"),
    "sales_order.allocated": Word(N_("Stock reserved for sales order"), "tone-good"),
    "sales_order.held": Word(N_("Sales order put on hold"), "tone-warning"),
    "sales_order.released": Word(N_("Sales order released"), "tone-active"),
    "sales_order.returned": Word(N_("Sales return received"), "tone-warning"),
    "sales_order.cancelled": Word(N_("Sales order cancelled")),
    "shipment.departed": Word(N_("Shipment departed"), "tone-active"),
    "shipment.delivered": Word(N_("Shipment delivered"), "tone-good"),
    "customer_return.authorized": Word(N_("Customer return authorized")),
    "customer_return.received": Word(N_("Customer return received"), "tone-warning"),
    "customer_return.disposed": Word(N_("Customer return disposed of")),
    "customer_return.closed": Word(N_("Customer return closed"), "tone-good"),
    "customer_return.cancelled": Word(N_("Customer return cancelled")),
    "shipment.cancelled": Word(N_("Shipment cancelled")),
    "job.retried": Word(N_("Job run again")),
    "audit.read": Word(N_("Audit trail read")),
    "inventory.counted": Word(N_("Stock counted"), "tone-warning"),
    "inventory.produced": Word(N_("Goods produced"), "tone-good"),
}
"""Labels of the catalogue's and the demo's events. Others, which anybody may record, are shown by name."""


A_MONTH = timedelta(days=30)


FOUND = 5
"""Entities of each kind whose events a search lists: more would be no useful answer."""


_NAMES = ("name", "so_number", "reference_id", "sku")
"""Keys of an event's metadata that may hold its entity's name."""


_SAID = ("partner", "supplier", "warehouse", "carrier", "production_order", "reason")
"""Other keys of the metadata to show."""


COLUMNS = (
    Column("when", N_("Time"), "date", sort="created_at"),
    Column("type", N_("Event")),
    Column("what", N_("Subject")),
    Column("said", N_("Details")),
    Column("who", N_("User")),
)


CELLS: dict[str, Callable[[AnalyticsEvent], object]] = {
    "created_at": lambda row: row.created_at,
    "event_type": lambda row: row.event_type,
    "entity_type": lambda row: row.entity_type,
    "entity_id": lambda row: row.entity_id,
    "user_id": lambda row: row.user_id,
    "metadata": lambda row: row.metadata and msgspec.json.encode(row.metadata).decode(),
    "id": lambda row: row.id,
}


EventSort = Literal["created_at", "-created_at"]


@get("/events", opt=allow(Permission.ANALYTICS_READ), include_in_schema=False)
async def events_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    type: ShortName | None = None,  # noqa: A002 - the name in the URL
    kind: Kind | None = None,
    first: date | None = None,
    last: date | None = None,
    sort: EventSort = "-created_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    first = _beginning(actor, q, kind, first, last)
    listing, fixed = await _listing(connection, actor, q, kind)
    shown = await show(
        connection, actor, listing, COLUMNS,
        sort=sort, cursor=cursor, before=before, fixed=fixed,
        **_filters(actor, listing, type, kind, first, last),
    )  # fmt: skip
    users = {row.user_id for row in shown.rows if row.user_id}
    return render(
        request,
        "pages/analytics/events.html",
        shown=shown,
        names=await list_user_names(connection, actor.organization_id, users),
        event_words=EVENT_WORDS,
        first=first,
        most=FOUND,
        kinds_of_entities=[(kind, place.label) for kind, place in PLACES.items()],
        type=type,
        name_of=name_of,
        said_of=said_of,
        href_of=lambda row: href_of(row, actor),
    )


@get(["/events.csv", "/events.xlsx"], opt=allow(Permission.ANALYTICS_READ), include_in_schema=False)
async def export_events(
    request: TenantRequest,
    q: SearchQuery | None = None,
    type: ShortName | None = None,  # noqa: A002
    kind: Kind | None = None,
    first: date | None = None,
    last: date | None = None,
    sort: EventSort = "-created_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    first = _beginning(actor, q, kind, first, last)
    listing, fixed = await _listing(connection, actor, q, kind)
    filters = _filters(actor, listing, type, kind, first, last)
    return await export(request, listing, CELLS, sort=sort, fixed=fixed, **filters, decimal=decimal)


def _beginning(
    actor: Actor, q: str | None, kind: Kind | None, first: date | None, last: date | None
) -> date | None:
    """The first day to list. Filtering by kind scans all events, so by default it covers a month."""
    if kind is None or q is not None or first is not None:
        return first
    day = last or today(actor.timezone)
    return day - min(A_MONTH, day - date.min)


async def _listing(
    connection: Connection, actor: Actor, q: str | None, kind: Kind | None
) -> tuple[Listing[AnalyticsEvent], tuple[object, ...]]:
    """The list of all events, or of those whose entity matches by name, number or id."""
    if q is None:
        return queries.EVENTS, ()
    found = [
        (result.kind, str(result.id)) for result in await search(connection, actor, q, FOUND) if result.id
    ]
    entities = [
        entity
        for entity in dict.fromkeys([*((known, q.strip()) for known in PLACES), *found])
        if kind is None or entity[0] == kind
    ]
    return queries.EVENTS_OF_ENTITIES, ([type_ for type_, _ in entities], [id_ for _, id_ in entities])


def _filters(
    actor: Actor,
    listing: Listing[AnalyticsEvent],
    event_type: str | None,
    kind: Kind | None,
    first: date | None,
    last: date | None,
) -> dict[str, Any]:
    return {
        "event_type": event_type,
        "entity_type": kind if listing is queries.EVENTS else None,
        "created_from": first and days.beginning(first, actor.timezone),
        "created_to": last and days.end(last, actor.timezone),
    }


def href_of(event: AnalyticsEvent, actor: Actor) -> str:
    """The URL of the entity's page; empty if there is none or the actor may not see it."""
    place = next((place for kind, place in PLACES.items() if kind == event.entity_type), None)
    if place is None or place.permission not in actor.permissions:
        return ""
    try:
        return f"{place.path}/{UUID(event.entity_id or '')}"
    except ValueError:
        return ""


def name_of(event: AnalyticsEvent) -> str:
    """The entity's name as recorded in the event, or an empty string."""
    told = event.metadata or {}
    return next((str(told[key]) for key in _NAMES if told.get(key)), "")


def said_of(event: AnalyticsEvent) -> str:
    told = event.metadata or {}
    return " · ".join(str(told[key]) for key in _SAID if told.get(key))


def event_entry(event: AnalyticsEvent, actor: Actor, language: Language) -> TimelineEntry:
    word = EVENT_WORDS.get(event.event_type)
    label = language.gettext(word.label) if word else event.event_type
    name = name_of(event)
    return TimelineEntry(
        event.created_at,
        f"{label}: {name}" if name else label,
        said_of(event),
        href_of(event, actor),
        word.tone if word else "tone-quiet",
    )


PAGES = [events_page, export_events]
