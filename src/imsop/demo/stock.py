"""Posts the books' movements through the ledger, and reserves stock."""

from collections.abc import Callable
from uuid import UUID

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading
from imsop.inventory.ledger.bulk import post_staged_movements, stage_movements
from imsop.inventory.ledger.rules import MovementKind, type_of
from imsop.inventory.reservations import queries
from imsop.inventory.reservations.models import Wish

_COLUMNS = [
    "product_id", "warehouse_id", "quantity", "transaction_type", "movement_kind", "purchase_order_item_id",
    "sales_order_item_id", "goods_receipt_item_id", "supplier_return_item_id", "reference_id", "reason",
    "notes",
    "occurred_at",
]  # fmt: skip


_REASONS: dict[MovementKind, str] = {
    "consumption": "Materials of a production order",
    "production": "Finished by a production order",
    "transfer_out": "Sent to another warehouse",
    "transfer_in": "Came from another warehouse",
}
"""Reasons of movements without an order line."""


async def post_movements(loading: Loading, progress: Callable[[int, int], None]) -> int:
    """Posts all movements, which are in chronological order.

    Raises Conflict if stock would fall below zero.
    """
    await stage_movements(loading.connection)
    await stage_records(
        loading.connection,
        "staged_movements",
        (
            (
                loading.product_ids[it.product], loading.warehouse_ids[it.warehouse], it.quantity,
                type_of(it.kind), it.kind, it.purchase_line, it.sales_line,
                None if it.receipt_line is None else loading.receipt_line_ids[it.receipt_line],
                None if it.return_line is None else loading.return_line_ids[it.return_line], it.reference,
                it.note or _REASONS.get(it.kind), it.note, it.occurred_at,
            )
            for it in loading.books.movements
        ),
        columns=_COLUMNS,
    )  # fmt: skip
    return await post_staged_movements(
        loading.connection, loading.organization_id, loading.user_ids["warehouse"], progress
    )


async def reserve_stock(loading: Loading) -> int:
    """Reserves stock for open orders and for holds; returns the number of reservations."""
    balances = await _balance_ids(loading)

    wishes = [
        Wish(balances[line.product, order.warehouse], line.reserved, "sales_order", line.id)
        for order in loading.books.sales_orders
        for line in order.lines
        if line.reserved
    ] + [
        Wish(balances[hold.product, hold.warehouse], hold.quantity, hold.kind, reason=hold.reason)
        for hold in loading.books.holds
    ]
    held = await queries.reserve_stock(
        loading.connection, loading.organization_id, wishes, loading.user_ids["warehouse"]
    )
    if short := [each for each in held if each.outcome != "held"]:
        raise RuntimeError(f"{len(short)} balances have less than the books hold: {short[0]}")
    return len(held)


async def _balance_ids(loading: Loading) -> dict[tuple[int, int], UUID]:
    """Ids of balances by product and warehouse."""
    products = {id_: number for number, id_ in enumerate(loading.product_ids)}
    warehouses = {id_: number for number, id_ in enumerate(loading.warehouse_ids)}
    balances = await loading.connection.fetch(
        "SELECT i.id, i.product_id, i.warehouse_id FROM inventory i WHERE i.organization_id = $1",
        loading.organization_id,
    )
    return {
        (products[balance["product_id"]], warehouses[balance["warehouse_id"]]): balance["id"]
        for balance in balances
    }
