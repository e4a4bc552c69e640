"""Events of shipments."""

from imsop.core.events import Changed, Named, declare

SHIPMENT_CREATED = declare("shipment.created", Named)
SHIPMENT_CHANGED = declare("shipment.changed", Changed)
