"""SQL of shipments as people read them: in lists with the places they go between, as documents, on the map.

A shipment is late when it came after its expected day, or is still to come and that day is over.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.fields import Instant
from imsop.core.listing import Listing, Sort
from imsop.shipping.models import ShipmentStatus, ShipmentType, TransportMode


class ShipmentSummary(Struct, frozen=True):
    """`is_late` is null where nothing was expected, and for what was cancelled."""

    id: UUID
    reference_id: str | None
    tracking_number: str | None
    shipment_type: ShipmentType
    status: ShipmentStatus
    transport_mode: TransportMode | None
    carrier: str | None
    origin: str | None
    destination: str | None
    weight_kg: Decimal | None
    ship_date: date | None
    expected_delivery_date: date | None
    actual_delivery_date: date | None
    is_late: bool | None
    created_at: Instant


# $2: today, as the organization's calendar has it.
SHIPMENT_SUMMARIES = Listing(
    ShipmentSummary,
    """
    SELECT s.id, s.reference_id, s.tracking_number, s.shipment_type, s.status, s.transport_mode, s.carrier,
           coalesce(origin.name, s.origin_location) AS origin,
           coalesce(destination.name, s.destination_location) AS destination,
           s.weight_kg, s.ship_date, s.expected_delivery_date, s.actual_delivery_date,
           CASE s.status WHEN 'delivered' THEN s.actual_delivery_date > s.expected_delivery_date
                WHEN 'cancelled' THEN NULL
                ELSE s.expected_delivery_date < $2::date END AS is_late,
           s.created_at
    FROM shipments s
    LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
    LEFT JOIN warehouses destination
        ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
    WHERE s.organization_id = $1
    """,
    filters={
        "ids": "s.id = ANY ({}::uuid[])",
        "status": "s.status = {}",
        "shipment_type": "s.shipment_type = {}",
        "late": """(CASE s.status WHEN 'delivered' THEN s.actual_delivery_date > s.expected_delivery_date
                                WHEN 'cancelled' THEN NULL
                                ELSE s.expected_delivery_date < $2::date END) = {}""",
        "delivered_from": "s.actual_delivery_date >= {}",
        "delivered_to": "s.actual_delivery_date <= {}",
        "dated": "({}::bool AND s.expected_delivery_date IS NOT NULL)",
        "purchase_order_id": "s.purchase_order_id = {}",
        "sales_order_id": "s.sales_order_id = {}",
        "supplier_id": "s.supplier_id = {} AND s.shipment_type = 'inbound'",
        "product_id": """s.id IN (SELECT i.shipment_id FROM shipment_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
    },
    sorts={"created_at": Sort("s.created_at", "created_at", datetime)},
    tiebreak="s.id",
    fixed_arguments=1,
)


class ShipmentDocument(ShipmentSummary, frozen=True):
    """A shipment with what the rows it refers to are called."""

    purchase_order_id: UUID | None
    po_number: str | None
    sales_order_id: UUID | None
    so_number: str | None
    supplier_id: UUID | None
    supplier_name: str | None
    origin_warehouse_id: UUID | None
    destination_warehouse_id: UUID | None


async def get_document(
    connection: Connection, organization_id: UUID, today: date, shipment_id: UUID
) -> ShipmentDocument | None:
    return await fetch_one(
        connection,
        ShipmentDocument,
        """
        SELECT s.id, s.reference_id, s.tracking_number, s.shipment_type, s.status, s.transport_mode,
               s.carrier, coalesce(origin.name, s.origin_location) AS origin,
               coalesce(destination.name, s.destination_location) AS destination,
               s.weight_kg, s.ship_date, s.expected_delivery_date, s.actual_delivery_date,
               CASE s.status WHEN 'delivered' THEN s.actual_delivery_date > s.expected_delivery_date
                    WHEN 'cancelled' THEN NULL
                    ELSE s.expected_delivery_date < $2::date END AS is_late,
               s.created_at, s.purchase_order_id, po.po_number, s.sales_order_id, so.so_number,
               s.supplier_id, supplier.name AS supplier_name, s.origin_warehouse_id,
               s.destination_warehouse_id
        FROM shipments s
        LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
        LEFT JOIN warehouses destination
            ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
        LEFT JOIN purchase_orders po ON po.organization_id = $1 AND po.id = s.purchase_order_id
        LEFT JOIN sales_orders so ON so.organization_id = $1 AND so.id = s.sales_order_id
        LEFT JOIN suppliers supplier ON supplier.organization_id = $1 AND supplier.id = s.supplier_id
        WHERE s.organization_id = $1 AND s.id = $3
        """,
        organization_id,
        today,
        shipment_id,
    )


class Cargo(Struct, frozen=True):
    """What of a product is in a shipment, and the line of which order it is for."""

    id: UUID
    product_id: UUID
    sku: str
    product_name: str
    quantity: int
    purchase_order_id: UUID | None
    po_number: str | None
    sales_order_id: UUID | None
    so_number: str | None
    line_number: int | None


CARGO = Listing(
    Cargo,
    """
    SELECT i.id, i.product_id, p.sku, p.name AS product_name, i.quantity,
           po.id AS purchase_order_id, po.po_number, so.id AS sales_order_id, so.so_number,
           coalesce(bought.line_number, sold.line_number) AS line_number
    FROM shipment_items i
    JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
    LEFT JOIN purchase_order_items bought
        ON bought.organization_id = $1 AND bought.id = i.purchase_order_item_id
    LEFT JOIN purchase_orders po ON po.organization_id = $1 AND po.id = bought.purchase_order_id
    LEFT JOIN sales_order_items sold ON sold.organization_id = $1 AND sold.id = i.sales_order_item_id
    LEFT JOIN sales_orders so ON so.organization_id = $1 AND so.id = sold.sales_order_id
    WHERE i.organization_id = $1
    """,
    filters={"shipment_id": "i.shipment_id = {}"},
    sorts={"id": Sort("i.id", "id", UUID)},
    tiebreak="i.id",
)


class Afloat(Struct, frozen=True):
    """A shipment where it was last seen, and the places it came by, in their order.

    What was seen last may be a place by name alone; then it is drawn where its last coordinates were.
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
           CASE s.status WHEN 'delivered' THEN s.actual_delivery_date > s.expected_delivery_date
                WHEN 'cancelled' THEN NULL
                ELSE s.expected_delivery_date < $2::date END AS is_late,
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
