"""SQL of returns from customers and their lines."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.documents.lifecycle import Changes, Held
from imsop.sales.returns.models import CustomerReturn, CustomerReturnLine, DisposedLine, NewCustomerReturn

_RETURNS = """
    SELECT r.id, r.return_number, r.status, r.sales_order_id, o.so_number, r.customer_id,
           c.name AS customer_name, r.warehouse_id, w.name AS warehouse_name, r.customer_reference, r.notes,
           (SELECT coalesce(sum(i.quantity), 0)::int FROM customer_return_items i
            WHERE i.organization_id = $1 AND i.customer_return_id = r.id) AS quantity,
           (SELECT coalesce(sum(i.quantity_received), 0)::int FROM customer_return_items i
            WHERE i.organization_id = $1 AND i.customer_return_id = r.id) AS quantity_received,
           r.received_at, r.created_by, r.created_at, r.updated_at
    FROM customer_returns r
    LEFT JOIN sales_orders o ON o.organization_id = $1 AND o.id = r.sales_order_id
    LEFT JOIN customers c ON c.organization_id = $1 AND c.id = r.customer_id
    LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = r.warehouse_id
    WHERE r.organization_id = $1
"""
RETURNS = Listing(
    CustomerReturn,
    _RETURNS,
    filters={
        "return_number": "r.return_number = {}",
        "status": "r.status = (SELECT {})",
        "sales_order_id": "r.sales_order_id = {}",
        "customer_id": "r.customer_id = {}",
        "warehouse_id": "r.warehouse_id = {}",
    },
    sorts={"created_at": Sort("r.created_at", "created_at", datetime)},
    tiebreak="r.id",
)


async def get_return(connection: Connection, organization_id: UUID, return_id: UUID) -> CustomerReturn | None:
    return await fetch_one(
        connection, CustomerReturn, _RETURNS + " AND r.id = $2", organization_id, return_id
    )


async def hold(connection: Connection, organization_id: UUID, return_id: UUID) -> Held | None:
    """The return, its row locked until the transaction ends, after its sales order; None if it does not
    exist.
    """
    await connection.execute(
        """
        SELECT FROM sales_orders o
        WHERE o.organization_id = $1 AND o.id = (
            SELECT r.sales_order_id FROM customer_returns r WHERE r.organization_id = $1 AND r.id = $2)
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        return_id,
    )
    return await fetch_one(
        connection,
        Held,
        """
        SELECT r.id, r.return_number AS name, c.name AS partner, r.status, r.updated_at, false AS is_on_hold
        FROM customer_returns r
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = r.customer_id
        WHERE r.organization_id = $1 AND r.id = $2
        FOR NO KEY UPDATE OF r
        """,
        organization_id,
        return_id,
    )


async def advance(
    connection: Connection,
    organization_id: UUID,
    return_id: UUID,
    from_status: str,
    to_status: str,
    note: str | None,  # noqa: ARG001 - its history is its events
    changed_by: UUID,  # noqa: ARG001
    changes: Changes | None,  # noqa: ARG001
) -> bool:
    """Guarded change of status; moves `updated_at`. False if the return was not in `from_status`."""
    moved = await connection.fetchval(
        """
        UPDATE customer_returns SET status = $4
        WHERE organization_id = $1 AND id = $2 AND status = $3
        RETURNING true
        """,
        organization_id,
        return_id,
        from_status,
        to_status,
    )
    return bool(moved)


async def list_lines(
    connection: Connection, organization_id: UUID, return_id: UUID
) -> list[CustomerReturnLine]:
    """All lines of a return. SKU and name are those of the order, if there is one."""
    return await fetch_all(
        connection,
        CustomerReturnLine,
        """
        SELECT i.id, i.line_number, i.sales_order_item_id, i.product_id, coalesce(l.sku, p.sku) AS sku,
               coalesce(l.product_name, p.name) AS product_name,
               coalesce(l.units_per_pack, p.units_per_pack) AS units_per_pack, i.quantity,
               i.quantity_received, i.quantity_restocked, i.quantity_scrapped,
               i.quantity_received - i.quantity_restocked - i.quantity_scrapped AS quantity_quarantined,
               i.reason
        FROM customer_return_items i
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        LEFT JOIN sales_order_items l ON l.organization_id = $1 AND l.id = i.sales_order_item_id
        WHERE i.organization_id = $1 AND i.customer_return_id = $2
        ORDER BY i.line_number
        """,
        organization_id,
        return_id,
    )


class Returnable(Struct, frozen=True):
    """A line of an order, and how much of it may still be sent back: shipped, and in no return."""

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    units_per_pack: int | None
    quantity_shipped: int
    left: int


