"""Structs of shipments and their contents in the API."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import (
    Instant,
    Latitude,
    Longitude,
    PositiveCount,
    Reason,
    Text100,
    Text255,
    Weight,
)

ShipmentType = Literal["inbound", "outbound", "transfer"]


ShipmentStatus = Literal["pending", "in_transit", "delivered", "cancelled"]


TransportMode = Literal["air", "air_charter", "ocean", "road", "rail", "courier"]


class Shipment(Struct, frozen=True):
    """A shipment. The last four fields are its latest position, null while there is none."""

    id: UUID
    reference_id: str | None
    shipment_type: ShipmentType
    status: ShipmentStatus
    purchase_order_id: UUID | None
    sales_order_id: UUID | None
    supplier_id: UUID | None
    origin_warehouse_id: UUID | None
    destination_warehouse_id: UUID | None
    origin_location: str | None
    destination_location: str | None
    carrier: str | None
    tracking_number: str | None
    transport_mode: TransportMode | None
    weight_kg: Decimal | None
    ship_date: date | None
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    created_at: Instant
    updated_at: Instant
    location: str | None
    latitude: Latitude | None
    longitude: Longitude | None
    timestamp: Instant | None


class ShipmentItem(Struct, frozen=True):
    """A product in a shipment, in whole base units, and the order line it is for."""

    id: UUID
    product_id: UUID
    quantity: int
    purchase_order_item_id: UUID | None
    sales_order_item_id: UUID | None


class ShipmentWithItems(Shipment, frozen=True):
    items: list[ShipmentItem]


class NewShipmentItem(Struct, frozen=True, forbid_unknown_fields=True):
    """A product, or the order line it is for, or both.

    In a shipment of an order, a product without a line is for the order's only line of it, if there is one.
    """

    quantity: PositiveCount
    product_id: UUID | None = None
    purchase_order_item_id: UUID | None = None
    sales_order_item_id: UUID | None = None


MAX_ITEMS = 1000
"""Items of a shipment: as many as an order has lines."""


class NewShipment(Struct, frozen=True, forbid_unknown_fields=True):
    """A new shipment.

    Inbound may name a purchase order or supplier, outbound a sales order, a transfer neither. Without a
    `shipment_type`, the order it names decides. Outbound shipments and transfers without a `reference_id`
    get the next number of the year, such as SH-2026-000123. Without an origin, a sales order's shipment
    leaves from the one warehouse that holds stock for it.
    """

    shipment_type: ShipmentType | None = None
    reference_id: Text100 | None = None
    purchase_order_id: UUID | None = None
    sales_order_id: UUID | None = None
    supplier_id: UUID | None = None
    origin_warehouse_id: UUID | None = None
    destination_warehouse_id: UUID | None = None
    origin_location: Text255 | None = None
    destination_location: Text255 | None = None
    carrier: Text100 | None = None
    tracking_number: Text100 | None = None
    transport_mode: TransportMode | None = None
    weight_kg: Weight | None = None
    ship_date: date | None = None
    expected_delivery_date: date | None = None
    items: Annotated[list[NewShipmentItem], Meta(max_length=MAX_ITEMS)] = []


class ShipmentChanges(Struct, frozen=True, forbid_unknown_fields=True):
    reference_id: Text100 | UnsetType | None = UNSET
    origin_location: Text255 | UnsetType | None = UNSET
    destination_location: Text255 | UnsetType | None = UNSET
    carrier: Text100 | UnsetType | None = UNSET
    tracking_number: Text100 | UnsetType | None = UNSET
    transport_mode: TransportMode | UnsetType | None = UNSET
    weight_kg: Weight | UnsetType | None = UNSET
    ship_date: date | UnsetType | None = UNSET
    expected_delivery_date: date | UnsetType | None = UNSET


class Departure(Struct, frozen=True, forbid_unknown_fields=True):
    """When a shipment left, by default now, and the warehouse it leaves from if it names none."""

    dispatched_at: Instant | None = None
    origin_warehouse_id: UUID | None = None


class Arrival(Struct, frozen=True, forbid_unknown_fields=True):
    """When a shipment arrived, by default now."""

    delivered_at: Instant | None = None


class CalledOff(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a shipment is cancelled."""

    reason: Reason | None = None
