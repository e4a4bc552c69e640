"""Changes an order after it was sent: as a revision, never below what came in.

The order's row is locked, as by its receipts, so that an amendment sees all that came in before it.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from msgspec import UNSET

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import Conflict, FieldError, InvalidInput
from imsop.core.events import Change, Changed, difference, emit
from imsop.core.said import Said
from imsop.documents.drafts import require_tradable
from imsop.documents.lifecycle import Held
from imsop.documents.lines import totals
from imsop.identity.actor import Actor
from imsop.purchasing.approvals import actions as approvals
from imsop.purchasing.orders import amending_queries, lifecycle_queries, queries
from imsop.purchasing.orders.actions import DRAFTS, get_order
from imsop.purchasing.orders.amending_queries import AmendedLine
from imsop.purchasing.orders.events import PURCHASE_ORDER_APPROVAL_WITHDRAWN, PURCHASE_ORDER_CHANGED
from imsop.purchasing.orders.lifecycle import LIFECYCLE, OPEN, settle
from imsop.purchasing.orders.models import (
    ChangedPurchaseOrderItem,
    PurchaseOrder,
    PurchaseOrderChanges,
    PurchaseOrderItem,
    PurchaseOrderWithItems,
)

_AGREED = ("supplier_id", "po_number", "order_date", "currency")
"""Fields that stay as they were sent."""


async def edit_order(
    connection: Connection, actor: Actor, order_id: UUID, changes: PurchaseOrderChanges, if_match: str
) -> PurchaseOrderWithItems:
    """Edits a draft; amends an order that was sent. Raises as `DRAFTS.edit` and `amend_order` do."""
    held = edits.require_version(
        await lifecycle_queries.hold(connection, actor.organization_id, order_id), "*", LIFECYCLE.what
    )
    if held.status == "draft":
        return await _edit_draft(connection, actor, held, changes, if_match)
    return await amend_order(connection, actor, order_id, changes, if_match)


async def _edit_draft(
    connection: Connection, actor: Actor, held: Held, changes: PurchaseOrderChanges, if_match: str
) -> PurchaseOrderWithItems:
    """Edits a draft, which is locked; what was asked for it is withdrawn if the edit outgrows it."""
    asked = await approvals.list_waiting(connection, actor, held.id)
    before = await DRAFTS.get(connection, actor, held.id) if asked else None
    after = await DRAFTS.edit(connection, actor, held.id, changes, if_match)
    if before and await approvals.withdraw_if_outgrown(connection, actor, asked, before, after):
        told = {"approval": Change("requested", "withdrawn")}
        event = PURCHASE_ORDER_APPROVAL_WITHDRAWN
        await LIFECYCLE.move(connection, actor, held, held.status, event, changes=told)
    return await get_order(connection, actor, held.id)


async def amend_order(
    connection: Connection, actor: Actor, order_id: UUID, changes: PurchaseOrderChanges, if_match: str
) -> PurchaseOrderWithItems:
    """Changes an order that was sent, as its next revision.

    `items`, if given, are all its lines: those with the `id` of a line change it, those without are new, and
    lines that are missing are taken off. What is confirmed or closed of a line whose quantity or price
    changes is forgotten. Raises NotFound, PreconditionFailed, Conflict unless the order is open and no rule
    asks an approval for the change, InvalidInput naming each line that would fall below what came in.
    """
    held = edits.require_version(
        await lifecycle_queries.hold(connection, actor.organization_id, order_id), if_match, LIFECYCLE.what
    )
    if held.status not in OPEN:
        raise LIFECYCLE.refusal(held)
    before = await DRAFTS.require(connection, actor, order_id)
    fields = edits.changed_fields(changes)
    items = fields.pop("items", None)
    _require_agreed(before, fields)
    edited = msgspec.structs.replace(before, **fields, revision=before.revision + 1)
    edits.require_days_from(
        before.order_date, {"expected_delivery_date": edited.expected_delivery_date}, "order_date"
    )
    told: dict[str, Change] = {}
    covered = None if items is None else await approvals.get_covered(connection, actor, order_id)
    if items is not None:
        lines = await queries.list_items(connection, actor.organization_id, order_id)
        told, total = await _amend_lines(connection, actor, edited, lines, items)
        edited = msgspec.structs.replace(edited, total_amount=total)
    await amending_queries.update_amended(connection, actor.organization_id, edited)
    await approvals.require_covered(connection, actor, order_id, covered)
    told = difference(before, edited) | told
    await lifecycle_queries.advance(
        connection, actor.organization_id, order_id, held.status, held.status, None, actor.user_id, told
    )
    await emit(connection, actor, PURCHASE_ORDER_CHANGED, order_id, Changed(held.name, told))
    await settle(connection, actor, held)
    return await get_order(connection, actor, order_id)


def _require_agreed(order: PurchaseOrder, fields: dict[str, object]) -> None:
    errors = [
        FieldError(field, "cannot be changed after the order was sent; cancel it and order anew")
        for field in _AGREED
        if field in fields and fields[field] not in (getattr(order, field), UNSET)
    ]
    if errors:
        raise InvalidInput("this stays as it was sent", errors=errors)


async def _amend_lines(
    connection: Connection,
    actor: Actor,
    order: PurchaseOrder,
    lines: Sequence[PurchaseOrderItem],
    items: Sequence[ChangedPurchaseOrderItem],
) -> tuple[dict[str, Change], Decimal]:
    """Writes the lines; returns what changed, for the history, and the order's total."""
    known = {line.id: line for line in lines}
    _require_possible(known, items)
    kept = {item.id for item in items if item.id is not None}
    removed = [line for line in lines if line.id not in kept]
    added = [item for item in items if item.id is None]
    await _require_lines(connection, actor, order, added, items)
    line_totals, total = totals(items, order.currency)
    amended, told = [], {}
    for item, line_total in zip(items, line_totals, strict=True):
        if item.id is None:
            continue
        line = known[item.id]
        price = None if item.unit_price is None else Decimal(item.unit_price)
        due = line.quantity_ordered if line.quantity_confirmed is None else line.quantity_confirmed
        was = line.unit_price if line.confirmed_unit_price is None else line.confirmed_unit_price
        is_other = (item.quantity_ordered, price) != (due, was)
        amended.append(
            AmendedLine(
                line.id, item.quantity_ordered, price, line_total, item.expected_delivery_date, is_other
            )
        )
        if item.quantity_ordered != due:
            told[f"lines[{line.line_number}].quantity"] = Change(due, item.quantity_ordered)
        if price != was:
            told[f"lines[{line.line_number}].unit_price"] = Change(
                msgspec.to_builtins(was), msgspec.to_builtins(price)
            )
    for line in removed:
        told[f"lines[{line.line_number}].quantity"] = Change(line.quantity_ordered, 0)
    organization_id = actor.organization_id
    await amending_queries.delete_lines(connection, organization_id, [line.id for line in removed])
    await amending_queries.update_lines(connection, organization_id, amended)
    if added:
        last = max((line.line_number for line in lines), default=0)
        new_totals = [total for item, total in zip(items, line_totals, strict=True) if item.id is None]
        await queries.insert_items(connection, organization_id, order.id, added, new_totals, last)
        await lifecycle_queries.keep_names(connection, organization_id, order.id)
        for place, item in enumerate(added, 1):
            told[f"lines[{last + place}].quantity"] = Change(0, item.quantity_ordered)
    return told, total


