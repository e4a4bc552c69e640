"""SQL of the ledger as people read it: each movement with the names of what moved and where."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant
from imsop.core.listing import Listing, Sort
from imsop.inventory.movements import MovementKind, TransactionType


class LedgerEntry(Struct, frozen=True):
    """`balance_after` is what this posting left on hand, in order of recording (`created_at`)."""

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


# What a movement refers to is always there: LEFT only so that counting leaves out the names it does not need.
LEDGER = Listing(
    LedgerEntry,
    """
    SELECT t.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           t.transaction_type, t.movement_kind, t.quantity, t.balance_after, t.reference_id, t.notes,
           t.occurred_at, t.created_at
    FROM inventory_transactions t
    LEFT JOIN inventory i ON i.organization_id = $1 AND i.id = t.inventory_id
    LEFT JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE t.organization_id = $1
    """,
    filters={
        "product_ids": "i.product_id = ANY ({}::uuid[])",
        "product_id": "i.product_id = {}",
        "warehouse_id": "i.warehouse_id = {}",
        "transaction_type": "t.transaction_type = {}",
        "movement_kind": "t.movement_kind = {}",
        "reference_id": "t.reference_id = {}",
        "occurred_from": "t.occurred_at >= {}",
        "occurred_before": "t.occurred_at < {}",
    },
    sorts={"occurred_at": Sort("t.occurred_at", "occurred_at", datetime)},
    tiebreak="t.id",
)
