-- Returns from customers as documents: authorized up to what was shipped, received into quarantine, and disposed of.

-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint
-- squawk-ignore-file require-concurrent-index-creation

CREATE TABLE customer_returns (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    return_number varchar(100) NOT NULL CONSTRAINT customer_returns_number_given CHECK (return_number <> ''),
    status text NOT NULL DEFAULT 'authorized'
        CONSTRAINT customer_returns_status CHECK (status IN ('authorized', 'received', 'closed', 'cancelled')),
    sales_order_id uuid,
    customer_id uuid,
    warehouse_id uuid NOT NULL,
    customer_reference varchar(100),
    notes text,
    received_at timestamptz
        CONSTRAINT customer_returns_received_at__year
        CHECK (received_at >= '1900-01-01 00:00:00+00' AND received_at < '2200-01-01 00:00:00+00'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, sales_order_id) REFERENCES sales_orders (organization_id, id),
    FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT customer_returns_unique_number UNIQUE (organization_id, return_number)
);
CREATE INDEX customer_returns_created_idx ON customer_returns (organization_id, created_at, id);
CREATE INDEX customer_returns_status_idx ON customer_returns (organization_id, status, created_at, id);
CREATE INDEX customer_returns_order_idx ON customer_returns (organization_id, sales_order_id, created_at, id)
    WHERE sales_order_id IS NOT NULL;
CREATE INDEX customer_returns_customer_idx ON customer_returns (organization_id, customer_id, created_at, id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX customer_returns_warehouse_idx ON customer_returns (organization_id, warehouse_id, created_at, id);
CREATE INDEX customer_returns_created_by_idx ON customer_returns (organization_id, created_by)
    WHERE created_by IS NOT NULL;
SELECT protect_tenant_table('customer_returns');
GRANT INSERT (organization_id, return_number, sales_order_id, customer_id, warehouse_id, customer_reference, notes,
              created_by), UPDATE (status, received_at) ON customer_returns TO imsop_app;

-- quantity is authorized. Of what was received, what is neither restocked, scrapped nor sent on is held in quarantine.
CREATE TABLE customer_return_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    customer_return_id uuid NOT NULL,
    line_number int NOT NULL CONSTRAINT customer_return_items_line_number_positive CHECK (line_number > 0),
    sales_order_item_id uuid,
    product_id uuid NOT NULL,
    quantity int NOT NULL CONSTRAINT customer_return_items_quantity_positive CHECK (quantity > 0),
    quantity_received int NOT NULL DEFAULT 0,
    quantity_restocked int NOT NULL DEFAULT 0,
    quantity_scrapped int NOT NULL DEFAULT 0,
    reason varchar(255) NOT NULL,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, customer_return_id) REFERENCES customer_returns (organization_id, id),
    FOREIGN KEY (organization_id, sales_order_item_id) REFERENCES sales_order_items (organization_id, id),
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    CONSTRAINT customer_return_items_unique_line_number UNIQUE (organization_id, customer_return_id, line_number),
    CONSTRAINT customer_return_items_received_within_quantity CHECK (quantity_received BETWEEN 0 AND quantity),
    CONSTRAINT customer_return_items_disposed_within_received CHECK (
        quantity_restocked >= 0 AND quantity_scrapped >= 0
        AND quantity_restocked + quantity_scrapped <= quantity_received)
);
CREATE INDEX customer_return_items_order_item_idx ON customer_return_items (organization_id, sales_order_item_id)
    WHERE sales_order_item_id IS NOT NULL;
CREATE INDEX customer_return_items_product_idx ON customer_return_items (organization_id, product_id);
SELECT protect_tenant_table('customer_return_items');
GRANT INSERT (organization_id, customer_return_id, line_number, sales_order_item_id, product_id, quantity, reason),
      UPDATE (quantity_received, quantity_restocked, quantity_scrapped) ON customer_return_items TO imsop_app;

SELECT audit_table('customer_returns');
SELECT audit_table('customer_return_items');

-- The ledger and the quarantine name the lines that caused them.
ALTER TABLE inventory_transactions ADD COLUMN customer_return_item_id uuid;
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_customer_return_item_fkey
    FOREIGN KEY (organization_id, customer_return_item_id) REFERENCES customer_return_items (organization_id, id);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_customer_return_of_kind CHECK (
    customer_return_item_id IS NULL OR movement_kind IN ('customer_return', 'scrap', 'reversal'));
