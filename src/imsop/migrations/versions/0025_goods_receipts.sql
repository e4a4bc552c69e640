-- Goods receipts and returns to suppliers as documents of their own: numbered, linked line by line to the order and to
-- the ledger, never edited, reversed by a document of the same kind.

-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, constraint-missing-not-valid, ban-drop-constraint
-- squawk-ignore-file require-concurrent-index-creation

-- How much more than ordered may come in, over all receipts of a line. A supplier's own value goes before.
ALTER TABLE organizations ADD COLUMN over_receipt_percent numeric(5, 2) NOT NULL DEFAULT 0
    CONSTRAINT organizations_over_receipt_percent_range CHECK (over_receipt_percent BETWEEN 0 AND 100);
GRANT UPDATE (over_receipt_percent) ON organizations TO imsop_app;
ALTER TABLE suppliers ADD COLUMN over_receipt_percent numeric(5, 2)
    CONSTRAINT suppliers_over_receipt_percent_range CHECK (over_receipt_percent BETWEEN 0 AND 100);
GRANT INSERT (over_receipt_percent), UPDATE (over_receipt_percent) ON suppliers TO imsop_app;

-- What the supplier confirmed; NULL as ordered. It is then what is due. confirmed_unit_price is NULL where the price is
-- as ordered: the difference is the price variance.
ALTER TABLE purchase_order_items
    ADD COLUMN quantity_confirmed int,
    ADD COLUMN confirmed_unit_price numeric;
ALTER TABLE purchase_order_items
    ADD CONSTRAINT purchase_order_items_confirmed_not_negative CHECK (quantity_confirmed >= 0),
    ADD CONSTRAINT purchase_order_items_confirmed_unit_price__range
        CHECK (confirmed_unit_price >= 0 AND confirmed_unit_price < 1e8 AND scale(confirmed_unit_price) <= 6);
GRANT INSERT (quantity_closed), UPDATE (quantity_confirmed, confirmed_unit_price) ON purchase_order_items TO imsop_app;
-- More may be confirmed than was ordered (a full pack), and what is left of it be closed.
ALTER TABLE purchase_order_items DROP CONSTRAINT purchase_order_items_closed_within_ordered;
ALTER TABLE purchase_order_items ADD CONSTRAINT purchase_order_items_closed_within_ordered
    CHECK (quantity_closed BETWEEN 0 AND coalesce(quantity_confirmed, quantity_ordered));

CREATE TABLE goods_receipts (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    receipt_number varchar(100) NOT NULL CONSTRAINT goods_receipts_number_given CHECK (receipt_number <> ''),
    purchase_order_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    reverses_id uuid,
    delivery_note varchar(100),
    dock varchar(100),
    notes text,
    received_at timestamptz NOT NULL DEFAULT now()
        CONSTRAINT goods_receipts_received_at__year
        CHECK (received_at >= '1900-01-01 00:00:00+00' AND received_at < '2200-01-01 00:00:00+00'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id),
    FOREIGN KEY (organization_id, reverses_id) REFERENCES goods_receipts (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT goods_receipts_unique_number UNIQUE (organization_id, receipt_number)
);
CREATE INDEX goods_receipts_order_idx ON goods_receipts (organization_id, purchase_order_id, received_at, id);
CREATE INDEX goods_receipts_warehouse_idx ON goods_receipts (organization_id, warehouse_id, received_at, id);
CREATE INDEX goods_receipts_received_idx ON goods_receipts (organization_id, received_at, id);
CREATE INDEX goods_receipts_reverses_idx ON goods_receipts (organization_id, reverses_id)
    WHERE reverses_id IS NOT NULL;
CREATE INDEX goods_receipts_created_by_idx ON goods_receipts (organization_id, created_by)
    WHERE created_by IS NOT NULL;
SELECT protect_tenant_table('goods_receipts');
GRANT INSERT (id, organization_id, receipt_number, purchase_order_id, warehouse_id, reverses_id, delivery_note, dock,
              notes, received_at, created_by) ON goods_receipts TO imsop_app;

-- Both quantities are in stock; what was rejected is held in quarantine. A line without purchase_order_item_id was not
-- ordered: free goods. A line that reverses another has its quantities, and takes them out again.
CREATE TABLE goods_receipt_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    goods_receipt_id uuid NOT NULL,
    line_number int NOT NULL CONSTRAINT goods_receipt_items_line_number_positive CHECK (line_number > 0),
    purchase_order_item_id uuid,
    product_id uuid NOT NULL,
    quantity_accepted int NOT NULL CONSTRAINT goods_receipt_items_accepted_not_negative CHECK (quantity_accepted >= 0),
    quantity_rejected int NOT NULL CONSTRAINT goods_receipt_items_rejected_not_negative CHECK (quantity_rejected >= 0),
    reason varchar(255),
    reverses_item_id uuid,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, goods_receipt_id) REFERENCES goods_receipts (organization_id, id),
    FOREIGN KEY (organization_id, purchase_order_item_id) REFERENCES purchase_order_items (organization_id, id),
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    FOREIGN KEY (organization_id, reverses_item_id) REFERENCES goods_receipt_items (organization_id, id),
    CONSTRAINT goods_receipt_items_unique_line_number UNIQUE (organization_id, goods_receipt_id, line_number),
    CONSTRAINT goods_receipt_items_quantity_given CHECK (quantity_accepted + quantity_rejected > 0),
    CONSTRAINT goods_receipt_items_rejected_has_reason CHECK (quantity_rejected = 0 OR reason IS NOT NULL)
);
CREATE INDEX goods_receipt_items_order_item_idx ON goods_receipt_items (organization_id, purchase_order_item_id)
    WHERE purchase_order_item_id IS NOT NULL;
