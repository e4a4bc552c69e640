"""Events of sales orders."""

from imsop.core.events import Changed, Named, declare

SALES_ORDER_CREATED = declare("sales_order.created", Named)
SALES_ORDER_CHANGED = declare("sales_order.changed", Changed)
SALES_ORDER_DELETED = declare("sales_order.deleted", Named)
