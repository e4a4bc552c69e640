"""Pages of shipments: the list, its export, and the shipment with its route, events and contents."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post

from imsop.core import edits, instants
from imsop.core.database import Connection
from imsop.core.errors import DomainError
from imsop.core.fields import ShortName
from imsop.core.listing import Cursor, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.orders import queries as purchase_orders
from imsop.sales.orders import queries as sales_orders
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.shipping.shipments import actions
from imsop.shipping.shipments import queries as shipments_queries
from imsop.shipping.shipments.lifecycle import LIFECYCLE
from imsop.shipping.shipments.models import ShipmentStatus, ShipmentType
from imsop.shipping.shipments.queries import ShipmentSummary
from imsop.shipping.tracking import queries as tracking_queries
from imsop.shipping.tracking.models import EventType, Position, ShipmentEvent
from imsop.shipping.transit import queries as transit_queries
from imsop.shipping.transit.queries import Afloat
from imsop.ui.language import N_, DecimalMark, Language, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column, Marker, TimelineEntry
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.documents import Flag, act
from imsop.web.pages.lists import export, show
from imsop.web.pages.row_filters import PRODUCT, SUPPLIER, IdOrName, filter_routes, pick, require

ROW_FILTERS = (SUPPLIER, PRODUCT)

COLUMNS = (
    Column("reference", N_("Reference")),
    Column("state", N_("Status")),
    Column("late", N_("Timeliness")),
    Column("type", N_("Type")),
    Column("origin", N_("From")),
    Column("destination", N_("To")),
    Column("carrier", N_("Carrier")),
    Column("shipped", N_("Shipped"), "date"),
    Column("expected", N_("Expected"), "date", sort="expected_delivery_date"),
    Column("delivered", N_("Delivered"), "date"),
    Column("weight", N_("Weight in kg"), "number", shown=False),
    Column("recorded", N_("Recorded"), "date", sort="created_at", shown=False),
)


CARGO_COLUMNS = (
    Column("product", N_("Product")),
    Column("sku", N_("SKU")),
    Column("quantity", N_("Quantity"), "number"),
    Column("order", N_("Order")),
    Column("line", N_("Line"), "number"),
)


CELLS: dict[str, Callable[[ShipmentSummary], object]] = {
    "reference_id": lambda row: row.reference_id,
    "tracking_number": lambda row: row.tracking_number,
    "shipment_type": lambda row: row.shipment_type,
    "transport_mode": lambda row: row.transport_mode,
    "carrier": lambda row: row.carrier,
    "origin": lambda row: row.origin,
    "destination": lambda row: row.destination,
    "weight_kg": lambda row: row.weight_kg,
    "ship_date": lambda row: row.ship_date,
    "expected_delivery_date": lambda row: row.expected_delivery_date,
    "actual_delivery_date": lambda row: row.actual_delivery_date,
    "status": lambda row: row.status,
    "is_late": lambda row: row.is_late,
    "id": lambda row: row.id,
}


ShipmentSort = Literal["created_at", "-created_at", "expected_delivery_date", "-expected_delivery_date"]


PUNCTUALITY_DAYS = 30
"""Up to today, of which carriers' punctuality is told."""
MOST_POSITIONS, MOST_EVENTS = 100, 100
"""Newest positions and events in the timeline of a shipment."""
FAILURES: tuple[EventType, ...] = ("delayed", "exception")


@get("/shipments", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def shipments_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: ShipmentStatus | None = None,
    type: ShipmentType | None = None,  # noqa: A002 - the name in the URL
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: bool | None = None,
    carrier: ShortName | None = None,
    expected_from: date | None = None,
    expected_to: date | None = None,
    delivered_from: date | None = None,
    delivered_to: date | None = None,
    dated: Flag | None = None,
    purchase_order_id: UUID | None = None,
    sales_order_id: UUID | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    sort: ShipmentSort = "-created_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    picked = await pick(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    shown = await show(
        connection, actor, shipments_queries.SHIPMENT_SUMMARIES, COLUMNS,
        sort=sort, cursor=cursor, before=before, fixed=(instants.today(actor.timezone),),
        q=spellings_of(q), status=status, shipment_type=type, open=True if open else None, late=late,
        carrier=carrier, expected_from=expected_from, expected_to=expected_to, delivered_from=delivered_from,
        delivered_to=delivered_to, dated=True if dated else None, purchase_order_id=purchase_order_id,
        sales_order_id=sales_order_id, **picked.ids,
    )  # fmt: skip
    today = instants.today(actor.timezone)
    month = today - timedelta(days=PUNCTUALITY_DAYS - 1), today
    return render(
        request,
        "pages/shipping/shipments.html",
        status=picked.status,
        shown=shown,
        picked=picked,
        purchase_order=purchase_order_id
        and await purchase_orders.get_order(connection, actor.organization_id, purchase_order_id),
        sales_order=sales_order_id
        and await sales_orders.get_order(connection, actor.organization_id, sales_order_id),
        punctuality=await punctuality_queries.get_punctuality(
            connection, actor.organization_id, *month, carrier
        ),
        month=month,
        delivered_from=delivered_from,
        delivered_to=delivered_to,
    )


