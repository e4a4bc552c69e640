"""Structs of supplier products: what a supplier sells us, on which terms, and what it would cost."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import (
    Count,
    Currency,
    Instant,
    LongCode,
    Name,
    PositiveCount,
    Price,
    Text,
)

PriceSource = Literal["agreed", "last_ordered", "none"]
LeadTimeSource = Literal["agreed_for_product", "agreed_with_supplier", "measured", "none"]


class SupplierProduct(Struct, frozen=True):
    """A product as a supplier sells it. Quantities are base units of the product."""

    id: UUID
    supplier_id: UUID
    supplier_name: str
    product_id: UUID
    sku: str
    product_name: str
    supplier_sku: str | None
    """The supplier's own number of the product."""
    supplier_product_name: str | None
    units_per_pack: int | None
    """The supplier's pack; null for the product's own."""
    minimum_quantity: int
    lead_time_days: int | None
    """As agreed for this product; null for the supplier's."""
    is_preferred: bool
    """At most one supplier of a product is; setting one clears the former."""
    note: str | None
    created_at: Instant
    updated_at: Instant


class SupplierProductPrice(Struct, frozen=True):
    """A unit price from a quantity on, from `valid_from` to `valid_to`, both days included."""

    from_quantity: int
    unit_price: Decimal
    currency: str
    valid_from: date
    valid_to: date | None
    """The last day; null until further notice."""


class SupplierProductWithPrices(SupplierProduct, frozen=True):
    prices: list[SupplierProductPrice]


class NewSupplierProductPrice(Struct, frozen=True, forbid_unknown_fields=True):
    """A unit price. Without a `currency` it is in the organization's."""

    unit_price: Price
    valid_from: date
    from_quantity: PositiveCount = 1
    currency: Currency | UnsetType = UNSET
    valid_to: date | None = None


MAX_PRICES = 200
"""Prices of a supplier product: breaks of many years, and a bound on the work of one request."""


Prices = Annotated[
    list[NewSupplierProductPrice],
    Meta(
        max_length=MAX_PRICES,
        description="All prices. Of one currency and `from_quantity`, no two may be valid on the same day.",
    ),
]


class NewSupplierProduct(Struct, frozen=True, forbid_unknown_fields=True):
    supplier_id: UUID
    product_id: UUID
    supplier_sku: LongCode | None = None
    supplier_product_name: Name | None = None
    units_per_pack: PositiveCount | None = None
    minimum_quantity: PositiveCount = 1
    lead_time_days: Count | None = None
    is_preferred: bool = False
    note: Text | None = None
    prices: Prices = []


class SupplierProductChanges(Struct, frozen=True, forbid_unknown_fields=True):
    """A PATCH. `prices`, where given, are all prices: they replace those that there were."""

    supplier_sku: LongCode | UnsetType | None = UNSET
    supplier_product_name: Name | UnsetType | None = UNSET
    units_per_pack: PositiveCount | UnsetType | None = UNSET
    minimum_quantity: PositiveCount | UnsetType = UNSET
    lead_time_days: Count | UnsetType | None = UNSET
    is_preferred: bool | UnsetType = UNSET
    note: Text | UnsetType | None = UNSET
    prices: Prices | UnsetType = UNSET


class CurrentPrice(Struct, frozen=True):
    """The lowest break of a supplier product that is valid on a day."""

    supplier_product_id: UUID
    from_quantity: int
    unit_price: Decimal
    currency: str


class Candidate(Struct, frozen=True):
    """All that is known of ordering a quantity of a product from a supplier: see `rules.propose`."""

    product_id: UUID
    quantity: int
    currency: str
    supplier_product_id: UUID | None
    supplier_sku: str | None
    minimum_quantity: int
    units_per_pack: int
    order_quantity: int
    agreed_price: Decimal | None
    agreed_from_quantity: int | None
    agreed_from: date | None
    agreed_to: date | None
    last_price: Decimal | None
    last_ordered_on: date | None
    last_order_id: UUID | None
    last_order_number: str | None
    days_for_product: int | None
    days_with_supplier: int | None
    days_measured: int | None


class Proposal(Struct, frozen=True):
    """What ordering a quantity of a product from a supplier on a date would cost and take, and why.

    `price_source`: `agreed` is the price break that is valid on the day for the quantity; `last_ordered` the
    price of the supplier's latest order of the product, as confirmed or else as ordered.
    """

    product_id: UUID
    quantity: int
    order_date: date
    unit_price: Decimal | None
    currency: str
    price_source: PriceSource
    price_from_quantity: int | None
    price_valid_from: date | None
    price_valid_to: date | None
    price_ordered_on: date | None
    purchase_order_id: UUID | None
    """The order of a `last_ordered` price."""
    po_number: str | None
    supplier_product_id: UUID | None
    supplier_sku: str | None
    minimum_quantity: int
    units_per_pack: int
    """The supplier's pack, else the product's."""
    order_quantity: int
    """The quantity raised to the minimum and to whole packs."""
    lead_time_days: int | None
    lead_time_source: LeadTimeSource
    expected_delivery_date: date | None
