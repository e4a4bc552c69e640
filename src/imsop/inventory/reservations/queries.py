"""SQL of reservations, which only two database functions write."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from imsop.core.database import Connection, fetch_all
from imsop.inventory.reservations.models import LineReservation, Released, Reserving, ServedLine, Wish
from imsop.inventory.reservations.rules import Free, Waiting


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


async def list_waiting(
    connection: Connection, organization_id: UUID, product_ids: Sequence[UUID]
) -> list[Waiting]:
    """The queue for these products: lines of confirmed orders that are not on hold, as far as they are short.

    In the order in which they are served: by priority, then by the promised day, then by age.
    """
    return await fetch_all(
        connection,
        Waiting,
        """
        SELECT l.id AS line_id, l.product_id, l.quantity_missing AS quantity, l.warehouse_id
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.product_id = ANY ($2::uuid[]) AND l.status = 'confirmed'
          AND l.quantity_ordered > l.quantity_reserved + l.quantity_shipped + l.quantity_closed
          AND NOT l.is_on_hold
        ORDER BY l.priority DESC, l.due_on NULLS LAST, l.order_date, l.sales_order_id, l.line_number
        """,
        organization_id,
        list(product_ids),
    )


async def lock_waiting_orders(connection: Connection, organization_id: UUID, product_id: UUID) -> None:
    """Locks the confirmed orders that wait for a product, in id order, until the transaction ends."""
    await connection.execute(
        """
        SELECT FROM sales_orders o
        WHERE o.organization_id = $1 AND o.status = 'confirmed' AND o.id IN (
            SELECT i.sales_order_id FROM sales_order_items i
            WHERE i.organization_id = $1 AND i.product_id = $2
              AND i.quantity_ordered > i.quantity_reserved + i.quantity_shipped + i.quantity_closed)
        ORDER BY o.id
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        product_id,
    )


async def list_served_orders(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> list[ServedLine]:
    """The orders of these sales lines."""
    return await fetch_all(
        connection,
        ServedLine,
        """
        SELECT l.id, l.sales_order_id, l.so_number
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.id = ANY ($2::uuid[])
        """,
        organization_id,
        list(line_ids),
    )


async def list_products_to_allocate(connection: Connection, organization_id: UUID) -> list[UUID]:
    """Products that orders wait for and of which some stock is available."""
    records = await connection.fetch(
        """
        SELECT DISTINCT l.product_id
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.status = 'confirmed' AND NOT l.is_on_hold
          AND l.quantity_ordered > l.quantity_reserved + l.quantity_shipped + l.quantity_closed
          AND EXISTS (SELECT FROM inventory b
                      WHERE b.organization_id = $1 AND b.product_id = l.product_id
                        AND b.quantity_available > 0)
        ORDER BY l.product_id
        """,
        organization_id,
    )
    return [record["product_id"] for record in records]


async def defer_allocation(
    connection: Connection, organization_id: UUID, task: str, product_ids: Sequence[UUID]
) -> None:
    """Enqueues a job for each of these products that a confirmed order waits for, in id order."""
    await connection.execute(
        """
        SELECT defer_job($1, $2, jsonb_build_object('product_id', waited.id), waited.id::text, NULL)
        FROM (
            SELECT product.id
            FROM unnest($3::uuid[]) AS product (id)
            WHERE EXISTS (
                SELECT FROM sales_order_items i
                JOIN sales_orders o ON o.organization_id = $1 AND o.id = i.sales_order_id
                WHERE i.organization_id = $1 AND i.product_id = product.id
                  AND i.quantity_ordered > i.quantity_reserved + i.quantity_shipped + i.quantity_closed
                  AND o.status = 'confirmed' AND o.on_hold_reason IS NULL)
            ORDER BY product.id
        ) AS waited
        """,
        organization_id,
        task,
        sorted(set(product_ids)),
    )


async def list_reservations_of_lines(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> list[LineReservation]:
    """Reservations of these sales order lines, the oldest first."""
    return await fetch_all(
        connection,
        LineReservation,
        """
        SELECT r.id, r.sales_order_item_id, r.inventory_id, i.warehouse_id, i.product_id, r.quantity
        FROM inventory_reservations r
        JOIN inventory i ON i.organization_id = $1 AND i.id = r.inventory_id
        WHERE r.organization_id = $1 AND r.sales_order_item_id = ANY ($2::uuid[])
        ORDER BY r.id
        """,
        organization_id,
        line_ids,
    )


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