@get(["/shipments.csv", "/shipments.xlsx"], opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def export_shipments(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: ShipmentStatus | None = None,
    type: ShipmentType | None = None,  # noqa: A002 - the name in the URL
    open: Flag | None = None,  # noqa: A002 - the name in the URL
    late: bool | None = None,
    carrier: ShortName | None = None,
    expected_from: date | None = None,
    expected_to: date | None = None,
    delivered_from: date | None = None,
    delivered_to: date | None = None,
    dated: Flag | None = None,
    purchase_order_id: UUID | None = None,
    sales_order_id: UUID | None = None,
    supplier_id: IdOrName | None = None,
    product_id: IdOrName | None = None,
    sort: ShipmentSort = "-created_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    connection, actor = await request.begin()
    rows = await require(connection, actor, ROW_FILTERS, supplier_id=supplier_id, product_id=product_id)
    return await export(
        request, shipments_queries.SHIPMENT_SUMMARIES, CELLS,
        sort=sort, fixed=(instants.today(actor.timezone),),
        q=spellings_of(q), status=status, shipment_type=type, open=True if open else None, late=late,
        carrier=carrier, expected_from=expected_from, expected_to=expected_to, delivered_from=delivered_from,
        delivered_to=delivered_to, dated=True if dated else None, purchase_order_id=purchase_order_id,
        sales_order_id=sales_order_id, **rows,
        decimal=decimal,
    )  # fmt: skip


@get("/shipments/{shipment_id:uuid}", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def shipment_page(
    request: TenantRequest,
    shipment_id: UUID,
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    done: ShortName | None = None,
) -> Response[bytes]:
    return await _shipment(request, shipment_id, cursor=cursor, before=before, done=done)


@post(
    "/shipments/{shipment_id:uuid}/{verb:str}",
    opt=allow(
        Permission.SHIPMENTS_WRITE,
        emits=tuple(event for one in LIFECYCLE.transitions for event in (one.emits, *one.emits_too)),
    ),
    status_code=303,
    include_in_schema=False,
)
async def act_on_shipment(request: StrictRequest, shipment_id: UUID, verb: str) -> Response[Any]:
    return await act(request, LIFECYCLE, "/shipments", shipment_id, verb, _shipment)


async def _shipment(
    request: TenantRequest,
    shipment_id: UUID,
    refusal: DomainError | None = None,
    *,
    cursor: str | None = None,
    before: str | None = None,
    done: str | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    language = get_language(actor.locale, actor.timezone)
    today = instants.today(actor.timezone)
    shipment = await shipments_queries.get_document(connection, actor.organization_id, today, shipment_id)
    if shipment is None:
        raise actions.no_such_shipment()
    seen = await transit_queries.list_in_transit(
        connection, actor.organization_id, today, 1, shipment_id=shipment_id
    )
    cargo = await show(
        connection, actor, shipments_queries.CARGO, CARGO_COLUMNS,
        sort="id", cursor=cursor, before=before, shipment_id=shipment_id,
    )  # fmt: skip
    return render(
        request,
        "pages/shipping/shipment.html",
        status=refusal.status if refusal else 200,
        refusal=refusal,
        done=next((one for one in LIFECYCLE.transitions if one.verb == done), None),
        is_new=done == "created",
        verbs=LIFECYCLE.possible(shipment.status, actor),
        version=edits.etag(shipment.updated_at),
        shipment=shipment,
        markers=[marker(row, language) for row in seen],
        cargo=cargo,
        crumbs=[Crumb(N_("Shipments"), "/shipments")],
        **await _timeline(connection, actor, shipment_id, language),
    )


@get("/shipments/{shipment_id:uuid}/timeline", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def shipment_timeline(request: TenantRequest, shipment_id: UUID) -> Response[bytes]:
    """Fragment: the timeline, refetched when something has happened."""
    connection, actor = await request.begin()
    await actions.require_shipment(connection, actor, shipment_id)
    language = get_language(actor.locale, actor.timezone)
    return render(
        request,
        "pages/shipping/shipment_timeline.html",
        **await _timeline(connection, actor, shipment_id, language),
    )


async def _timeline(
    connection: Connection, actor: Actor, shipment_id: UUID, language: Language
) -> dict[str, Any]:
    """Events and positions merged, newest first, and whether there are more."""
    events = await tracking_queries.EVENTS.page(
        connection,
        actor.organization_id,
        PageRequest("-occurred_at", MOST_EVENTS),
        shipment_id=shipment_id,
    )
    positions = await tracking_queries.POSITIONS.page(
        connection,
        actor.organization_id,
        PageRequest("-timestamp", MOST_POSITIONS),
        shipment_id=shipment_id,
        until=datetime.now(UTC),
    )
    entries = [event_entry(event, language) for event in events.items]
    entries += [_position_entry(position, language) for position in positions.items]
    return {
        "timeline": _gathered(sorted(entries, key=lambda entry: entry.at, reverse=True), language),
        "is_more": bool(events.next_cursor or positions.next_cursor),
    }


def _gathered(entries: list[TimelineEntry], language: Language) -> list[TimelineEntry]:
    """Merges consecutive sightings at one place into one entry with "since": a voyage is long."""
    told = []
    for _, alike in groupby(entries, key=lambda entry: entry[1:]):
        last, *earlier = alike
        if earlier:
            since = language.gettext(N_("since %(instant)s")) % {"instant": language.instant(earlier[-1].at)}
            last = last._replace(detail=f"{last.detail} · {since}" if last.detail else since)
        told.append(last)
    return told


def event_entry(event: ShipmentEvent, language: Language) -> TimelineEntry:
    word = WORDS[event.event_type]
    told = (event.location, delay_reason(event.payload), event.source)
    return TimelineEntry(
        event.occurred_at,
        language.gettext(word.label),
        " · ".join(part for part in told if part),
        "",
        word.tone,
    )


def delay_reason(payload: dict[str, Any] | None) -> str:
    """The reason that the source gave, verbatim, if it is text."""
    reason = (payload or {}).get("reason")
    return reason if isinstance(reason, str) else ""


def _position_entry(position: Position, language: Language) -> TimelineEntry:
    place = position.location or _coordinates(position.latitude, position.longitude, language)
    status = (position.status or "").replace("_", " ")  # the carrier's term
    told = (language.gettext(N_("Position")), status)
    return TimelineEntry(
        position.timestamp,
        place or language.gettext(N_("Position")),
        " · ".join(part for part in told if part) if place else status,
        "",
        "tone-quiet",
    )


def _coordinates(latitude: str | None, longitude: str | None, language: Language) -> str:
    if latitude is None or longitude is None:
        return ""
    return f"{language.number(float(latitude), 2)}, {language.number(float(longitude), 2)}"


def marker(row: Afloat, language: Language) -> Marker:
    """The shipment's marker on the map, with its route so far."""
    due = row.expected_delivery_date
    if due is None:
        state = language.gettext(N_("No expected date"))
    elif row.is_late:
        state = language.gettext(N_("Late: expected on %(day)s")) % {"day": language.day(due)}
    else:
        state = language.gettext(N_("Expected on %(day)s")) % {"day": language.day(due)}
    return Marker(
        str(row.id),
        row.reference_id or row.tracking_number or language.gettext(N_("Shipment")),
        f"/shipments/{row.id}",
        row.longitude,
        row.latitude,
        row.location or f"{language.number(row.latitude, 2)}, {language.number(row.longitude, 2)}",
        state,
        "tone-bad" if row.is_late else "tone-active",
        list(zip(row.longitudes or (), row.latitudes or (), strict=True)),
        row.seen_at,
    )


PAGES = [
    shipments_page,
    export_shipments,
    shipment_page,
    act_on_shipment,
    shipment_timeline,
    *filter_routes("/shipments", Permission.SHIPMENTS_READ, ROW_FILTERS),
]
