-- Warehouses, balances, the ledger and reservations, and the three functions that alone may write stock.

CREATE TABLE warehouses (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name varchar(255) NOT NULL CONSTRAINT warehouses_name_given CHECK (name <> ''),
    location varchar(255),
    country varchar(100),
    city varchar(100),
    address text,
    capacity int CONSTRAINT warehouses_capacity_not_negative CHECK (capacity >= 0),
    manager_id uuid,
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT warehouses_status CHECK (status IN ('active', 'inactive', 'maintenance')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, manager_id) REFERENCES users (organization_id, id)
);
CREATE INDEX warehouses_name_idx ON warehouses (organization_id, name, id);
CREATE INDEX warehouses_status_idx ON warehouses (organization_id, status, name, id);
CREATE INDEX warehouses_manager_idx ON warehouses (organization_id, manager_id);
SELECT protect_tenant_table('warehouses');
GRANT INSERT (id, organization_id, name, location, country, city, address, capacity, manager_id, status),
    UPDATE (name, location, country, city, address, capacity, manager_id, status),
    DELETE ON warehouses TO imsop_app;

-- Named by the seed's diagram.
CREATE TABLE warehouse_zones (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    warehouse_id uuid NOT NULL,
    code varchar(50) NOT NULL CONSTRAINT warehouse_zones_code_given CHECK (code <> ''),
    name varchar(255) NOT NULL CONSTRAINT warehouse_zones_name_given CHECK (name <> ''),
    zone_type text NOT NULL CONSTRAINT warehouse_zones_type
        CHECK (zone_type IN ('receiving', 'storage', 'picking', 'packing', 'shipping', 'quarantine')),
    capacity int CONSTRAINT warehouse_zones_capacity_not_negative CHECK (capacity >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT warehouse_zones_unique_code UNIQUE (organization_id, warehouse_id, code)
);
CREATE INDEX warehouse_zones_code_idx ON warehouse_zones (organization_id, code, id);
SELECT protect_tenant_table('warehouse_zones');
GRANT INSERT (id, organization_id, warehouse_id, code, name, zone_type, capacity),
    UPDATE (code, name, zone_type, capacity), DELETE ON warehouse_zones TO imsop_app;

-- Balances. version counts the ledger rows behind the balance. fillfactor leaves room for in-page updates.
CREATE TABLE inventory (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    warehouse_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity_on_hand int NOT NULL DEFAULT 0,
    quantity_reserved int NOT NULL DEFAULT 0,
    quantity_available int GENERATED ALWAYS AS (quantity_on_hand - quantity_reserved) STORED,
    version bigint NOT NULL DEFAULT 0,
    last_counted timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id),
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    CONSTRAINT inventory_unique_warehouse_product UNIQUE (organization_id, warehouse_id, product_id),
    CONSTRAINT inventory_reserved_not_negative CHECK (quantity_reserved >= 0),
    CONSTRAINT inventory_reserved_within_on_hand CHECK (quantity_reserved <= quantity_on_hand)
) WITH (fillfactor = 80);
CREATE INDEX inventory_product_idx ON inventory (organization_id, product_id, warehouse_id);
SELECT protect_tenant_table('inventory');

-- The ledger: append-only, for ever. The application may read it; post_movements alone writes it.
CREATE TABLE inventory_transactions (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    inventory_id uuid NOT NULL,
    transaction_type text NOT NULL CONSTRAINT inventory_transactions_type
        CHECK (transaction_type IN ('receipt', 'shipment', 'adjustment', 'return')),
    movement_kind text NOT NULL CONSTRAINT inventory_transactions_kind_of_type CHECK (
        (transaction_type = 'receipt' AND movement_kind IN ('goods_receipt', 'transfer_in', 'production'))
        OR (transaction_type = 'shipment' AND movement_kind IN ('sale', 'transfer_out', 'consumption'))
        OR (transaction_type = 'adjustment'
            AND movement_kind IN ('opening_balance', 'count', 'scrap', 'correction', 'reversal'))
        OR (transaction_type = 'return' AND movement_kind IN ('customer_return', 'supplier_return'))),
    quantity int NOT NULL CONSTRAINT inventory_transactions_quantity_sign CHECK (
        CASE WHEN movement_kind IN ('goods_receipt', 'transfer_in', 'production', 'opening_balance', 'customer_return')
             THEN quantity > 0
             WHEN movement_kind IN ('sale', 'transfer_out', 'consumption', 'scrap', 'supplier_return')
             THEN quantity < 0
             ELSE quantity <> 0 END),
    balance_after int NOT NULL CONSTRAINT inventory_transactions_balance_not_negative CHECK (balance_after >= 0),
    balance_version bigint NOT NULL,
    reference_id varchar(100),
    notes text,
    created_by uuid,
    occurred_at timestamptz NOT NULL DEFAULT now()
        CONSTRAINT inventory_transactions_occurred_at__year
        CHECK (occurred_at >= '1900-01-01 00:00:00+00' AND occurred_at < '2200-01-01 00:00:00+00'),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, inventory_id) REFERENCES inventory (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT inventory_transactions_unique_version UNIQUE (organization_id, inventory_id, balance_version)
);
CREATE INDEX inventory_transactions_occurred_idx
    ON inventory_transactions (organization_id, inventory_id, occurred_at, id) INCLUDE (quantity, created_at);
