"""Structs of goods receipts, in the API and for pages."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from imsop.core.fields import Count, Instant, Reason, Text, Text100, Text255
from imsop.purchasing.orders.models import MAX_LINES


class GoodsReceipt(Struct, frozen=True):
    """What arrived for an order at one time. It is never edited; one that `reverses_id` another takes it
    back.
    """

    id: UUID
    receipt_number: str
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    warehouse_id: UUID
    reverses_id: UUID | None
    delivery_note: str | None
    dock: str | None
    notes: str | None
    received_at: Instant
    created_by: UUID | None
    created_at: Instant


class GoodsReceiptLine(Struct, frozen=True):
    """A line, in base units. What was rejected is in stock as well, held in quarantine.

    Without a `purchase_order_item_id` it was not ordered.
    """

    id: UUID
    line_number: int
    purchase_order_item_id: UUID | None
    product_id: UUID
    sku: str
    product_name: str
    quantity_accepted: int
    quantity_rejected: int
    reason: str | None
    reverses_item_id: UUID | None
    is_reversed: bool


class GoodsReceiptWithLines(GoodsReceipt, frozen=True):
    lines: list[GoodsReceiptLine]


class ListedGoodsReceipt(Struct, frozen=True):
    """A receipt in a list of a page: with its partner, place and quantities."""

    id: UUID
    receipt_number: str
    purchase_order_id: UUID
    po_number: str
    supplier_id: UUID
    supplier_name: str
    warehouse_id: UUID
    warehouse_name: str
    reverses_id: UUID | None
    delivery_note: str | None
    received_at: Instant
    created_by: UUID | None
    lines: int
    quantity_accepted: int
    quantity_rejected: int


class NewGoodsReceiptLine(Struct, frozen=True, forbid_unknown_fields=True):
    """What arrived of a line of the order; or, by its `product_id`, what was not ordered: free goods.

    What is rejected needs a `reason`.
    """

    purchase_order_item_id: UUID | None = None
    product_id: UUID | None = None
    quantity_accepted: Count = 0
    quantity_rejected: Count = 0
    reason: Text255 | None = None


class NewGoodsReceipt(Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt, posted at once. `warehouse_id` defaults to the order's, `received_at` to now."""

    purchase_order_id: UUID
    lines: Annotated[list[NewGoodsReceiptLine], Meta(min_length=1, max_length=MAX_LINES)]
    warehouse_id: UUID | None = None
    delivery_note: Text100 | None = None
    dock: Text100 | None = None
    received_at: Instant | None = None
    notes: Text | None = None


class Reversal(Struct, frozen=True, forbid_unknown_fields=True):
    """Takes back a receipt or a return, or these `lines` of it."""

    reason: Reason
    lines: Annotated[list[UUID], Meta(min_length=1, max_length=MAX_LINES)] | None = None
