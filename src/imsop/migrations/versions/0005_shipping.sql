-- Shipments, what is in them, where they are and what happened to them.

-- The links to orders, suppliers and warehouses that the seed's diagram draws, each allowed by type only.
CREATE TABLE shipments (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    reference_id varchar(100),
    shipment_type text NOT NULL CONSTRAINT shipments_type
        CHECK (shipment_type IN ('inbound', 'outbound', 'transfer')),
    status text NOT NULL DEFAULT 'pending' CONSTRAINT shipments_status
        CHECK (status IN ('pending', 'in_transit', 'delivered', 'cancelled')),
    purchase_order_id uuid,
    sales_order_id uuid,
    supplier_id uuid,
    origin_warehouse_id uuid,
    destination_warehouse_id uuid,
    origin_location varchar(255),
    destination_location varchar(255),
    carrier varchar(100),
    tracking_number varchar(100),
    transport_mode text CONSTRAINT shipments_transport_mode
        CHECK (transport_mode IN ('air', 'air_charter', 'ocean', 'road', 'rail', 'courier')),
    weight_kg numeric(12, 3) CONSTRAINT shipments_weight_not_negative CHECK (weight_kg >= 0),
    ship_date date,
    expected_delivery_date date,
    actual_delivery_date date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id),
    FOREIGN KEY (organization_id, sales_order_id) REFERENCES sales_orders (organization_id, id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id),
    FOREIGN KEY (organization_id, origin_warehouse_id) REFERENCES warehouses (organization_id, id),
    FOREIGN KEY (organization_id, destination_warehouse_id) REFERENCES warehouses (organization_id, id),
    CONSTRAINT shipments_links_fit_type CHECK (
        CASE shipment_type
            WHEN 'inbound' THEN sales_order_id IS NULL
            WHEN 'outbound' THEN purchase_order_id IS NULL AND supplier_id IS NULL
            ELSE purchase_order_id IS NULL AND sales_order_id IS NULL AND supplier_id IS NULL
        END),
    CONSTRAINT shipments_transfer_between_two_warehouses CHECK (
        shipment_type <> 'transfer'
        OR (origin_warehouse_id IS NOT NULL AND destination_warehouse_id IS NOT NULL
            AND origin_warehouse_id <> destination_warehouse_id)),
    CONSTRAINT shipments_ship_date__year CHECK (ship_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT shipments_expected_delivery_date__year CHECK (expected_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT shipments_actual_delivery_date__year CHECK (actual_delivery_date BETWEEN '1900-01-01' AND '2199-12-31')
);
CREATE INDEX shipments_created_at_idx ON shipments (organization_id, created_at, id);
CREATE INDEX shipments_status_idx ON shipments (organization_id, status, created_at, id);
CREATE INDEX shipments_tracking_number_idx ON shipments (organization_id, tracking_number);
CREATE INDEX shipments_reference_idx ON shipments (organization_id, reference_id) WHERE reference_id IS NOT NULL;
CREATE INDEX shipments_purchase_order_idx ON shipments (organization_id, purchase_order_id)
    WHERE purchase_order_id IS NOT NULL;
CREATE INDEX shipments_sales_order_idx ON shipments (organization_id, sales_order_id) WHERE sales_order_id IS NOT NULL;
CREATE INDEX shipments_type_idx ON shipments (organization_id, shipment_type, created_at, id);
CREATE INDEX shipments_type_status_idx ON shipments (organization_id, shipment_type, status, created_at, id);
CREATE INDEX shipments_supplier_idx ON shipments (organization_id, supplier_id, created_at, id)
    WHERE supplier_id IS NOT NULL;
CREATE INDEX shipments_supplier_status_idx ON shipments (organization_id, supplier_id, status, created_at, id)
    WHERE supplier_id IS NOT NULL;
CREATE INDEX shipments_origin_warehouse_idx ON shipments (organization_id, origin_warehouse_id)
    WHERE origin_warehouse_id IS NOT NULL;
CREATE INDEX shipments_destination_warehouse_idx ON shipments (organization_id, destination_warehouse_id)
    WHERE destination_warehouse_id IS NOT NULL;
SELECT protect_tenant_table('shipments');
GRANT INSERT (id, organization_id, reference_id, shipment_type, status, purchase_order_id, sales_order_id,
              supplier_id, origin_warehouse_id, destination_warehouse_id, origin_location, destination_location,
              carrier, tracking_number, transport_mode, weight_kg, ship_date, expected_delivery_date,
              actual_delivery_date),
    UPDATE (reference_id, status, purchase_order_id, sales_order_id, supplier_id, origin_warehouse_id,
            destination_warehouse_id, origin_location, destination_location, carrier, tracking_number,
            transport_mode, weight_kg, ship_date, expected_delivery_date, actual_delivery_date)
    ON shipments TO imsop_app;

-- Beside the seed: a shipment may carry lines of several orders, and part of a line.
CREATE TABLE shipment_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    shipment_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity int NOT NULL CONSTRAINT shipment_items_quantity_positive CHECK (quantity > 0),
    purchase_order_item_id uuid,
    sales_order_item_id uuid,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, shipment_id) REFERENCES shipments (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    FOREIGN KEY (organization_id, purchase_order_item_id) REFERENCES purchase_order_items (organization_id, id),
    FOREIGN KEY (organization_id, sales_order_item_id) REFERENCES sales_order_items (organization_id, id),
    CONSTRAINT shipment_items_one_order_line
        CHECK (purchase_order_item_id IS NULL OR sales_order_item_id IS NULL)
);
CREATE INDEX shipment_items_shipment_idx ON shipment_items (organization_id, shipment_id, id);
CREATE INDEX shipment_items_product_idx ON shipment_items (organization_id, product_id);
CREATE INDEX shipment_items_purchase_order_item_idx ON shipment_items (organization_id, purchase_order_item_id)
    WHERE purchase_order_item_id IS NOT NULL;