CREATE INDEX inventory_transactions_organization_occurred_idx
    ON inventory_transactions (organization_id, occurred_at, id);
CREATE INDEX inventory_transactions_created_at_idx ON inventory_transactions (organization_id, created_at);
CREATE INDEX inventory_transactions_reference_idx ON inventory_transactions (organization_id, reference_id)
    WHERE reference_id IS NOT NULL;
CREATE INDEX inventory_transactions_created_by_idx ON inventory_transactions (organization_id, created_by)
    WHERE created_by IS NOT NULL;
SELECT protect_tenant_table('inventory_transactions');

-- Each held unit has an owner: a sales order's line, or a hold for a stated reason. A row lives while it holds.
CREATE TABLE inventory_reservations (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    inventory_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT inventory_reservations_kind
        CHECK (kind IN ('sales_order', 'quarantine', 'hold')),
    quantity int NOT NULL CONSTRAINT inventory_reservations_quantity_positive CHECK (quantity > 0),
    sales_order_item_id uuid,
    reason varchar(255),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, inventory_id) REFERENCES inventory (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT inventory_reservations_owner CHECK ((kind = 'sales_order') = (sales_order_item_id IS NOT NULL))
);
CREATE INDEX inventory_reservations_inventory_idx ON inventory_reservations (organization_id, inventory_id);
CREATE INDEX inventory_reservations_created_by_idx ON inventory_reservations (organization_id, created_by)
    WHERE created_by IS NOT NULL;
SELECT protect_tenant_table('inventory_reservations');

