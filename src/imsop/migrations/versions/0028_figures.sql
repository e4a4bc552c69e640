-- The rules behind the figures of stock and supply (docs/measures.md), each in one place.
-- squawk-ignore-file require-concurrent-index-creation

-- Calendar days of an organization: today, and the first instant of one.
CREATE FUNCTION today_of(p_organization_id uuid) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT (now() AT TIME ZONE o.timezone)::date FROM organizations o WHERE o.id = p_organization_id);
GRANT EXECUTE ON FUNCTION today_of TO imsop_app, imsop_operator;

CREATE FUNCTION midnight_of(p_organization_id uuid, p_day date) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT p_day::timestamp AT TIME ZONE o.timezone FROM organizations o WHERE o.id = p_organization_id);
GRANT EXECUTE ON FUNCTION midnight_of TO imsop_app, imsop_operator;

-- Products that customers asked for, on each day from p_first to p_last (NULL: today): sold within the 90 days that end
-- with it, or on a line of an open order, placed by then, that is still to be sent.
CREATE FUNCTION products_in_demand(p_organization_id uuid, p_first date, p_last date)
RETURNS TABLE (product_id uuid, day date)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH asked AS (
        SELECT coalesce(p_first, today_of(p_organization_id)) AS first,
               coalesce(p_last, today_of(p_organization_id)) AS last
    ), sold AS (
        SELECT t.inventory_id, (t.occurred_at AT TIME ZONE o.timezone)::date AS day
        FROM organizations o
        JOIN inventory_transactions t ON t.organization_id = p_organization_id AND t.movement_kind = 'sale'
            AND t.occurred_at >= (SELECT midnight_of(p_organization_id, a.first - 89) FROM asked a)
            AND t.occurred_at < (SELECT midnight_of(p_organization_id, a.last + 1) FROM asked a)
        WHERE o.id = p_organization_id
        GROUP BY 1, 2
    )
    SELECT i.product_id, each.day::date
    FROM sold
    JOIN inventory i ON i.organization_id = p_organization_id AND i.id = sold.inventory_id
    CROSS JOIN asked
    CROSS JOIN LATERAL generate_series(greatest(sold.day, asked.first), least(sold.day + 89, asked.last),
                                       interval '1 day') AS each (day)
    UNION
    SELECT l.product_id, each.day::date
    FROM sales_lines l
    CROSS JOIN asked
    CROSS JOIN LATERAL generate_series(greatest(l.order_date, asked.first), asked.last, interval '1 day') AS each (day)
    WHERE l.organization_id = p_organization_id AND l.is_to_send;
END;
GRANT EXECUTE ON FUNCTION products_in_demand TO imsop_app, imsop_operator;

-- The state of a product's stock in a warehouse. Out of stock is a product: none of it is anywhere, though it is in demand
-- or has a reorder level. One that is not active has its own status as state.
CREATE FUNCTION stock_state_v2(p_status text, p_on_hand bigint, p_on_hand_of_product bigint, p_reorder_level int,
                               p_is_in_demand boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_status <> 'active' THEN p_status
            WHEN p_on_hand > 0 THEN 'in_stock'
            WHEN p_on_hand_of_product > 0 THEN 'none_here'
            WHEN p_reorder_level > 0 OR p_is_in_demand THEN 'out_of_stock'
            ELSE 'no_demand' END;
GRANT EXECUTE ON FUNCTION stock_state_v2 TO imsop_app, imsop_operator;

CREATE VIEW products_out_of_stock WITH (security_invoker = true) AS
SELECT p.organization_id, p.id AS product_id
FROM products p
WHERE stock_state_v2(p.status, 0, (
          SELECT sum(i.quantity_on_hand) FROM inventory i
          WHERE i.organization_id = p.organization_id AND i.product_id = p.id),
          p.reorder_level,
          p.id IN (SELECT d.product_id FROM products_in_demand(current_organization_id(), NULL, NULL) AS d)
      ) = 'out_of_stock';
GRANT SELECT ON products_out_of_stock TO imsop_app;

-- Whether a product must be ordered: once what is available, with what is on order, has fallen to its reorder level.
CREATE FUNCTION supply_state(p_available bigint, p_on_order bigint, p_reorder_level int)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN p_available + p_on_order <= p_reorder_level THEN 'to_reorder'
            WHEN p_available <= p_reorder_level THEN 'covered'
            ELSE 'enough' END;
GRANT EXECUTE ON FUNCTION supply_state TO imsop_app, imsop_operator;

CREATE INDEX products_planned_idx ON products (organization_id, name_order, id)
    WHERE status = 'active' AND reorder_level > 0;

-- Of a product's lines, those that may be open: a status is in the order's row, where no index by product is.
CREATE INDEX purchase_order_items_outstanding_idx ON purchase_order_items (organization_id, product_id)
    WHERE quantity_received + quantity_closed < coalesce(quantity_confirmed, quantity_ordered);

-- Active products with a reorder level: stock free in all warehouses, what suppliers have yet to deliver, and the units
-- sold within the 90 days that end today.
CREATE VIEW product_supply WITH (security_invoker = true) AS
SELECT p.organization_id, p.id AS product_id, held.available, coming.on_order, coming.next_due_on,
       supply_state(held.available, coming.on_order, p.reorder_level) AS state, sold.units AS units_sold
FROM products p
CROSS JOIN LATERAL (
    SELECT coalesce(sum(i.quantity_available), 0) AS available FROM inventory i
    WHERE i.organization_id = p.organization_id AND i.product_id = p.id
) AS held
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.quantity_open), 0) AS on_order, min(l.due_on) AS next_due_on
    FROM purchase_lines l
    WHERE l.organization_id = p.organization_id AND l.product_id = p.id
      AND l.quantity_received + l.quantity_closed < l.quantity_due AND l.is_open
) AS coming
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(t.quantity), 0) AS units
    FROM inventory i
    JOIN inventory_transactions t ON t.organization_id = p.organization_id AND t.inventory_id = i.id
        AND t.movement_kind = 'sale' AND t.occurred_at <= now() AND t.occurred_at >= (
            SELECT midnight_of(current_organization_id(), today_of(current_organization_id()) - 89))
    WHERE i.organization_id = p.organization_id AND i.product_id = p.id
) AS sold
WHERE p.status = 'active' AND p.reorder_level > 0;
GRANT SELECT ON product_supply TO imsop_app, imsop_operator;

