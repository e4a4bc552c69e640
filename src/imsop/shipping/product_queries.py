"""SQL of shipping as seen from a product: what of it is under way."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all
from imsop.shipping.models import ShipmentStatus, ShipmentType


class UnderWay(Struct, frozen=True):
    """A shipment that carries a product. `all_shipments` counts all that are under way with it."""

    shipment_id: UUID
    reference_id: str | None
    tracking_number: str | None
    shipment_type: ShipmentType
    status: ShipmentStatus
    origin: str | None
    destination: str | None
    quantity: int
    expected_delivery_date: date | None
    all_shipments: int


async def list_under_way(
    connection: Connection, organization_id: UUID, product_id: UUID, limit: int
) -> list[UnderWay]:
    """Announced or on the way; what is expected first stands first."""
    return await fetch_all(
        connection,
        UnderWay,
        """
        SELECT s.id AS shipment_id, s.reference_id, s.tracking_number, s.shipment_type, s.status,
               coalesce(origin.name, s.origin_location) AS origin,
               coalesce(destination.name, s.destination_location) AS destination,
               carried.quantity, s.expected_delivery_date, count(*) OVER () AS all_shipments
        FROM (SELECT i.shipment_id, sum(i.quantity)::bigint AS quantity
              FROM shipment_items i
              WHERE i.organization_id = $1 AND i.product_id = $2
              GROUP BY i.shipment_id) AS carried
        JOIN shipments s ON s.organization_id = $1 AND s.id = carried.shipment_id
        LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
        LEFT JOIN warehouses destination
            ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
        WHERE s.status IN ('pending', 'in_transit')
        ORDER BY s.expected_delivery_date NULLS LAST, s.id
        LIMIT $3
        """,
        organization_id,
        product_id,
        limit,
    )
