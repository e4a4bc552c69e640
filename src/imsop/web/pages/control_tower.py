"""The control tower: how things stand, what is on its way, what just happened, and what needs somebody.

Each reader sees the parts that their permissions let them read.
"""

from datetime import date, timedelta
from typing import Any, NamedTuple, get_args

from litestar import Response, get

from imsop.analytics import queries as analytics
from imsop.core.database import Connection
from imsop.core.listing import PageRequest
from imsop.identity.guard import allow
from imsop.identity.models import Actor
from imsop.identity.permissions import Permission
from imsop.identity.request import TenantRequest
from imsop.inventory import attention_queries as stock_attention
from imsop.inventory.stock_queries import STOCK
from imsop.purchasing import attention_queries as purchasing_attention
from imsop.purchasing.document_queries import PURCHASE_ORDER_SUMMARIES
from imsop.sales import attention_queries as sales_attention
from imsop.sales.models import SalesOrderStatus
from imsop.shipping import document_queries as shipping
from imsop.shipping.document_queries import SHIPMENT_SUMMARIES, Happening, Punctuality
from imsop.ui.language import N_, Language, language
from imsop.ui.parts import Column, Marker, TimelineEntry
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.pages import days, events
from imsop.web.pages.lists import COUNTED
from imsop.web.pages.shipments import delay_reason, marker

MARKERS = 200
"""On the map: what is expected first. The list has all."""
NEWS = 12
OF_EACH = 4
"""Of each kind of thing that needs attention; a link leads to all."""
STRETCH_DAYS, STRETCHES, MONTH = 10, 9, 3
"""Punctuality is seen by stretches of ten days, and three of them are what the tile tells of."""

ATTENTION_COLUMNS = (
    Column("what", N_("What")),
    Column("state", N_("State")),
    Column("reason", N_("Why")),
)


class Attention(NamedTuple):
    """Something that needs somebody; `state` is a word of imsop.ui.words."""

    label: str
    href: str
    state: str
    reason: str


