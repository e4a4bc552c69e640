"""Writes shipments with their items, events and positions."""

import msgspec

from imsop.core.bulk import stage_records
from imsop.demo.loading import Loading, require_none_refused, rows_written


async def write_shipments(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_shipments (
            id uuid, reference_id text, shipment_type text, status text, purchase_order_id uuid,
            sales_order_id uuid, supplier_id uuid, origin_warehouse_id uuid, destination_warehouse_id uuid,
            origin_location text, destination_location text, carrier text, tracking_number text,
            transport_mode text, weight_grams bigint, ship_date date, expected_delivery_date date,
            actual_delivery_date date
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_shipments",
        (
            (
                it.id, it.reference, it.type, it.status, it.purchase_order and it.purchase_order.id,
                it.sales_order and it.sales_order.id,
                None if it.supplier is None else loading.supplier_ids[it.supplier],
                None if it.origin_warehouse is None else loading.warehouse_ids[it.origin_warehouse],
                None if it.destination_warehouse is None else loading.warehouse_ids[it.destination_warehouse],
                it.origin.name, it.destination.name, it.carrier, it.tracking_number, it.mode, it.weight_grams,
                it.ship_date, it.expected_on, it.delivered_on,
            )
            for it in loading.books.shipments
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO shipments
            (id, organization_id, reference_id, shipment_type, purchase_order_id, sales_order_id,
             supplier_id, origin_warehouse_id, destination_warehouse_id, origin_location,
             destination_location, carrier, tracking_number, transport_mode, weight_kg, ship_date,
             expected_delivery_date, actual_delivery_date)
        SELECT s.id, $1::uuid, s.reference_id, s.shipment_type, s.purchase_order_id,
               s.sales_order_id, s.supplier_id, s.origin_warehouse_id, s.destination_warehouse_id,
               s.origin_location, s.destination_location, s.carrier, s.tracking_number, s.transport_mode,
               s.weight_grams / 1000.0, s.ship_date, s.expected_delivery_date, s.actual_delivery_date
        FROM staged_shipments s
        """,
        loading.organization_id,
    )
    refused: int = await loading.connection.fetchval(
        """
        SELECT count(*) FROM advance_shipments($1, array(
            SELECT ROW(s.id, 'pending', s.status, NULL, NULL, NULL, NULL)::document_change
            FROM staged_shipments s WHERE s.status <> 'pending'))
        """,
        loading.organization_id,
    )
    return require_none_refused(rows_written(staged, status), refused)


async def write_shipment_lines(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_shipment_lines (
            shipment_id uuid, product_id uuid, quantity int, purchase_order_item_id uuid,
            sales_order_item_id uuid
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_shipment_lines",
        (
            (
                shipment.id, loading.product_ids[line.product], line.quantity,
                line.purchase_line and line.purchase_line.id, line.sales_line and line.sales_line.id,
            )
            for shipment in loading.books.shipments
            for line in shipment.lines
        ),
    )  # fmt: skip
    status = await loading.connection.execute(
        """
        INSERT INTO shipment_items
            (organization_id, shipment_id, product_id, quantity, purchase_order_item_id, sales_order_item_id)
        SELECT $1::uuid, s.shipment_id, s.product_id, s.quantity, s.purchase_order_item_id,
               s.sales_order_item_id
        FROM staged_shipment_lines s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_shipment_events(loading: Loading) -> int:
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_stops (
            shipment_id uuid, event_type text, location text, source text, occurred_at timestamptz,
            payload text
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(
        loading.connection,
        "staged_stops",
        (
            (shipment.id, *stop[:4], stop.payload and msgspec.json.encode(stop.payload).decode())
            for shipment in loading.books.shipments
            for stop in shipment.stops
        ),
    )
    status = await loading.connection.execute(
        """
        INSERT INTO shipment_events
            (organization_id, shipment_id, event_type, location, source, occurred_at, payload)
        SELECT $1::uuid, s.shipment_id, s.event_type, s.location, s.source, s.occurred_at, s.payload::jsonb
        FROM staged_stops s
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)


async def write_positions(loading: Loading) -> int:
    """Positions of shipments, and the latest of each."""
    await loading.connection.execute(
        """
        CREATE TEMPORARY TABLE staged_fixes (
            shipment_id uuid, location text, latitude float8, longitude float8, status text,
            "timestamp" timestamptz
        ) ON COMMIT DROP
        """
    )
    staged = await stage_records(loading.connection, "staged_fixes", loading.books.fixes)
    status = await loading.connection.execute(
        """
        INSERT INTO shipment_tracking
            (organization_id, shipment_id, location, latitude, longitude, status, "timestamp")
        SELECT $1::uuid, s.shipment_id, s.location, s.latitude, s.longitude, s.status, s."timestamp"
        FROM staged_fixes s
        """,
        loading.organization_id,
    )
    await loading.connection.execute(
        """
        INSERT INTO shipment_last_position
            (organization_id, shipment_id, location, latitude, longitude, status, "timestamp")
        SELECT DISTINCT ON (t.shipment_id)
               t.organization_id, t.shipment_id, t.location, t.latitude, t.longitude, t.status, t."timestamp"
        FROM shipment_tracking t
        WHERE t.organization_id = $1
        ORDER BY t.shipment_id, t."timestamp" DESC, t.id DESC
        """,
        loading.organization_id,
    )
    return rows_written(staged, status)