CREATE INDEX goods_receipt_items_product_idx ON goods_receipt_items (organization_id, product_id);
-- A line is reversed once.
CREATE UNIQUE INDEX goods_receipt_items_unique_reversal ON goods_receipt_items (organization_id, reverses_item_id)
    WHERE reverses_item_id IS NOT NULL;
SELECT protect_tenant_table('goods_receipt_items');
GRANT INSERT ON goods_receipt_items TO imsop_app;

CREATE TABLE supplier_returns (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    return_number varchar(100) NOT NULL CONSTRAINT supplier_returns_number_given CHECK (return_number <> ''),
    purchase_order_id uuid NOT NULL,
    warehouse_id uuid NOT NULL,
    reverses_id uuid,
    supplier_reference varchar(100),
    notes text,
    returned_at timestamptz NOT NULL DEFAULT now()
        CONSTRAINT supplier_returns_returned_at__year
        CHECK (returned_at >= '1900-01-01 00:00:00+00' AND returned_at < '2200-01-01 00:00:00+00'),
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id),
    FOREIGN KEY (organization_id, reverses_id) REFERENCES supplier_returns (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT supplier_returns_unique_number UNIQUE (organization_id, return_number)
);
CREATE INDEX supplier_returns_order_idx ON supplier_returns (organization_id, purchase_order_id, returned_at, id);
CREATE INDEX supplier_returns_warehouse_idx ON supplier_returns (organization_id, warehouse_id, returned_at, id);
CREATE INDEX supplier_returns_returned_idx ON supplier_returns (organization_id, returned_at, id);
CREATE INDEX supplier_returns_reverses_idx ON supplier_returns (organization_id, reverses_id)
    WHERE reverses_id IS NOT NULL;
CREATE INDEX supplier_returns_created_by_idx ON supplier_returns (organization_id, created_by)
    WHERE created_by IS NOT NULL;
SELECT protect_tenant_table('supplier_returns');
GRANT INSERT (id, organization_id, return_number, purchase_order_id, warehouse_id, reverses_id, supplier_reference,
              notes, returned_at, created_by) ON supplier_returns TO imsop_app;

