"""Events of products."""

from imsop.core.events import Changed, Named, declare

PRODUCT_CREATED = declare("product.created", Named)
PRODUCT_CHANGED = declare("product.changed", Changed)
PRODUCT_DELETED = declare("product.deleted", Named)
