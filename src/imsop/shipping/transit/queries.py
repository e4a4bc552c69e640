"""SQL of shipments in transit: all, of a product, of an order, and their origin and destination."""

from datetime import date
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.fields import Instant
from imsop.shipping.shipments.models import ShipmentStatus, ShipmentType, TransportMode


class Afloat(Struct, frozen=True):
    """A shipment with its latest position and its route so far, in order of time.

    If the latest position is only a place name, the coordinates are the last known ones.
    """

    id: UUID
    reference_id: str | None
    tracking_number: str | None
    destination: str | None
    expected_delivery_date: date | None
    is_late: bool | None
    location: str | None
    longitude: float
    latitude: float
    seen_at: Instant
    longitudes: list[float] | None
    latitudes: list[float] | None


async def list_in_transit(
    connection: Connection,
    organization_id: UUID,
    today: date,
    limit: int,
    shipment_id: UUID | None = None,
) -> list[Afloat]:
    """Shipments in transit that have a position, soonest expected first; or one, in any status.

    The route covers the half year before the latest position.
    """
    return await fetch_all(
        connection,
        Afloat,
        (_OF_ONE if shipment_id else _IN_TRANSIT) + _SEEN,
        organization_id,
        today,
        limit,
        *([shipment_id] if shipment_id else ()),
    )


_IN_TRANSIT = """
    WITH shown AS MATERIALIZED (
        SELECT s.* FROM shipments s
        WHERE s.organization_id = $1 AND s.status = 'in_transit'
        ORDER BY s.expected_delivery_date NULLS LAST, s.id
        LIMIT $3
    )
"""


_OF_ONE = """
    WITH shown AS MATERIALIZED (
        SELECT s.* FROM shipments s WHERE s.organization_id = $1 AND s.id = $4 LIMIT $3
    )
"""


_SEEN = """
    , bounds AS MATERIALIZED (
        SELECT array_agg(l.shipment_id) AS ids, min(l."timestamp") - interval '180 days' AS since
        FROM shown s
        JOIN shipment_last_position l ON l.organization_id = $1 AND l.shipment_id = s.id
    ), way AS MATERIALIZED (
        SELECT t.shipment_id, array_agg(t.longitude::float8 ORDER BY t."timestamp") AS longitudes,
               array_agg(t.latitude::float8 ORDER BY t."timestamp") AS latitudes
        FROM shipment_tracking t
        WHERE t.organization_id = $1 AND t.shipment_id = ANY ((SELECT b.ids FROM bounds b)::uuid[])
          AND t."timestamp" >= (SELECT b.since FROM bounds b) AND t."timestamp" <= now()
          AND t.longitude IS NOT NULL
        GROUP BY t.shipment_id
    )
    SELECT s.id, s.reference_id, s.tracking_number, coalesce(w.name, s.destination_location) AS destination,
           s.expected_delivery_date,
           shipment_is_late(s.status, s.expected_delivery_date, s.actual_delivery_date, $2::date) AS is_late,
           l.location,
           coalesce(l.longitude::float8, way.longitudes[cardinality(way.longitudes)]) AS longitude,
           coalesce(l.latitude::float8, way.latitudes[cardinality(way.latitudes)]) AS latitude,
           l."timestamp" AS seen_at, way.longitudes, way.latitudes
    FROM shown s
    JOIN shipment_last_position l ON l.organization_id = $1 AND l.shipment_id = s.id
    LEFT JOIN warehouses w ON w.organization_id = $1 AND w.id = s.destination_warehouse_id
    LEFT JOIN way ON way.shipment_id = s.id
    WHERE l.longitude IS NOT NULL OR way.longitudes IS NOT NULL
    ORDER BY s.expected_delivery_date NULLS LAST, s.id
"""


class UnderWay(Struct, frozen=True):
    """A pending or in-transit shipment that contains a given product.

    `quantity` is its units of that product, `all_shipments` the number of matches, whatever the limit.
    """

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
    """Pending and moving shipments of the product, earliest expected first."""
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


class OrderShipment(Struct, frozen=True):
    """A shipment that is for the order, or that carries one of its lines among others."""

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
    """Shipments of the order, newest first."""
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
    """Shipments of the order, newest first."""
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


class Ends(Struct, frozen=True):
    """Origin and destination as address lines, the name first; empty if unknown."""

    sender: list[str]
    recipient: list[str]


async def get_ends(connection: Connection, organization_id: UUID, shipment_id: UUID) -> Ends | None:
    """Each end is a warehouse of ours, else the supplier or customer, else the place that it names."""
    return await fetch_one(
        connection,
        Ends,
        """
        SELECT CASE
                   WHEN s.origin_warehouse_id IS NOT NULL
                   THEN array_remove(ARRAY[o.name, origin.name, origin.address, origin.city,
                                           origin.country], NULL)
                   WHEN s.supplier_id IS NOT NULL
                   THEN array_remove(ARRAY[supplier.name, supplier.address,
                                           nullif(concat_ws(' ', supplier.postal_code, supplier.city), ''),
                                           supplier.country], NULL)
                   ELSE array_remove(ARRAY[s.origin_location], NULL)
               END::text[] AS sender,
               CASE
                   WHEN s.destination_warehouse_id IS NOT NULL
                   THEN array_remove(ARRAY[o.name, destination.name, destination.address,
                                           destination.city, destination.country], NULL)
                   WHEN so.customer_id IS NOT NULL
                   THEN array_remove(ARRAY[customer.name, customer.contact_person, customer.address,
                                           nullif(concat_ws(' ', customer.postal_code, customer.city), ''),
                                           customer.country], NULL)
                   ELSE array_remove(ARRAY[s.destination_location], NULL)
               END::text[] AS recipient
        FROM shipments s
        JOIN organizations o ON o.id = $1
        LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
        LEFT JOIN warehouses destination
            ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
        LEFT JOIN suppliers supplier ON supplier.organization_id = $1 AND supplier.id = s.supplier_id
        LEFT JOIN sales_orders so ON so.organization_id = $1 AND so.id = s.sales_order_id
        LEFT JOIN customers customer ON customer.organization_id = $1 AND customer.id = so.customer_id
        WHERE s.organization_id = $1 AND s.id = $2
        """,
        organization_id,
        shipment_id,
    )