-- quantity_quarantined: the part that was rejected on receipt and held in quarantine until now.
CREATE TABLE supplier_return_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    supplier_return_id uuid NOT NULL,
    line_number int NOT NULL CONSTRAINT supplier_return_items_line_number_positive CHECK (line_number > 0),
    purchase_order_item_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity int NOT NULL CONSTRAINT supplier_return_items_quantity_positive CHECK (quantity > 0),
    quantity_quarantined int NOT NULL
        CONSTRAINT supplier_return_items_quarantined_within_quantity CHECK (quantity_quarantined BETWEEN 0 AND quantity),
    reason varchar(255) NOT NULL,
    reverses_item_id uuid,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, supplier_return_id) REFERENCES supplier_returns (organization_id, id),
    FOREIGN KEY (organization_id, purchase_order_item_id) REFERENCES purchase_order_items (organization_id, id),
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    FOREIGN KEY (organization_id, reverses_item_id) REFERENCES supplier_return_items (organization_id, id),
    CONSTRAINT supplier_return_items_unique_line_number UNIQUE (organization_id, supplier_return_id, line_number)
);
CREATE INDEX supplier_return_items_order_item_idx ON supplier_return_items (organization_id, purchase_order_item_id);
CREATE INDEX supplier_return_items_product_idx ON supplier_return_items (organization_id, product_id);
CREATE UNIQUE INDEX supplier_return_items_unique_reversal ON supplier_return_items (organization_id, reverses_item_id)
    WHERE reverses_item_id IS NOT NULL;
SELECT protect_tenant_table('supplier_return_items');
GRANT INSERT ON supplier_return_items TO imsop_app;

-- The ledger and the quarantine name the lines that caused them.
ALTER TABLE inventory_transactions
    ADD COLUMN goods_receipt_item_id uuid,
    ADD COLUMN supplier_return_item_id uuid;
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_goods_receipt_item_fkey
    FOREIGN KEY (organization_id, goods_receipt_item_id) REFERENCES goods_receipt_items (organization_id, id);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_supplier_return_item_fkey
    FOREIGN KEY (organization_id, supplier_return_item_id) REFERENCES supplier_return_items (organization_id, id);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_purchase_document_of_kind CHECK (
    (goods_receipt_item_id IS NULL OR movement_kind IN ('goods_receipt', 'reversal'))
    AND (supplier_return_item_id IS NULL OR movement_kind IN ('supplier_return', 'reversal'))
    AND (goods_receipt_item_id IS NULL OR supplier_return_item_id IS NULL));
ALTER TABLE inventory_transactions DROP CONSTRAINT inventory_transactions_by_hand_has_reason;
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_by_hand_has_reason
    CHECK (num_nonnulls(purchase_order_item_id, sales_order_item_id, shipment_item_id, goods_receipt_item_id,
                        supplier_return_item_id, reason) > 0) NOT VALID;
CREATE INDEX inventory_transactions_goods_receipt_item_idx
    ON inventory_transactions (organization_id, goods_receipt_item_id) WHERE goods_receipt_item_id IS NOT NULL;
CREATE INDEX inventory_transactions_supplier_return_item_idx
    ON inventory_transactions (organization_id, supplier_return_item_id) WHERE supplier_return_item_id IS NOT NULL;
ALTER TABLE inventory_reservations ADD COLUMN goods_receipt_item_id uuid;
ALTER TABLE inventory_reservations ADD CONSTRAINT inventory_reservations_goods_receipt_item_fkey
    FOREIGN KEY (organization_id, goods_receipt_item_id) REFERENCES goods_receipt_items (organization_id, id);
ALTER TABLE inventory_reservations ADD CONSTRAINT inventory_reservations_goods_receipt_is_quarantine
    CHECK (goods_receipt_item_id IS NULL OR kind = 'quarantine');
CREATE INDEX inventory_reservations_goods_receipt_item_idx
    ON inventory_reservations (organization_id, goods_receipt_item_id) WHERE goods_receipt_item_id IS NOT NULL;

-- Processes of the previous release send JSON without these fields, which are then NULL.
ALTER TYPE stock_movement ADD ATTRIBUTE goods_receipt_item_id uuid, ADD ATTRIBUTE supplier_return_item_id uuid;
ALTER TYPE stock_wish ADD ATTRIBUTE goods_receipt_item_id uuid;

