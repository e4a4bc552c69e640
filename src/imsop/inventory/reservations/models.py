"""Reservations of stock."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

ReservationKind = Literal["sales_order", "quarantine", "hold"]


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