-- Lines with any of their dates within p_days: among them are all that are due then. For the indexes, which a due date,
-- from one of two tables, cannot have.
CREATE INDEX sales_order_items_promised_idx ON sales_order_items (organization_id, promised_delivery_date)
    WHERE promised_delivery_date IS NOT NULL;
CREATE INDEX sales_order_items_expected_idx ON sales_order_items (organization_id, expected_delivery_date)
    WHERE promised_delivery_date IS NULL AND expected_delivery_date IS NOT NULL;
CREATE INDEX purchase_order_items_promised_idx ON purchase_order_items (organization_id, promised_delivery_date)
    WHERE promised_delivery_date IS NOT NULL;
CREATE INDEX purchase_order_items_expected_idx ON purchase_order_items (organization_id, expected_delivery_date)
    WHERE promised_delivery_date IS NULL AND expected_delivery_date IS NOT NULL;

CREATE FUNCTION sales_lines_dated(p_organization_id uuid, p_days daterange) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT i.id FROM sales_order_items i
    WHERE i.organization_id = p_organization_id
      AND i.promised_delivery_date >= lower(p_days) AND i.promised_delivery_date < upper(p_days)
    UNION ALL
    SELECT i.id FROM sales_order_items i
    WHERE i.organization_id = p_organization_id AND i.promised_delivery_date IS NULL
      AND i.expected_delivery_date >= lower(p_days) AND i.expected_delivery_date < upper(p_days)
    UNION ALL
    SELECT i.id FROM sales_orders o
    JOIN sales_order_items i ON i.organization_id = p_organization_id AND i.sales_order_id = o.id
    WHERE o.organization_id = p_organization_id
      AND o.expected_delivery_date >= lower(p_days) AND o.expected_delivery_date < upper(p_days)
      AND i.promised_delivery_date IS NULL AND i.expected_delivery_date IS NULL;
END;
GRANT EXECUTE ON FUNCTION sales_lines_dated TO imsop_app;

CREATE FUNCTION purchase_lines_dated(p_organization_id uuid, p_days daterange) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT i.id FROM purchase_order_items i
    WHERE i.organization_id = p_organization_id
      AND i.promised_delivery_date >= lower(p_days) AND i.promised_delivery_date < upper(p_days)
    UNION ALL
    SELECT i.id FROM purchase_order_items i
    WHERE i.organization_id = p_organization_id AND i.promised_delivery_date IS NULL
      AND i.expected_delivery_date >= lower(p_days) AND i.expected_delivery_date < upper(p_days)
    UNION ALL
    SELECT i.id FROM purchase_orders o
    JOIN purchase_order_items i ON i.organization_id = p_organization_id AND i.purchase_order_id = o.id
    WHERE o.organization_id = p_organization_id
      AND o.expected_delivery_date >= lower(p_days) AND o.expected_delivery_date < upper(p_days)
      AND i.promised_delivery_date IS NULL AND i.expected_delivery_date IS NULL;
END;
GRANT EXECUTE ON FUNCTION purchase_lines_dated TO imsop_app;

-- Written by processes of the release before, and read by nothing.
ALTER TABLE warehouse_daily_totals ALTER COLUMN out_of_stock SET DEFAULT 0;
ALTER TABLE warehouse_daily_totals ALTER COLUMN below_reorder_level SET DEFAULT 0;