-- Locks these balances until the transaction ends, in id order, so that no two callers can deadlock.
-- Every function below that changes stock comes through here first.
CREATE FUNCTION lock_balances(p_organization_id uuid, p_inventory_ids uuid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM FROM inventory i
    WHERE i.organization_id = p_organization_id AND i.id = ANY (p_inventory_ids)
    ORDER BY i.id
    FOR NO KEY UPDATE;
END $$;

-- The balances of these product and warehouse pairs, in the order given; missing ones are created empty.
CREATE FUNCTION open_balances(p_organization_id uuid, p_product_ids uuid[], p_warehouse_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_inventory_ids uuid[];
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT array_agg(i.id ORDER BY pair.line) INTO v_inventory_ids
        FROM unnest(p_product_ids, p_warehouse_ids) WITH ORDINALITY AS pair (product_id, warehouse_id, line)
        LEFT JOIN inventory i ON i.organization_id = p_organization_id
            AND i.product_id = pair.product_id AND i.warehouse_id = pair.warehouse_id;
        EXIT WHEN array_position(v_inventory_ids, NULL) IS NULL;
        -- A rival may insert the same pair: ON CONFLICT waits for it, and the second look sees its row.
        INSERT INTO inventory (organization_id, product_id, warehouse_id)
        SELECT DISTINCT p_organization_id, pair.product_id, pair.warehouse_id
        FROM unnest(p_product_ids, p_warehouse_ids) AS pair (product_id, warehouse_id)
        ORDER BY 2, 3
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN v_inventory_ids;
END $$;

-- The only door to the ledger. All lines are posted, or none and what is refused comes back as rows:
--   posted  the ledger row of the line, with the balance it left
--   short   a balance that would fall below zero or below what is reserved in it, with what is available
--   unheld  a line that draws on a reservation which is not of that balance or holds less
-- Lines are applied in the order given. Values are computed from the locked rows.
CREATE FUNCTION post_movements(
    p_organization_id uuid, p_product_ids uuid[], p_warehouse_ids uuid[], p_quantities int[],
    p_transaction_types text[], p_movement_kinds text[], p_reservation_ids uuid[], p_reference_ids text[],
    p_notes text[], p_occurred_at timestamptz[], p_created_by uuid)
RETURNS TABLE (
    outcome text, line int, id uuid, inventory_id uuid, quantity int, balance_after int, available int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_inventory_ids uuid[] := open_balances(p_organization_id, p_product_ids, p_warehouse_ids);
    v_draws boolean := cardinality(array_remove(p_reservation_ids, NULL)) > 0;
BEGIN
    PERFORM lock_balances(p_organization_id, v_inventory_ids);
    IF v_draws THEN
        RETURN QUERY
        SELECT 'unheld', min(draw.line)::int, draw.reservation_id, draw.inventory_id, NULL::int, NULL::int,
               coalesce(max(r.quantity), 0)
        FROM unnest(p_reservation_ids, v_inventory_ids, p_quantities)
            WITH ORDINALITY AS draw (reservation_id, inventory_id, quantity, line)
        LEFT JOIN inventory_reservations r ON r.organization_id = p_organization_id
            AND r.id = draw.reservation_id AND r.inventory_id = draw.inventory_id
        WHERE draw.reservation_id IS NOT NULL
        GROUP BY draw.reservation_id, draw.inventory_id
        HAVING coalesce(max(r.quantity), 0) < -sum(draw.quantity) OR max(draw.quantity) > 0;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    RETURN QUERY
    WITH entry AS MATERIALIZED (
        SELECT uuidv7() AS id, e.line::int AS line, e.inventory_id, e.quantity, e.transaction_type, e.movement_kind,
               e.reservation_id, e.reference_id, e.notes, coalesce(e.occurred_at, now()) AS occurred_at,
               i.quantity_on_hand AS on_hand, i.quantity_reserved AS reserved, i.version,
               i.quantity_on_hand + sum(e.quantity) OVER in_order AS balance_after,
               i.version + row_number() OVER in_order AS balance_version
        FROM unnest(v_inventory_ids, p_quantities, p_transaction_types, p_movement_kinds, p_reservation_ids,
                    p_reference_ids, p_notes, p_occurred_at)
            WITH ORDINALITY AS e (inventory_id, quantity, transaction_type, movement_kind, reservation_id,
                                  reference_id, notes, occurred_at, line)
        JOIN inventory i ON i.organization_id = p_organization_id AND i.id = e.inventory_id
        WINDOW in_order AS (PARTITION BY e.inventory_id ORDER BY e.line)
    ), change AS MATERIALIZED (
        SELECT inventory_id, on_hand, reserved, version, min(line) AS line, count(*) AS entries,
               sum(quantity) AS quantity, min(balance_after) AS lowest,
               coalesce(-sum(quantity) FILTER (WHERE reservation_id IS NOT NULL), 0) AS drawn,
               max(occurred_at) FILTER (WHERE movement_kind = 'count') AS counted_at
        FROM entry
        GROUP BY inventory_id, on_hand, reserved, version
    ), short AS MATERIALIZED (
        SELECT inventory_id, line, on_hand, on_hand - reserved + drawn AS available
        FROM change
        WHERE lowest < 0 OR on_hand + quantity < reserved - drawn
    ), moved AS (
        UPDATE inventory i
        SET quantity_on_hand = c.on_hand + c.quantity, quantity_reserved = c.reserved - c.drawn,
            version = c.version + c.entries, last_counted = greatest(i.last_counted, c.counted_at)
        FROM change c
        WHERE i.organization_id = p_organization_id AND i.id = c.inventory_id AND NOT EXISTS (SELECT FROM short)
    ), posted AS (
        INSERT INTO inventory_transactions
            (id, organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
             balance_version, reference_id, notes, created_by, occurred_at)
        SELECT id, p_organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
               balance_version, reference_id, notes, p_created_by, occurred_at
        FROM entry
        WHERE NOT EXISTS (SELECT FROM short)
        ORDER BY line
    ), drawn AS MATERIALIZED (
        SELECT reservation_id, -sum(quantity) AS quantity FROM entry
        WHERE reservation_id IS NOT NULL AND NOT EXISTS (SELECT FROM short)
        GROUP BY reservation_id
    ), lowered AS (
        UPDATE inventory_reservations r SET quantity = r.quantity - d.quantity
        FROM drawn d
        WHERE r.organization_id = p_organization_id AND r.id = d.reservation_id AND r.quantity > d.quantity
    ), fulfilled AS (
        DELETE FROM inventory_reservations r USING drawn d
        WHERE r.organization_id = p_organization_id AND r.id = d.reservation_id AND r.quantity = d.quantity
    )
    SELECT 'short', line, NULL::uuid, inventory_id, NULL::int, on_hand, available::int FROM short
    UNION ALL
    SELECT 'posted', line, id, inventory_id, quantity, balance_after::int, NULL::int FROM entry
    WHERE NOT EXISTS (SELECT FROM short)
    ORDER BY 2;
END $$;

-- Holds stock for an owner: all lines, or none and the balances that are short come back with what is available.
CREATE FUNCTION reserve_stock(
    p_organization_id uuid, p_inventory_ids uuid[], p_quantities int[], p_kind text, p_sales_order_item_ids uuid[],
    p_reason text, p_created_by uuid)
RETURNS TABLE (outcome text, line int, id uuid, inventory_id uuid, quantity int, available int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM lock_balances(p_organization_id, p_inventory_ids);
    RETURN QUERY
    WITH wish AS MATERIALIZED (
        SELECT uuidv7() AS id, w.line::int AS line, w.inventory_id, w.quantity, w.sales_order_item_id
        FROM unnest(p_inventory_ids, p_quantities, p_sales_order_item_ids)
            WITH ORDINALITY AS w (inventory_id, quantity, sales_order_item_id, line)
    ), change AS MATERIALIZED (
        SELECT w.inventory_id, min(w.line) AS line, sum(w.quantity) AS quantity,
               max(i.quantity_reserved) AS reserved, coalesce(max(i.quantity_available), 0) AS available
        FROM wish w
        LEFT JOIN inventory i ON i.organization_id = p_organization_id AND i.id = w.inventory_id
        GROUP BY w.inventory_id
    ), short AS MATERIALIZED (
        SELECT inventory_id, line, available FROM change WHERE quantity > available
    ), raised AS (
        UPDATE inventory i SET quantity_reserved = c.reserved + c.quantity
        FROM change c
        WHERE i.organization_id = p_organization_id AND i.id = c.inventory_id AND NOT EXISTS (SELECT FROM short)
    ), held AS (
        INSERT INTO inventory_reservations
            (id, organization_id, inventory_id, kind, quantity, sales_order_item_id, reason, created_by)
        SELECT id, p_organization_id, inventory_id, p_kind, quantity, sales_order_item_id, p_reason, p_created_by
        FROM wish
        WHERE NOT EXISTS (SELECT FROM short)
    )
    SELECT 'short', line, NULL::uuid, inventory_id, NULL::int, available FROM short
    UNION ALL
    SELECT 'held', line, id, inventory_id, quantity, NULL::int FROM wish
    WHERE NOT EXISTS (SELECT FROM short)
    ORDER BY 2;
END $$;

-- Frees what these reservations still hold and returns them. One that a rival freed meanwhile is not returned.
CREATE FUNCTION release_reservations(p_organization_id uuid, p_reservation_ids uuid[])
RETURNS TABLE (id uuid, inventory_id uuid, quantity int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM lock_balances(p_organization_id, array(
        SELECT DISTINCT r.inventory_id FROM inventory_reservations r
        WHERE r.organization_id = p_organization_id AND r.id = ANY (p_reservation_ids)));
    RETURN QUERY
    WITH released AS (
        DELETE FROM inventory_reservations r
        WHERE r.organization_id = p_organization_id AND r.id = ANY (p_reservation_ids)
        RETURNING r.id, r.inventory_id, r.quantity
    ), lowered AS (
        UPDATE inventory i SET quantity_reserved = i.quantity_reserved - freed.quantity
        FROM (SELECT inventory_id, sum(quantity) AS quantity FROM released GROUP BY inventory_id) freed
        WHERE i.organization_id = p_organization_id AND i.id = freed.inventory_id
    )
    SELECT id, inventory_id, quantity FROM released;
END $$;

GRANT EXECUTE ON FUNCTION post_movements, reserve_stock, release_reservations TO imsop_app;