ALTER TABLE inventory_transactions DROP CONSTRAINT inventory_transactions_by_hand_has_reason;
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_by_hand_has_reason
    CHECK (num_nonnulls(purchase_order_item_id, sales_order_item_id, shipment_item_id, goods_receipt_item_id,
                        supplier_return_item_id, customer_return_item_id, reason) > 0) NOT VALID;
CREATE INDEX inventory_transactions_customer_return_item_idx
    ON inventory_transactions (organization_id, customer_return_item_id) WHERE customer_return_item_id IS NOT NULL;
ALTER TABLE inventory_reservations ADD COLUMN customer_return_item_id uuid;
ALTER TABLE inventory_reservations ADD CONSTRAINT inventory_reservations_customer_return_item_fkey
    FOREIGN KEY (organization_id, customer_return_item_id) REFERENCES customer_return_items (organization_id, id);
ALTER TABLE inventory_reservations ADD CONSTRAINT inventory_reservations_customer_return_is_quarantine
    CHECK (customer_return_item_id IS NULL OR kind = 'quarantine');
CREATE INDEX inventory_reservations_customer_return_item_idx
    ON inventory_reservations (organization_id, customer_return_item_id) WHERE customer_return_item_id IS NOT NULL;

-- Processes of the previous release send JSON without these fields, which are then NULL.
ALTER TYPE stock_movement ADD ATTRIBUTE customer_return_item_id uuid;
ALTER TYPE stock_wish ADD ATTRIBUTE customer_return_item_id uuid;

