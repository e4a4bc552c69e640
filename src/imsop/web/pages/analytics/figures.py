"""Figures of the control tower; docs/measures.md defines each.

A figure is None if its reader lacks the permission to see what it counts.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from asyncpg import Range

from imsop.core.database import Connection
from imsop.documents.outcomes import LinesDue
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.days import queries as days_queries
from imsop.inventory.stock import queries as stock_queries
from imsop.purchasing.orders.queries import PURCHASE_ORDER_SUMMARIES
from imsop.purchasing.performance import queries as purchase_performance
from imsop.purchasing.supply import queries as supply_queries
from imsop.purchasing.supply.queries import REPLENISHMENT
from imsop.sales.demand import queries as demand_queries
from imsop.sales.demand.queries import LateAmount, StatusChanges
from imsop.sales.orders.models import SalesOrderStatus
from imsop.sales.orders.queries import SALES_ORDER_SUMMARIES
from imsop.sales.performance import queries as sales_performance
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.shipping.shipments.queries import SHIPMENT_SUMMARIES
from imsop.ui.language import N_
from imsop.ui.parts import Tone
from imsop.web.pages import days
from imsop.web.pages.lists import COUNTED

STRETCH_DAYS, STRETCHES, MONTH = 10, 9, 3
"""Nine periods of ten days: a trend has one point per period; changes compare over three periods."""
MONTH_DAYS = STRETCH_DAYS * MONTH
UNFINISHED: tuple[SalesOrderStatus, ...] = ("draft", "confirmed", "shipped")
"""States of sales orders that are counted; the others only ever grow."""


class Figure(NamedTuple):
    """The current value, and the values at the ends of earlier periods; None where unknown."""

    now: int | Decimal | None
    before: Sequence[int | Decimal | None]

    @property
    def course(self) -> list[int | Decimal]:
        """Known values, oldest first; empty if there is no trend."""
        known = [value for value in self.before if value is not None]
        return [*known, self.now] if known and self.now is not None else []

    @property
    def change(self) -> int | Decimal | None:
        """The change over three periods; None if unknown."""
        then = self.before[-MONTH]
        return None if then is None or self.now is None else self.now - then

    @property
    def change_share(self) -> float | None:
        """The relative change over three periods; None if unknown or from zero."""
        then, change = self.before[-MONTH], self.change
        return float(change / then) if then and change is not None else None


def ends_of_stretches(today: date) -> list[date]:
    """The last days of all periods before the current one, oldest first."""
    return [today - timedelta(days=STRETCH_DAYS * back) for back in range(STRETCHES - 1, 0, -1)]


class Due(NamedTuple):
    """A figure of the day, which leads to exactly the rows that it counts."""

    key: str
    label: str
    total: int
    href: str
    tone: Tone
    """If anything is counted."""
    amounts: Sequence[LateAmount] = ()


async def due(connection: Connection, actor: Actor, today: date) -> dict[str, Due]:
    """What the day brings and what went wrong before, by key, as far as the actor may see it."""
    ours, most = (connection, actor.organization_id), COUNTED + 1
    this_day: dict[str, Any] = {"expected_from": today, "expected_to": today}
    day = urlencode(this_day)
    found: list[Due] = []
    if Permission.SALES_ORDERS_READ in actor.permissions:
        to_ship = await SALES_ORDER_SUMMARIES.count(*ours, most=most, status="confirmed", **this_day)
        late = await SALES_ORDER_SUMMARIES.count(*ours, most=most, late=today)
        short = await SALES_ORDER_SUMMARIES.count(*ours, most=most, short=True)
        amounts = await demand_queries.sum_late(*ours, today)
        found += [
            Due("ship", N_("To ship today"), to_ship, f"/sales-orders?status=confirmed&{day}", "tone-active"),
            Due("late", N_("Late to customers"), late, "/sales-orders?late=true", "tone-bad", amounts),
            Due("short", N_("Unallocated orders"), short, "/sales-orders?short=true", "tone-warning"),
        ]
    if Permission.SHIPMENTS_READ in actor.permissions:
        arriving = await SHIPMENT_SUMMARIES.count(
            *ours, today, most=most, shipment_type="inbound", open=True, **this_day
        )
        href = f"/shipments?type=inbound&open=true&{day}"
        found.append(Due("arrive", N_("Arriving today"), arriving, href, "tone-active"))
    if Permission.PURCHASE_ORDERS_READ in actor.permissions:
        overdue = await PURCHASE_ORDER_SUMMARIES.count(*ours, most=most, late=today)
        wanting = await REPLENISHMENT.count(*ours, most=most, state="to_reorder")
        found += [
            Due("overdue", N_("Late from suppliers"), overdue, "/purchase-orders?late=true", "tone-bad"),
            Due("reorder", N_("To reorder"), wanting, "/replenishment?state=to_reorder", "tone-warning"),
        ]
    return {row.key: row for row in found}


class Stock(NamedTuple):
    """Stock value and units, and the number of products out of stock."""

    value: Figure
    on_hand: Figure
    out: int
    without_cost: int
    """Products on hand without a cost, which add nothing to the value."""


async def stock(connection: Connection, actor: Actor, ends: list[date]) -> Stock | None:
    if Permission.INVENTORY_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    totals = await stock_queries.sum_all_stock(*ours)
    stood = await days_queries.list_totals(*ours, ends)
    return Stock(
        Figure(totals.value, [day.value for day in stood]),
        Figure(totals.on_hand, [day.on_hand for day in stood]),
        await stock_queries.count_stocked_out(*ours),
        totals.without_cost,
    )


class Kept(NamedTuple):
    """Lines due in the last MONTH_DAYS complete days, and in as many days before them."""

    first: date
    before: date
    """The day after the last."""
    lines: LinesDue
    earlier: LinesDue


async def customer_lines(connection: Connection, actor: Actor, today: date) -> Kept | None:
    if Permission.SALES_ORDERS_READ not in actor.permissions:
        return None
    first, earliest = today - timedelta(days=MONTH_DAYS), today - timedelta(days=2 * MONTH_DAYS)
    ours = connection, actor.organization_id
    return Kept(
        first,
        today,
        await sales_performance.count_due(*ours, Range(first, today)),
        await sales_performance.count_due(*ours, Range(earliest, first)),
    )


async def supplier_lines(connection: Connection, actor: Actor, today: date) -> Kept | None:
    if Permission.PURCHASE_ORDERS_READ not in actor.permissions:
        return None
    first, earliest = today - timedelta(days=MONTH_DAYS), today - timedelta(days=2 * MONTH_DAYS)
    ours = connection, actor.organization_id
    return Kept(
        first,
        today,
        await purchase_performance.count_due(*ours, Range(first, today)),
        await purchase_performance.count_due(*ours, Range(earliest, first)),
    )


async def purchasing(connection: Connection, actor: Actor, ends: list[date]) -> Figure | None:
    """Open purchase orders, now and at the end of each day of `ends`. None if the actor may not read them."""
    if Permission.PURCHASE_ORDERS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    instants = [days.end(day, actor.timezone) for day in ends]
    before = await supply_queries.list_unfinished(*ours, instants)
    unfinished = await PURCHASE_ORDER_SUMMARIES.count(*ours, most=COUNTED + 1, open=True)
    return Figure(unfinished, [*before])


async def sales(connection: Connection, actor: Actor, ends: list[date]) -> dict[str, Figure] | None:
    """Number of orders by status."""
    if Permission.SALES_ORDERS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    counts = await demand_queries.count_by_status(*ours, UNFINISHED, COUNTED + 1)
    instants = [days.end(day, actor.timezone) for day in ends]
    changes = await demand_queries.list_status_changes(*ours, instants)
    return {
        status: Figure(counts[status], in_state(status, counts[status], changes, len(ends)))
        for status in UNFINISHED
    }


def in_state(status: str, now: int, changes: Sequence[StatusChanges], ends: int) -> list[int]:
    """Orders in a status at each end: those now, less those that entered since, plus those that left."""
    return [
        now
        - sum(change.orders for change in changes if change.after >= end and change.to_status == status)
        + sum(change.orders for change in changes if change.after >= end and change.from_status == status)
        for end in range(1, ends + 1)
    ]


class Transit(NamedTuple):
    moving: Figure
    late: int


async def transit(connection: Connection, actor: Actor, today: date, ends: list[date]) -> Transit | None:
    if Permission.SHIPMENTS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    moving = await SHIPMENT_SUMMARIES.count(*ours, today, most=COUNTED + 1, status="in_transit")
    late = await SHIPMENT_SUMMARIES.count(*ours, today, most=COUNTED + 1, status="in_transit", late=True)
    before = await punctuality_queries.list_in_transit_counts(*ours, ends)
    return Transit(Figure(moving, before), late)
