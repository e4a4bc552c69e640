"""Events of shipments."""

from imsop.core.events import Changed, Named, declare
from imsop.documents.lifecycle import Advanced

SHIPMENT_CREATED = declare("shipment.created", Named)
SHIPMENT_CHANGED = declare("shipment.changed", Changed)
SHIPMENT_DEPARTED = declare("shipment.departed", Advanced)
SHIPMENT_DELIVERED = declare("shipment.delivered", Advanced)
SHIPMENT_CANCELLED = declare("shipment.cancelled", Advanced)
