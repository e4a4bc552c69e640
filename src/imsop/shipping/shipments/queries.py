"""SQL of shipments and their contents."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.fields import Instant
from imsop.core.listing import UNDATED_LAST, Listing, Sort
from imsop.shipping.shipments.models import (
    NewShipment,
    NewShipmentItem,
    Shipment,
    ShipmentItem,
    ShipmentStatus,
    ShipmentType,
    TransportMode,
)

_SHIPMENTS = """
    SELECT s.id, s.reference_id, s.shipment_type, s.status, s.purchase_order_id, s.sales_order_id,
           s.supplier_id, s.origin_warehouse_id, s.destination_warehouse_id, s.origin_location,
           s.destination_location, s.carrier, s.tracking_number, s.transport_mode, s.weight_kg, s.ship_date,
           s.expected_delivery_date, s.actual_delivery_date, s.created_at, s.updated_at,
           l.location, l.latitude::text AS latitude, l.longitude::text AS longitude, l."timestamp"
    FROM shipments s
    LEFT JOIN shipment_last_position l ON l.organization_id = $1 AND l.shipment_id = s.id
    WHERE s.organization_id = $1
"""


SHIPMENTS = Listing(
    Shipment,
    _SHIPMENTS,
    filters={
        "q": "s.id = ANY (ARRAY(SELECT search_ids($1, 'shipment', {})))",
        "tracking_number": "s.tracking_number = {}",
        "reference_id": "s.reference_id = {}",
        "status": "s.status = {}",
        "shipment_type": "s.shipment_type = {}",
        "purchase_order_id": "s.purchase_order_id = {}",
        "sales_order_id": "s.sales_order_id = {}",
        # Only inbound shipments have a supplier: with this condition, the planner knows that other types
        # match none.
        "supplier_id": "s.supplier_id = {} AND s.shipment_type = 'inbound'",
        "created_from": "s.created_at >= {}",
        "created_to": "s.created_at < {}",
        "expected_delivery_date_from": "s.expected_delivery_date >= {}",
        "expected_delivery_date_to": "s.expected_delivery_date <= {}",
    },
    sorts={
        "created_at": Sort("s.created_at", "created_at", datetime),
        "expected_delivery_date": Sort("s.expected_delivery_date", "expected_delivery_date", date),
    },
    tiebreak="s.id",
)


async def get_shipment(connection: Connection, organization_id: UUID, shipment_id: UUID) -> Shipment | None:
    return await fetch_one(connection, Shipment, _SHIPMENTS + " AND s.id = $2", organization_id, shipment_id)


async def shipment_exists(connection: Connection, organization_id: UUID, shipment_id: UUID) -> bool:
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM shipments WHERE organization_id = $1 AND id = $2)",
        organization_id,
        shipment_id,
    )
    return found


async def insert_shipment(connection: Connection, organization_id: UUID, new: NewShipment) -> UUID:
    shipment_id: UUID = await connection.fetchval(
        """
        INSERT INTO shipments (organization_id, reference_id, shipment_type, purchase_order_id,
                               sales_order_id, supplier_id, origin_warehouse_id, destination_warehouse_id,
                               origin_location, destination_location, carrier, tracking_number,
                               transport_mode, weight_kg, ship_date, expected_delivery_date)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        RETURNING id
        """,
        organization_id,
        new.reference_id,
        new.shipment_type,
        new.purchase_order_id,
        new.sales_order_id,
        new.supplier_id,
        new.origin_warehouse_id,
        new.destination_warehouse_id,
        new.origin_location,
        new.destination_location,
        new.carrier,
        new.tracking_number,
        new.transport_mode,
        new.weight_kg,
        new.ship_date,
        new.expected_delivery_date,
    )
    return shipment_id


async def update_shipment_under_way(connection: Connection, organization_id: UUID, row: Shipment) -> bool:
    """Writes the row if its `updated_at` matches and it is not delivered or cancelled; else False."""
    updated = await connection.fetchval(
        """
        UPDATE shipments
        SET reference_id = $4, origin_location = $5, destination_location = $6, carrier = $7,
            tracking_number = $8, transport_mode = $9, weight_kg = $10, ship_date = $11,
            expected_delivery_date = $12
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3 AND status IN ('pending', 'in_transit')
        RETURNING true
        """,
        organization_id,
        row.id,
        row.updated_at,
        row.reference_id,
        row.origin_location,
        row.destination_location,
        row.carrier,
        row.tracking_number,
        row.transport_mode,
        row.weight_kg,
        row.ship_date,
        row.expected_delivery_date,
    )
    return bool(updated)


_ITEMS = """
    SELECT i.id, i.product_id, i.quantity, i.purchase_order_item_id, i.sales_order_item_id
    FROM shipment_items i
    WHERE i.organization_id = $1
