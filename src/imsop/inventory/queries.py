"""SQL of balances, the ledger and reservations. Stock is written by three functions of the database only."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.inventory.models import Balance, InventoryTransaction, Movement, Posting, Released, Reserving

_BALANCES = """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           i.quantity_on_hand, i.quantity_reserved, i.quantity_available, i.last_counted, i.updated_at
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    WHERE i.organization_id = $1
"""
_BALANCE_FILTERS = {
    "sku": "p.sku = {}",
    "product_id": "i.product_id = {}",
    "warehouse_id": "i.warehouse_id = {}",
}
_BALANCE_SORTS = {"warehouse_name": Sort("w.name", "warehouse_name", str)}
BALANCES = Listing(Balance, _BALANCES, filters=_BALANCE_FILTERS, sorts=_BALANCE_SORTS, tiebreak="i.id")

# $2: as it was at this instant. $3: as far as it had been recorded by then; NULL for all that is known now.
BALANCES_AS_OF = Listing(
    Balance,
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.warehouse_id, w.name AS warehouse_name,
           coalesce(moved.quantity, 0)::int AS quantity_on_hand, NULL::int AS quantity_reserved,
           NULL::int AS quantity_available, NULL::timestamptz AS last_counted, i.updated_at
    FROM inventory i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
    LEFT JOIN LATERAL (
        SELECT sum(t.quantity) AS quantity FROM inventory_transactions t
        WHERE t.organization_id = $1 AND t.inventory_id = i.id AND t.occurred_at <= $2::timestamptz
          AND t.created_at <= coalesce($3::timestamptz, 'infinity')
    ) AS moved ON true
    WHERE i.organization_id = $1
    """,
    filters=_BALANCE_FILTERS,
    sorts=_BALANCE_SORTS,
    tiebreak="i.id",
    fixed_arguments=2,
)


async def get_balance(connection: Connection, organization_id: UUID, inventory_id: UUID) -> Balance | None:
    return await fetch_one(connection, Balance, _BALANCES + " AND i.id = $2", organization_id, inventory_id)


_TRANSACTIONS = """
    SELECT t.id, t.inventory_id, i.product_id, p.sku, i.warehouse_id, w.name AS warehouse_name,
           t.transaction_type, t.movement_kind, t.quantity, t.balance_after, t.reference_id, t.notes,
           t.created_by, t.occurred_at, t.created_at
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
        "sku": "p.sku = {}",
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
    """Appends to the ledger and changes the balances, all or nothing. Locks the balances in id order.

    Missing balances are opened. Raises ForeignKeyViolationError for a product or warehouse that is not the
    organization's.
    """
    return await fetch_all(
        connection,
        Posting,
        """
        SELECT outcome, line, id, inventory_id, quantity, balance_after, available
        FROM post_movements($1, $2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::uuid[],
                            $8::text[], $9::text[], $10::timestamptz[], $11)
        """,
        organization_id,
        *([getattr(movement, column) for movement in movements] for column in _MOVEMENT_COLUMNS),
        created_by,
    )


_MOVEMENT_COLUMNS = (
    "product_id",
    "warehouse_id",
    "quantity",
    "transaction_type",
    "movement_kind",
    "reservation_id",
    "reference_id",
    "notes",
    "occurred_at",
)


async def reserve_stock(
    connection: Connection,
    organization_id: UUID,
    wishes: Sequence[tuple[UUID, int, UUID | None]],
    kind: str,
    reason: str | None,
    created_by: UUID | None,
) -> list[Reserving]:
    """Holds stock, all or nothing. A wish: the balance, how much, and the sales order's line it is for."""
    return await fetch_all(
        connection,
        Reserving,
        """
        SELECT outcome, line, id, inventory_id, quantity, available
        FROM reserve_stock($1, $2::uuid[], $3::int[], $4, $5::uuid[], $6, $7)
        """,
        organization_id,
        [inventory_id for inventory_id, _, _ in wishes],
        [quantity for _, quantity, _ in wishes],
        kind,
        [sales_order_item_id for _, _, sales_order_item_id in wishes],
        reason,
        created_by,
    )


async def release_reservations(
    connection: Connection, organization_id: UUID, reservation_ids: Sequence[UUID]
) -> list[Released]:
    """Frees what these still hold. One that a rival freed meanwhile is not among the returned."""
    return await fetch_all(
        connection,
        Released,
        "SELECT id, inventory_id, quantity FROM release_reservations($1, $2::uuid[])",
        organization_id,
        list(reservation_ids),
    )


class StockSum(NamedTuple):
    """Of one product in all warehouses."""

    on_hand: int
    available: int


async def sum_stock(
    connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]
) -> dict[UUID, StockSum]:
    """By product; one without any balance has nothing."""
    records = await connection.fetch(
        """
        SELECT i.product_id, sum(i.quantity_on_hand) AS on_hand,
               sum(i.quantity_on_hand - i.quantity_reserved) AS available
        FROM inventory i
        WHERE i.organization_id = $1 AND i.product_id = ANY ($2::uuid[])
        GROUP BY i.product_id
        """,
        organization_id,
        product_ids,
    )
    sums = {record["product_id"]: StockSum(record["on_hand"], record["available"]) for record in records}
    return {product_id: sums.get(product_id, StockSum(0, 0)) for product_id in product_ids}
