"""SQL of what a shipment's links lead to."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.shipping.shipments.models import NewShipment, NewShipmentItem


class LinkedOrder(Struct, frozen=True):
    """`supplier_id` is None for a sales order."""

    id: UUID
    supplier_id: UUID | None
    number: str
    status: str
    is_open: bool


class LinkedLine(Struct, frozen=True):
    """`left` is how much of it neither came nor left, and is not on its way in another shipment."""

    id: UUID
    order_id: UUID
    left: int


async def find_unknown_links(connection: Connection, organization_id: UUID, new: NewShipment) -> list[str]:
    """The fields of `new` whose id does not exist; an order line of another product than its item counts
    as unknown.
    """
    records = await connection.fetch(
        """
        SELECT link.field
        FROM (VALUES
            ('purchase_order_id', $2::uuid,
             (SELECT o.id FROM purchase_orders o WHERE o.organization_id = $1 AND o.id = $2)),
            ('sales_order_id', $3::uuid,
             (SELECT o.id FROM sales_orders o WHERE o.organization_id = $1 AND o.id = $3)),
            ('supplier_id', $4::uuid,
             (SELECT s.id FROM suppliers s WHERE s.organization_id = $1 AND s.id = $4)),
            ('origin_warehouse_id', $5::uuid,
             (SELECT w.id FROM warehouses w WHERE w.organization_id = $1 AND w.id = $5)),
            ('destination_warehouse_id', $6::uuid,
             (SELECT w.id FROM warehouses w WHERE w.organization_id = $1 AND w.id = $6))
        ) AS link (field, wanted, found)
        WHERE link.wanted IS NOT NULL AND link.found IS NULL
        UNION ALL
        SELECT format('items[%s].%s', item.number - 1, link.field)
        FROM unnest($7::uuid[], $8::uuid[], $9::uuid[]) WITH ORDINALITY
             AS item (product_id, purchase_order_item_id, sales_order_item_id, number),
        LATERAL (VALUES
            ('product_id', item.product_id,
             (SELECT p.id FROM products p WHERE p.organization_id = $1 AND p.id = item.product_id)),
            ('purchase_order_item_id', item.purchase_order_item_id,
             (SELECT i.id FROM purchase_order_items i
              WHERE i.organization_id = $1 AND i.id = item.purchase_order_item_id
                AND i.product_id = item.product_id)),
            ('sales_order_item_id', item.sales_order_item_id,
             (SELECT i.id FROM sales_order_items i
              WHERE i.organization_id = $1 AND i.id = item.sales_order_item_id
                AND i.product_id = item.product_id))
        ) AS link (field, wanted, found)
        WHERE link.wanted IS NOT NULL AND link.found IS NULL
        """,
        organization_id,
        new.purchase_order_id,
        new.sales_order_id,
        new.supplier_id,
        new.origin_warehouse_id,
        new.destination_warehouse_id,
        [item.product_id for item in new.items],
        [item.purchase_order_item_id for item in new.items],
        [item.sales_order_item_id for item in new.items],
    )
    return [field for (field,) in records]


async def lock_purchase_orders(
    connection: Connection, organization_id: UUID, order_id: UUID | None, line_ids: Sequence[UUID]
) -> list[LinkedOrder]:
    """Locks, in the order of their ids, the order and those of the lines."""
    return await fetch_all(
        connection,
        LinkedOrder,
        """
        SELECT o.id, o.supplier_id, o.po_number AS number, o.status,
               purchase_order_is_open(o.status) AS is_open
        FROM purchase_orders o
        WHERE o.organization_id = $1 AND (o.id = $2 OR o.id IN (
            SELECT i.purchase_order_id FROM purchase_order_items i
            WHERE i.organization_id = $1 AND i.id = ANY ($3::uuid[])))
        ORDER BY o.id
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        order_id,
        line_ids,
    )


