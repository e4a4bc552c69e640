"""Receives goods for purchase orders, and takes receipts back.

Lock order: the order, then the balances in id order. Whoever receives for an order waits until all others
who do so have committed, and then finds what they left open.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
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
from imsop.inventory.ledger.actions import post_movements
from imsop.inventory.ledger.models import Movement, Posting
from imsop.inventory.reservations.models import Wish
from imsop.inventory.reservations.queries import reserve_stock
from imsop.purchasing.orders import lifecycle_queries as orders
from imsop.purchasing.orders import queries as orders_queries
from imsop.purchasing.orders.lifecycle import LIFECYCLE, OPEN, RECEIVED, settle
from imsop.purchasing.receipts import queries
from imsop.purchasing.receipts.events import GOODS_RECEIPT_POSTED, GOODS_RECEIPT_REVERSED, Received
from imsop.purchasing.receipts.models import (
    GoodsReceipt,
    GoodsReceiptLine,
    GoodsReceiptWithLines,
    NewGoodsReceipt,
    NewGoodsReceiptLine,
    Reversal,
)
from imsop.purchasing.receipts.queries import NewLine
from imsop.purchasing.receipts.rules import Receivable, most, require_receivable


async def require_receipt(connection: Connection, actor: Actor, receipt_id: UUID) -> GoodsReceipt:
    """The receipt without its lines. Raises NotFound."""
    receipt = await queries.get_receipt(connection, actor.organization_id, receipt_id)
    if receipt is None:
        raise NotFound("no goods receipt with this id")
    return receipt


async def get_receipt(connection: Connection, actor: Actor, receipt_id: UUID) -> GoodsReceiptWithLines:
    """The receipt with its lines. Raises NotFound."""
    receipt = await require_receipt(connection, actor, receipt_id)
    lines = await queries.list_lines(connection, actor.organization_id, receipt_id)
    return GoodsReceiptWithLines(**msgspec.structs.asdict(receipt), lines=lines)


async def receive_goods(connection: Connection, actor: Actor, new: NewGoodsReceipt) -> GoodsReceiptWithLines:
    """Posts a receipt: stock, quarantine of what is rejected, progress and state of the order, all or
    nothing.

    Raises InvalidInput naming each line that cannot come in, Conflict for an order that is not open, and for
    a delivery that was received already.
    """
    received_at = new.received_at and past_instant("received_at", new.received_at)
    new = msgspec.structs.replace(new, received_at=received_at)
    order = await hold_order(connection, actor, new.purchase_order_id)
    if order.status not in (*OPEN, RECEIVED.target):
        raise LIFECYCLE.refusal(order)
    lines: dict[UUID | None, Receivable] = {
        line.id: line for line in await queries.list_receivable(connection, actor.organization_id, order.id)
    }
    await _require_receivable(connection, actor, new.lines, lines)
    warehouse_id = new.warehouse_id or await _deliver_to(connection, actor, order.id)
    arrived = [
        NewLine(
            one.purchase_order_item_id,
            one.product_id or lines[one.purchase_order_item_id].product_id,
            one.quantity_accepted,
            one.quantity_rejected,
            one.reason,
        )
        for one in new.lines
    ]
    receipt_id, postings = await _post(connection, actor, order, new, warehouse_id, arrived)
    await quarantine(
        connection,
        actor,
        [
            Wish(posting.inventory_id, line.quantity_rejected, "quarantine", None, line.reason, item_id)
            for line, (posting, item_id) in zip(arrived, postings, strict=True)
            if line.quantity_rejected
        ],
    )
    stored = await get_receipt(connection, actor, receipt_id)
    await emit(connection, actor, GOODS_RECEIPT_POSTED, receipt_id, _told(order, stored, None))
    await _finish(connection, actor, order, arrived, received_at)
    return stored


async def reverse_receipt(
    connection: Connection, actor: Actor, receipt_id: UUID, reversal: Reversal
) -> GoodsReceiptWithLines:
    """Takes a receipt, or lines of it, out of stock again by a receipt of its own.

    Each line can be reversed once. Raises Conflict if what it brought is reserved, gone or was returned,
    naming who holds it.
    """
    receipt = await require_receipt(connection, actor, receipt_id)
    if receipt.reverses_id is not None:
        raise Conflict("this receipt reverses another; receive the goods again instead")
    order = await hold_order(connection, actor, receipt.purchase_order_id)
    wanted = lines_to_reverse(
        await queries.list_lines(connection, actor.organization_id, receipt_id), reversal.lines
    )
    await _require_not_returned(connection, actor, order, wanted)
    back = [
        NewLine(
            line.purchase_order_item_id,
            line.product_id,
            line.quantity_accepted,
            line.quantity_rejected,
            reversal.reason,
            line.id,
        )
        for line in wanted
    ]
    new = NewGoodsReceipt(order.id, [], notes=reversal.reason, delivery_note=receipt.delivery_note)
    reversing_id, _ = await _post(connection, actor, order, new, receipt.warehouse_id, back, receipt.id)
    stored = await get_receipt(connection, actor, reversing_id)
    await emit(connection, actor, GOODS_RECEIPT_REVERSED, reversing_id, _told(order, stored, reversal.reason))
    await _finish(connection, actor, order, back, None)
    return stored


async def hold_order(connection: Connection, actor: Actor, order_id: UUID) -> Held:
    """Locks the order until the transaction ends. Raises InvalidInput if it does not exist."""
    order = await orders.hold(connection, actor.organization_id, order_id)
    if order is None:
        raise InvalidInput.of("purchase_order_id", "nothing with this id exists")
    return order


async def quarantine(connection: Connection, actor: Actor, wishes: Sequence[Wish]) -> None:
    """Holds what was just posted; its balances are locked."""
    if wishes:
        held = await reserve_stock(connection, actor.organization_id, wishes, actor.user_id)
        if any(one.outcome != "held" for one in held):
            raise Conflict(
                "what was rejected cannot be held: the stock of this product is short",
                errors=[
                    FieldError("lines", Said("only %(available)s available", available=one.available))
                    for one in held
                    if one.outcome != "held"
                ],
            )


async def post_out(
    connection: Connection, actor: Actor, warehouse_id: UUID, movements: Sequence[Movement]
) -> list[Posting]:
    """Posts movements that take stock out of a warehouse.

    If they are refused, the Conflict also names the sales orders that hold these products there.
    """
    try:
        return await post_movements(connection, actor.organization_id, movements, actor.user_id)
    except Conflict as refusal:
        products = list({movement.product_id for movement in movements})
        holders = await queries.list_holders(connection, actor.organization_id, warehouse_id, products)
        if not holders:
            raise
        held = [
            Said("%(number)s holds %(quantity)s", number=one.so_number, quantity=one.quantity)
            for one in holders
        ]
        raise Conflict(
            Said("%(detail)s (%(holders)s)", detail=refusal.detail, holders=held), errors=refusal.errors
        ) from refusal


def draws(wanted: int, free_first: int, held: Sequence[tuple[UUID, int]]) -> list[tuple[UUID | None, int]]:
    """Divides a quantity among reservations and free stock: `free_first` units are free, the rest is
    drawn from `held` (reservation, quantity) in order, and what these lack is free again. Quantities
    above 0 only.
    """
    shares: list[tuple[UUID | None, int]] = []
    left = wanted - free_first
    for reservation_id, quantity in held:
        taken = min(left, quantity)
        if taken > 0:
            shares.append((reservation_id, taken))
            left -= taken
    if free_first + left > 0:
        shares.append((None, free_first + left))
    return shares


class Reversible(Protocol):
    """A line of a receipt or of a return."""

    @property
    def id(self) -> UUID: ...
    @property
    def line_number(self) -> int: ...
    @property
    def is_reversed(self) -> bool: ...


Line = TypeVar("Line", bound=Reversible)


def lines_to_reverse(lines: Sequence[Line], chosen: Sequence[UUID] | None) -> list[Line]:
    """The chosen lines of a document, or all that are not reversed. Raises InvalidInput for lines of another
    document, Conflict for those that are reversed already, or where none is left.
    """
    by_id = {line.id: line for line in lines}
    ids = list(dict.fromkeys(chosen)) if chosen is not None else [x.id for x in lines if not x.is_reversed]
    if unknown := [place for place, id_ in enumerate(ids) if id_ not in by_id]:
        raise InvalidInput(
            "a line is not of this document",
            errors=[FieldError(f"lines[{place}]", "is not a line of this document") for place in unknown],
        )
    done = [by_id[id_].line_number for id_ in ids if by_id[id_].is_reversed]
    if done or not ids:
        raise Conflict(
            Said("already reversed: line %(lines)s", lines=", ".join(map(str, done)))
            if done
            else "all of it is reversed already",
            errors=[FieldError("lines", "is reversed already")],
        )
    return [by_id[id_] for id_ in ids]


async def _require_receivable(
    connection: Connection,
    actor: Actor,
    wanted: Sequence[NewGoodsReceiptLine],
    lines: Mapping[UUID | None, Receivable],
) -> None:
    spent = {
        line.id: one.quantity_accepted + one.quantity_rejected
        for one in wanted
        if (line := lines.get(one.purchase_order_item_id)) and line.quantity_received >= most(line)
    }
    repeated = await queries.list_repeated(connection, actor.organization_id, spent) if spent else []
    require_receivable(wanted, lines, frozenset(repeated))


async def _deliver_to(connection: Connection, actor: Actor, order_id: UUID) -> UUID:
    order = await orders_queries.get_order(connection, actor.organization_id, order_id)
    if order is None or order.warehouse_id is None:
        raise InvalidInput.of("warehouse_id", "is required: the order does not say where to deliver")
    return order.warehouse_id


async def _require_not_returned(
    connection: Connection, actor: Actor, order: Held, wanted: Sequence[GoodsReceiptLine]
) -> None:
    """Raises Conflict if less would be received than was returned to the supplier."""
    left = {
        line.id: line.quantity_received - line.quantity_returned
        for line in await orders_queries.list_items(connection, actor.organization_id, order.id)
    }
    errors = []
    for place, line in enumerate(wanted):
        if line.purchase_order_item_id is None:
            continue
        left[line.purchase_order_item_id] -= line.quantity_accepted + line.quantity_rejected
        if left[line.purchase_order_item_id] < 0:
            errors.append(
                FieldError(
                    f"lines[{place}]",
                    Said(
                        "%(units)s of it went back to the supplier", units=-left[line.purchase_order_item_id]
                    ),
                )
            )
    if errors:
        raise Conflict("reverse the return to the supplier first", errors=errors)


async def _post(
    connection: Connection,
    actor: Actor,
    order: Held,
    new: NewGoodsReceipt,
    warehouse_id: UUID,
    lines: Sequence[NewLine],
    reverses_id: UUID | None = None,
) -> tuple[UUID, list[tuple[Posting, UUID]]]:
    """Stores the receipt and posts its movements; returns its id, and per movement its posting and line's
    id.
    """
    organization_id = actor.organization_id
    number = await next_number(
        connection, organization_id, "goods_receipt", today(actor.timezone).year, "receipt_number"
    )
    receipt_id = await queries.insert_receipt(
        connection, organization_id, new, number, warehouse_id, reverses_id, actor.user_id
    )
    item_ids = await queries.insert_lines(connection, organization_id, receipt_id, lines)
    held: dict[UUID, list[tuple[UUID, int]]] = {}
    if reverses_id is not None:
        for one in await queries.list_quarantined(connection, organization_id, order.id, warehouse_id):
            held.setdefault(one.goods_receipt_item_id, []).append((one.reservation_id, one.quantity))
    movements: list[Movement] = []
    moved_by: list[UUID] = []
    for line, item_id in zip(lines, item_ids, strict=True):
        whole = line.quantity_accepted + line.quantity_rejected
        shares: list[tuple[UUID | None, int]] = [(None, whole)]
        if line.reverses_item_id is not None:
            shares = draws(whole, line.quantity_accepted, held.get(line.reverses_item_id, []))
        for reservation_id, quantity in shares:
            movements.append(
                Movement(
                    line.product_id,
                    warehouse_id,
                    quantity if reverses_id is None else -quantity,
                    "receipt" if reverses_id is None else "adjustment",
                    "goods_receipt" if reverses_id is None else "reversal",
                    reservation_id,
                    line.purchase_order_item_id,
                    goods_receipt_item_id=item_id,
                    reference_id=order.name,
                    reason=line.reason,
                    occurred_at=new.received_at,
                )
            )
            moved_by.append(item_id)
    postings = await post_out(connection, actor, warehouse_id, movements)
    return receipt_id, list(zip(postings, moved_by, strict=True))


async def _finish(
    connection: Connection, actor: Actor, order: Held, lines: Sequence[NewLine], at: datetime | None
) -> None:
    """Days and state of the order after its lines moved."""
    items = [line.purchase_order_item_id for line in lines if line.purchase_order_item_id]
    await queries.date_lines(connection, actor.organization_id, items, at)
    await settle(connection, actor, order)


def _told(order: Held, receipt: GoodsReceiptWithLines, reason: str | None) -> Received:
    return Received(
        name=receipt.receipt_number,
        order=order.name,
        partner=order.partner,
        quantity_accepted=sum(line.quantity_accepted for line in receipt.lines),
        quantity_rejected=sum(line.quantity_rejected for line in receipt.lines),
        reason=reason,
    )