def _require_possible(
    known: dict[UUID, PurchaseOrderItem], items: Sequence[ChangedPurchaseOrderItem]
) -> None:
    """Raises InvalidInput for lines of another order or product, below what came in, or taken off after."""
    errors: list[FieldError] = []
    seen: set[UUID] = set()
    if not items:
        errors.append(FieldError("items", "is empty; cancel the order instead"))
    for place, item in enumerate(items):
        if item.id is None:
            continue
        line = known.get(item.id)
        if line is None or item.id in seen:
            errors.append(
                FieldError(f"items[{place}].id", "is not a line of this order")
                if line is None
                else FieldError(f"items[{place}].id", "given more than once")
            )
            continue
        seen.add(item.id)
        if item.product_id != line.product_id:
            errors.append(FieldError(f"items[{place}].product_id", "cannot be changed; add a line instead"))
        if item.quantity_ordered < line.quantity_received:
            errors.append(
                FieldError(
                    f"items[{place}].quantity_ordered",
                    Said("%(received)s already received", received=line.quantity_received),
                )
            )
    errors += [
        FieldError(
            "items",
            Said(
                "line %(line)s cannot be taken off: %(received)s already received",
                line=line.line_number,
                received=line.quantity_received,
            ),
        )
        for line in known.values()
        if line.id not in seen and line.quantity_received
    ]
    if errors:
        raise InvalidInput(
            Said("this cannot be amended: %(why)s", why=[error.message for error in errors]), errors=errors
        )


async def _require_lines(
    connection: Connection,
    actor: Actor,
    order: PurchaseOrder,
    added: Sequence[ChangedPurchaseOrderItem],
    items: Sequence[ChangedPurchaseOrderItem],
) -> None:
    """Raises as a submission would: products that are traded, a price on each line, days that follow."""
    found = await queries.look_up_references(
        connection, actor.organization_id, None, [item.product_id for item in added]
    )
    if unknown := [place for place, status in enumerate(found.product_statuses) if status is None]:
        raise InvalidInput.of(
            f"items[{items.index(added[unknown[0]])}].product_id", "nothing with this id exists"
        )
    if refused := [status for status in found.product_statuses if status in DRAFTS.not_traded]:
        raise Conflict(
            "a product of the order is no longer traded; choose another",
            errors=[FieldError("items", Said("is %(status)s", status=Said(str(refused[0]))))],
        )
    require_tradable([], sum(item.unit_price is None for item in items))
    edits.require_days_from(
        order.order_date,
        {
            f"items[{place}].expected_delivery_date": item.expected_delivery_date
            for place, item in enumerate(items)
        },
        "order_date",
    )
