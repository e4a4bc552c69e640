"""Events of goods receipts."""

from msgspec import Struct

from imsop.core.events import declare


class Received(Struct, frozen=True, kw_only=True):
    """The receipt's number, its order, and the base units that it brought or took back."""

    name: str
    order: str
    partner: str | None
    quantity_accepted: int
    quantity_rejected: int
    reason: str | None = None


GOODS_RECEIPT_POSTED = declare("goods_receipt.posted", Received)
GOODS_RECEIPT_REVERSED = declare("goods_receipt.reversed", Received)
