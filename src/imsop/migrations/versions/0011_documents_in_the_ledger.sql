-- Each ledger entry names the document line that caused it, and the progress of a line (received, shipped, returned,
-- reserved) is written by the functions that write the ledger and the reservations, in the same call.
-- Functions are versioned: a process of the previous release goes on calling post_movements, which is now a thin form
-- of the second version.

-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, constraint-missing-not-valid
-- squawk-ignore-file require-concurrent-index-creation

ALTER TABLE purchase_order_items ADD COLUMN quantity_returned int NOT NULL DEFAULT 0;
ALTER TABLE purchase_order_items ADD CONSTRAINT purchase_order_items_returned_within_received
    CHECK (quantity_returned BETWEEN 0 AND quantity_received);

-- last_occurred_at: the latest among a balance's entries, so that an entry dated back is recognized without a look at
-- the ledger. dated_back_since: from here on the order of occurrence is not the order of recording; NULL where no entry
-- was dated back, so that its balance_after is the balance in both orders.
ALTER TABLE inventory ADD COLUMN last_occurred_at timestamptz, ADD COLUMN dated_back_since timestamptz;
ALTER TABLE inventory NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
ALTER TABLE inventory_transactions NO FORCE ROW LEVEL SECURITY;
UPDATE inventory i
SET last_occurred_at = known.last_occurred_at, dated_back_since = known.dated_back_since
FROM (
    SELECT t.organization_id, t.inventory_id, max(t.occurred_at) AS last_occurred_at,
           min(t.occurred_at) FILTER (WHERE t.occurred_at < t.posted_until) AS dated_back_since
    FROM (
        SELECT t.organization_id, t.inventory_id, t.occurred_at,
               max(t.occurred_at) OVER (PARTITION BY t.organization_id, t.inventory_id ORDER BY t.balance_version
                                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS posted_until
        FROM inventory_transactions t
    ) AS t
    GROUP BY t.organization_id, t.inventory_id
) AS known
WHERE i.organization_id = known.organization_id AND i.id = known.inventory_id;
ALTER TABLE inventory FORCE ROW LEVEL SECURITY;
ALTER TABLE inventory_transactions FORCE ROW LEVEL SECURITY;

ALTER TABLE inventory_transactions ADD COLUMN purchase_order_item_id uuid;
ALTER TABLE inventory_transactions ADD COLUMN sales_order_item_id uuid;
ALTER TABLE inventory_transactions ADD COLUMN shipment_item_id uuid;
-- Why somebody moved stock by hand; entries caused by a document have the document.
ALTER TABLE inventory_transactions ADD COLUMN reason varchar(255);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_purchase_order_item_fkey
    FOREIGN KEY (organization_id, purchase_order_item_id) REFERENCES purchase_order_items (organization_id, id);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_sales_order_item_fkey
    FOREIGN KEY (organization_id, sales_order_item_id) REFERENCES sales_order_items (organization_id, id)
    DEFERRABLE; -- for record_past_sales
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_shipment_item_fkey
    FOREIGN KEY (organization_id, shipment_item_id) REFERENCES shipment_items (organization_id, id);
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_document_of_kind CHECK (
    (purchase_order_item_id IS NULL OR movement_kind IN ('goods_receipt', 'supplier_return', 'reversal'))
    AND (sales_order_item_id IS NULL OR movement_kind IN ('sale', 'customer_return', 'reversal'))
    AND (shipment_item_id IS NULL OR movement_kind IN ('goods_receipt', 'supplier_return', 'sale', 'customer_return',
                                                       'transfer_in', 'transfer_out', 'reversal'))
    AND (purchase_order_item_id IS NULL OR sales_order_item_id IS NULL));
-- Not of entries from before this migration, which cannot be changed.
ALTER TABLE inventory_transactions ADD CONSTRAINT inventory_transactions_by_hand_has_reason
    CHECK (num_nonnulls(purchase_order_item_id, sales_order_item_id, shipment_item_id, reason) > 0) NOT VALID;
CREATE INDEX inventory_transactions_purchase_order_item_idx
    ON inventory_transactions (organization_id, purchase_order_item_id) WHERE purchase_order_item_id IS NOT NULL;
CREATE INDEX inventory_transactions_sales_order_item_idx
    ON inventory_transactions (organization_id, sales_order_item_id) WHERE sales_order_item_id IS NOT NULL;
CREATE INDEX inventory_transactions_shipment_item_idx
    ON inventory_transactions (organization_id, shipment_item_id) WHERE shipment_item_id IS NOT NULL;

-- One line for post_movements_v2. A field that a caller does not know is NULL. occurred_at NULL means now.
CREATE TYPE stock_movement AS (
    product_id uuid, warehouse_id uuid, quantity int, transaction_type text, movement_kind text, reservation_id uuid,
    purchase_order_item_id uuid, sales_order_item_id uuid, shipment_item_id uuid, reference_id text, reason text,
    notes text, occurred_at timestamptz);

-- Lock order, everywhere: purchase orders, then sales orders, each in id order; then balances in id order; never a
-- document after a balance. These two lock the orders of lines until the transaction ends, and return them.
-- Arrays are joined, not searched: of a hundred thousand lines a search would take a minute.
CREATE FUNCTION lock_purchase_orders_of(p_organization_id uuid, p_item_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_order_ids uuid[];
BEGIN
    SELECT coalesce(array_agg(DISTINCT i.purchase_order_id), '{}') INTO v_order_ids
    FROM unnest(p_item_ids) AS item (id)
    JOIN purchase_order_items i ON i.organization_id = p_organization_id AND i.id = item.id;
    PERFORM FROM unnest(v_order_ids) AS wanted (id)
    JOIN purchase_orders o ON o.organization_id = p_organization_id AND o.id = wanted.id
    ORDER BY o.id
    FOR NO KEY UPDATE OF o;
    RETURN v_order_ids;
END $$;

CREATE FUNCTION lock_sales_orders_of(p_organization_id uuid, p_item_ids uuid[]) RETURNS uuid[]
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_order_ids uuid[];
BEGIN
    SELECT coalesce(array_agg(DISTINCT i.sales_order_id), '{}') INTO v_order_ids
    FROM unnest(p_item_ids) AS item (id)
    JOIN sales_order_items i ON i.organization_id = p_organization_id AND i.id = item.id;
    PERFORM FROM unnest(v_order_ids) AS wanted (id)
    JOIN sales_orders o ON o.organization_id = p_organization_id AND o.id = wanted.id
    ORDER BY o.id
    FOR NO KEY UPDATE OF o;
    RETURN v_order_ids;
END $$;

-- Moves updated_at of these orders, so that whoever holds an ETag of one learns that its lines changed.
CREATE FUNCTION touch_orders(p_organization_id uuid, p_purchase_order_ids uuid[], p_sales_order_ids uuid[])
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF cardinality(p_purchase_order_ids) > 0 THEN
        UPDATE purchase_orders o SET updated_at = now() FROM unnest(p_purchase_order_ids) AS touched (id)
        WHERE o.organization_id = p_organization_id AND o.id = touched.id;
    END IF;
    IF cardinality(p_sales_order_ids) > 0 THEN
        UPDATE sales_orders o SET updated_at = now() FROM unnest(p_sales_order_ids) AS touched (id)
        WHERE o.organization_id = p_organization_id AND o.id = touched.id;
    END IF;
END $$;

-- The balances that these entries, some of them dated back, would have taken below zero at some time, with the least
-- that was there from the first of them on. One range of the ledger's index by occurrence per balance.
-- The balances are locked by the caller.
CREATE FUNCTION short_in_the_past(
    p_organization_id uuid, p_inventory_ids uuid[], p_movements stock_movement[])
RETURNS TABLE (inventory_id uuid, line int, available int)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH entry AS (
        SELECT m.inventory_id, m.quantity, coalesce(m.occurred_at, now()) AS occurred_at, m.ordinality::int AS line
        FROM ROWS FROM (unnest(p_inventory_ids), unnest(p_movements)) WITH ORDINALITY AS m (inventory_id)
    ), dated_back AS (
        SELECT e.inventory_id, i.quantity_on_hand AS on_hand, min(e.occurred_at) AS since, min(e.line) AS line
        FROM entry e
        JOIN inventory i ON i.organization_id = p_organization_id AND i.id = e.inventory_id
        GROUP BY e.inventory_id, i.quantity_on_hand
        HAVING min(e.quantity) < 0
    ), step AS (
        SELECT b.inventory_id, b.on_hand, t.occurred_at, t.quantity, t.quantity AS known
        FROM dated_back b
        JOIN inventory_transactions t ON t.organization_id = p_organization_id AND t.inventory_id = b.inventory_id
            AND t.occurred_at > b.since
        UNION ALL
        SELECT b.inventory_id, b.on_hand, e.occurred_at, e.quantity, 0
        FROM dated_back b JOIN entry e ON e.inventory_id = b.inventory_id
    ), course AS (
        SELECT s.inventory_id, s.occurred_at,
               s.on_hand - sum(s.known) OVER whole + sum(s.quantity) OVER up_to AS balance,
               s.on_hand - sum(s.known) OVER whole + sum(s.known) OVER up_to AS known_balance
        FROM step s
        WINDOW whole AS (PARTITION BY s.inventory_id),
               up_to AS (PARTITION BY s.inventory_id ORDER BY s.occurred_at)
    )
    SELECT b.inventory_id, b.line, greatest(min(c.known_balance), 0)::int
    FROM course c JOIN dated_back b ON b.inventory_id = c.inventory_id
    GROUP BY b.inventory_id, b.line
    HAVING min(c.balance) < 0
$$;

-- The only door to the ledger. All lines are posted, or none and what is refused comes back as rows:
--   posted  the ledger row of the line, with the balance it left
--   short   a balance that would fall below zero, below what is reserved in it, or that would have been below zero
--           at some time since the line's occurred_at; with what is available
--   unheld  a line that draws on a reservation which is not of that balance and order line, or holds less
-- plan_cache_mode, here and where stock is reserved: PostgreSQL would take a plan of its own for each call to be cheaper, and make it anew
-- each time, which takes longer than the rest. Few lines or many, balances are found one by one in an index.
-- Lines are applied in the order given. Values are computed from the locked rows. The progress of order lines and
-- their orders' updated_at change with it. Locks: see lock_purchase_orders_of.
CREATE FUNCTION post_movements_v2(p_organization_id uuid, p_movements stock_movement[], p_created_by uuid)
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
               e.shipment_item_id, e.reference_id, e.reason, e.notes, coalesce(e.occurred_at, now()) AS occurred_at,
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
             balance_version, purchase_order_item_id, sales_order_item_id, shipment_item_id, reference_id, reason,
             notes, created_by, occurred_at)
        SELECT id, p_organization_id, inventory_id, transaction_type, movement_kind, quantity, balance_after,
               balance_version, purchase_order_item_id, sales_order_item_id, shipment_item_id, reference_id, reason,
               notes, p_created_by, occurred_at
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

-- A sales order line of the past, for record_past_sales.
CREATE TYPE past_sale_line AS (
    id uuid, sales_order_id uuid, line_number int, product_id uuid, quantity_ordered int, unit_price numeric,
    line_total numeric, expected_delivery_date date, promised_delivery_date date, actual_delivery_date date);

-- For the import of history: order lines with the movements that shipped and returned them, in one call. The lines
-- are written once, with their progress, where an update of each would take as long as all the rest.
CREATE FUNCTION record_past_sales(
    p_organization_id uuid, p_lines past_sale_line[], p_movements stock_movement[], p_created_by uuid)
RETURNS TABLE (
    outcome text, line int, id uuid, inventory_id uuid, quantity int, balance_after int, available int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    SET CONSTRAINTS inventory_transactions_sales_order_item_fkey DEFERRED;
    RETURN QUERY SELECT * FROM post_movements_v2(p_organization_id, p_movements, p_created_by);
    INSERT INTO sales_order_items
        (id, organization_id, sales_order_id, line_number, product_id, quantity_ordered, quantity_shipped,
         quantity_returned, unit_price, line_total, expected_delivery_date, promised_delivery_date,
         actual_delivery_date)
    SELECT l.id, p_organization_id, l.sales_order_id, l.line_number, l.product_id, l.quantity_ordered,
           coalesce(moved.shipped, 0), coalesce(moved.returned, 0), l.unit_price, l.line_total,
           l.expected_delivery_date, l.promised_delivery_date, l.actual_delivery_date
    FROM unnest(p_lines) AS l
    LEFT JOIN (
        SELECT m.sales_order_item_id, -sum(m.quantity) FILTER (WHERE m.movement_kind = 'sale') AS shipped,
               sum(m.quantity) FILTER (WHERE m.movement_kind = 'customer_return') AS returned
        FROM unnest(p_movements) AS m
        GROUP BY m.sales_order_item_id
    ) AS moved ON moved.sales_order_item_id = l.id;
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
                   e.notes, e.occurred_at)::stock_movement
        FROM unnest(p_product_ids, p_warehouse_ids, p_quantities, p_transaction_types, p_movement_kinds,
                    p_reservation_ids, p_reference_ids, p_notes, p_occurred_at)
            WITH ORDINALITY AS e (product_id, warehouse_id, quantity, transaction_type, movement_kind, reservation_id,
                                  reference_id, notes, occurred_at, line)
        LEFT JOIN inventory_reservations r ON r.organization_id = p_organization_id AND r.id = e.reservation_id
        ORDER BY e.line), p_created_by) AS p
$$;

GRANT EXECUTE ON FUNCTION post_movements_v2, record_past_sales TO imsop_app;

-- Progress is written by the functions above only.
REVOKE INSERT, UPDATE ON purchase_order_items, sales_order_items FROM imsop_app;
GRANT INSERT (id, organization_id, purchase_order_id, line_number, product_id, quantity_ordered, unit_price,
              line_total, expected_delivery_date, promised_delivery_date, actual_delivery_date),
    UPDATE (line_number, product_id, quantity_ordered, unit_price, line_total, expected_delivery_date,
            promised_delivery_date, actual_delivery_date) ON purchase_order_items TO imsop_app;
GRANT INSERT (id, organization_id, sales_order_id, line_number, product_id, quantity_ordered, unit_price,
              line_total, expected_delivery_date, promised_delivery_date, actual_delivery_date),
    UPDATE (line_number, product_id, quantity_ordered, unit_price, line_total, expected_delivery_date,
            promised_delivery_date, actual_delivery_date) ON sales_order_items TO imsop_app;
