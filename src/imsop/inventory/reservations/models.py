"""Structs of stock reservations."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

ReservationKind = Literal["sales_order", "quarantine", "hold"]


class Wish(Struct, frozen=True, omit_defaults=True):
    """One reservation request, as JSON for reserve_stock_v2: for a sales order's line, or with a reason."""

    inventory_id: UUID
    quantity: int
    kind: ReservationKind
    sales_order_item_id: UUID | None = None
    reason: str | None = None
    goods_receipt_item_id: UUID | None = None
    customer_return_item_id: UUID | None = None


class Reserving(Struct, frozen=True):
    """The outcome of a request: held, or the balance that is short."""

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
    sales_order_item_id: UUID | None


class LineReservation(Struct, frozen=True):
    """A reservation of a sales order's line, and the warehouse it is in."""

    id: UUID
    sales_order_item_id: UUID
    inventory_id: UUID
    warehouse_id: UUID
    product_id: UUID
    quantity: int


class ServedLine(Struct, frozen=True):
    """A sales line that stock was reserved for, and its order."""

    id: UUID
    sales_order_id: UUID
    so_number: str