-- The only door to the ledger. All lines are posted, or none and what is refused comes back as rows:
--   posted  the ledger row of the line, with the balance it left
--   short   a balance that would fall below zero, below what is reserved in it, or that would have been below zero
--           at some time since the line's occurred_at; with what is available
--   unheld  a line that draws on a reservation which is not of that balance and order line, or holds less
-- plan_cache_mode, here and where stock is reserved: PostgreSQL would take a plan of its own for each call to be cheaper, and make it anew
-- each time, which takes longer than the rest. Few lines or many, balances are found one by one in an index.
-- Lines are applied in the order given. Values are computed from the locked rows. The progress of order lines and
-- their orders' updated_at change with it. Locks: see lock_purchase_orders_of.
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
               e.shipment_item_id, e.goods_receipt_item_id, e.supplier_return_item_id, e.reference_id, e.reason, e.notes,
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
             supplier_return_item_id, reference_id, reason, notes, created_by, occurred_at)
        SELECT id, p_organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
               balance_version, purchase_order_item_id, sales_order_item_id, shipment_item_id, goods_receipt_item_id,
               supplier_return_item_id, reference_id, reason, notes, p_created_by, occurred_at
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

-- The first versions, for processes of the previous release during an upgrade. They know no documents but those of
-- reservations; what they post says that it came from there.
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
                   e.notes, e.occurred_at, NULL, NULL)::stock_movement
        FROM unnest(p_product_ids, p_warehouse_ids, p_quantities, p_transaction_types, p_movement_kinds,
                    p_reservation_ids, p_reference_ids, p_notes, p_occurred_at)
            WITH ORDINALITY AS e (product_id, warehouse_id, quantity, transaction_type, movement_kind, reservation_id,
                                  reference_id, notes, occurred_at, line)
        LEFT JOIN inventory_reservations r ON r.organization_id = p_organization_id AND r.id = e.reservation_id
        ORDER BY e.line), p_created_by) AS p
$$;

-- Holds stock for an owner: all wishes, or none and the balances that are short come back with what is available.
-- Order lines count what is reserved for them. Locks: see lock_purchase_orders_of.
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
               w.goods_receipt_item_id
        FROM unnest(p_wishes) WITH ORDINALITY
             AS w (inventory_id, quantity, kind, sales_order_item_id, reason, goods_receipt_item_id, line)
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
             created_by)
        SELECT id, p_organization_id, inventory_id, kind, quantity, sales_order_item_id, reason, goods_receipt_item_id,
               p_created_by
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
        SELECT ROW(w.inventory_id, w.quantity, p_kind, w.sales_order_item_id, p_reason, NULL)::stock_wish
        FROM unnest(p_inventory_ids, p_quantities, p_sales_order_item_ids)
            WITH ORDINALITY AS w (inventory_id, quantity, sales_order_item_id, line)
        ORDER BY w.line), p_created_by) AS h
$$;

ALTER TABLE document_numbers DROP CONSTRAINT document_numbers_kind;
ALTER TABLE document_numbers ADD CONSTRAINT document_numbers_kind CHECK (
    kind IN ('purchase_order', 'sales_order', 'goods_receipt', 'shipment', 'stock_count', 'transfer', 'supplier_return'));
CREATE OR REPLACE FUNCTION next_document_number(p_organization_id uuid, p_kind text, p_year int) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_prefix CONSTANT text := CASE p_kind
        WHEN 'purchase_order' THEN 'PO' WHEN 'sales_order' THEN 'SO' WHEN 'goods_receipt' THEN 'GR'
        WHEN 'shipment' THEN 'SH' WHEN 'stock_count' THEN 'SC' WHEN 'transfer' THEN 'TR'
        WHEN 'supplier_return' THEN 'SR' END;
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
            ELSE false END)
        THEN
            RETURN v_number;
        END IF;
    END LOOP;
END $$;