"""


ITEMS = Listing(
    ShipmentItem,
    _ITEMS,
    filters={"shipment_id": "i.shipment_id = {}"},
    sorts={"id": Sort("i.id", "id", UUID)},
    tiebreak="i.id",
)


async def list_items(connection: Connection, organization_id: UUID, shipment_id: UUID) -> list[ShipmentItem]:
    """All items of a shipment, in the order entered."""
    return await fetch_all(
        connection,
        ShipmentItem,
        _ITEMS + " AND i.shipment_id = $2 ORDER BY i.id",
        organization_id,
        shipment_id,
    )


async def insert_items(
    connection: Connection, organization_id: UUID, shipment_id: UUID, items: Sequence[NewShipmentItem]
) -> None:
    await connection.execute(
        """
        INSERT INTO shipment_items (organization_id, shipment_id, product_id, quantity,
                                    purchase_order_item_id, sales_order_item_id)
        SELECT $1, $2, item.product_id, item.quantity, item.purchase_order_item_id, item.sales_order_item_id
        FROM unnest($3::uuid[], $4::int[], $5::uuid[], $6::uuid[]) WITH ORDINALITY
             AS item (product_id, quantity, purchase_order_item_id, sales_order_item_id, number)
        ORDER BY item.number
        """,
        organization_id,
        shipment_id,
        [item.product_id for item in items],
        [item.quantity for item in items],
        [item.purchase_order_item_id for item in items],
        [item.sales_order_item_id for item in items],
    )


class ShipmentSummary(Struct, frozen=True):
    """A shipment in a list. `is_late` is null without an expected date, and for cancelled ones."""

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


# $2: today in the organization's timezone.
SHIPMENT_SUMMARIES = Listing(
    ShipmentSummary,
    """
    SELECT s.id, s.reference_id, s.tracking_number, s.shipment_type, s.status, s.transport_mode, s.carrier,
           coalesce(origin.name, s.origin_location) AS origin,
           coalesce(destination.name, s.destination_location) AS destination,
           s.weight_kg, s.ship_date, s.expected_delivery_date, s.actual_delivery_date,
           shipment_is_late(s.status, s.expected_delivery_date, s.actual_delivery_date, $2::date) AS is_late,
           s.created_at
    FROM shipments s
    LEFT JOIN warehouses origin ON origin.organization_id = $1 AND origin.id = s.origin_warehouse_id
    LEFT JOIN warehouses destination
        ON destination.organization_id = $1 AND destination.id = s.destination_warehouse_id
    WHERE s.organization_id = $1
    """,
    filters={
        "q": "s.id = ANY (ARRAY(SELECT search_ids($1, 'shipment', {})))",
        "status": "s.status = {}",
        "shipment_type": "s.shipment_type = {}",
        "open": "({}::bool AND s.status IN ('pending', 'in_transit'))",
        "carrier": "s.carrier = {}",
        "expected_from": "s.expected_delivery_date >= {}",
        "expected_to": "s.expected_delivery_date <= {}",
        "late": "shipment_is_late(s.status, s.expected_delivery_date, s.actual_delivery_date, $2::date) = {}",
        "delivered_from": "s.actual_delivery_date >= {}",
        "delivered_to": "s.actual_delivery_date <= {}",
        "dated": "({}::bool AND s.expected_delivery_date IS NOT NULL)",
        "purchase_order_id": "s.purchase_order_id = {}",
        "sales_order_id": "s.sales_order_id = {}",
        "supplier_id": "s.supplier_id = {} AND s.shipment_type = 'inbound'",
        "product_id": """s.id IN (SELECT i.shipment_id FROM shipment_items i
                                 WHERE i.organization_id = $1 AND i.product_id = {})""",
    },
    sorts={
        "created_at": Sort("s.created_at", "created_at", datetime),
        "expected_delivery_date": Sort(
            "s.expected_delivery_date", "expected_delivery_date", date, absent=UNDATED_LAST
        ),
    },
    tiebreak="s.id",
    fixed_arguments=1,
)


class ShipmentDocument(ShipmentSummary, frozen=True):
    """A shipment with the names of the rows it refers to."""

    purchase_order_id: UUID | None
    po_number: str | None
    sales_order_id: UUID | None
    so_number: str | None
    supplier_id: UUID | None
    supplier_name: str | None
    origin_warehouse_id: UUID | None
    destination_warehouse_id: UUID | None
    updated_at: Instant


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
               shipment_is_late(s.status, s.expected_delivery_date, s.actual_delivery_date, $2::date)
                   AS is_late,
               s.created_at, s.purchase_order_id, po.po_number, s.sales_order_id, so.so_number,
               s.supplier_id, supplier.name AS supplier_name, s.origin_warehouse_id,
               s.destination_warehouse_id, s.updated_at
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
    """A product in a shipment, with the order line it is for."""

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


class LineToShip(Struct, frozen=True):
    """A line of a sales order where somebody enters what leaves; quantities in base units.

    `quantity_left` is open and in no pending shipment; `held` are the warehouses that hold stock for it.
    """

    id: UUID
    line_number: int
    product_id: UUID
    sku: str
    product_name: str
    gtin: str | None
    units_per_pack: int | None
    quantity_ordered: int
    quantity_reserved: int
    quantity_left: int
    held: dict[str, int]


async def list_lines_to_ship(
    connection: Connection, organization_id: UUID, order_id: UUID
) -> list[LineToShip]:
    """The lines of a confirmed sales order of which something can still be packed, by number."""
    return await fetch_all(
        connection,
        LineToShip,
        """
        SELECT * FROM (
            SELECT l.id, l.line_number, l.product_id, coalesce(i.sku, p.sku) AS sku,
                   coalesce(i.product_name, p.name) AS product_name, p.gtin,
                   coalesce(i.units_per_pack, p.units_per_pack) AS units_per_pack, l.quantity_ordered,
                   l.quantity_reserved,
                   l.quantity_open - coalesce((
                       SELECT sum(c.quantity) FROM shipment_items c
                       JOIN shipments s ON s.organization_id = $1 AND s.id = c.shipment_id
                       WHERE c.organization_id = $1 AND c.sales_order_item_id = l.id
                         AND s.status = 'pending'), 0)::int AS quantity_left,
                   coalesce((
                       SELECT jsonb_object_agg(held.name, held.quantity) FROM (
                           SELECT w.name, sum(r.quantity) AS quantity
                           FROM inventory_reservations r
                           JOIN inventory b ON b.organization_id = $1 AND b.id = r.inventory_id
                           JOIN warehouses w ON w.organization_id = $1 AND w.id = b.warehouse_id
                           WHERE r.organization_id = $1 AND r.sales_order_item_id = l.id
                           GROUP BY w.name) AS held), '{}') AS held
            FROM sales_lines l
            JOIN sales_order_items i ON i.organization_id = $1 AND i.id = l.id
            JOIN products p ON p.organization_id = $1 AND p.id = l.product_id
            WHERE l.organization_id = $1 AND l.sales_order_id = $2 AND l.quantity_open > 0
        ) AS line
        WHERE line.quantity_left > 0
        ORDER BY line.line_number
        """,
        organization_id,
        order_id,
    )
