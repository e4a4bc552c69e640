"""SQL of shipments as seen from the order they are for."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.shipping.models import ShipmentStatus, TransportMode


class OrderShipment(Struct, frozen=True):
    """A shipment that is for the order, or that carries a line of it among others'."""

    id: UUID
    reference_id: str | None
    status: ShipmentStatus
    transport_mode: TransportMode | None
    carrier: str | None
    tracking_number: str | None
    ship_date: date | None
    expected_delivery_date: date | None
    actual_delivery_date: date | None


async def list_shipments_of_purchase_order(
    connection: Connection, organization_id: UUID, order_id: UUID, limit: int
) -> list[OrderShipment]:
    """The newest first."""
    return await fetch_all(
        connection,
        OrderShipment,
        """
        SELECT s.id, s.reference_id, s.status, s.transport_mode, s.carrier, s.tracking_number, s.ship_date,
               s.expected_delivery_date, s.actual_delivery_date
        FROM (
            SELECT o.id FROM shipments o WHERE o.organization_id = $1 AND o.purchase_order_id = $2
            UNION
            SELECT c.shipment_id
            FROM purchase_order_items i
            JOIN shipment_items c ON c.organization_id = $1 AND c.purchase_order_item_id = i.id
            WHERE i.organization_id = $1 AND i.purchase_order_id = $2
        ) AS found
        JOIN shipments s ON s.organization_id = $1 AND s.id = found.id
        ORDER BY s.created_at DESC, s.id DESC
        LIMIT $3
        """,
        organization_id,
        order_id,
        limit,
    )


async def list_shipments_of_sales_order(
    connection: Connection, organization_id: UUID, order_id: UUID, limit: int
) -> list[OrderShipment]:
    """The newest first."""
    return await fetch_all(
        connection,
        OrderShipment,
        """
        SELECT s.id, s.reference_id, s.status, s.transport_mode, s.carrier, s.tracking_number, s.ship_date,
               s.expected_delivery_date, s.actual_delivery_date
        FROM (
            SELECT o.id FROM shipments o WHERE o.organization_id = $1 AND o.sales_order_id = $2
            UNION
            SELECT c.shipment_id
            FROM sales_order_items i
            JOIN shipment_items c ON c.organization_id = $1 AND c.sales_order_item_id = i.id
            WHERE i.organization_id = $1 AND i.sales_order_id = $2
        ) AS found
        JOIN shipments s ON s.organization_id = $1 AND s.id = found.id
        ORDER BY s.created_at DESC, s.id DESC
        LIMIT $3
        """,
        organization_id,
        order_id,
        limit,
    )
