"""How much of an order's line may still come in."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.errors import Conflict, FieldError, InvalidInput
from imsop.core.said import Said
from imsop.purchasing.receipts.models import NewGoodsReceiptLine


class Receivable(Struct, frozen=True):
    """A line of an order as its receipts find it, in base units."""

    id: UUID
    line_number: int
    product_id: UUID
    quantity_ordered: int
    quantity_due: int
    quantity_received: int
    quantity_closed: int
    over_receipt_percent: Decimal


def most(line: Receivable) -> int:
    """The most that may be received of a line, over all its receipts: ordered (or confirmed, if that is more)
    plus the tolerance, rounded down; of a line that was closed short, no more than what was not closed.
    """
    if line.quantity_closed:
        return line.quantity_due - line.quantity_closed
    whole = max(line.quantity_ordered, line.quantity_due)
    return int((whole * (100 + line.over_receipt_percent) / 100).to_integral_value(ROUND_FLOOR))


def require_receivable(
    wanted: Sequence[NewGoodsReceiptLine], lines: Mapping[UUID | None, Receivable], repeated: frozenset[UUID]
) -> None:
    """Raises InvalidInput naming each line that is not of the order, has no quantity or would come in beyond
    what it may; Conflict where nothing is left of the lines named and an earlier receipt had the very same
    quantity (`repeated`): the same delivery, received twice.
    """
    errors: list[FieldError] = []
    twice = False
    received = {line.id: line.quantity_received for line in lines.values()}
    for place, one in enumerate(wanted):
        field = f"lines[{place}]"
        errors += _incomplete(field, one)
        if one.purchase_order_item_id is None:
            continue
        line = lines.get(one.purchase_order_item_id)
        if line is None:
            errors.append(FieldError(f"{field}.purchase_order_item_id", "is not a line of this order"))
            continue
        received[line.id] += one.quantity_accepted + one.quantity_rejected
        if received[line.id] > most(line):
            errors.append(FieldError(f"{field}.quantity_accepted", _too_much(line, received[line.id])))
            twice = twice or (line.quantity_received >= most(line) and line.id in repeated)
    if errors:
        raise (Conflict if twice else InvalidInput)(
            Said("this cannot be received: %(why)s", why=[error.message for error in errors]), errors=errors
        )


def _incomplete(field: str, one: NewGoodsReceiptLine) -> list[FieldError]:
    errors = []
    if (one.purchase_order_item_id is None) == (one.product_id is None):
        errors.append(FieldError(field, "needs either purchase_order_item_id or product_id"))
    if one.quantity_accepted + one.quantity_rejected == 0:
        errors.append(FieldError(f"{field}.quantity_accepted", "must not be 0; leave out what did not come"))
    if one.quantity_rejected and not one.reason:
        errors.append(FieldError(f"{field}.reason", "is required for what is rejected"))
    return errors


def _too_much(line: Receivable, received: int) -> Said:
    parts = {
        "line": line.line_number,
        "left": max(most(line) - line.quantity_received, 0),
        "ordered": line.quantity_ordered,
        "received": received,
    }
    if line.quantity_closed:
        return Said(
            "line %(line)s: %(left)s left to receive, the rest was closed; this would make %(received)s",
            **parts,
        )
    if line.over_receipt_percent:
        return Said(
            "line %(line)s: %(left)s left to receive of %(ordered)s ordered and %(percent)s %% more;"
            " this would make %(received)s",
            percent=line.over_receipt_percent.normalize(),
            **parts,
        )
    return Said(
        "line %(line)s: %(left)s left to receive of %(ordered)s ordered; this would make %(received)s",
        **parts,
    )
