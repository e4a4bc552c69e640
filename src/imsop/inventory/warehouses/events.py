"""Events of warehouses and their zones."""

from imsop.core.events import Changed, Named, declare

WAREHOUSE_CREATED = declare("warehouse.created", Named)
WAREHOUSE_CHANGED = declare("warehouse.changed", Changed)
WAREHOUSE_DELETED = declare("warehouse.deleted", Named)
ZONE_CREATED = declare("warehouse_zone.created", Named)
ZONE_CHANGED = declare("warehouse_zone.changed", Changed)
ZONE_DELETED = declare("warehouse_zone.deleted", Named)
