"""Events of purchase orders."""

from imsop.core.events import Changed, Named, declare

PURCHASE_ORDER_CREATED = declare("purchase_order.created", Named)
PURCHASE_ORDER_CHANGED = declare("purchase_order.changed", Changed)
PURCHASE_ORDER_DELETED = declare("purchase_order.deleted", Named)