async def list_returnable(connection: Connection, organization_id: UUID, order_id: UUID) -> list[Returnable]:
    """All lines of an order. A return that is authorized counts as authorized, one that came as received;
    what came back without a return document counts, too.
    """
    return await fetch_all(
        connection,
        Returnable,
        """
        SELECT l.id, l.line_number, l.product_id, coalesce(l.sku, p.sku) AS sku,
               coalesce(l.product_name, p.name) AS product_name,
               coalesce(l.units_per_pack, p.units_per_pack) AS units_per_pack, l.quantity_shipped,
               l.quantity_shipped - l.quantity_returned - coalesce((
                   SELECT sum(i.quantity)
                   FROM customer_return_items i
                   JOIN customer_returns r ON r.organization_id = $1 AND r.id = i.customer_return_id
                   WHERE i.organization_id = $1 AND i.sales_order_item_id = l.id
                     AND r.status = 'authorized'), 0)::int AS "left"
        FROM sales_order_items l
        JOIN products p ON p.organization_id = $1 AND p.id = l.product_id
        WHERE l.organization_id = $1 AND l.sales_order_id = $2
        ORDER BY l.line_number
        """,
        organization_id,
        order_id,
    )


class SoldTo(Struct, frozen=True):
    """The customer of an order, whose row is locked; None for a counter sale."""

    customer_id: UUID | None


async def lock_order(connection: Connection, organization_id: UUID, order_id: UUID) -> SoldTo | None:
    return await fetch_one(
        connection,
        SoldTo,
        """
        SELECT o.customer_id FROM sales_orders o
        WHERE o.organization_id = $1 AND o.id = $2
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        order_id,
    )


async def insert_return(
    connection: Connection,
    organization_id: UUID,
    new: NewCustomerReturn,
    return_number: str,
    customer_id: UUID | None,
    created_by: UUID,
) -> UUID:
    return_id: UUID = await connection.fetchval(
        """
        INSERT INTO customer_returns (organization_id, return_number, sales_order_id, customer_id,
                                      warehouse_id, customer_reference, notes, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        RETURNING id
        """,
        organization_id,
        return_number,
        new.sales_order_id,
        customer_id,
        new.warehouse_id,
        new.customer_reference,
        new.notes,
        created_by,
    )
    return return_id


class NewLine(Struct, frozen=True):
    """A line to store."""

    sales_order_item_id: UUID | None
    product_id: UUID
    quantity: int
    reason: str


async def insert_lines(
    connection: Connection, organization_id: UUID, return_id: UUID, lines: Sequence[NewLine]
) -> None:
    """Stores the lines, numbered from 1."""
    await connection.execute(
        """
        INSERT INTO customer_return_items (organization_id, customer_return_id, line_number,
                                           sales_order_item_id, product_id, quantity, reason)
        SELECT $1, $2, line.number, line.sales_order_item_id, line.product_id, line.quantity, line.reason
        FROM unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[]) WITH ORDINALITY
             AS line (sales_order_item_id, product_id, quantity, reason, number)
        """,
        organization_id,
        return_id,
        [line.sales_order_item_id for line in lines],
        [line.product_id for line in lines],
        [line.quantity for line in lines],
        [line.reason for line in lines],
    )


async def set_received(
    connection: Connection, organization_id: UUID, return_id: UUID, received: dict[UUID, int], at: datetime
) -> None:
    """Keeps how much of each line came, and when."""
    await connection.execute(
        """
        WITH came AS (
            UPDATE customer_return_items i SET quantity_received = line.quantity
            FROM unnest($3::uuid[], $4::int[]) AS line (id, quantity)
            WHERE i.organization_id = $1 AND i.id = line.id AND i.customer_return_id = $2
        )
        UPDATE customer_returns SET received_at = $5 WHERE organization_id = $1 AND id = $2
        """,
        organization_id,
        return_id,
        list(received),
        list(received.values()),
        at,
    )


async def add_disposed(connection: Connection, organization_id: UUID, lines: Sequence[DisposedLine]) -> None:
    """Adds to what of each line was restocked and scrapped."""
    await connection.execute(
        """
        UPDATE customer_return_items i
        SET quantity_restocked = i.quantity_restocked + line.restocked,
            quantity_scrapped = i.quantity_scrapped + line.scrapped
        FROM unnest($2::uuid[], $3::int[], $4::int[]) AS line (id, restocked, scrapped)
        WHERE i.organization_id = $1 AND i.id = line.id
        """,
        organization_id,
        [line.id for line in lines],
        [line.restock for line in lines],
        [line.scrap for line in lines],
    )


class Quarantined(Struct, frozen=True):
    """A reservation that holds what came back with a line."""

    reservation_id: UUID
    customer_return_item_id: UUID
    inventory_id: UUID
    warehouse_id: UUID
    quantity: int


async def list_quarantined(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> list[Quarantined]:
    return await fetch_all(
        connection,
        Quarantined,
        """
        SELECT r.id AS reservation_id, r.customer_return_item_id, r.inventory_id, b.warehouse_id, r.quantity
        FROM inventory_reservations r
        JOIN inventory b ON b.organization_id = $1 AND b.id = r.inventory_id
        WHERE r.organization_id = $1 AND r.customer_return_item_id = ANY ($2::uuid[])
        ORDER BY r.id
        """,
        organization_id,
        list(line_ids),
    )
