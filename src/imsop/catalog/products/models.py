"""Products: what the API takes and gives."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from imsop.core.fields import Count, Instant, LongCode, Name, PositiveCount, Price, Text, Text20, Text100

ProductStatus = Literal["active", "discontinued", "archived"]


Gtin = Annotated[
    str, Meta(pattern=r"^([0-9]{8}|[0-9]{12,14})$(?!\n)", description="GTIN-8, -12, -13 or -14.")
]


class Product(Struct, frozen=True):
    """Stock is counted in whole base units (`unit_of_measure`); a pack is `units_per_pack` of them."""

    id: UUID
    sku: str
    name: str
    description: str | None
    category: str | None
    unit_of_measure: str | None
    units_per_pack: int
    gtin: str | None
    """In 14 digits, however it was given."""
    unit_cost: Decimal | None
    selling_price: Decimal | None
    reorder_level: int
    reorder_quantity: int
    status: ProductStatus
    former_skus: list[str]
    """The latest first: it is still found by them."""
    created_at: Instant
    updated_at: Instant


class NewProduct(Struct, frozen=True, forbid_unknown_fields=True):
    sku: LongCode
    name: Name
    description: Text | None = None
    category: Text100 | None = None
    unit_of_measure: Text20 | None = None
    units_per_pack: PositiveCount = 1
    gtin: Gtin | None = None
    unit_cost: Price | None = None
    selling_price: Price | None = None
    reorder_level: Count = 0
    reorder_quantity: Count = 0
    status: ProductStatus = "active"


class ProductChanges(Struct, frozen=True, forbid_unknown_fields=True):
    sku: LongCode | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    category: Text100 | UnsetType | None = UNSET
    unit_of_measure: Text20 | UnsetType | None = UNSET
    units_per_pack: PositiveCount | UnsetType = UNSET
    gtin: Gtin | UnsetType | None = UNSET
    unit_cost: Price | UnsetType | None = UNSET
    selling_price: Price | UnsetType | None = UNSET
    reorder_level: Count | UnsetType = UNSET
    reorder_quantity: Count | UnsetType = UNSET
    status: ProductStatus | UnsetType = UNSET
