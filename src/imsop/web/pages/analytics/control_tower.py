"""The control tower page: what is due today, what needs attention, key figures, shipments and events.

Sections that the reader's permissions do not allow are left out.
"""

from datetime import date
from typing import NamedTuple

from litestar import Response, get

from imsop.analytics.events import queries as analytics
from imsop.analytics.starting.queries import get_started
from imsop.core import instants
from imsop.core.database import Connection
from imsop.core.listing import PageRequest
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approvals.queries import sum_waiting_for
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.shipping.punctuality.queries import Happening
from imsop.shipping.transit.queries import list_in_transit
from imsop.ui.language import N_, Language, get_language
from imsop.ui.parts import Column, Marker, TimelineEntry
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.pages.analytics import events, figures
from imsop.web.pages.analytics.attention import attention
from imsop.web.pages.lists import COUNTED
from imsop.web.pages.shipping.shipments import delay_reason, marker

ATTENTION_COLUMNS = (
    Column("what", N_("Item")),
    Column("reason", N_("Details")),
    Column("amount", N_("Amount"), "number"),
)


MARKERS = 200
"""Shipments on the map, those expected first. The list has all."""


NEWS = 12


class Layout(NamedTuple):
    """What comes first for the work that a reader does: keys of figures.Due and of attention.KINDS."""

    due: tuple[str, ...]
    attention: tuple[str, ...]


_ALL = Layout(
    ("ship", "arrive", "late", "overdue", "short", "reorder"), ("late", "short", "overdue", "delayed", "out")
)
_DOCKS = Layout(
    ("arrive", "ship", "late", "short", "overdue", "reorder"), ("delayed", "out", "late", "short", "overdue")
)
_BUYING = Layout(
    ("overdue", "reorder", "arrive", "short", "late", "ship"), ("overdue", "out", "delayed", "short", "late")
)
_SELLING = Layout(
    ("late", "short", "ship", "arrive", "overdue", "reorder"), ("late", "short", "out", "delayed", "overdue")
)


def layout_for(actor: Actor) -> Layout:
    """By what the actor may change: who buys and sells, or does neither, gets the even one."""
    buys = Permission.PURCHASE_ORDERS_WRITE in actor.permissions
    sells = Permission.SALES_ORDERS_WRITE in actor.permissions
    if buys != sells:
        return _BUYING if buys else _SELLING
    return _DOCKS if Permission.INVENTORY_WRITE in actor.permissions and not buys else _ALL


@get("/", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def control_tower_page(request: TenantRequest) -> Response[bytes]:
    connection, actor = await request.begin()
    started = await get_started(connection, actor.organization_id)
    if not started.has_records:
        return render(request, "pages/analytics/first_steps.html", started=started)
    language = get_language(actor.locale, actor.timezone)
    today = instants.today(actor.timezone)
    ends = figures.ends_of_stretches(today)
    layout = layout_for(actor)
    due = await figures.due(connection, actor, today)
    stock = await figures.stock(connection, actor, ends)
    transit = await figures.transit(connection, actor, today, ends)
    counts = {key: row.total for key, row in due.items()}
    counts |= {"out": stock.out if stock else 0, "delayed": transit.late if transit else 0}
    if Permission.PURCHASE_ORDERS_APPROVE in actor.permissions:
        sums = await sum_waiting_for(connection, actor.organization_id, actor.user_id)
        counts["approve"] = sum(each.orders for each in sums)
    return render(
        request,
        "pages/analytics/control_tower.html",
        counted=COUNTED,
        due=[due[key] for key in layout.due if key in due],
        attention=await attention(connection, actor, today, language, ("approve", *layout.attention), counts),
        attention_columns=ATTENTION_COLUMNS,
        stock=stock,
        customer_lines=await figures.customer_lines(connection, actor, today),
        supplier_lines=await figures.supplier_lines(connection, actor, today),
        purchasing=await figures.purchasing(connection, actor, ends),
        sales=await figures.sales(connection, actor, ends),
        transit=transit,
        markers=await _markers(connection, actor, today, language),
        news=await _news(connection, actor, language),
        month_days=figures.MONTH_DAYS,
    )


@get("/control-tower/markers", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def control_tower_markers(request: TenantRequest) -> Response[bytes]:
    """Fragment: the rows of the map, refetched when a shipment may have departed or arrived."""
    connection, actor = await request.begin()
    language = get_language(actor.locale, actor.timezone)
    markers = await _markers(connection, actor, instants.today(actor.timezone), language)
    return render(request, "pages/analytics/control_tower_markers.html", markers=markers)


@get("/control-tower/news", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def control_tower_news(request: TenantRequest) -> Response[bytes]:
    """Fragment: recent events, refetched when there are new ones."""
    connection, actor = await request.begin()
    language = get_language(actor.locale, actor.timezone)
    return render(
        request, "pages/analytics/control_tower_news.html", news=await _news(connection, actor, language)
    )


async def _markers(connection: Connection, actor: Actor, today: date, language: Language) -> list[Marker]:
    if Permission.SHIPMENTS_READ not in actor.permissions:
        return []
    seen = await list_in_transit(connection, actor.organization_id, today, MARKERS)
    return [marker(row, language) for row in seen]


async def _news(connection: Connection, actor: Actor, language: Language) -> list[TimelineEntry]:
    """Business and shipment events, newest first. Shipments have their own, more detailed events."""
    entries: list[TimelineEntry] = []
    knows_shipments = Permission.SHIPMENTS_READ in actor.permissions
    if knows_shipments:
        happenings = await punctuality_queries.list_recent_events(connection, actor.organization_id, NEWS)
        entries += [_happening_entry(row, language) for row in happenings]
    if Permission.ANALYTICS_READ in actor.permissions:
        recent = await analytics.EVENTS.page(
            connection, actor.organization_id, PageRequest("-created_at", 4 * NEWS)
        )
        entries += [
            events.event_entry(row, actor, language)
            for row in recent.items
            if not (knows_shipments and row.entity_type == "shipment")
        ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:NEWS]


def _happening_entry(row: Happening, language: Language) -> TimelineEntry:
    word = WORDS[row.event_type]
    name = row.reference_id or row.tracking_number or language.gettext("Shipment")
    told = (row.location, delay_reason(row.payload), row.source)
    return TimelineEntry(
        row.occurred_at,
        f"{name}: {language.gettext(word.label)}",
        " · ".join(part for part in told if part),
        f"/shipments/{row.shipment_id}",
        word.tone,
    )


PAGES = [control_tower_page, control_tower_markers, control_tower_news]
