"""SQL of reservations, which only two database functions write."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection, fetch_all
from imsop.inventory.reservations.models import Released, Reserving, Wish
from imsop.inventory.reservations.rules import Free


async def list_free(connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]) -> list[Free]:
    """Available stock of these products in active warehouses, as of now; takes no locks."""
    return await fetch_all(
        connection,
        Free,
        """
        SELECT i.id AS inventory_id, i.warehouse_id, i.product_id, i.quantity_available AS available
        FROM inventory i
        JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
        WHERE i.organization_id = $1 AND i.product_id = ANY ($2::uuid[]) AND i.quantity_available > 0
          AND w.status = 'active'
        ORDER BY i.id
        """,
        organization_id,
        product_ids,
    )


async def list_reservations_of_lines(
    connection: Connection, organization_id: UUID, order_id: UUID
) -> list[UUID]:
    """Ids of the reservations of a sales order's lines."""
    found = await connection.fetch(
        """
        SELECT r.id
        FROM sales_order_items i
        JOIN inventory_reservations r ON r.organization_id = $1 AND r.sales_order_item_id = i.id
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
        """,
        organization_id,
        order_id,
    )
    return [record["id"] for record in found]


async def reserve_stock(
    connection: Connection, organization_id: UUID, wishes: Sequence[Wish], created_by: UUID | None
) -> list[Reserving]:
    """Reserves stock, all or nothing.

    Lock order: the orders of the lines, then the balances, each in id order.
    """
    return await fetch_all(
        connection,
        Reserving,
        """
        SELECT outcome, line, id, inventory_id, quantity, available
        FROM reserve_stock_v2(
            $1, array(SELECT jsonb_populate_recordset(NULL::stock_wish, $2::text::jsonb)), $3)
        """,
        organization_id,
        msgspec.json.encode(wishes).decode(),
        created_by,
    )


async def release_reservations(
    connection: Connection, organization_id: UUID, reservation_ids: Sequence[UUID]
) -> list[Released]:
    """Releases what these reservations still hold; concurrently released ones are not returned.

    Lock order as in reserve_stock.
    """
    return await fetch_all(
        connection,
        Released,
        """
        SELECT id, inventory_id, quantity, sales_order_item_id
        FROM release_reservations_v2($1, $2::uuid[])
        """,
        organization_id,
        list(reservation_ids),
    )
