"""Structs of warehouses and their zones, in the API and for pages."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from imsop.core.fields import Code, Count, Instant, Name, Text, Text100, Text255

WarehouseStatus = Literal["active", "inactive", "maintenance"]


ZoneType = Literal["receiving", "storage", "picking", "packing", "shipping", "quarantine"]


class Warehouse(Struct, frozen=True):
    """A warehouse. `capacity` is in base units, all products together."""

    id: UUID
    name: str
    location: str | None
    country: str | None
    city: str | None
    address: str | None
    capacity: int | None
    manager_id: UUID | None
    status: WarehouseStatus
    created_at: Instant
    updated_at: Instant


class NewWarehouse(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    location: Text255 | None = None
    country: Text100 | None = None
    city: Text100 | None = None
    address: Text | None = None
    capacity: Count | None = None
    manager_id: UUID | None = None
    status: WarehouseStatus = "active"


class WarehouseChanges(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name | UnsetType = UNSET
    location: Text255 | UnsetType | None = UNSET
    country: Text100 | UnsetType | None = UNSET
    city: Text100 | UnsetType | None = UNSET
    address: Text | UnsetType | None = UNSET
    capacity: Count | UnsetType | None = UNSET
    manager_id: UUID | UnsetType | None = UNSET
    status: WarehouseStatus | UnsetType = UNSET


class Zone(Struct, frozen=True):
    id: UUID
    warehouse_id: UUID
    code: str
    name: str
    zone_type: ZoneType
    capacity: int | None
    created_at: Instant
    updated_at: Instant


class NewZone(Struct, frozen=True, forbid_unknown_fields=True):
    warehouse_id: UUID
    code: Code
    name: Name
    zone_type: ZoneType
    capacity: Count | None = None


class ZoneChanges(Struct, frozen=True, forbid_unknown_fields=True):
    code: Code | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    zone_type: ZoneType | UnsetType = UNSET
    capacity: Count | UnsetType | None = UNSET


class WarehouseSummary(Struct, frozen=True):
    """A warehouse and its stock: units of all products, and their value at the products' current cost.

    `value` is null if nothing on hand has a known cost, and `without_cost` counts what it leaves out.
    `products` counts those on hand; `out_of_stock` counts active ones that it has had before.
    """

    id: UUID
    name: str
    location: str | None
    city: str | None
    country: str | None
    capacity: int | None
    status: WarehouseStatus
    zones: int
    on_hand: int
    value: Decimal | None
    """None if no cost of anything on hand is known."""
    without_cost: int
    products: int
    out_of_stock: int
