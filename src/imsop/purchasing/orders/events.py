"""Events of purchase orders."""

from imsop.core.events import Changed, Named, declare
from imsop.documents.lifecycle import Advanced

PURCHASE_ORDER_CREATED = declare("purchase_order.created", Named)
PURCHASE_ORDER_CHANGED = declare("purchase_order.changed", Changed)
PURCHASE_ORDER_DELETED = declare("purchase_order.deleted", Named)
PURCHASE_ORDER_MAILED = declare("purchase_order.mailed", Named)
PURCHASE_ORDER_SUBMITTED = declare("purchase_order.submitted", Advanced)
PURCHASE_ORDER_APPROVAL_REQUESTED = declare("purchase_order.approval_requested", Advanced)
PURCHASE_ORDER_APPROVAL_WITHDRAWN = declare("purchase_order.approval_withdrawn", Advanced)
PURCHASE_ORDER_APPROVED = declare("purchase_order.approved", Advanced)
PURCHASE_ORDER_REJECTED = declare("purchase_order.rejected", Advanced)
PURCHASE_ORDER_CONFIRMED = declare("purchase_order.confirmed", Advanced)
PURCHASE_ORDER_SHIPPED = declare("purchase_order.shipped", Advanced)
PURCHASE_ORDER_LINES_CLOSED = declare("purchase_order.lines_closed", Advanced)
PURCHASE_ORDER_RECEIVED = declare("purchase_order.received", Advanced)
PURCHASE_ORDER_REOPENED = declare("purchase_order.reopened", Advanced)
PURCHASE_ORDER_CANCELLED = declare("purchase_order.cancelled", Advanced)
