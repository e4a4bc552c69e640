"""SQL of the transitions of shipments."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.documents.lifecycle import Changes, Held
from imsop.shipping.shipments.models import ShipmentType


async def hold(connection: Connection, organization_id: UUID, shipment_id: UUID) -> Held | None:
    """The shipment, its row locked until the transaction ends, after the sales orders that it is for, in id
    order; None if it does not exist.
    """
    await connection.execute(
        """
        SELECT FROM sales_orders o
        WHERE o.organization_id = $1 AND o.id IN (
            SELECT i.sales_order_id
            FROM shipment_items c
            JOIN sales_order_items i ON i.organization_id = $1 AND i.id = c.sales_order_item_id
            WHERE c.organization_id = $1 AND c.shipment_id = $2)
        ORDER BY o.id
        FOR NO KEY UPDATE OF o
        """,
        organization_id,
        shipment_id,
    )
    return await fetch_one(
        connection,
        Held,
        """
        SELECT s.id, coalesce(s.reference_id, s.tracking_number, '') AS name,
               coalesce(c.name, supplier.name) AS partner, s.status, s.updated_at, false AS is_on_hold
        FROM shipments s
        LEFT JOIN sales_orders o ON o.organization_id = $1 AND o.id = s.sales_order_id
        LEFT JOIN customers c ON c.organization_id = $1 AND c.id = o.customer_id
        LEFT JOIN suppliers supplier ON supplier.organization_id = $1 AND supplier.id = s.supplier_id
        WHERE s.organization_id = $1 AND s.id = $2
        FOR NO KEY UPDATE OF s
        """,
        organization_id,
        shipment_id,
    )


async def advance(
    connection: Connection,
    organization_id: UUID,
    shipment_id: UUID,
    from_status: str,
    to_status: str,
    note: str | None,
    changed_by: UUID,
    changes: Changes | None,
) -> bool:
    """Guarded change of status; False if the shipment was not in `from_status`. Its history is its events."""
    refused = await connection.fetchval(
        """
        SELECT count(*) FROM advance_shipments(
            $1, ARRAY[ROW($2::uuid, $3::text, $4::text, $7::jsonb, $5::text, $6::uuid,
                          NULL)::document_change])
        """,
        organization_id,
        shipment_id,
        from_status,
        to_status,
        note,
        changed_by,
        msgspec.to_builtins(changes),
    )
    return bool(refused == 0)


class Route(Struct, frozen=True):
    """What a shipment is, and the warehouses it goes between."""

    shipment_type: ShipmentType
    reference: str | None
    origin_warehouse_id: UUID | None
    destination_warehouse_id: UUID | None


async def get_route(connection: Connection, organization_id: UUID, shipment_id: UUID) -> Route:
    route = await fetch_one(
        connection,
        Route,
        """
        SELECT s.shipment_type, coalesce(s.reference_id, s.tracking_number) AS reference,
               s.origin_warehouse_id, s.destination_warehouse_id
        FROM shipments s
        WHERE s.organization_id = $1 AND s.id = $2
        """,
        organization_id,
        shipment_id,
    )
    if route is None:
        raise RuntimeError("a shipment that is locked is not there")
    return route


class Load(Struct, frozen=True):
    """An item of a shipment, with the sales order line that it is for, if any.

    `unheld` is how much of that line is neither reserved, shipped nor closed.
    """

    id: UUID
    product_id: UUID
    sku: str
    quantity: int
    sales_order_item_id: UUID | None
    so_number: str | None
    order_status: str | None
    is_on_hold: bool
    line_number: int | None
    unheld: int


async def list_loads(connection: Connection, organization_id: UUID, shipment_id: UUID) -> list[Load]:
    """The items of a shipment, in the order entered."""
    return await fetch_all(
        connection,
        Load,
        """
        SELECT c.id, c.product_id, p.sku, c.quantity, c.sales_order_item_id, l.so_number,
               l.status AS order_status, coalesce(l.is_on_hold, false) AS is_on_hold, l.line_number,
               coalesce(l.quantity_open - l.quantity_reserved, 0) AS unheld
        FROM shipment_items c
        JOIN products p ON p.organization_id = $1 AND p.id = c.product_id
        LEFT JOIN sales_lines l ON l.organization_id = $1 AND l.id = c.sales_order_item_id
        WHERE c.organization_id = $1 AND c.shipment_id = $2
        ORDER BY c.id
        """,
        organization_id,
        shipment_id,
    )


class Left(Struct, frozen=True):
    """What left a warehouse with an item of a shipment, as a positive quantity."""

    shipment_item_id: UUID
    product_id: UUID
    inventory_id: UUID
    warehouse_id: UUID
    sales_order_item_id: UUID | None
    quantity: int


async def list_left(connection: Connection, organization_id: UUID, shipment_id: UUID) -> list[Left]:
    """What the ledger says has left with a shipment and was not put back, by item and balance."""
    return await fetch_all(
        connection,
        Left,
        """
        SELECT t.shipment_item_id, b.product_id, b.id AS inventory_id, b.warehouse_id, t.sales_order_item_id,
               -sum(t.quantity)::int AS quantity
        FROM shipment_items c
        JOIN inventory_transactions t ON t.organization_id = $1 AND t.shipment_item_id = c.id
        JOIN inventory b ON b.organization_id = $1 AND b.id = t.inventory_id
        WHERE c.organization_id = $1 AND c.shipment_id = $2
          AND t.movement_kind IN ('sale', 'transfer_out', 'reversal')
        GROUP BY t.shipment_item_id, b.product_id, b.id, b.warehouse_id, t.sales_order_item_id
        HAVING sum(t.quantity) < 0
        ORDER BY t.shipment_item_id, b.id
        """,
        organization_id,
        shipment_id,
    )


async def set_left(
    connection: Connection,
    organization_id: UUID,
    shipment_id: UUID,
    on: date,
    origin_warehouse_id: UUID | None,
) -> None:
    """Keeps the day and the warehouse that a shipment left on and from."""
    await connection.execute(
        """
        UPDATE shipments SET ship_date = $3, origin_warehouse_id = $4
        WHERE organization_id = $1 AND id = $2
        """,
        organization_id,
        shipment_id,
        on,
        origin_warehouse_id,
    )


async def set_arrived(connection: Connection, organization_id: UUID, shipment_id: UUID, on: date) -> None:
    """Keeps the day that a shipment arrived on."""
    await connection.execute(
        "UPDATE shipments SET actual_delivery_date = $3 WHERE organization_id = $1 AND id = $2",
        organization_id,
        shipment_id,
        on,
    )


async def date_lines(connection: Connection, organization_id: UUID, shipment_id: UUID) -> None:
    """Dates the sales lines of a shipment: the day the last part of a line arrived, none while a part of it
    is in transit. Their orders are locked.
    """
    await connection.execute(
        """
        UPDATE sales_order_items i
        SET actual_delivery_date = CASE WHEN part.is_under_way THEN NULL ELSE part.arrived_on END
        FROM (
            SELECT c.sales_order_item_id, bool_or(s.status = 'in_transit') AS is_under_way,
                   max(s.actual_delivery_date) FILTER (WHERE s.status = 'delivered') AS arrived_on
            FROM shipment_items c
            JOIN shipments s ON s.organization_id = $1 AND s.id = c.shipment_id
            WHERE c.organization_id = $1 AND c.sales_order_item_id IN (
                SELECT own.sales_order_item_id FROM shipment_items own
                WHERE own.organization_id = $1 AND own.shipment_id = $2)
            GROUP BY c.sales_order_item_id
        ) AS part
        WHERE i.organization_id = $1 AND i.id = part.sales_order_item_id
        """,
        organization_id,
        shipment_id,
    )


async def list_order_ids(connection: Connection, organization_id: UUID, shipment_id: UUID) -> list[UUID]:
    """The sales orders whose lines a shipment carries, in id order."""
    records = await connection.fetch(
        """
        SELECT DISTINCT i.sales_order_id AS id
        FROM shipment_items c
        JOIN sales_order_items i ON i.organization_id = $1 AND i.id = c.sales_order_item_id
        WHERE c.organization_id = $1 AND c.shipment_id = $2
        ORDER BY id
        """,
        organization_id,
        shipment_id,
    )
    return [record["id"] for record in records]


async def record_event(
    connection: Connection,
    organization_id: UUID,
    shipment_id: UUID,
    event_type: str,
    at: datetime,
    payload: dict[str, str] | None = None,
) -> None:
    """Appends an event of ours to the shipment's history."""
    await connection.execute(
        """
        INSERT INTO shipment_events (organization_id, shipment_id, event_type, payload, occurred_at)
        VALUES ($1, $2, $3, $5, $4)
        """,
        organization_id,
        shipment_id,
        event_type,
        at,
        payload,
    )


async def list_holding_warehouses(
    connection: Connection, organization_id: UUID, line_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """The names of the warehouses in which stock is held for these sales lines."""
    records = await connection.fetch(
        """
        SELECT r.sales_order_item_id AS id, string_agg(DISTINCT w.name, ', ' ORDER BY w.name) AS names
        FROM inventory_reservations r
        JOIN inventory i ON i.organization_id = $1 AND i.id = r.inventory_id
        JOIN warehouses w ON w.organization_id = $1 AND w.id = i.warehouse_id
        WHERE r.organization_id = $1 AND r.sales_order_item_id = ANY ($2::uuid[])
        GROUP BY r.sales_order_item_id
        """,
        organization_id,
        list(line_ids),
    )
    return {record["id"]: record["names"] for record in records}