-- Due is what the supplier confirmed, else what was ordered; open is what of it neither came in nor was closed.
CREATE OR REPLACE VIEW purchase_lines WITH (security_invoker = true) AS
SELECT i.organization_id, i.id, i.purchase_order_id, i.line_number, i.product_id, o.po_number, o.supplier_id, o.warehouse_id, o.status,
       o.order_date, o.currency, i.quantity_ordered, i.quantity_received, i.quantity_returned, i.unit_price, i.line_total,
       i.actual_delivery_date, held.due_on, held.is_agreed, held.is_complete,
       purchase_order_is_open(o.status) AND held.quantity_open > 0 AS is_open,
       coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
       i.quantity_received = held.quantity_due AS is_in_full,
       CASE WHEN held.is_agreed AND held.is_complete AND i.actual_delivery_date >= o.order_date
            THEN i.actual_delivery_date - o.order_date END AS lead_time_days,
       i.quantity_closed, held.quantity_due,
       CASE WHEN purchase_order_is_open(o.status) THEN held.quantity_open ELSE 0 END AS quantity_open
FROM purchase_order_items i
JOIN purchase_orders o ON o.organization_id = i.organization_id AND o.id = i.purchase_order_id
CROSS JOIN LATERAL (
    SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on,
           i.quantity_received >= coalesce(i.quantity_confirmed, i.quantity_ordered) AS is_complete,
           purchase_order_is_agreed(o.status) AS is_agreed,
           coalesce(i.quantity_confirmed, i.quantity_ordered) AS quantity_due,
           greatest(coalesce(i.quantity_confirmed, i.quantity_ordered) - i.quantity_received - i.quantity_closed, 0)
               AS quantity_open
) AS held;

-- Receipts of an order in one row. A line that came in over what was due does not make up for another.
CREATE VIEW purchase_progress WITH (security_invoker = true) AS
SELECT p.organization_id, p.purchase_order_id, p.lines, p.lines_open, p.quantity_due, p.quantity_received,
       p.quantity_returned, p.quantity_open, p.quantity_over,
       CASE WHEN p.quantity_received = 0 THEN 'none'
            WHEN p.quantity_over > 0 AND p.quantity_missing = 0 THEN 'over'
            WHEN p.quantity_missing = 0 THEN 'full'
            ELSE 'partial' END AS receipt_status,
       -- Rounded down, so that 100 is all; but what came in is never 0.
       CASE WHEN p.quantity_received = 0 THEN 0
            WHEN p.quantity_due = 0 THEN 100
            ELSE greatest(100 * (p.quantity_due - p.quantity_missing) / p.quantity_due, 1) END::int AS received_percent
FROM (
    SELECT i.organization_id, i.purchase_order_id, count(*) AS lines,
           count(*) FILTER (WHERE due.quantity - i.quantity_received - i.quantity_closed > 0) AS lines_open,
           sum(due.quantity) AS quantity_due, sum(i.quantity_received) AS quantity_received,
           sum(i.quantity_returned) AS quantity_returned,
           sum(greatest(due.quantity - i.quantity_received - i.quantity_closed, 0)) AS quantity_open,
           sum(greatest(i.quantity_received - due.quantity, 0)) AS quantity_over,
           sum(greatest(due.quantity - i.quantity_received, 0)) AS quantity_missing
    FROM purchase_order_items i
    CROSS JOIN LATERAL (SELECT coalesce(i.quantity_confirmed, i.quantity_ordered) AS quantity) AS due
    GROUP BY i.organization_id, i.purchase_order_id
) AS p;
GRANT SELECT ON purchase_progress TO imsop_app, imsop_operator;

INSERT INTO permissions (name, resource, action, description)
VALUES ('goods_receipts:read', 'goods_receipts', 'read', 'Read goods receipts'),
       ('goods_receipts:write', 'goods_receipts', 'write', 'Write goods receipts');
-- Whoever saw purchase orders sees what came in for them; whoever moved stock receives it.
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE role_permissions NO FORCE ROW LEVEL SECURITY;
INSERT INTO role_permissions (organization_id, role_id, permission_id)
SELECT rp.organization_id, rp.role_id, granted.id
FROM role_permissions rp
JOIN permissions held ON held.id = rp.permission_id
JOIN permissions granted ON granted.resource = 'goods_receipts' AND granted.action = held.action
WHERE held.name IN ('purchase_orders:read', 'inventory:write');
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE role_permissions FORCE ROW LEVEL SECURITY;
