"""Key figures of the control tower, each with its trend over the last ninety days.

A figure is None if its reader lacks the permission to see what it counts.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple, get_args

from imsop.core.database import Connection
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.days import queries as days_queries
from imsop.inventory.stock import queries as stock_queries
from imsop.inventory.stock.queries import STOCK
from imsop.purchasing.orders.queries import PURCHASE_ORDER_SUMMARIES
from imsop.purchasing.supply import queries as supply_queries
from imsop.sales.demand import queries as demand_queries
from imsop.sales.demand.queries import StatusChanges
from imsop.sales.orders.models import SalesOrderStatus
from imsop.shipping.punctuality import queries as punctuality_queries
from imsop.shipping.punctuality.queries import Punctuality
from imsop.shipping.shipments.queries import SHIPMENT_SUMMARIES
from imsop.web.pages import days
from imsop.web.pages.lists import COUNTED

STRETCH_DAYS, STRETCHES, MONTH = 10, 9, 3
"""Nine periods of ten days: a trend has one point per period; changes compare over three periods."""


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
        then = self.before[-MONTH]
        return float((self.now - then) / then) if then and self.now is not None else None


def ends_of_stretches(today: date) -> list[date]:
    """The last days of all periods before the current one, oldest first."""
    return [today - timedelta(days=STRETCH_DAYS * back) for back in range(STRETCHES - 1, 0, -1)]


class Stock(NamedTuple):
    """Figures of stock value and units, and of balances out of stock and below reorder level."""

    value: Figure
    on_hand: Figure
    out: Figure
    low: Figure
    without_cost: int
    """Products on hand without a cost, which add nothing to the value."""


async def stock(connection: Connection, actor: Actor, ends: list[date]) -> Stock | None:
    if Permission.INVENTORY_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    totals = await stock_queries.sum_all_stock(*ours)
    stood = await days_queries.list_totals(*ours, ends)
    out = await STOCK.count(*ours, most=COUNTED + 1, state="out_of_stock")
    low = await STOCK.count(*ours, most=COUNTED + 1, state="below_reorder_level")
    return Stock(
        Figure(totals.value, [day.value for day in stood]),
        Figure(totals.on_hand, [day.on_hand for day in stood]),
        Figure(out, [day.out_of_stock for day in stood]),
        Figure(low, [day.below_reorder_level for day in stood]),
        totals.without_cost,
    )


async def purchasing(
    connection: Connection, actor: Actor, today: date, ends: list[date]
) -> dict[str, Figure] | None:
    if Permission.PURCHASE_ORDERS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    instants = [days.end(day, actor.timezone) for day in ends]
    before = await supply_queries.list_unfinished(*ours, ends, instants)
    unfinished = await PURCHASE_ORDER_SUMMARIES.count(*ours, most=COUNTED + 1, open=True)
    late = await PURCHASE_ORDER_SUMMARIES.count(*ours, most=COUNTED + 1, late=today)
    return {
        "open": Figure(unfinished, [day.open for day in before]),
        "late": Figure(late, [day.late for day in before]),
    }


async def sales(connection: Connection, actor: Actor, ends: list[date]) -> dict[str, Figure] | None:
    """Number of orders by status."""
    if Permission.SALES_ORDERS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    statuses = get_args(SalesOrderStatus)
    counts = await demand_queries.count_by_status(*ours, statuses, COUNTED + 1)
    instants = [days.end(day, actor.timezone) for day in ends]
    changes = await demand_queries.list_status_changes(*ours, instants)
    return {
        status: Figure(counts[status], in_state(status, counts[status], changes, len(ends)))
        for status in statuses
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
    delivered: int
    """In the last three periods."""
    on_time: float | None
    """Share of these."""
    change_points: float | None
    """In percentage points, compared with the three periods before."""
    on_time_course: list[float]


async def transit(connection: Connection, actor: Actor, today: date, ends: list[date]) -> Transit | None:
    if Permission.SHIPMENTS_READ not in actor.permissions:
        return None
    ours = connection, actor.organization_id
    moving = await SHIPMENT_SUMMARIES.count(*ours, today, most=COUNTED + 1, status="in_transit")
    late = await SHIPMENT_SUMMARIES.count(*ours, today, most=COUNTED + 1, status="in_transit", late=True)
    before = await punctuality_queries.list_in_transit_counts(*ours, ends)
    stretches = await punctuality_queries.list_punctuality(*ours, today, STRETCH_DAYS, STRETCHES)
    share, earlier = on_time_share(stretches[-MONTH:]), on_time_share(stretches[-2 * MONTH : -MONTH])
    return Transit(
        Figure(moving, before),
        late,
        sum(stretch.delivered for stretch in stretches[-MONTH:]),
        share,
        None if share is None or earlier is None else (share - earlier) * 100,
        [stretch.on_time / stretch.delivered for stretch in stretches if stretch.delivered],
    )


def on_time_share(stretches: Sequence[Punctuality]) -> float | None:
    """Share of shipments delivered on time in these periods, between 0 and 1; None without any."""
    delivered = sum(stretch.delivered for stretch in stretches)
    return sum(stretch.on_time for stretch in stretches) / delivered if delivered else None
