"""Events of sales orders."""

from imsop.core.events import Changed, Named, declare
from imsop.documents.lifecycle import Advanced

SALES_ORDER_CREATED = declare("sales_order.created", Named)
SALES_ORDER_CHANGED = declare("sales_order.changed", Changed)
SALES_ORDER_DELETED = declare("sales_order.deleted", Named)
SALES_ORDER_CONFIRMED = declare("sales_order.confirmed", Advanced)
SALES_ORDER_CANCELLED = declare("sales_order.cancelled", Advanced)
