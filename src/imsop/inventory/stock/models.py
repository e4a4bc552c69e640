"""Structs of balances, with their value and state."""

from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant


class Balance(Struct, frozen=True):
    """Stock of one product in one warehouse.

    As of a past instant only `quantity_on_hand` is known: reservations have no history.
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


StockState = Literal["out_of_stock", "none_here", "no_demand", "in_stock"]
"""The states of an active product's balance that a list can be filtered by."""


class Stock(Struct, frozen=True):
    """A balance with its product and warehouse; `value` is at the product's current cost.

    As of a past day, the reserved and available quantities and the last count are unknown.
    """

    id: UUID
    product_id: UUID
    sku: str
    product_name: str
    warehouse_id: UUID
    warehouse_name: str
    on_hand: int
    reserved: int | None
    available: int | None
    value: Decimal | None
    last_counted: Instant | None
    state: str


class WarehouseStock(Stock, frozen=True):
    """A balance and the sums over its warehouse, as in WarehouseSummary, repeated in each row."""

    all_on_hand: int
    all_value: Decimal | None
    """None if no cost of anything on hand is known."""
    all_without_cost: int
    """Products on hand without a known cost."""
    all_products: int
    all_out_of_stock: int


class StockSum(NamedTuple):
    """Stock of one product over all warehouses."""

    on_hand: int
    available: int


class StockTotals(Struct, frozen=True):
    """Units of all products in all warehouses, and their value at the products' current cost.

    `value` is null if nothing on hand has a known cost.
    """

    on_hand: int
    value: Decimal | None
    """None if no cost of anything on hand is known."""
    without_cost: int
    """Products on hand without a known cost, which add nothing to the value."""


class StockedOut(Struct, frozen=True):
    product_id: UUID
    sku: str
    name: str
    reorder_level: int
    to_send: int
    """Units that customers wait for."""
