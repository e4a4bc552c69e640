"""Events of returns from customers."""

from msgspec import Struct

from imsop.core.events import declare
from imsop.documents.lifecycle import Advanced


class Authorized(Struct, frozen=True):
    """A return that a customer may send, of an order or of none."""

    name: str
    partner: str | None
    quantity: int


CUSTOMER_RETURN_AUTHORIZED = declare("customer_return.authorized", Authorized)
CUSTOMER_RETURN_RECEIVED = declare("customer_return.received", Advanced)
CUSTOMER_RETURN_DISPOSED = declare("customer_return.disposed", Advanced)
CUSTOMER_RETURN_CLOSED = declare("customer_return.closed", Advanced)
CUSTOMER_RETURN_CANCELLED = declare("customer_return.cancelled", Advanced)
