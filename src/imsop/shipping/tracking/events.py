"""Events of what is heard of shipments. What came is in shipment_tracking and shipment_events."""

from msgspec import Struct

from imsop.core.events import declare


class Located(Struct, frozen=True):
    """How many positions came together."""

    positions: int


class Reported(Struct, frozen=True):
    """What is said to have happened to the shipment, such as `departed`."""

    report: str


SHIPMENT_LOCATED = declare("shipment.located", Located)
SHIPMENT_REPORTED = declare("shipment.reported", Reported)
