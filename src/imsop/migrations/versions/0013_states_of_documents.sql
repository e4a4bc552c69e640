-- Documents change their state through functions that name the state they expect, and keep what was agreed.

-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint
-- squawk-ignore-file require-concurrent-index-creation

-- One row per organization, kind of document and year: the last number given. The row is locked until the
-- transaction ends, so that a number is not skipped by whoever rolls back, nor given twice.
CREATE TABLE document_numbers (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    kind text NOT NULL CONSTRAINT document_numbers_kind
        CHECK (kind IN ('purchase_order', 'sales_order', 'goods_receipt', 'shipment', 'stock_count', 'transfer')),
    year int NOT NULL,
    last_number int NOT NULL CONSTRAINT document_numbers_last_number_range CHECK (last_number BETWEEN 0 AND 999999),
    PRIMARY KEY (organization_id, kind, year)
);

-- The next number of a kind of document in a year, such as PO-2026-000123; those that somebody typed are passed over.
-- NULL where all six digits are used up.
CREATE FUNCTION next_document_number(p_organization_id uuid, p_kind text, p_year int) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_prefix CONSTANT text := CASE p_kind
        WHEN 'purchase_order' THEN 'PO' WHEN 'sales_order' THEN 'SO' WHEN 'goods_receipt' THEN 'GR'
        WHEN 'shipment' THEN 'SH' WHEN 'stock_count' THEN 'SC' WHEN 'transfer' THEN 'TR' END;
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
            ELSE false END)
        THEN
            RETURN v_number;
        END IF;
    END LOOP;
END $$;
GRANT EXECUTE ON FUNCTION next_document_number TO imsop_app;

-- Begins where the numbers given so far end: those that follow each other from 1, whatever was typed beyond them.
ALTER TABLE purchase_orders NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE sales_orders NO FORCE ROW LEVEL SECURITY;
INSERT INTO document_numbers (organization_id, kind, year, last_number)
SELECT n.organization_id, n.kind, n.year, max(n.number)
FROM (
    SELECT g.*, row_number() OVER (PARTITION BY g.organization_id, g.kind, g.year ORDER BY g.number) AS place
    FROM (
        SELECT o.organization_id, 'purchase_order' AS kind, substr(o.po_number, 4, 4)::int AS year,
               right(o.po_number, 6)::int AS number
        FROM purchase_orders o WHERE o.po_number ~ '^PO-[0-9]{4}-[0-9]{6}$'
        UNION ALL
        SELECT o.organization_id, 'sales_order', substr(o.so_number, 4, 4)::int, right(o.so_number, 6)::int
        FROM sales_orders o WHERE o.so_number ~ '^SO-[0-9]{4}-[0-9]{6}$'
    ) AS g
    WHERE g.number > 0
) AS n
WHERE n.number = n.place
GROUP BY n.organization_id, n.kind, n.year;
ALTER TABLE purchase_orders FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_orders FORCE ROW LEVEL SECURITY;
SELECT protect_tenant_table('document_numbers');
GRANT INSERT (organization_id, kind, year, last_number), UPDATE (last_number) ON document_numbers TO imsop_app;

-- What a buyer sends and a supplier confirms. The partner and the names on lines are NULL in a draft, which follows
-- the master data; from submission on the order holds its own.
ALTER TABLE purchase_orders
    ADD COLUMN warehouse_id uuid,
    ADD COLUMN supplier_reference varchar(100),
    ADD COLUMN partner jsonb;
ALTER TABLE purchase_orders ADD CONSTRAINT purchase_orders_warehouse_fkey
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id);
CREATE INDEX purchase_orders_warehouse_idx ON purchase_orders (organization_id, warehouse_id)
    WHERE warehouse_id IS NOT NULL;
ALTER TABLE purchase_order_items
    ADD COLUMN quantity_closed int NOT NULL DEFAULT 0,
    ADD COLUMN sku varchar(100),
    ADD COLUMN product_name varchar(255),
    ADD COLUMN unit_of_measure varchar(20),
    ADD COLUMN units_per_pack int;
ALTER TABLE purchase_order_items ADD CONSTRAINT purchase_order_items_closed_within_ordered
    CHECK (quantity_closed BETWEEN 0 AND quantity_ordered);

