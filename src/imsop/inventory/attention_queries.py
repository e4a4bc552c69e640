"""SQL of stock as a whole, and of what there is nothing left of."""

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one


class StockTotals(Struct, frozen=True):
    """Units of all products in all warehouses, and their value at the products' cost of today."""

    on_hand: int
    value: Decimal
    without_cost: int
    """Balances with something on hand, of products that no cost is known of."""


async def sum_all_stock(connection: Connection, organization_id: UUID) -> StockTotals:
    totals = await fetch_one(
        connection,
        StockTotals,
        """
        SELECT coalesce(sum(i.quantity_on_hand), 0)::bigint AS on_hand,
               coalesce(sum(i.quantity_on_hand * p.unit_cost), 0) AS value,
               count(*) FILTER (WHERE i.quantity_on_hand > 0 AND p.unit_cost IS NULL) AS without_cost
        FROM inventory i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        WHERE i.organization_id = $1
        """,
        organization_id,
    )
    return totals or StockTotals(0, Decimal(0), 0)


class StockedOut(Struct, frozen=True):
    product_id: UUID
    sku: str
    name: str
    warehouses: int
    """That have had it."""
    reorder_level: int


async def list_stocked_out(connection: Connection, organization_id: UUID, limit: int) -> list[StockedOut]:
    """Active products with nothing in any warehouse; those of which most should be there first."""
    return await fetch_all(
        connection,
        StockedOut,
        """
        SELECT p.id AS product_id, p.sku, p.name, empty.warehouses, p.reorder_level
        FROM (SELECT i.product_id, count(*) AS warehouses
              FROM inventory i
              WHERE i.organization_id = $1
              GROUP BY i.product_id
              HAVING sum(i.quantity_on_hand) = 0) AS empty
        JOIN products p ON p.organization_id = $1 AND p.id = empty.product_id
        WHERE p.status = 'active'
        ORDER BY p.reorder_level DESC, p.sku
        LIMIT $2
        """,
        organization_id,
        limit,
    )
