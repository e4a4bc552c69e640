"""Events of the ledger."""

from msgspec import Struct

from imsop.core.events import declare


class Moved(Struct, frozen=True):
    """How many movements were posted together; the event is about the first of them."""

    movements: int


STOCK_MOVED = declare("inventory_transaction.posted", Moved)