CREATE INDEX shipment_items_sales_order_item_idx ON shipment_items (organization_id, sales_order_item_id)
    WHERE sales_order_item_id IS NOT NULL;
SELECT protect_tenant_table('shipment_items');
GRANT INSERT, UPDATE (quantity), DELETE ON shipment_items TO imsop_app;

-- Positions, append-only, one partition a month (ensure_partitions); what time empties is dropped by partition.
CREATE TABLE shipment_tracking (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    shipment_id uuid NOT NULL,
    location varchar(255),
    latitude numeric(10, 8) CONSTRAINT shipment_tracking_latitude_range CHECK (latitude BETWEEN -90 AND 90),
    longitude numeric(11, 8) CONSTRAINT shipment_tracking_longitude_range CHECK (longitude BETWEEN -180 AND 180),
    status varchar(50),
    "timestamp" timestamptz NOT NULL,
    PRIMARY KEY (id, organization_id, "timestamp"),
    FOREIGN KEY (organization_id, shipment_id) REFERENCES shipments (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT shipment_tracking_position_whole CHECK ((latitude IS NULL) = (longitude IS NULL))
) PARTITION BY RANGE ("timestamp");
CREATE INDEX shipment_tracking_shipment_idx ON shipment_tracking (organization_id, shipment_id, "timestamp", id);
CREATE INDEX shipment_tracking_timestamp_idx ON shipment_tracking (organization_id, "timestamp");
SELECT protect_tenant_table('shipment_tracking');
GRANT INSERT ON shipment_tracking TO imsop_app;

-- Beside the seed: the newest position of each shipment, so that a map of thousands reads one narrow table.
-- No index holds what an update changes: it stays in its page.
CREATE TABLE shipment_last_position (
    shipment_id uuid NOT NULL,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    location varchar(255),
    latitude numeric(10, 8),
    longitude numeric(11, 8),
    status varchar(50),
    "timestamp" timestamptz NOT NULL,
    PRIMARY KEY (shipment_id, organization_id),
    FOREIGN KEY (organization_id, shipment_id) REFERENCES shipments (organization_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX shipment_last_position_shipment_idx ON shipment_last_position (organization_id, shipment_id);
SELECT protect_tenant_table('shipment_last_position');
GRANT INSERT, UPDATE (location, latitude, longitude, status, "timestamp") ON shipment_last_position TO imsop_app;

-- Named by the seed's diagram; append-only. occurred_at is the carrier's word, created_at when it reached us.
CREATE TABLE shipment_events (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    shipment_id uuid NOT NULL,
    event_type text NOT NULL CONSTRAINT shipment_events_type CHECK (event_type IN (
        'created', 'picked_up', 'departed', 'arrived', 'customs_hold', 'customs_released', 'out_for_delivery',
        'delivered', 'delayed', 'exception', 'cancelled')),
    location varchar(255),
    source varchar(100),
    payload jsonb,
    occurred_at timestamptz NOT NULL
        CONSTRAINT shipment_events_occurred_at__year
        CHECK (occurred_at >= '1900-01-01 00:00:00+00' AND occurred_at < '2200-01-01 00:00:00+00'),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, shipment_id) REFERENCES shipments (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX shipment_events_shipment_idx ON shipment_events (organization_id, shipment_id, occurred_at, id);
CREATE INDEX shipment_events_occurred_idx ON shipment_events (organization_id, occurred_at, id);
SELECT protect_tenant_table('shipment_events');
GRANT INSERT (id, organization_id, shipment_id, event_type, location, source, payload, occurred_at)
    ON shipment_events TO imsop_app;
