"""The control tower page: key figures, shipments in transit, recent events, and exceptions.

Sections that the reader's permissions do not allow are left out.
"""

from datetime import date, timedelta
from typing import NamedTuple

from litestar import Response, get

from imsop.analytics.events import queries as analytics
from imsop.core import instants
from imsop.core.database import Connection
from imsop.core.listing import PageRequest
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.inventory.stock import queries as stock_queries
from imsop.purchasing.supply import queries as supply_queries
from imsop.sales.demand import queries as demand_queries
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.shipping.punctuality.queries import Happening
from imsop.shipping.transit.queries import list_in_transit
from imsop.ui.language import N_, Language, get_language
from imsop.ui.parts import Column, Marker, TimelineEntry
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.pages.analytics import events, figures
from imsop.web.pages.lists import COUNTED
from imsop.web.pages.shipping.shipments import delay_reason, marker

MARKERS = 200
"""Shipments on the map, those expected first. The list has all."""


NEWS = 12


OF_EACH = 4
"""Exceptions shown of each kind; a link leads to all."""


MONTH_DAYS = figures.STRETCH_DAYS * figures.MONTH


ATTENTION_COLUMNS = (
    Column("what", N_("Subject")),
    Column("state", N_("Status")),
    Column("reason", N_("Reason")),
)


class Attention(NamedTuple):
    """An entry under "Needs attention": a late order or shipment, a short order, a product out of stock.

    `state` is a key of `imsop.ui.words.WORDS`.
    """

    label: str
    href: str
    state: str
    reason: str


@get("/", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def control_tower_page(request: TenantRequest) -> Response[bytes]:
    connection, actor = await request.begin()
    language = get_language(actor.locale, actor.timezone)
    today = instants.today(actor.timezone)
    ends = figures.ends_of_stretches(today)
    return render(
        request,
        "pages/analytics/control_tower.html",
        counted=COUNTED,
        stock=await figures.stock(connection, actor, ends),
        purchasing=await figures.purchasing(connection, actor, today, ends),
        sales=await figures.sales(connection, actor, ends),
        transit=await figures.transit(connection, actor, today, ends),
        markers=await _markers(connection, actor, today, language),
        news=await _news(connection, actor, language),
        attention=await _attention(connection, actor, today, language),
        attention_columns=ATTENTION_COLUMNS,
        today=today,
        month_days=MONTH_DAYS,
        month_from=today - timedelta(days=MONTH_DAYS - 1),
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


async def _attention(
    connection: Connection, actor: Actor, today: date, language: Language
) -> list[Attention]:
    ours = connection, actor.organization_id
    found: list[Attention] = []
    if Permission.SHIPMENTS_READ in actor.permissions:
        for late in await punctuality_queries.list_late(*ours, today, OF_EACH):
            reason = _overdue(late.expected_delivery_date, today, language)
            told = (reason, delay_reason(late.payload), late.destination)
            name = late.reference_id or late.tracking_number or language.gettext("Shipment")
            found.append(Attention(name, f"/shipments/{late.id}", "late", _joined(told)))
    if Permission.PURCHASE_ORDERS_READ in actor.permissions:
        for order in await supply_queries.list_late(*ours, today, OF_EACH):
            reason = _overdue(order.expected_delivery_date, today, language)
            href = f"/purchase-orders/{order.id}"
            found.append(Attention(order.po_number, href, "late", _joined((reason, order.supplier_name))))
    if Permission.SALES_ORDERS_READ in actor.permissions:
        for short in await demand_queries.list_short(*ours, OF_EACH):
            reason = language.ngettext(
                "%(units)s unit neither shipped nor reserved",
                "%(units)s units neither shipped nor reserved",
                short.missing,
            ) % {"units": language.number(short.missing)}
            href = f"/sales-orders/{short.id}"
            found.append(Attention(short.so_number, href, "short", _joined((reason, short.customer_name))))
    if Permission.INVENTORY_READ in actor.permissions:
        for empty in await stock_queries.list_stocked_out(*ours, OF_EACH):
            reason = language.gettext(N_("None on hand"))
            if empty.reorder_level:
                reason = language.gettext(N_("None on hand; reorder level %(level)s")) % {
                    "level": language.number(empty.reorder_level)
                }
            href = f"/inventory?product_id={empty.product_id}"
            found.append(Attention(f"{empty.sku} {empty.name}", href, "out_of_stock", reason))
    return found


def _overdue(expected: date, today: date, language: Language) -> str:
    late_days = (today - expected).days
    return language.ngettext("%(days)s day late", "%(days)s days late", late_days) % {
        "days": language.number(late_days)
    }


def _joined(parts: tuple[str | None, ...]) -> str:
    return " · ".join(part for part in parts if part)


PAGES = [control_tower_page, control_tower_markers, control_tower_news]
