"""Warehouses, balances and the ledger: what the API takes and gives."""

from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from imsop.core.fields import Code, Count, Instant, Name, SignedCount, Text, Text100, Text255
from imsop.inventory.movements import MovementKind, TransactionType

WarehouseStatus = Literal["active", "inactive", "maintenance"]
ZoneType = Literal["receiving", "storage", "picking", "packing", "shipping", "quarantine"]
ReservationKind = Literal["sales_order", "quarantine", "hold"]


class Warehouse(Struct, frozen=True):
    """`capacity` is in base units, all products together."""

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


class Balance(Struct, frozen=True):
    """Stock of one product in one warehouse.

    As of a past instant only `quantity_on_hand` is known: reservations exist only while they hold.
    """

    id: UUID
    product_id: UUID
    sku: str
    product_name: str
    warehouse_id: UUID
    warehouse_name: str
    quantity_on_hand: int
    quantity_reserved: int | None
    quantity_available: int | None
    last_counted: Instant | None
    updated_at: Instant


class InventoryTransaction(Struct, frozen=True):
    """One row of the ledger. `balance_after` is what it left on hand, in order of recording."""

    id: UUID
    inventory_id: UUID
    product_id: UUID
    sku: str
    warehouse_id: UUID
    warehouse_name: str
    transaction_type: TransactionType
    movement_kind: MovementKind
    quantity: int
    balance_after: int
    reference_id: str | None
    notes: str | None
    created_by: UUID | None
    occurred_at: Instant
    created_at: Instant


class NewInventoryTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """A movement. Positive adds to stock; without a `movement_kind`, the type's usual one applies."""

    product_id: UUID
    warehouse_id: UUID
    transaction_type: TransactionType
    quantity: SignedCount
    movement_kind: MovementKind | None = None
    reference_id: Text100 | None = None
    notes: Text | None = None
    occurred_at: Instant | None = None


class Movement(NamedTuple):
    """One line for post_movements. `occurred_at` None means now."""

    product_id: UUID
    warehouse_id: UUID
    quantity: int
    transaction_type: TransactionType
    movement_kind: MovementKind
    reservation_id: UUID | None = None
    reference_id: str | None = None
    notes: str | None = None
    occurred_at: Instant | None = None


class Posting(Struct, frozen=True):
    """What became of a line, or of a balance: posted, short or unheld (see post_movements in SQL)."""

    outcome: Literal["posted", "short", "unheld"]
    line: int
    id: UUID | None
    inventory_id: UUID
    quantity: int | None
    balance_after: int | None
    available: int | None


class Reserving(Struct, frozen=True):
    """What became of a wish for stock: held, or the balance that is short."""

    outcome: Literal["held", "short"]
    line: int
    id: UUID | None
    inventory_id: UUID
    quantity: int | None
    available: int | None


class Released(Struct, frozen=True):
    id: UUID
    inventory_id: UUID
    quantity: int
