"""Events of returns to suppliers."""

from msgspec import Struct

from imsop.core.events import declare


class Returned(Struct, frozen=True, kw_only=True):
    """The return's number, its order, and the base units that went back, or came again."""

    name: str
    order: str
    partner: str | None
    quantity: int
    reason: str | None = None


SUPPLIER_RETURN_POSTED = declare("supplier_return.posted", Returned)
SUPPLIER_RETURN_REVERSED = declare("supplier_return.reversed", Returned)
