"""Structs of returns to suppliers in the API."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.fields import Instant, PositiveCount, Reason, Text, Text100
from imsop.purchasing.orders.models import MAX_LINES


class SupplierReturn(Struct, frozen=True):
    """What went back to the supplier of an order at one time. Never edited; `reverses_id` takes another
    back.
    """

    id: UUID
    return_number: str
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    warehouse_id: UUID
    reverses_id: UUID | None
    supplier_reference: str | None
    notes: str | None
    returned_at: Instant
    created_by: UUID | None
    created_at: Instant


class SupplierReturnLine(Struct, frozen=True):
    """A line, in base units. `quantity_quarantined` of them had been rejected on receipt."""

    id: UUID
    line_number: int
    purchase_order_item_id: UUID
    product_id: UUID
    sku: str
    product_name: str
    quantity: int
    quantity_quarantined: int
    reason: str
    reverses_item_id: UUID | None
    is_reversed: bool


class SupplierReturnWithLines(SupplierReturn, frozen=True):
    lines: list[SupplierReturnLine]


class ListedSupplierReturn(Struct, frozen=True):
    """A return in a list of a page: with its partner, place and quantity."""

    id: UUID
    return_number: str
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    supplier_name: str
    warehouse_id: UUID
    warehouse_name: str
    reverses_id: UUID | None
    supplier_reference: str | None
    returned_at: Instant
    created_by: UUID | None
    lines: int
    quantity: int


class NewSupplierReturnLine(Struct, frozen=True, forbid_unknown_fields=True):
    """Units of an order's line, at most as many as came in and were not returned yet."""

    purchase_order_item_id: UUID
    quantity: PositiveCount
    reason: Reason


class NewSupplierReturn(Struct, frozen=True, forbid_unknown_fields=True):
    """A return, posted at once: first what is held in quarantine of the lines, then available stock."""

    purchase_order_id: UUID
    warehouse_id: UUID
    lines: Annotated[list[NewSupplierReturnLine], Meta(min_length=1, max_length=MAX_LINES)]
    supplier_reference: Text100 | None = None
    returned_at: Instant | None = None
    notes: Text | None = None
