"""SQL of the ledger, which only the database function post_movements writes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.inventory.days.queries import BALANCE_BY_OCCURRENCE
from imsop.inventory.ledger.models import InventoryTransaction, LedgerEntry, Movement, Posting

_TRANSACTIONS = """
    SELECT t.id, t.inventory_id, i.product_id, p.sku, i.warehouse_id, w.name AS warehouse_name,
           t.transaction_type, t.movement_kind, t.quantity, t.balance_after, t.purchase_order_item_id,
           t.sales_order_item_id, t.shipment_item_id, t.goods_receipt_item_id, t.supplier_return_item_id,
           t.customer_return_item_id, t.reference_id, t.reason, t.notes, t.created_by,
           t.occurred_at, t.created_at
    FROM inventory_transactions t
    JOIN inventory i ON i.organization_id = $1 AND i.id = t.inventory_id
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE t.organization_id = $1
"""


TRANSACTIONS = Listing(
    InventoryTransaction,
    _TRANSACTIONS,
    filters={
        "inventory_id": "t.inventory_id = {}",
        "product_id": "i.product_id = {}",
        "sku": "p.sku_folded = folded({})",
        "transaction_type": "t.transaction_type = {}",
        "movement_kind": "t.movement_kind = {}",
        "reference_id": "t.reference_id = {}",
        "occurred_from": "t.occurred_at >= {}",
        "occurred_before": "t.occurred_at < {}",
    },
    sorts={"occurred_at": Sort("t.occurred_at", "occurred_at", datetime)},
    tiebreak="t.id",
)


async def get_transaction(
    connection: Connection, organization_id: UUID, transaction_id: UUID
) -> InventoryTransaction | None:
    return await fetch_one(
        connection, InventoryTransaction, _TRANSACTIONS + " AND t.id = $2", organization_id, transaction_id
    )


async def post_movements(
    connection: Connection, organization_id: UUID, movements: Sequence[Movement], created_by: UUID | None
) -> list[Posting]:
    """Appends to the ledger and updates balances and the progress of order lines, all or nothing.

    Lock order: the orders of the lines, then the balances, each in id order. Missing balances are created.
    Raises ForeignKeyViolationError for a product, warehouse or document line of another organization.
    """
    return await fetch_all(
        connection,
        Posting,
        """
        SELECT outcome, line, id, inventory_id, quantity, balance_after, available
        FROM post_movements_v2(
            $1, array(SELECT jsonb_populate_recordset(NULL::stock_movement, $2::text::jsonb)), $3)
        """,
        organization_id,
        msgspec.json.encode(movements).decode(),
        created_by,
    )


# References are never dangling: LEFT only lets the planner drop unneeded joins when counting.
LEDGER = Listing(
    LedgerEntry,
    """
    SELECT t.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           t.transaction_type, t.movement_kind, t.quantity, """
    + BALANCE_BY_OCCURRENCE
    + """ AS balance_after, t.reference_id, t.notes, t.occurred_at, t.created_at
    FROM inventory_transactions t
    LEFT JOIN organizations o ON o.id = $1
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
