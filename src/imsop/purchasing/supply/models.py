"""Structs of supply."""

from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from msgspec import Struct

SupplyState = Literal["to_reorder", "covered", "enough"]
"""`covered`: below the reorder level, but not with what is on order."""


class Replenishment(Struct, frozen=True):
    """An active product with a reorder level: its supply, its demand, and what to order.

    Demand and cover are of units sold in the last 90 days; cover is how long the available stock lasts.
    """

    id: UUID
    """The product's."""
    sku: str
    name: str
    available: int
    on_order: int
    next_due_on: date | None
    """The earliest day that a supplier is to deliver some of it on."""
    demand_per_week: Decimal
    cover_days: int | None
    """None without demand."""
    reorder_level: int
    suggested_quantity: int
    """To order: the reorder quantity, or what is missing to the level if that is more; of the preferred
    supplier at least its minimum, and in whole packs of its size.
    """
    supplier_id: UUID | None
    """The preferred supplier's; null where none is preferred."""
    supplier_name: str | None
    state: SupplyState
    rank: int
    """By which the most urgent comes first: cover, with none at the end."""
