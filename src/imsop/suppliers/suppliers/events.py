"""Events of suppliers."""

from imsop.core.events import Changed, Named, declare

SUPPLIER_CREATED = declare("supplier.created", Named)
SUPPLIER_CHANGED = declare("supplier.changed", Changed)
SUPPLIER_DELETED = declare("supplier.deleted", Named)