ALTER TABLE sales_orders
    ADD COLUMN warehouse_id uuid,
    ADD COLUMN customer_reference varchar(100),
    ADD COLUMN partner jsonb,
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN on_hold_reason varchar(255);
ALTER TABLE sales_orders ADD CONSTRAINT sales_orders_priority_range CHECK (priority BETWEEN -9 AND 9);
ALTER TABLE sales_orders ADD CONSTRAINT sales_orders_warehouse_fkey
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id);
CREATE INDEX sales_orders_warehouse_idx ON sales_orders (organization_id, warehouse_id)
    WHERE warehouse_id IS NOT NULL;
ALTER TABLE sales_order_items
    ADD COLUMN quantity_closed int NOT NULL DEFAULT 0,
    ADD COLUMN sku varchar(100),
    ADD COLUMN product_name varchar(255),
    ADD COLUMN unit_of_measure varchar(20),
    ADD COLUMN units_per_pack int;
ALTER TABLE sales_order_items DROP CONSTRAINT sales_order_items_reserved_and_shipped_within_ordered;
ALTER TABLE sales_order_items ADD CONSTRAINT sales_order_items_reserved_and_shipped_within_ordered CHECK (
    quantity_reserved >= 0 AND quantity_shipped >= 0 AND quantity_closed >= 0
    AND quantity_reserved + quantity_shipped + quantity_closed <= quantity_ordered);

-- One change of a document's state. from_status NULL: a document whose history begins with this change.
CREATE TYPE document_change AS (
    document_id uuid, from_status text, to_status text, changes jsonb, note text, changed_by uuid,
    occurred_at timestamptz);

