"""Returns goods to suppliers, and takes returns back.

Lock order: the order, then the balances in id order. `quantity_returned` is at most `quantity_received`: the
database's CHECK, and the lock of the order.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput, NotFound
from imsop.core.events import emit
from imsop.core.instants import past_instant, today
from imsop.core.said import Said
from imsop.documents.lifecycle import Held
from imsop.documents.numbers import next_number
from imsop.identity.actor import Actor
from imsop.inventory.ledger.models import Movement
from imsop.inventory.reservations.models import Wish
from imsop.purchasing.orders import queries as orders_queries
from imsop.purchasing.orders.models import PurchaseOrderItem
from imsop.purchasing.receipts.actions import draws, hold_order, lines_to_reverse, post_out, quarantine
from imsop.purchasing.receipts.models import Reversal
from imsop.purchasing.receipts.queries import list_quarantined, list_rejecting_lines
from imsop.purchasing.returns import queries
from imsop.purchasing.returns.events import SUPPLIER_RETURN_POSTED, SUPPLIER_RETURN_REVERSED, Returned
from imsop.purchasing.returns.models import (
    NewSupplierReturn,
    NewSupplierReturnLine,
    SupplierReturn,
    SupplierReturnLine,
    SupplierReturnWithLines,
)
from imsop.purchasing.returns.queries import NewLine


async def require_return(connection: Connection, actor: Actor, return_id: UUID) -> SupplierReturn:
    """The return without its lines. Raises NotFound."""
    found = await queries.get_return(connection, actor.organization_id, return_id)
    if found is None:
        raise NotFound("no return to a supplier with this id")
    return found


async def get_return(connection: Connection, actor: Actor, return_id: UUID) -> SupplierReturnWithLines:
    """The return with its lines. Raises NotFound."""
    found = await require_return(connection, actor, return_id)
    lines = await queries.list_lines(connection, actor.organization_id, return_id)
    return SupplierReturnWithLines(**msgspec.structs.asdict(found), lines=lines)


async def return_goods(
    connection: Connection, actor: Actor, new: NewSupplierReturn
) -> SupplierReturnWithLines:
    """Posts a return: out of stock, first what is in quarantine of the lines. The order does not reopen.

    Raises InvalidInput naming each line of which more would go back than came in, Conflict where stock is
    short.
    """
    returned_at = new.returned_at and past_instant("returned_at", new.returned_at)
    new = msgspec.structs.replace(new, returned_at=returned_at)
    order = await hold_order(connection, actor, new.purchase_order_id)
    items = await orders_queries.list_items(connection, actor.organization_id, order.id)
    lines = {line.id: line for line in items}
    _require_returnable(new.lines, lines)
    held: dict[UUID, list[tuple[UUID, int]]] = {}
    for one in await list_quarantined(connection, actor.organization_id, order.id, new.warehouse_id):
        if one.purchase_order_item_id is not None:
            held.setdefault(one.purchase_order_item_id, []).append((one.reservation_id, one.quantity))
    back: list[NewLine] = []
    shares: list[list[tuple[UUID | None, int]]] = []
    for wanted in new.lines:
        item_id = wanted.purchase_order_item_id
        drawn = draws(wanted.quantity, 0, held.get(item_id, []))
        held[item_id] = _less(held.get(item_id, []), drawn)
        quarantined = sum(quantity for reservation_id, quantity in drawn if reservation_id)
        back.append(NewLine(item_id, lines[item_id].product_id, wanted.quantity, quarantined, wanted.reason))
        shares.append(drawn)
    return_id, item_ids = await _insert(connection, actor, new, back, None)
    movements = [
        Movement(
            line.product_id,
            new.warehouse_id,
            -quantity,
            "return",
            "supplier_return",
            reservation_id,
            line.purchase_order_item_id,
            supplier_return_item_id=item_id,
            reference_id=order.name,
            reason=line.reason,
            occurred_at=returned_at,
        )
        for line, item_id, drawn in zip(back, item_ids, shares, strict=True)
        for reservation_id, quantity in drawn
    ]
    await post_out(connection, actor, new.warehouse_id, movements)
    stored = await get_return(connection, actor, return_id)
    await emit(connection, actor, SUPPLIER_RETURN_POSTED, stored.id, _told(order, stored, None))
    return stored


async def reverse_return(
    connection: Connection, actor: Actor, return_id: UUID, reversal: Reversal
) -> SupplierReturnWithLines:
    """Takes a return, or lines of it, back into stock by a return of its own; what was in quarantine is
    again.

    Each line can be reversed once.
    """
    returned = await require_return(connection, actor, return_id)
    if returned.reverses_id is not None:
        raise Conflict("this return reverses another; return the goods again instead")
    order = await hold_order(connection, actor, returned.purchase_order_id)
    wanted = lines_to_reverse(
        await queries.list_lines(connection, actor.organization_id, return_id), reversal.lines
    )
    again = [_again(line, reversal.reason) for line in wanted]
    new = NewSupplierReturn(order.id, returned.warehouse_id, [], returned.supplier_reference)
    reversing_id, item_ids = await _insert(connection, actor, new, again, returned.id)
    postings = await post_out(
        connection,
        actor,
        returned.warehouse_id,
        [
            Movement(
                line.product_id,
                returned.warehouse_id,
                line.quantity,
                "adjustment",
                "reversal",
                None,
                line.purchase_order_item_id,
                supplier_return_item_id=item_id,
                reference_id=order.name,
                reason=line.reason,
            )
            for line, item_id in zip(again, item_ids, strict=True)
        ],
    )
    held = [line for line in again if line.quantity_quarantined]
    rejecting = await list_rejecting_lines(
        connection, actor.organization_id, [line.purchase_order_item_id for line in held]
    ) if held else {}  # fmt: skip
    await quarantine(
        connection,
        actor,
        [
            Wish(
                posting.inventory_id,
                line.quantity_quarantined,
                "quarantine",
                None,
                line.reason,
                rejecting.get(line.purchase_order_item_id),
            )
            for posting, line in zip(postings, again, strict=True)
            if line.quantity_quarantined
        ],
    )
    stored = await get_return(connection, actor, reversing_id)
    told = _told(order, stored, reversal.reason)
    await emit(connection, actor, SUPPLIER_RETURN_REVERSED, stored.id, told)
    return stored


def _again(line: SupplierReturnLine, reason: str) -> NewLine:
    return NewLine(
        line.purchase_order_item_id,
        line.product_id,
        line.quantity,
        line.quantity_quarantined,
        reason,
        line.id,
    )


async def _insert(
    connection: Connection,
    actor: Actor,
    new: NewSupplierReturn,
    lines: Sequence[NewLine],
    reverses_id: UUID | None,
) -> tuple[UUID, list[UUID]]:
    """Stores the return; returns its id and those of its lines."""
    number = await next_number(
        connection, actor.organization_id, "supplier_return", today(actor.timezone).year, "return_number"
    )
    return_id = await queries.insert_return(
        connection, actor.organization_id, new, number, reverses_id, actor.user_id
    )
    return return_id, await queries.insert_lines(connection, actor.organization_id, return_id, lines)


def _require_returnable(
    wanted: Sequence[NewSupplierReturnLine], lines: dict[UUID, PurchaseOrderItem]
) -> None:
    left = {id_: line.quantity_received - line.quantity_returned for id_, line in lines.items()}
    errors = []
    for place, one in enumerate(wanted):
        line = lines.get(one.purchase_order_item_id)
        if line is None:
            errors.append(FieldError(f"lines[{place}].purchase_order_item_id", "is not a line of this order"))
            continue
        if one.quantity > left[line.id]:
            errors.append(
                FieldError(
                    f"lines[{place}].quantity",
                    Said(
                        "line %(line)s: %(left)s left to return, of %(received)s received",
                        line=line.line_number,
                        left=left[line.id],
                        received=line.quantity_received,
                    ),
                )
            )
        left[line.id] = max(left[line.id] - one.quantity, 0)
    if errors:
        raise InvalidInput(
            Said("this cannot be returned: %(why)s", why=[error.message for error in errors]), errors=errors
        )


def _less(
    held: Sequence[tuple[UUID, int]], drawn: Sequence[tuple[UUID | None, int]]
) -> list[tuple[UUID, int]]:
    taken = dict(drawn)
    return [(id_, quantity - taken.get(id_, 0)) for id_, quantity in held if quantity > taken.get(id_, 0)]


def _told(order: Held, returned: SupplierReturnWithLines, reason: str | None) -> Returned:
    return Returned(
        name=returned.return_number,
        order=order.name,
        partner=order.partner,
        quantity=sum(line.quantity for line in returned.lines),
        reason=reason,
    )