@get("/", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def control_tower_page(request: TenantRequest) -> Response[bytes]:
    connection, actor = await request.begin()
    spoken = language(actor.locale, actor.timezone)
    today = days.today(actor.timezone)
    return render(
        request,
        "web/control_tower.html",
        counted=COUNTED,
        stock=await _stock(connection, actor),
        purchasing=await _purchasing(connection, actor, today),
        sales=await _sales(connection, actor),
        transit=await _transit(connection, actor, today),
        markers=await _markers(connection, actor, today, spoken),
        news=await _news(connection, actor, spoken),
        attention=await _attention(connection, actor, today, spoken),
        attention_columns=ATTENTION_COLUMNS,
        month_from=today - timedelta(days=STRETCH_DAYS * MONTH - 1),
    )


@get("/control-tower/markers", opt=allow(Permission.SHIPMENTS_READ), include_in_schema=False)
async def control_tower_markers(request: TenantRequest) -> Response[bytes]:
    """The rows of the map, fetched anew when a shipment may have departed or arrived."""
    connection, actor = await request.begin()
    spoken = language(actor.locale, actor.timezone)
    markers = await _markers(connection, actor, days.today(actor.timezone), spoken)
    return render(request, "web/control_tower_markers.html", markers=markers)


@get("/control-tower/news", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def control_tower_news(request: TenantRequest) -> Response[bytes]:
    """What just happened, fetched anew when something has."""
    connection, actor = await request.begin()
    spoken = language(actor.locale, actor.timezone)
    return render(request, "web/control_tower_news.html", news=await _news(connection, actor, spoken))


async def _stock(connection: Connection, actor: Actor) -> dict[str, Any] | None:
    """Counted are balances, as the list behind shows them."""
    if Permission.INVENTORY_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    return {
        "totals": await stock_attention.sum_all_stock(*ours),
        "out": await STOCK.count(*ours, most=COUNTED + 1, is_out_of_stock=True),
        "low": await STOCK.count(*ours, most=COUNTED + 1, is_below_reorder_level=True),
    }


async def _purchasing(connection: Connection, actor: Actor, today: date) -> dict[str, int] | None:
    if Permission.PURCHASE_ORDERS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    return {
        "open": await PURCHASE_ORDER_SUMMARIES.count(*ours, most=COUNTED + 1, open=True),
        "late": await PURCHASE_ORDER_SUMMARIES.count(*ours, most=COUNTED + 1, late=today),
    }


async def _sales(connection: Connection, actor: Actor) -> dict[str, int] | None:
    if Permission.SALES_ORDERS_READ not in actor.permissions:
        return None
    statuses = get_args(SalesOrderStatus)
    return await sales_attention.count_by_status(connection, actor.organization_id, statuses, COUNTED + 1)


async def _transit(connection: Connection, actor: Actor, today: date) -> dict[str, Any] | None:
    if Permission.SHIPMENTS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id, today
    moving: dict[str, Any] = {"most": COUNTED + 1, "status": "in_transit"}
    stretches = await shipping.list_punctuality(*ours, STRETCH_DAYS, STRETCHES)
    share, before = on_time_share(stretches[-MONTH:]), on_time_share(stretches[-2 * MONTH : -MONTH])
    return {
        "all": await SHIPMENT_SUMMARIES.count(*ours, **moving),
        "late": await SHIPMENT_SUMMARIES.count(*ours, **moving, late=True),
        "on_time": share,
        "change_points": None if share is None or before is None else (share - before) * 100,
        "delivered": sum(stretch.delivered for stretch in stretches[-MONTH:]),
        "trend": [stretch.on_time / stretch.delivered for stretch in stretches if stretch.delivered],
    }


def on_time_share(stretches: list[Punctuality]) -> float | None:
    """Of the shipments delivered in these stretches, between 0 and 1; None where there were none."""
    delivered = sum(stretch.delivered for stretch in stretches)
    return sum(stretch.on_time for stretch in stretches) / delivered if delivered else None


async def _markers(connection: Connection, actor: Actor, today: date, spoken: Language) -> list[Marker]:
    if Permission.SHIPMENTS_READ not in actor.permissions:
        return []
    seen = await shipping.list_in_transit(connection, actor.organization_id, today, MARKERS)
    return [marker(row, spoken) for row in seen]


async def _news(connection: Connection, actor: Actor, spoken: Language) -> list[TimelineEntry]:
    """Business events and those of shipments, the newest first. A shipment tells its own story better."""
    entries: list[TimelineEntry] = []
    knows_shipments = Permission.SHIPMENTS_READ in actor.permissions
    if knows_shipments:
        happenings = await shipping.list_recent_events(connection, actor.organization_id, NEWS)
        entries += [_happening_entry(row, spoken) for row in happenings]
    if Permission.ANALYTICS_READ in actor.permissions:
        recent = await analytics.EVENTS.page(
            connection, actor.organization_id, PageRequest("-created_at", 4 * NEWS)
        )
        entries += [
            events.event_entry(row, actor, spoken)
            for row in recent.items
            if not (knows_shipments and row.entity_type == "shipment")
        ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:NEWS]


def _happening_entry(row: Happening, spoken: Language) -> TimelineEntry:
    word = WORDS[row.event_type]
    name = row.reference_id or row.tracking_number or spoken.gettext("Shipment")
    told = (row.location, delay_reason(row.payload), row.source)
    return TimelineEntry(
        row.occurred_at,
        f"{name}: {spoken.gettext(word.label)}",
        " · ".join(part for part in told if part),
        f"/shipments/{row.shipment_id}",
        word.tone,
    )


async def _attention(connection: Connection, actor: Actor, today: date, spoken: Language) -> list[Attention]:
    ours = connection, actor.organization_id
    found: list[Attention] = []
    if Permission.SHIPMENTS_READ in actor.permissions:
        for late in await shipping.list_late(*ours, today, OF_EACH):
            reason = _overdue(late.expected_delivery_date, today, spoken)
            told = (reason, delay_reason(late.payload), late.destination)
            name = late.reference_id or late.tracking_number or spoken.gettext("Shipment")
            found.append(Attention(name, f"/shipments/{late.id}", "late", _joined(told)))
    if Permission.PURCHASE_ORDERS_READ in actor.permissions:
        for order in await purchasing_attention.list_late(*ours, today, OF_EACH):
            reason = _overdue(order.expected_delivery_date, today, spoken)
            href = f"/purchase-orders/{order.id}"
            found.append(Attention(order.po_number, href, "late", _joined((reason, order.supplier_name))))
    if Permission.SALES_ORDERS_READ in actor.permissions:
        for short in await sales_attention.list_short(*ours, OF_EACH):
            reason = spoken.ngettext(
                "%(units)s unit is neither shipped nor held for it",
                "%(units)s units are neither shipped nor held for it",
                short.missing,
            ) % {"units": spoken.number(short.missing)}
            href = f"/sales-orders/{short.id}"
            found.append(Attention(short.so_number, href, "short", _joined((reason, short.customer_name))))
    if Permission.INVENTORY_READ in actor.permissions:
        for empty in await stock_attention.list_stocked_out(*ours, OF_EACH):
            reason = spoken.gettext(N_("Nothing in any warehouse; the reorder level is %(level)s")) % {
                "level": spoken.number(empty.reorder_level)
            }
            href = f"/inventory?product_id={empty.product_id}"
            found.append(Attention(f"{empty.sku} {empty.name}", href, "out_of_stock", reason))
    return found


def _overdue(expected: date, today: date, spoken: Language) -> str:
    late_days = (today - expected).days
    return spoken.ngettext("%(days)s day late", "%(days)s days late", late_days) % {
        "days": spoken.number(late_days)
    }


def _joined(parts: tuple[str | None, ...]) -> str:
    return " · ".join(part for part in parts if part)


PAGES = [control_tower_page, control_tower_markers, control_tower_news]
