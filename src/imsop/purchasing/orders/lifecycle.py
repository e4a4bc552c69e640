"""The state machine of purchase orders.

Received is a consequence: an order is when no line is open, and no longer once one is open again.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError
from imsop.core.events import Change
from imsop.core.said import Said
from imsop.documents.closing import Closing, require_known
from imsop.documents.drafts import require_tradable
from imsop.documents.lifecycle import (
    Changes,
    Consequence,
    Held,
    Lifecycle,
    Transition,
    Wait,
    WithReason,
)
from imsop.documents.lines import computed_total
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approvals import actions as approvals
from imsop.purchasing.orders import lifecycle_queries as queries
from imsop.purchasing.orders import queries as orders_queries
from imsop.purchasing.orders.events import (
    PURCHASE_ORDER_APPROVAL_REQUESTED,
    PURCHASE_ORDER_APPROVED,
    PURCHASE_ORDER_CANCELLED,
    PURCHASE_ORDER_CONFIRMED,
    PURCHASE_ORDER_LINES_CLOSED,
    PURCHASE_ORDER_RECEIVED,
    PURCHASE_ORDER_REJECTED,
    PURCHASE_ORDER_REOPENED,
    PURCHASE_ORDER_SHIPPED,
    PURCHASE_ORDER_SUBMITTED,
)
from imsop.purchasing.orders.models import Confirmation, ConfirmedLine
from imsop.ui.language import N_


async def _require_ready(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.lines == 0:
        raise Conflict(
            "an order without lines cannot be sent; add what is to be bought",
            errors=[FieldError("items", "is empty")],
        )
    if found.supplier_status not in ("active"):
        status = Said(found.supplier_status)
        raise Conflict(
            Said("this supplier is %(status)s; choose another", status=status),
            errors=[FieldError("supplier_id", Said("is %(status)s", status=status))],
        )
    require_tradable(found.not_traded, found.unpriced)


async def _keep_names(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    await queries.keep_names(connection, actor.organization_id, order.id)


async def _wait_for_approval(connection: Connection, actor: Actor, order: Held) -> Wait | None:
    """Keeps the order a draft while a rule asks for an approval that is not there."""
    if not await approvals.ask(connection, actor, order):
        return None
    return Wait(PURCHASE_ORDER_APPROVAL_REQUESTED, {"approval": Change(None, "requested")})


async def _require_undecided(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    """Raises Conflict, saying who approved the order and when, if it was sent with an approval."""
    if order.status not in ("draft", "cancelled") and await approvals.is_approved(
        connection, actor, order.id
    ):
        raise await approvals.nothing_waits(connection, actor, order)


async def _approve(connection: Connection, actor: Actor, order: Held, _: object) -> Changes:
    return await approvals.decide(connection, actor, order, "approved")


async def _reject(connection: Connection, actor: Actor, order: Held, given: WithReason) -> Changes:
    return await approvals.decide(connection, actor, order, "rejected", given.reason)


async def _send_if_approved(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    """Sends the order, as submitting does, once every approval is there."""
    if await approvals.is_approved(connection, actor, order.id):
        await _require_ready(connection, actor, order, None)
        await LIFECYCLE.move(connection, actor, order, APPROVED.target, APPROVED.emits)
        await _keep_names(connection, actor, order, None)


async def _withdraw(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    if order.status == "draft" and (asked := await approvals.list_waiting(connection, actor, order.id)):
        await approvals.withdraw(connection, actor, order.id, asked)


async def _require_nothing_received(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    found = await queries.get_readiness(connection, actor.organization_id, order.id)
    if found.received:
        raise Conflict(
            "something was received for this order, so it cannot be cancelled; close what is still open",
            errors=[FieldError("status", "is partly received")],
        )


async def _confirm_lines(
    connection: Connection, actor: Actor, order: Held, confirmation: Confirmation
) -> Changes:
    """Freezes the promised days. Where the supplier confirmed another quantity or price, keeps it beside what
    was ordered, and brings the totals up to it. The order is locked. Raises Conflict if a rule asks an
    approval for that.
    """
    lines = await queries.list_open_lines(connection, actor.organization_id, order.id)
    require_known([line.id for line in confirmation.lines], lines, "id")
    by_id = {line.id: line for line in confirmation.lines}
    await queries.promise_lines(
        connection,
        actor.organization_id,
        order.id,
        {line.id: line.promised_delivery_date for line in confirmation.lines if line.promised_delivery_date},
    )
    changes: dict[str, Change] = {}
    for line in lines:
        told = by_id.get(line.id)
        if told is None:
            continue
        if told.quantity is not None and told.quantity != line.quantity_ordered:
            changes[f"lines[{line.line_number}].quantity"] = Change(line.quantity_ordered, told.quantity)
        if told.unit_price is not None and Decimal(told.unit_price) != line.unit_price:
            changes[f"lines[{line.line_number}].unit_price"] = Change(
                msgspec.to_builtins(line.unit_price), told.unit_price
            )
    if changes:
        covered = await approvals.get_covered(connection, actor, order.id)
        await _keep_confirmed(connection, actor, order, lines, by_id)
        await approvals.require_covered(connection, actor, order.id, covered)
    return changes


async def _keep_confirmed(
    connection: Connection,
    actor: Actor,
    order: Held,
    lines: Sequence[queries.OpenLine],
    told: Mapping[UUID, ConfirmedLine],
) -> None:
    differing = []
    for line in lines:
        given = told.get(line.id)
        quantity = line.quantity_ordered if given is None or given.quantity is None else given.quantity
        price = line.unit_price if given is None or given.unit_price is None else Decimal(given.unit_price)
        if (quantity, price) != (line.quantity_ordered, line.unit_price):
            differing.append(
                queries.ConfirmedTerms(
                    line.id, quantity, price, computed_total(quantity, price, line.currency)
                )
            )
    await queries.keep_confirmed_terms(connection, actor.organization_id, order.id, differing)


async def _close_lines(connection: Connection, actor: Actor, order: Held, closing: Closing) -> Changes:
    """Closes what is open of these lines, or of all. The order is locked."""
    lines = await queries.list_open_lines(connection, actor.organization_id, order.id)
    wanted = [line.id for line in lines] if closing.lines is None else closing.lines
    require_known(wanted, lines)
    open_ = {line.id: line for line in lines if line.quantity_open}
    closed = [open_[id_] for id_ in wanted if id_ in open_]
    if not closed:
        raise Conflict("nothing of these lines is open", errors=[FieldError("lines", "0 left to receive")])
    left = sum(line.quantity_open for line in lines) - sum(line.quantity_open for line in closed)
    if not left and not any(line.quantity_received for line in lines):
        raise Conflict(
            "nothing was received for this order; cancel it instead of closing all its lines",
            errors=[FieldError("lines", "nothing was received")],
        )
    await queries.close_lines(connection, actor.organization_id, [line.id for line in closed])
    return {
        f"lines[{line.line_number}].quantity_closed": Change(
            line.quantity_closed, line.quantity_closed + line.quantity_open
        )
        for line in closed
    }


async def _settle(connection: Connection, actor: Actor, order: Held, _: object) -> None:
    await settle(connection, actor, order)


async def settle(connection: Connection, actor: Actor, order: Held) -> None:
    """Moves an order to received once no line of it is open, and back where it was once one is again.

    The order is locked by the caller.
    """
    progress = await orders_queries.get_progress(connection, actor.organization_id, order.id)
    was_received = order.status == "received"
    is_received = progress.lines_open == 0 and progress.quantity_received > 0
    if is_received and not was_received:
        await queries.date_receipt(connection, actor.organization_id, order.id)
        await LIFECYCLE.move(connection, actor, order, RECEIVED.target, RECEIVED.emits)
    elif was_received and not is_received:
        before = await queries.get_status_before_receipt(connection, actor.organization_id, order.id)
        await queries.date_receipt(connection, actor.organization_id, order.id)
        await LIFECYCLE.move(connection, actor, order, before, PURCHASE_ORDER_REOPENED)


OPEN = ("submitted", "confirmed", "shipped")
RECEIVED = Consequence(N_("no line is open"), OPEN, "received", PURCHASE_ORDER_RECEIVED)
APPROVED = Consequence(N_("every approval is there"), ("draft",), "submitted", PURCHASE_ORDER_SUBMITTED)


LIFECYCLE = Lifecycle(
    queries,
    what=N_("purchase order"),
    permission=Permission.PURCHASE_ORDERS_WRITE,
    transitions=(
        Transition(
            "submit",
            N_("Submit"),
            ("draft",),
            "submitted",
            PURCHASE_ORDER_SUBMITTED,
            (_require_ready,),
            then=(_keep_names,),
            emits_too=(PURCHASE_ORDER_APPROVAL_REQUESTED,),
            waits=_wait_for_approval,
        ),
        Transition(
            "confirm",
            N_("Confirm"),
            ("submitted",),
            "confirmed",
            PURCHASE_ORDER_CONFIRMED,
            (_confirm_lines,),
            body=Confirmation,
        ),
        Transition("ship", N_("Mark as shipped"), ("confirmed",), "shipped", PURCHASE_ORDER_SHIPPED),
        Transition(
            "close",
            N_("Close what is open"),
            OPEN,
            None,
            PURCHASE_ORDER_LINES_CLOSED,
            (_close_lines,),
            body=Closing,
            then=(_settle,),
            emits_too=(PURCHASE_ORDER_RECEIVED,),
        ),
        Transition(
            "cancel",
            N_("Cancel the order"),
            ("draft", "submitted", "confirmed", "shipped"),
            "cancelled",
            PURCHASE_ORDER_CANCELLED,
            (_require_nothing_received, _withdraw),
            body=WithReason,
        ),
        Transition(
            "approve",
            N_("Approve"),
            ("draft",),
            None,
            PURCHASE_ORDER_APPROVED,
            (_approve,),
            then=(_send_if_approved,),
            emits_too=(PURCHASE_ORDER_SUBMITTED,),
            permission=Permission.PURCHASE_ORDERS_APPROVE,
            first=(_require_undecided,),
        ),
        Transition(
            "reject",
            N_("Send back"),
            ("draft",),
            None,
            PURCHASE_ORDER_REJECTED,
            (_reject,),
            body=WithReason,
            permission=Permission.PURCHASE_ORDERS_APPROVE,
            first=(_require_undecided,),
        ),
    ),
    follows=(
        APPROVED,
        RECEIVED,
        Consequence(N_("a receipt is reversed"), ("received",), "confirmed", PURCHASE_ORDER_REOPENED),
    ),
)
