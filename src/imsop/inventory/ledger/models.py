"""Structs of the ledger: in the API, and for post_movements."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant, SignedCount, Text, Text100, Text255
from imsop.inventory.ledger.rules import MovementKind, TransactionType


class InventoryTransaction(Struct, frozen=True):
    """A ledger entry. `balance_after` is the stock on hand after it, in order of recording.

    It names the document line that caused it, or the `reason` of a manual movement.
    """

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
    purchase_order_item_id: UUID | None
    sales_order_item_id: UUID | None
    shipment_item_id: UUID | None
    goods_receipt_item_id: UUID | None
    supplier_return_item_id: UUID | None
    customer_return_item_id: UUID | None
    reference_id: str | None
    reason: str | None
    notes: str | None
    created_by: UUID | None
    occurred_at: Instant
    created_at: Instant


class NewInventoryTransaction(Struct, frozen=True, forbid_unknown_fields=True):
    """A manual movement. Positive adds to stock; without a `movement_kind`, the type's usual one applies.

    Without a `reason`, the `notes` are the reason; without either, "no reason given" is recorded.
    """

    product_id: UUID
    warehouse_id: UUID
    transaction_type: TransactionType
    quantity: SignedCount
    movement_kind: MovementKind | None = None
    reference_id: Text100 | None = None
    reason: Text255 | None = None
    notes: Text | None = None
    occurred_at: Instant | None = None


class Movement(Struct, frozen=True, omit_defaults=True):
    """One movement for post_movements_v2, as its JSON. `occurred_at` None means now.

    A movement caused by a document names the document's line; a manual one has a `reason`.
    """

    product_id: UUID
    warehouse_id: UUID
    quantity: int
    transaction_type: TransactionType
    movement_kind: MovementKind
    reservation_id: UUID | None = None
    purchase_order_item_id: UUID | None = None
    sales_order_item_id: UUID | None = None
    shipment_item_id: UUID | None = None
    goods_receipt_item_id: UUID | None = None
    supplier_return_item_id: UUID | None = None
    customer_return_item_id: UUID | None = None
    reference_id: str | None = None
    reason: str | None = None
    notes: str | None = None
    occurred_at: Instant | None = None


class Posting(Struct, frozen=True):
    """The outcome for a line or a balance: posted, short or unheld (see post_movements in SQL)."""

    outcome: Literal["posted", "short", "unheld"]
    line: int
    id: UUID | None
    inventory_id: UUID
    quantity: int | None
    balance_after: int | None
    available: int | None


class LedgerEntry(Struct, frozen=True):
    """A ledger entry for pages. `balance_after` is the stock on hand after it, in order of occurrence."""

    id: UUID
    product_id: UUID
    sku: str
    product_name: str
    warehouse_id: UUID
    warehouse_name: str
    transaction_type: TransactionType
    movement_kind: MovementKind
    quantity: int
    balance_after: int
    reference_id: str | None
    notes: str | None
    occurred_at: Instant
    created_at: Instant
