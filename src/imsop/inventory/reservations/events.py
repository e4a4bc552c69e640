"""Events of reservations."""

from msgspec import Struct

from imsop.core.events import declare


class Allocated(Struct, frozen=True):
    """Stock that was reserved for an order that waited for it."""

    name: str
    units: int


SALES_ORDER_ALLOCATED = declare("sales_order.allocated", Allocated)
