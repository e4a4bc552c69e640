"""State changes of simulated orders, by the product's transition tables.

Transitions that the product lacks so far (receiving, shipping and delivering an order) are added here, and
removed once its tables have them.
"""

from dataclasses import replace
from datetime import datetime

import msgspec

from imsop.core.events import EventType
from imsop.demo.documents import Change, PurchaseOrder, SalesOrder
from imsop.demo.world import World
from imsop.documents.lifecycle import Advanced, Lifecycle, Transition
from imsop.identity.roles.permissions import SystemRole
from imsop.purchasing.orders import lifecycle as purchasing
from imsop.sales.orders import lifecycle as sales


def _with(lifecycle: Lifecycle, *missing: Transition) -> Lifecycle:
    return replace(lifecycle, transitions=(*lifecycle.transitions, *missing))


def _missing(kind: str, verb: str, sources: tuple[str, ...], target: str) -> Transition:
    return Transition(verb, "", sources, target, EventType(f"{kind}.{target}", Advanced))


_RECEIVED = purchasing.RECEIVED
PURCHASING = _with(
    purchasing.LIFECYCLE, Transition("receive", "", _RECEIVED.sources, _RECEIVED.target, _RECEIVED.emits)
)
SALES = _with(
    sales.LIFECYCLE,
    _missing("sales_order", "ship", ("confirmed",), "shipped"),
    _missing("sales_order", "deliver", ("shipped",), "delivered"),
)


def _partner(world: World, order: PurchaseOrder | SalesOrder) -> str | None:
    if isinstance(order, PurchaseOrder):
        return world.company.suppliers[order.supplier].name
    return None if order.customer is None else world.customers[order.customer].name


def advance(
    world: World,
    order: PurchaseOrder | SalesOrder,
    verb: str,
    by: SystemRole,
    *,
    at: datetime | None = None,
    note: str | None = None,
) -> None:
    """Runs a transition, with history and event. Raises RuntimeError if the table does not allow it."""
    transition = (PURCHASING if isinstance(order, PurchaseOrder) else SALES).of(verb)
    if order.status not in transition.sources or (transition.needs_reason and not note):
        raise RuntimeError(f"{verb} is not possible for {order.number}, which is {order.status}")
    target = transition.target or order.status
    order.history.append(Change(order.status, target, by, at or world.now, note))
    told = Advanced(
        name=order.number,
        partner=_partner(world, order),
        from_status=order.status,
        to_status=target,
        reason=note,
    )
    order.status = target
    world.tell(transition.emits.name, order.id, by, at, **msgspec.structs.asdict(told))
