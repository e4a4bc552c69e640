"""Balances, with their value and their state."""

from decimal import Decimal
from typing import Literal, NamedTuple
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant


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


StockState = Literal["out_of_stock", "below_reorder_level"]


class Stock(Struct, frozen=True):
    """A balance with its product and warehouse; `value` is at the product's cost of today.

    What is reserved is known as of now only, and so are what is available and when it was counted.
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
    reorder_level: int
    value: Decimal | None
    last_counted: Instant | None
    state: str


class WarehouseStock(Stock, frozen=True):
    """With the sums of all that the warehouse holds, as in WarehouseSummary; each row has them."""

    all_on_hand: int
    all_value: Decimal
    all_without_cost: int
    """Products of which there is some, and no cost is known."""
    all_products: int
    all_out_of_stock: int


class StockSum(NamedTuple):
    """Of one product in all warehouses."""

    on_hand: int
    available: int


class StockTotals(Struct, frozen=True):
    """Units of all products in all warehouses, and their value at the products' cost of today."""

    on_hand: int
    value: Decimal
    without_cost: int
    """Balances with something on hand, of products that no cost is known of."""


class StockedOut(Struct, frozen=True):
    product_id: UUID
    sku: str
    name: str
    warehouses: int
    """That have had it."""
    reorder_level: int