-- Moves purchase orders to a state and appends their history: all of them, or none, and those that are not in the
-- state a change expects come back with the one they are in. Several changes of one order follow each other in the
-- order given. Locks the orders in id order; so do the two functions below.
CREATE FUNCTION advance_purchase_orders(p_organization_id uuid, p_changes document_change[])
RETURNS TABLE (document_id uuid, status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM (SELECT DISTINCT c.document_id FROM unnest(p_changes) AS c) AS wanted
    JOIN purchase_orders o ON o.organization_id = p_organization_id AND o.id = wanted.document_id
    ORDER BY o.id
    FOR NO KEY UPDATE OF o;
    RETURN QUERY
    SELECT c.document_id, o.status
    FROM (
        SELECT c.*, lag(c.to_status) OVER (PARTITION BY c.document_id ORDER BY c.line) AS before
        FROM unnest(p_changes) WITH ORDINALITY
            AS c (document_id, from_status, to_status, changes, note, changed_by, occurred_at, line)
    ) AS c
    LEFT JOIN purchase_orders o ON o.organization_id = p_organization_id AND o.id = c.document_id
    WHERE c.from_status IS DISTINCT FROM coalesce(c.before, o.status) AND NOT (
        c.from_status IS NULL AND c.before IS NULL AND o.status = 'draft' AND NOT EXISTS (
            SELECT FROM purchase_order_history h
            WHERE h.organization_id = p_organization_id AND h.purchase_order_id = c.document_id));
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE purchase_orders o SET status = c.to_status
    FROM (
        SELECT DISTINCT ON (c.document_id) c.document_id, c.to_status
        FROM unnest(p_changes) WITH ORDINALITY
            AS c (document_id, from_status, to_status, changes, note, changed_by, occurred_at, line)
        ORDER BY c.document_id, c.line DESC
    ) AS c
    WHERE o.organization_id = p_organization_id AND o.id = c.document_id;
    INSERT INTO purchase_order_history
        (organization_id, purchase_order_id, from_status, to_status, changes, note, changed_by, occurred_at)
    SELECT p_organization_id, c.document_id, c.from_status, c.to_status, c.changes, c.note, c.changed_by,
           coalesce(c.occurred_at, now())
    FROM unnest(p_changes) AS c;
END $$;

CREATE FUNCTION advance_sales_orders(p_organization_id uuid, p_changes document_change[])
RETURNS TABLE (document_id uuid, status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM (SELECT DISTINCT c.document_id FROM unnest(p_changes) AS c) AS wanted
    JOIN sales_orders o ON o.organization_id = p_organization_id AND o.id = wanted.document_id
    ORDER BY o.id
    FOR NO KEY UPDATE OF o;
    RETURN QUERY
    SELECT c.document_id, o.status
    FROM (
        SELECT c.*, lag(c.to_status) OVER (PARTITION BY c.document_id ORDER BY c.line) AS before
        FROM unnest(p_changes) WITH ORDINALITY
            AS c (document_id, from_status, to_status, changes, note, changed_by, occurred_at, line)
    ) AS c
    LEFT JOIN sales_orders o ON o.organization_id = p_organization_id AND o.id = c.document_id
    WHERE c.from_status IS DISTINCT FROM coalesce(c.before, o.status) AND NOT (
        c.from_status IS NULL AND c.before IS NULL AND o.status = 'draft' AND NOT EXISTS (
            SELECT FROM sales_order_history h
            WHERE h.organization_id = p_organization_id AND h.sales_order_id = c.document_id));
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE sales_orders o SET status = c.to_status
    FROM (
        SELECT DISTINCT ON (c.document_id) c.document_id, c.to_status
        FROM unnest(p_changes) WITH ORDINALITY
            AS c (document_id, from_status, to_status, changes, note, changed_by, occurred_at, line)
        ORDER BY c.document_id, c.line DESC
    ) AS c
    WHERE o.organization_id = p_organization_id AND o.id = c.document_id;
    INSERT INTO sales_order_history
        (organization_id, sales_order_id, from_status, to_status, changes, note, changed_by, occurred_at)
    SELECT p_organization_id, c.document_id, c.from_status, c.to_status, c.changes, c.note, c.changed_by,
           coalesce(c.occurred_at, now())
    FROM unnest(p_changes) AS c;
END $$;

-- Of shipments the history is in shipment_events, which the caller appends.
CREATE FUNCTION advance_shipments(p_organization_id uuid, p_changes document_change[])
RETURNS TABLE (document_id uuid, status text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM (SELECT DISTINCT c.document_id FROM unnest(p_changes) AS c) AS wanted
    JOIN shipments s ON s.organization_id = p_organization_id AND s.id = wanted.document_id
    ORDER BY s.id
    FOR NO KEY UPDATE OF s;
    RETURN QUERY
    SELECT c.document_id, s.status
    FROM unnest(p_changes) AS c
    LEFT JOIN shipments s ON s.organization_id = p_organization_id AND s.id = c.document_id
    WHERE c.from_status IS DISTINCT FROM s.status;
    IF FOUND THEN
        RETURN;
    END IF;
    UPDATE shipments s SET status = c.to_status
    FROM unnest(p_changes) AS c
    WHERE s.organization_id = p_organization_id AND s.id = c.document_id;
END $$;

GRANT EXECUTE ON FUNCTION advance_purchase_orders, advance_sales_orders, advance_shipments TO imsop_app;

-- States are written by the functions above only. Histories may still be appended to: the previous release does so
-- when it drafts an order.
REVOKE INSERT, UPDATE ON purchase_orders, sales_orders, shipments FROM imsop_app;
GRANT INSERT (id, organization_id, supplier_id, po_number, order_date, expected_delivery_date, actual_delivery_date,
              total_amount, currency, notes, created_by, warehouse_id, supplier_reference, partner),
    UPDATE (supplier_id, po_number, order_date, expected_delivery_date, actual_delivery_date, total_amount, currency,
            notes, warehouse_id, supplier_reference, partner) ON purchase_orders TO imsop_app;
GRANT INSERT (id, organization_id, customer_id, so_number, order_date, expected_delivery_date, actual_delivery_date,
              total_amount, currency, notes, created_by, warehouse_id, customer_reference, partner, priority,
              on_hold_reason),
    UPDATE (customer_id, so_number, order_date, expected_delivery_date, actual_delivery_date, total_amount, currency,
            notes, warehouse_id, customer_reference, partner, priority, on_hold_reason)
    ON sales_orders TO imsop_app;
GRANT INSERT (id, organization_id, reference_id, shipment_type, purchase_order_id, sales_order_id, supplier_id,
              origin_warehouse_id, destination_warehouse_id, origin_location, destination_location, carrier,
              tracking_number, transport_mode, weight_kg, ship_date, expected_delivery_date, actual_delivery_date),
    UPDATE (reference_id, purchase_order_id, sales_order_id, supplier_id, origin_warehouse_id,
            destination_warehouse_id, origin_location, destination_location, carrier, tracking_number, transport_mode,
            weight_kg, ship_date, expected_delivery_date, actual_delivery_date) ON shipments TO imsop_app;
GRANT INSERT (sku, product_name, unit_of_measure, units_per_pack),
    UPDATE (quantity_closed, sku, product_name, unit_of_measure, units_per_pack)
    ON purchase_order_items, sales_order_items TO imsop_app;