async def lock_sales_orders(
    connection: Connection, organization_id: UUID, order_id: UUID | None, line_ids: Sequence[UUID]
) -> list[LinkedOrder]:
    """Locks, in the order of their ids, the order and those of the lines."""
    return await fetch_all(
        connection,
        LinkedOrder,
        """
        SELECT o.id, NULL AS supplier_id, o.so_number AS number, o.status,
               sales_order_is_open(o.status) AS is_open
        FROM sales_orders o
        WHERE o.organization_id = $1 AND (o.id = $2 OR o.id IN (
            SELECT i.sales_order_id FROM sales_order_items i
            WHERE i.organization_id = $1 AND i.id = ANY ($3::uuid[])))
        ORDER BY o.id
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        order_id,
        line_ids,
    )


async def list_purchase_lines(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> list[LinkedLine]:
    return await fetch_all(
        connection,
        LinkedLine,
        """
        SELECT l.id, l.purchase_order_id AS order_id,
               l.quantity_due - l.quantity_received - l.quantity_closed - coalesce((
            SELECT sum(i.quantity) FROM shipment_items i
            JOIN shipments s ON s.organization_id = i.organization_id AND s.id = i.shipment_id
            WHERE i.organization_id = $1 AND i.purchase_order_item_id = l.id
              AND s.status IN ('pending', 'in_transit')), 0)::int AS "left"
        FROM purchase_lines l
        WHERE l.organization_id = $1 AND l.id = ANY ($2::uuid[])
        """,
        organization_id,
        line_ids,
    )


async def list_sales_lines(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> list[LinkedLine]:
    """What is in transit has left, and is counted as shipped."""
    return await fetch_all(
        connection,
        LinkedLine,
        """
        SELECT l.id, l.sales_order_id AS order_id, l.quantity_open - coalesce((
            SELECT sum(i.quantity) FROM shipment_items i
            JOIN shipments s ON s.organization_id = i.organization_id AND s.id = i.shipment_id
            WHERE i.organization_id = $1 AND i.sales_order_item_id = l.id AND s.status = 'pending'
        ), 0)::int AS "left"
        FROM sales_lines l
        WHERE l.organization_id = $1 AND l.id = ANY ($2::uuid[])
        """,
        organization_id,
        line_ids,
    )


class LineProduct(Struct, frozen=True):
    """The product of an order line."""

    id: UUID
    order_id: UUID
    product_id: UUID


async def list_products_of_purchase(
    connection: Connection, organization_id: UUID, order_id: UUID | None, line_ids: Sequence[UUID]
) -> list[LineProduct]:
    """The products of a purchase order's lines, and of these lines."""
    return await fetch_all(
        connection,
        LineProduct,
        """
        SELECT i.id, i.purchase_order_id AS order_id, i.product_id
        FROM purchase_order_items i
        WHERE i.organization_id = $1 AND i.purchase_order_id = $2
        UNION
        SELECT i.id, i.purchase_order_id, i.product_id
        FROM purchase_order_items i
        WHERE i.organization_id = $1 AND i.id = ANY ($3::uuid[])
        """,
        organization_id,
        order_id,
        line_ids,
    )


async def list_products_of_sale(
    connection: Connection, organization_id: UUID, order_id: UUID | None, line_ids: Sequence[UUID]
) -> list[LineProduct]:
    """The products of a sales order's lines, and of these lines."""
    return await fetch_all(
        connection,
        LineProduct,
        """
        SELECT i.id, i.sales_order_id AS order_id, i.product_id
        FROM sales_order_items i
        WHERE i.organization_id = $1 AND i.sales_order_id = $2
        UNION
        SELECT i.id, i.sales_order_id, i.product_id
        FROM sales_order_items i
        WHERE i.organization_id = $1 AND i.id = ANY ($3::uuid[])
        """,
        organization_id,
        order_id,
        line_ids,
    )


async def get_origin(connection: Connection, organization_id: UUID, order_id: UUID) -> UUID | None:
    """The one warehouse that holds stock for a sales order, else the one it is to be sent from; None for
    none, or several.
    """
    warehouse_id: UUID | None = await connection.fetchval(
        """
        SELECT coalesce(
            (SELECT min(b.warehouse_id::text)::uuid
             FROM sales_order_items i
             JOIN inventory_reservations r ON r.organization_id = $1 AND r.sales_order_item_id = i.id
             JOIN inventory b ON b.organization_id = $1 AND b.id = r.inventory_id
             WHERE i.organization_id = $1 AND i.sales_order_id = $2
             HAVING count(DISTINCT b.warehouse_id) = 1),
            (SELECT o.warehouse_id FROM sales_orders o WHERE o.organization_id = $1 AND o.id = $2))
        """,
        organization_id,
        order_id,
    )
    return warehouse_id


class MissingOfLine(Struct, frozen=True):
    so_number: str
    line_number: int
    missing: int


async def list_missing_of_complete(
    connection: Connection, organization_id: UUID, order_ids: Sequence[UUID], items: Sequence[NewShipmentItem]
) -> list[MissingOfLine]:
    """What these items lack of the open lines of those of the orders that are taken in one delivery only."""
    return await fetch_all(
        connection,
        MissingOfLine,
        """
        SELECT l.so_number, l.line_number, (l.quantity_open - coalesce(sent.quantity, 0))::int AS missing
        FROM sales_orders o
        JOIN sales_lines l ON l.organization_id = $1 AND l.sales_order_id = o.id
        LEFT JOIN (SELECT item.line_id, sum(item.quantity) AS quantity
                   FROM unnest($3::uuid[], $4::int[]) AS item (line_id, quantity)
                   GROUP BY item.line_id) AS sent ON sent.line_id = l.id
        WHERE o.organization_id = $1 AND o.id = ANY ($2::uuid[]) AND o.ship_complete
          AND l.quantity_open > coalesce(sent.quantity, 0)
        ORDER BY l.so_number, l.line_number
        """,
        organization_id,
        order_ids,
        [item.sales_order_item_id for item in items],
        [item.quantity for item in items],
    )
