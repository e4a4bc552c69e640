"""Structs of positions and events of shipments in the API."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.fields import (
    Instant,
    Latitude,
    Longitude,
    Text50,
    Text100,
    Text255,
)

EventType = Literal[
    "created",
    "picked_up",
    "departed",
    "arrived",
    "customs_hold",
    "customs_released",
    "out_for_delivery",
    "delivered",
    "delayed",
    "exception",
    "cancelled",
]


class Position(Struct, frozen=True):
    """A position of a shipment. `status` is the carrier's term; the shipment's `status` is ours."""

    id: UUID
    shipment_id: UUID
    location: str | None
    latitude: Latitude | None
    longitude: Longitude | None
    status: str | None
    timestamp: Instant


class RecordedPosition(Position, frozen=True):
    """A position with its organization and the id of the transaction that inserted it."""

    organization_id: UUID
    recorded_xid: int


class NewPosition(Struct, frozen=True, forbid_unknown_fields=True):
    """A new position. Latitude and longitude are given together or not at all."""

    timestamp: Instant
    location: Text255 | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    status: Text50 | None = None


MAX_POSITIONS = 1000
"""Positions per batch: a fifth of a second in the database, and well within the largest body."""


class PositionBatch(Struct, frozen=True, forbid_unknown_fields=True):
    positions: Annotated[list[NewPosition], Meta(min_length=1, max_length=MAX_POSITIONS)]


class ShipmentPosition(NewPosition, frozen=True, forbid_unknown_fields=True):
    """A position of a shipment, which is named by its id or its tracking number."""

    shipment_id: UUID | None = None
    tracking_number: Text100 | None = None


MAX_BULK = 5000
"""Positions of many shipments per call."""


class BulkPositions(Struct, frozen=True, forbid_unknown_fields=True):
    positions: Annotated[list[ShipmentPosition], Meta(min_length=1, max_length=MAX_BULK)]


class BatchResult(Struct, frozen=True):
    """The number of positions that passed every check, and of those written: none in a dry run."""

    accepted: int
    recorded: int


class ShipmentEvent(Struct, frozen=True):
    """An event of a shipment: `occurred_at` according to the source, recorded here at `created_at`."""

    id: UUID
    shipment_id: UUID
    event_type: EventType
    location: str | None
    source: str | None
    payload: dict[str, Any] | None
    occurred_at: Instant
    created_at: Instant


class RecordedShipmentEvent(ShipmentEvent, frozen=True):
    """An event with its organization and the id of the transaction that inserted it."""

    organization_id: UUID
    recorded_xid: int


class NewShipmentEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """A new event. `payload` holds any further data of the source."""

    event_type: EventType
    occurred_at: Instant
    location: Text255 | None = None
    source: Text100 | None = None
    payload: dict[str, Any] | None = None
