"""Events of supplier products."""

from imsop.core.events import Changed, Named, declare

SUPPLIER_PRODUCT_CREATED = declare("supplier_product.created", Named)
SUPPLIER_PRODUCT_CHANGED = declare("supplier_product.changed", Changed)
SUPPLIER_PRODUCT_DELETED = declare("supplier_product.deleted", Named)
