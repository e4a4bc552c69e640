"""The state machine of returns from customers, and the stock that moves with it.

What is received is in stock, but held in quarantine, until each unit is restocked or scrapped.
Lock order: the sales order, then the return, then the balances in id order.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput
from imsop.core.instants import past_instant
from imsop.core.said import Said
from imsop.documents.closing import require_known
from imsop.documents.lifecycle import Consequence, Held, Lifecycle, Transition, WithReason
from imsop.identity.actor import Actor
from imsop.identity.roles.permissions import Permission
from imsop.inventory.ledger.actions import post_movements
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations import queries as reservations
from imsop.inventory.reservations.jobs import defer_allocation
from imsop.inventory.reservations.models import Wish
from imsop.sales.returns import queries
from imsop.sales.returns.events import (
    CUSTOMER_RETURN_CANCELLED,
    CUSTOMER_RETURN_CLOSED,
    CUSTOMER_RETURN_DISPOSED,
    CUSTOMER_RETURN_RECEIVED,
)
from imsop.sales.returns.models import CustomerReturnLine, Disposal, DisposedLine, Receiving
from imsop.ui.language import N_


async def _receive(connection: Connection, actor: Actor, returned: Held, receiving: Receiving) -> None:
    """Posts what came back and holds it in quarantine."""
    lines = await queries.list_lines(connection, actor.organization_id, returned.id)
    came = {line.id: line.quantity for line in lines}
    if receiving.lines is not None:
        require_known([one.id for one in receiving.lines], lines, "id")
        came = {one.id: one.quantity for one in receiving.lines if one.quantity}
        _require_authorized(receiving, lines)
    if not came:
        raise Conflict("nothing of this return came; cancel it instead")
    document = await queries.get_return(connection, actor.organization_id, returned.id)
    if document is None:
        raise RuntimeError("a return that is locked is not there")
    at = receiving.received_at and past_instant("received_at", receiving.received_at)
    arrived = [line for line in lines if line.id in came]
    movements = [
        Movement(
            line.product_id,
            document.warehouse_id,
            came[line.id],
            "return",
            "customer_return",
            sales_order_item_id=line.sales_order_item_id,
            customer_return_item_id=line.id,
            reference_id=returned.name,
            reason=line.reason,
            occurred_at=at,
        )
        for line in arrived
    ]
    postings = await post_movements(connection, actor.organization_id, movements, actor.user_id)
    await _quarantine(
        connection,
        actor,
        [
            Wish(
                posting.inventory_id,
                came[line.id],
                "quarantine",
                reason=line.reason,
                customer_return_item_id=line.id,
            )
            for line, posting in zip(arrived, postings, strict=True)
        ],
    )
    await queries.set_received(connection, actor.organization_id, returned.id, came, at or datetime.now(UTC))


def _require_authorized(receiving: Receiving, lines: Sequence[CustomerReturnLine]) -> None:
    most = {line.id: line.quantity for line in lines}
    errors = [
        FieldError(f"lines[{place}].quantity", Said("%(most)s authorized", most=most[one.id]))
        for place, one in enumerate(receiving.lines or ())
        if one.quantity > most[one.id]
    ]
    if errors:
        raise InvalidInput(
            "more came than was authorized; authorize the rest as another return", errors=errors
        )


async def _quarantine(connection: Connection, actor: Actor, wishes: Sequence[Wish]) -> None:
    """Holds what is available under the lock of its balance."""
    held = await reservations.reserve_stock(connection, actor.organization_id, wishes, actor.user_id)
    if any(one.outcome != "held" for one in held):
        raise RuntimeError("what came back under a lock is not available")


async def _dispose(connection: Connection, actor: Actor, returned: Held, disposal: Disposal) -> None:
    """Takes what is scrapped out of stock, and what is restocked out of quarantine."""
    found = await queries.list_lines(connection, actor.organization_id, returned.id)
    lines = {line.id: line for line in found}
    require_known([one.id for one in disposal.lines], found, "id")
    _require_disposable(disposal.lines, lines)
    chosen = [one for one in disposal.lines if one.restock or one.scrap]
    quarantined = await queries.list_quarantined(
        connection, actor.organization_id, [one.id for one in chosen]
    )
    held = {one.customer_return_item_id: one for one in quarantined}
    scrapped = [
        Movement(
            lines[one.id].product_id,
            held[one.id].warehouse_id,
            -one.scrap,
            "adjustment",
            "scrap",
            held[one.id].reservation_id,
            customer_return_item_id=one.id,
            reference_id=returned.name,
            reason=one.reason or lines[one.id].reason,
        )
        for one in chosen
        if one.scrap
    ]
    if scrapped:
        await post_movements(connection, actor.organization_id, scrapped, actor.user_id)
    restocked = [one for one in chosen if one.restock]
    if restocked:
        await _restock(connection, actor, restocked, lines, held)
    await queries.add_disposed(connection, actor.organization_id, chosen)


async def _restock(
    connection: Connection,
    actor: Actor,
    restocked: Sequence[DisposedLine],
    lines: dict[UUID, CustomerReturnLine],
    held: dict[UUID, queries.Quarantined],
) -> None:
    """Releases the quarantine of these lines and holds the rest again; the balances stay locked between."""
    await reservations.release_reservations(
        connection, actor.organization_id, [held[one.id].reservation_id for one in restocked]
    )
    rest = [
        Wish(
            held[one.id].inventory_id,
            left,
            "quarantine",
            reason=lines[one.id].reason,
            customer_return_item_id=one.id,
        )
        for one in restocked
        if (left := lines[one.id].quantity_quarantined - one.restock - one.scrap)
    ]
    if rest:
        await _quarantine(connection, actor, rest)
    await defer_allocation(connection, actor.organization_id, [lines[one.id].product_id for one in restocked])


def _require_disposable(chosen: Sequence[DisposedLine], lines: dict[UUID, CustomerReturnLine]) -> None:
    errors = [
        FieldError(
            f"lines[{place}]",
            Said("only %(held)s in quarantine", held=lines[one.id].quantity_quarantined),
        )
        for place, one in enumerate(chosen)
        if one.restock + one.scrap > lines[one.id].quantity_quarantined
    ]
    if errors:
        raise InvalidInput("more than is in quarantine cannot be disposed of", errors=errors)
    if not any(one.restock or one.scrap for one in chosen):
        raise InvalidInput.of("lines", "say how much is restocked or scrapped")


async def _close_if_done(connection: Connection, actor: Actor, returned: Held, _: object) -> None:
    lines = await queries.list_lines(connection, actor.organization_id, returned.id)
    if not any(line.quantity_quarantined for line in lines):
        await LIFECYCLE.move(connection, actor, returned, CLOSED.target, CLOSED.emits)


CLOSED = Consequence(N_("nothing is in quarantine"), ("received",), "closed", CUSTOMER_RETURN_CLOSED)


LIFECYCLE = Lifecycle(
    queries,
    what=N_("customer return"),
    permission=Permission.CUSTOMER_RETURNS_WRITE,
    transitions=(
        Transition(
            "receive",
            N_("Receive"),
            ("authorized",),
            "received",
            CUSTOMER_RETURN_RECEIVED,
            (_receive,),
            body=Receiving,
        ),
        Transition(
            "dispose",
            N_("Dispose"),
            ("received",),
            None,
            CUSTOMER_RETURN_DISPOSED,
            (_dispose,),
            body=Disposal,
            then=(_close_if_done,),
            emits_too=(CUSTOMER_RETURN_CLOSED,),
        ),
        Transition(
            "cancel",
            N_("Cancel the return"),
            ("authorized",),
            "cancelled",
            CUSTOMER_RETURN_CANCELLED,
            body=WithReason,
        ),
    ),
    follows=(CLOSED,),
)
