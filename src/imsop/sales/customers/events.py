"""Events of customers."""

from imsop.core.events import Changed, Named, declare

CUSTOMER_CREATED = declare("customer.created", Named)
CUSTOMER_CHANGED = declare("customer.changed", Changed)
CUSTOMER_DELETED = declare("customer.deleted", Named)