-- As before (0025), with the new key.
CREATE OR REPLACE FUNCTION post_movements_v2(p_organization_id uuid, p_movements stock_movement[], p_created_by uuid)
RETURNS TABLE (
    outcome text, line int, id uuid, inventory_id uuid, quantity int, balance_after int, available int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_purchase_items uuid[];
    v_sales_items uuid[];
    v_purchase_orders uuid[] := '{}';
    v_sales_orders uuid[] := '{}';
    v_product_ids uuid[];
    v_warehouse_ids uuid[];
    v_inventory_ids uuid[];
    v_draws boolean;
    v_dated_back boolean;
BEGIN
    SELECT array_agg(m.product_id ORDER BY m.ordinality), array_agg(m.warehouse_id ORDER BY m.ordinality),
           array_agg(m.purchase_order_item_id) FILTER (WHERE m.purchase_order_item_id IS NOT NULL),
           array_agg(m.sales_order_item_id) FILTER (WHERE m.sales_order_item_id IS NOT NULL),
           bool_or(m.reservation_id IS NOT NULL)
    INTO v_product_ids, v_warehouse_ids, v_purchase_items, v_sales_items, v_draws
    FROM unnest(p_movements) WITH ORDINALITY AS m;
    IF v_product_ids IS NULL THEN
        RETURN;
    END IF;
    IF v_purchase_items IS NOT NULL THEN
        v_purchase_orders := lock_purchase_orders_of(p_organization_id, v_purchase_items);
    END IF;
    IF v_sales_items IS NOT NULL THEN
        v_sales_orders := lock_sales_orders_of(p_organization_id, v_sales_items);
    END IF;
    -- Beside the movements as a column of its own: an element of an array, looked up by its line, could not be looked
    -- for in an index under row security, and all balances of the organization would be read.
    v_inventory_ids := open_balances(p_organization_id, v_product_ids, v_warehouse_ids);
    PERFORM lock_balances(p_organization_id, v_inventory_ids);

    IF v_draws THEN
        RETURN QUERY
        SELECT 'unheld', min(e.ordinality)::int, e.reservation_id, e.inventory_id, NULL::int, NULL::int,
               coalesce(max(r.quantity), 0)
        FROM ROWS FROM (unnest(v_inventory_ids), unnest(p_movements)) WITH ORDINALITY AS e (inventory_id)
        LEFT JOIN inventory_reservations r ON r.organization_id = p_organization_id
            AND r.id = e.reservation_id AND r.inventory_id = e.inventory_id
            AND r.sales_order_item_id IS NOT DISTINCT FROM e.sales_order_item_id
        WHERE e.reservation_id IS NOT NULL
        GROUP BY e.reservation_id, e.inventory_id
        HAVING coalesce(max(r.quantity), 0) < -sum(e.quantity) OR max(e.quantity) > 0;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    -- Below zero on the way, or at its end below what stays reserved.
    RETURN QUERY
    SELECT 'short', min(e.ordinality)::int, NULL::uuid, e.inventory_id, NULL::int, e.on_hand,
           (e.on_hand - e.reserved + e.drawn)::int
    FROM (
        SELECT e.ordinality, i.id AS inventory_id, i.quantity_on_hand AS on_hand, i.quantity_reserved AS reserved,
               e.quantity, i.quantity_on_hand + sum(e.quantity) OVER (PARTITION BY i.id ORDER BY e.ordinality) AS balance_after,
               coalesce(-sum(e.quantity) FILTER (WHERE e.reservation_id IS NOT NULL) OVER (PARTITION BY i.id), 0) AS drawn
        FROM ROWS FROM (unnest(v_inventory_ids), unnest(p_movements)) WITH ORDINALITY AS e (inventory_id)
        JOIN inventory i ON i.organization_id = p_organization_id AND i.id = e.inventory_id
    ) AS e
    GROUP BY e.inventory_id, e.on_hand, e.reserved, e.drawn
    HAVING min(e.balance_after) < 0 OR e.on_hand + sum(e.quantity) < e.reserved - e.drawn
    ORDER BY 2;
    IF FOUND THEN
        RETURN;
    END IF;

    -- Dated back: before the latest entry of the balance, or before an earlier line of this very posting.
    SELECT coalesce(bool_or(e.occurred_at < greatest(e.known_until, e.posted_until)), false) INTO v_dated_back
    FROM (
        SELECT coalesce(e.occurred_at, now()) AS occurred_at, i.last_occurred_at AS known_until,
               max(coalesce(e.occurred_at, now())) OVER (
                   PARTITION BY i.id ORDER BY e.ordinality ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS posted_until
        FROM ROWS FROM (unnest(v_inventory_ids), unnest(p_movements)) WITH ORDINALITY AS e (inventory_id)
        JOIN inventory i ON i.organization_id = p_organization_id AND i.id = e.inventory_id
    ) AS e;
    IF v_dated_back THEN
        RETURN QUERY
        SELECT 'short', s.line, NULL::uuid, s.inventory_id, NULL::int, NULL::int, s.available
        FROM short_in_the_past(p_organization_id, v_inventory_ids, p_movements) s;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;

    RETURN QUERY
    WITH entry AS MATERIALIZED (
        SELECT uuidv7() AS id, e.ordinality::int AS line, e.inventory_id, e.quantity,
               e.transaction_type, e.movement_kind, e.reservation_id, e.purchase_order_item_id, e.sales_order_item_id,
               e.shipment_item_id, e.goods_receipt_item_id, e.supplier_return_item_id, e.customer_return_item_id,
               e.reference_id, e.reason, e.notes,
               coalesce(e.occurred_at, now()) AS occurred_at,
               (i.quantity_on_hand + sum(e.quantity) OVER in_order)::int AS balance_after,
               i.version + row_number() OVER in_order AS balance_version
        FROM ROWS FROM (unnest(v_inventory_ids), unnest(p_movements)) WITH ORDINALITY AS e (inventory_id)
        JOIN inventory i ON i.organization_id = p_organization_id AND i.id = e.inventory_id
        WINDOW in_order AS (PARTITION BY i.id ORDER BY e.ordinality)
    ), moved AS (
        UPDATE inventory i
        SET quantity_on_hand = i.quantity_on_hand + c.quantity, quantity_reserved = i.quantity_reserved - c.drawn,
            version = i.version + c.entries, last_counted = greatest(i.last_counted, c.counted_at),
            last_occurred_at = greatest(i.last_occurred_at, c.last_occurred_at),
            dated_back_since = CASE WHEN v_dated_back THEN least(i.dated_back_since, c.first_occurred_at)
                                    ELSE i.dated_back_since END
        FROM (
            SELECT inventory_id, count(*) AS entries, sum(quantity) AS quantity,
                   coalesce(-sum(quantity) FILTER (WHERE reservation_id IS NOT NULL), 0) AS drawn,
                   min(occurred_at) AS first_occurred_at, max(occurred_at) AS last_occurred_at,
                   max(occurred_at) FILTER (WHERE movement_kind = 'count') AS counted_at
            FROM entry
            GROUP BY inventory_id
        ) c
        WHERE i.organization_id = p_organization_id AND i.id = c.inventory_id
    ), posted AS (
        INSERT INTO inventory_transactions
            (id, organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
             balance_version, purchase_order_item_id, sales_order_item_id, shipment_item_id, goods_receipt_item_id,
             supplier_return_item_id, customer_return_item_id, reference_id, reason, notes, created_by, occurred_at)
        SELECT id, p_organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
               balance_version, purchase_order_item_id, sales_order_item_id, shipment_item_id, goods_receipt_item_id,
               supplier_return_item_id, customer_return_item_id, reference_id, reason, notes, p_created_by, occurred_at
        FROM entry
        ORDER BY line
    )
    SELECT 'posted', line, id, inventory_id, quantity, balance_after, NULL::int FROM entry
    ORDER BY line;

    IF v_draws THEN
        WITH drawn AS MATERIALIZED (
            SELECT m.reservation_id, -sum(m.quantity) AS quantity
            FROM unnest(p_movements) AS m
            WHERE m.reservation_id IS NOT NULL
            GROUP BY m.reservation_id
        ), lowered AS (
            UPDATE inventory_reservations r SET quantity = r.quantity - d.quantity
            FROM drawn d
            WHERE r.organization_id = p_organization_id AND r.id = d.reservation_id AND r.quantity > d.quantity
        )
        DELETE FROM inventory_reservations r USING drawn d
        WHERE r.organization_id = p_organization_id AND r.id = d.reservation_id AND r.quantity = d.quantity;
    END IF;
    IF v_purchase_items IS NOT NULL THEN
        -- A reversal takes back what its sign says: of a receipt it is negative, of a return positive.
        UPDATE purchase_order_items i
        SET quantity_received = i.quantity_received + p.received, quantity_returned = i.quantity_returned + p.returned
        FROM (
            SELECT m.purchase_order_item_id,
                   coalesce(sum(m.quantity) FILTER (
                       WHERE m.movement_kind = 'goods_receipt' OR m.movement_kind = 'reversal' AND m.quantity < 0), 0)
                       AS received,
                   coalesce(-sum(m.quantity) FILTER (
                       WHERE m.movement_kind = 'supplier_return' OR m.movement_kind = 'reversal' AND m.quantity > 0), 0)
                       AS returned
            FROM unnest(p_movements) AS m
            WHERE m.purchase_order_item_id IS NOT NULL
            GROUP BY m.purchase_order_item_id
        ) p
        WHERE i.organization_id = p_organization_id AND i.id = p.purchase_order_item_id;
    END IF;
    IF v_sales_items IS NOT NULL THEN
        -- A reversal of a sale is positive, of a return negative.
        UPDATE sales_order_items i
        SET quantity_shipped = i.quantity_shipped + s.shipped, quantity_returned = i.quantity_returned + s.returned,
            quantity_reserved = i.quantity_reserved - s.drawn
        FROM (
            SELECT m.sales_order_item_id,
                   coalesce(-sum(m.quantity) FILTER (
                       WHERE m.movement_kind = 'sale' OR m.movement_kind = 'reversal' AND m.quantity > 0), 0) AS shipped,
                   coalesce(sum(m.quantity) FILTER (
                       WHERE m.movement_kind = 'customer_return' OR m.movement_kind = 'reversal' AND m.quantity < 0), 0)
                       AS returned,
                   coalesce(-sum(m.quantity) FILTER (WHERE m.reservation_id IS NOT NULL), 0) AS drawn
            FROM unnest(p_movements) AS m
            WHERE m.sales_order_item_id IS NOT NULL
            GROUP BY m.sales_order_item_id
        ) s
        WHERE i.organization_id = p_organization_id AND i.id = s.sales_order_item_id;
    END IF;
    IF v_purchase_items IS NOT NULL OR v_sales_items IS NOT NULL THEN
        PERFORM touch_orders(p_organization_id, v_purchase_orders, v_sales_orders);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION post_movements(
    p_organization_id uuid, p_product_ids uuid[], p_warehouse_ids uuid[], p_quantities int[],
    p_transaction_types text[], p_movement_kinds text[], p_reservation_ids uuid[], p_reference_ids text[],
    p_notes text[], p_occurred_at timestamptz[], p_created_by uuid)
RETURNS TABLE (
    outcome text, line int, id uuid, inventory_id uuid, quantity int, balance_after int, available int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT p.outcome, p.line, p.id, p.inventory_id, p.quantity, p.balance_after, p.available
    FROM post_movements_v2(p_organization_id, array(
        SELECT ROW(e.product_id, e.warehouse_id, e.quantity, e.transaction_type, e.movement_kind, e.reservation_id, NULL,
                   r.sales_order_item_id, NULL, e.reference_id, left(coalesce(e.notes, 'posted by an earlier release'), 255),
                   e.notes, e.occurred_at, NULL, NULL, NULL)::stock_movement
        FROM unnest(p_product_ids, p_warehouse_ids, p_quantities, p_transaction_types, p_movement_kinds,
                    p_reservation_ids, p_reference_ids, p_notes, p_occurred_at)
            WITH ORDINALITY AS e (product_id, warehouse_id, quantity, transaction_type, movement_kind, reservation_id,
                                  reference_id, notes, occurred_at, line)
        LEFT JOIN inventory_reservations r ON r.organization_id = p_organization_id AND r.id = e.reservation_id
        ORDER BY e.line), p_created_by) AS p
$$;

CREATE OR REPLACE FUNCTION reserve_stock_v2(p_organization_id uuid, p_wishes stock_wish[], p_created_by uuid)
RETURNS TABLE (outcome text, line int, id uuid, inventory_id uuid, quantity int, available int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_sales_items uuid[];
    v_sales_orders uuid[] := '{}';
    v_inventory_ids uuid[];
BEGIN
    SELECT array_agg(DISTINCT w.inventory_id),
           array_agg(w.sales_order_item_id) FILTER (WHERE w.sales_order_item_id IS NOT NULL)
    INTO v_inventory_ids, v_sales_items
    FROM unnest(p_wishes) AS w;
    IF v_sales_items IS NOT NULL THEN
        v_sales_orders := lock_sales_orders_of(p_organization_id, v_sales_items);
    END IF;
    PERFORM lock_balances(p_organization_id, v_inventory_ids);
    RETURN QUERY
    WITH wish AS MATERIALIZED (
        SELECT uuidv7() AS id, w.line::int AS line, w.inventory_id, w.quantity, w.kind, w.sales_order_item_id, w.reason,
               w.goods_receipt_item_id, w.customer_return_item_id
        FROM unnest(p_wishes) WITH ORDINALITY
             AS w (inventory_id, quantity, kind, sales_order_item_id, reason, goods_receipt_item_id,
                   customer_return_item_id, line)
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
            (id, organization_id, inventory_id, kind, quantity, sales_order_item_id, reason, goods_receipt_item_id,
             customer_return_item_id, created_by)
        SELECT id, p_organization_id, inventory_id, kind, quantity, sales_order_item_id, reason, goods_receipt_item_id,
               customer_return_item_id, p_created_by
        FROM wish
        WHERE NOT EXISTS (SELECT FROM short)
    ), counted AS (
        UPDATE sales_order_items i SET quantity_reserved = i.quantity_reserved + s.quantity
        FROM (SELECT sales_order_item_id, sum(quantity) AS quantity FROM wish
              WHERE sales_order_item_id IS NOT NULL AND NOT EXISTS (SELECT FROM short)
              GROUP BY sales_order_item_id) s
        WHERE i.organization_id = p_organization_id AND i.id = s.sales_order_item_id
    )
    SELECT 'short', line, NULL::uuid, inventory_id, NULL::int, available FROM short
    UNION ALL
    SELECT 'held', line, id, inventory_id, quantity, NULL::int FROM wish
    WHERE NOT EXISTS (SELECT FROM short)
    ORDER BY 2;
    PERFORM touch_orders(p_organization_id, '{}', v_sales_orders);
END $$;

CREATE OR REPLACE FUNCTION reserve_stock(
    p_organization_id uuid, p_inventory_ids uuid[], p_quantities int[], p_kind text, p_sales_order_item_ids uuid[],
    p_reason text, p_created_by uuid)
RETURNS TABLE (outcome text, line int, id uuid, inventory_id uuid, quantity int, available int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT h.outcome, h.line, h.id, h.inventory_id, h.quantity, h.available
    FROM reserve_stock_v2(p_organization_id, array(
        SELECT ROW(w.inventory_id, w.quantity, p_kind, w.sales_order_item_id, p_reason, NULL, NULL)::stock_wish
        FROM unnest(p_inventory_ids, p_quantities, p_sales_order_item_ids)
            WITH ORDINALITY AS w (inventory_id, quantity, sales_order_item_id, line)
        ORDER BY w.line), p_created_by) AS h
$$;

ALTER TABLE document_numbers DROP CONSTRAINT document_numbers_kind;
ALTER TABLE document_numbers ADD CONSTRAINT document_numbers_kind CHECK (
    kind IN ('purchase_order', 'sales_order', 'goods_receipt', 'shipment', 'stock_count', 'transfer', 'supplier_return',
             'customer_return'));

CREATE OR REPLACE FUNCTION next_document_number(p_organization_id uuid, p_kind text, p_year int) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_prefix CONSTANT text := CASE p_kind
        WHEN 'purchase_order' THEN 'PO' WHEN 'sales_order' THEN 'SO' WHEN 'goods_receipt' THEN 'GR'
        WHEN 'shipment' THEN 'SH' WHEN 'stock_count' THEN 'SC' WHEN 'transfer' THEN 'TR'
        WHEN 'supplier_return' THEN 'SR' WHEN 'customer_return' THEN 'CR' END;
    v_last int;
    v_number text;
BEGIN
    LOOP
        INSERT INTO document_numbers AS n (organization_id, kind, year, last_number)
        VALUES (p_organization_id, p_kind, p_year, 1)
        ON CONFLICT (organization_id, kind, year) DO UPDATE SET last_number = n.last_number + 1
            WHERE n.last_number < 999999
        RETURNING n.last_number INTO v_last;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        v_number := v_prefix || '-' || lpad(p_year::text, 4, '0') || '-' || lpad(v_last::text, 6, '0');
        IF NOT (CASE p_kind
            WHEN 'purchase_order' THEN EXISTS (
                SELECT FROM purchase_orders o WHERE o.organization_id = p_organization_id AND o.po_number = v_number)
            WHEN 'sales_order' THEN EXISTS (
                SELECT FROM sales_orders o WHERE o.organization_id = p_organization_id AND o.so_number = v_number)
            WHEN 'goods_receipt' THEN EXISTS (
                SELECT FROM goods_receipts r
                WHERE r.organization_id = p_organization_id AND r.receipt_number = v_number)
            WHEN 'supplier_return' THEN EXISTS (
                SELECT FROM supplier_returns r
                WHERE r.organization_id = p_organization_id AND r.return_number = v_number)
            WHEN 'customer_return' THEN EXISTS (
                SELECT FROM customer_returns r
                WHERE r.organization_id = p_organization_id AND r.return_number = v_number)
            ELSE false END)
        THEN
            RETURN v_number;
        END IF;
    END LOOP;
END $$;

INSERT INTO permissions (name, resource, action, description)
VALUES ('customer_returns:read', 'customer_returns', 'read', 'Read customer returns'),
       ('customer_returns:write', 'customer_returns', 'write', 'Write customer returns');
-- Whoever saw sales orders sees what comes back of them; whoever wrote those or moved stock authorizes and receives it.
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE role_permissions NO FORCE ROW LEVEL SECURITY;
INSERT INTO role_permissions (organization_id, role_id, permission_id)
SELECT DISTINCT rp.organization_id, rp.role_id, granted.id
FROM role_permissions rp
JOIN permissions held ON held.id = rp.permission_id
JOIN permissions granted ON granted.resource = 'customer_returns' AND granted.action = held.action
WHERE held.name IN ('sales_orders:read', 'sales_orders:write', 'inventory:write');
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE role_permissions FORCE ROW LEVEL SECURITY;
