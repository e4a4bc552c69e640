"""The state machine of sales orders.

Shipped and delivered are consequences: an order is shipped when all that is not closed has left, and
delivered when it has arrived. Shipments bring both about.
"""

from collections.abc import Sequence
from typing import get_args

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.events import Change, EventType
from imsop.core.said import Said
from imsop.documents.closing import Closing, require_known
from imsop.documents.drafts import require_tradable
from imsop.documents.lifecycle import Advanced, Changes, Consequence, Held, Lifecycle, Transition, WithReason
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.reservations import actions as reservations
from imsop.inventory.reservations.rules import Share, Wanted
from imsop.inventory.warehouses.actions import require_warehouse
from imsop.sales.orders import lifecycle_queries as queries
from imsop.sales.orders.events import (
    SALES_ORDER_CANCELLED,
    SALES_ORDER_CONFIRMED,
    SALES_ORDER_DELIVERED,
    SALES_ORDER_HELD,
    SALES_ORDER_LINES_CLOSED,
    SALES_ORDER_RELEASED,
    SALES_ORDER_REOPENED,
    SALES_ORDER_SHIPPED,
)
from imsop.sales.orders.models import Promise, SalesOrderStatus
from imsop.ui.language import N_


async def _require_ready(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.lines == 0:
        raise Conflict(
            "an order without lines cannot be confirmed; add what is to be sold",
            errors=[FieldError("items", "is empty")],
        )
    if found.customer_status not in (None, "active"):
        status = Said(found.customer_status)
        raise Conflict(
            Said("this customer is %(status)s; choose another", status=status),
            errors=[FieldError("customer_id", Said("is %(status)s", status=status))],
        )
    require_tradable(found.not_traded, found.unpriced)


async def _promise_and_reserve(connection: Connection, actor: Actor, order: Held, promise: Promise) -> None:
    """Reserves what is available. The shortage is accepted, and shown on the order, or refused if the caller
    allows no backorder.
    """
    if promise.warehouse_id is not None:
        await require_warehouse(connection, actor, "warehouse_id", promise.warehouse_id)
    await queries.keep_agreement(connection, actor.organization_id, order.id)
    wanted = await queries.list_wanted(connection, actor.organization_id, order.id)
    shares = await reservations.reserve_for_lines(
        connection,
        actor,
        wanted,
        promise.strategy,
        promise.warehouse_id or next((line.warehouse_id for line in wanted), None),
    )
    if not promise.allow_backorder:
        _require_complete(wanted, shares)


def _require_complete(wanted: Sequence[Wanted], shares: Sequence[Share]) -> None:
    errors = []
    for place, line in enumerate(wanted):
        held = sum(share.quantity for share in shares if share.line_id == line.line_id)
        if held < line.quantity:
            said = Said("only %(available)s of %(wanted)s available", available=held, wanted=line.quantity)
            errors.append(FieldError(f"items[{place}].quantity_ordered", said))
    if errors:
        raise Conflict("stock does not suffice; allow backorders, or order less", errors=errors)


async def _require_nothing_shipped(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.shipped:
        raise Conflict(
            "something was shipped for this order, so it cannot be cancelled; close what is still open",
            errors=[FieldError("status", "is partly shipped")],
        )


async def _release_all(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    lines = await queries.list_open_lines(connection, actor.organization_id, order.id)
    await reservations.release_of_lines(connection, actor, [line.id for line in lines])


async def _close_lines(connection: Connection, actor: Actor, order: Held, closing: Closing) -> Changes:
    """Closes what is still to be sent of these lines, or of all, and releases what is held for it. The order
    is locked.
    """
    lines = await queries.list_open_lines(connection, actor.organization_id, order.id)
    wanted = [line.id for line in lines] if closing.lines is None else closing.lines
    require_known(wanted, lines)
    open_ = {line.id: line for line in lines if line.quantity_open}
    closed = [open_[id_] for id_ in wanted if id_ in open_]
    if not closed:
        raise Conflict("nothing of these lines is open", errors=[FieldError("lines", "0 left to send")])
    left = sum(line.quantity_open for line in lines) - sum(line.quantity_open for line in closed)
    if not left and not any(line.quantity_shipped for line in lines):
        raise Conflict(
            "nothing was shipped for this order; cancel it instead of closing all its lines",
            errors=[FieldError("lines", "nothing was shipped")],
        )
    ids = [line.id for line in closed]
    await reservations.release_of_lines(connection, actor, ids)
    await queries.close_lines(connection, actor.organization_id, ids)
    return {
        f"lines[{line.line_number}].quantity_closed": Change(
            line.quantity_closed, line.quantity_closed + line.quantity_open
        )
        for line in closed
    }


async def _put_on_hold(connection: Connection, actor: Actor, order: Held, hold: WithReason) -> Changes:
    await queries.set_hold(connection, actor.organization_id, order.id, hold.reason)
    return {"on_hold_reason": Change(None, hold.reason)}


async def _take_off_hold(connection: Connection, actor: Actor, order: Held, _: object) -> Changes:
    reason = await queries.set_hold(connection, actor.organization_id, order.id, None)
    return {"on_hold_reason": Change(reason, None)}


async def _settle(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    await settle(connection, actor, order)


PAST_DRAFT = ("confirmed", "shipped", "delivered")
_WAY = get_args(SalesOrderStatus)
"""The states of an order in their order, the last of them apart."""


async def settle(connection: Connection, actor: Actor, order: Held) -> None:
    """Moves an order that is past draft to the state that its lines have reached, forwards step by step, or
    back to confirmed when something of it is to be sent again. The order is locked by the caller.
    """
    progress = await queries.get_progress(connection, actor.organization_id, order.id)
    has_left = progress.lines_to_send == 0 and progress.quantity_shipped > 0
    has_arrived = has_left and progress.lines_under_way == 0
    reached = "delivered" if has_arrived else "shipped" if has_left else "confirmed"
    if _WAY.index(reached) < _WAY.index(order.status):
        await queries.date_delivery(connection, actor.organization_id, order.id)
        await LIFECYCLE.move(connection, actor, order, reached, SALES_ORDER_REOPENED)
        return
    for consequence in (LEFT, ARRIVED):
        if _WAY.index(order.status) < _WAY.index(consequence.target) <= _WAY.index(reached):
            await queries.date_delivery(connection, actor.organization_id, order.id)
            order = await _moved(connection, actor, order, consequence.target, consequence.emits)


async def _moved(
    connection: Connection, actor: Actor, order: Held, target: str, event: EventType[Advanced]
) -> Held:
    await LIFECYCLE.move(connection, actor, order, target, event)
    return Held(order.id, order.name, order.partner, target, order.updated_at, order.is_on_hold)


LEFT = Consequence(N_("all that is open has left"), ("confirmed",), "shipped", SALES_ORDER_SHIPPED)
ARRIVED = Consequence(N_("all of it has arrived"), ("shipped",), "delivered", SALES_ORDER_DELIVERED)


LIFECYCLE = Lifecycle(
    queries,
    what=N_("sales order"),
    permission=Permission.SALES_ORDERS_WRITE,
    transitions=(
        Transition(
            "confirm",
            N_("Confirm"),
            ("draft",),
            "confirmed",
            SALES_ORDER_CONFIRMED,
            (_require_ready, _promise_and_reserve),
            body=Promise,
        ),
        Transition(
            "hold",
            N_("Put on hold"),
            ("confirmed",),
            None,
            SALES_ORDER_HELD,
            (_put_on_hold,),
            body=WithReason,
            on_hold=False,
        ),
        Transition(
            "release",
            N_("Release"),
            ("confirmed",),
            None,
            SALES_ORDER_RELEASED,
            (_take_off_hold,),
            on_hold=True,
        ),
        Transition(
            "close",
            N_("Close what is open"),
            ("confirmed",),
            None,
            SALES_ORDER_LINES_CLOSED,
            (_close_lines,),
            body=Closing,
            then=(_settle,),
            emits_too=(SALES_ORDER_SHIPPED, SALES_ORDER_DELIVERED),
        ),
        Transition(
            "cancel",
            N_("Cancel the order"),
            ("draft", "confirmed"),
            "cancelled",
            SALES_ORDER_CANCELLED,
            (_require_nothing_shipped, _release_all),
            body=WithReason,
        ),
    ),
    follows=(
        LEFT,
        ARRIVED,
        Consequence(N_("a shipment is cancelled"), ("shipped",), "confirmed", SALES_ORDER_REOPENED),
    ),
)
