"""Events of sales orders."""

from imsop.core.events import Changed, Named, declare
from imsop.documents.lifecycle import Advanced

SALES_ORDER_CREATED = declare("sales_order.created", Named)
SALES_ORDER_CHANGED = declare("sales_order.changed", Changed)
SALES_ORDER_DELETED = declare("sales_order.deleted", Named)
SALES_ORDER_CONFIRMED = declare("sales_order.confirmed", Advanced)
SALES_ORDER_CANCELLED = declare("sales_order.cancelled", Advanced)
SALES_ORDER_SHIPPED = declare("sales_order.shipped", Advanced)
SALES_ORDER_DELIVERED = declare("sales_order.delivered", Advanced)
SALES_ORDER_REOPENED = declare("sales_order.reopened", Advanced)
SALES_ORDER_LINES_CLOSED = declare("sales_order.lines_closed", Advanced)
SALES_ORDER_HELD = declare("sales_order.held", Advanced)
SALES_ORDER_RELEASED = declare("sales_order.released", Advanced)
