-- Reservations count on the order lines that they are for, in the same call. The first versions are thin forms of the
-- second, for processes of the previous release.

-- One line for reserve_stock_v2. kind: sales_order (with its line), quarantine or hold (with a reason).
CREATE TYPE stock_wish AS (
    inventory_id uuid, quantity int, kind text, sales_order_item_id uuid, reason text);

-- Holds stock for an owner: all wishes, or none and the balances that are short come back with what is available.
-- Order lines count what is reserved for them. Locks: see lock_purchase_orders_of.
CREATE FUNCTION reserve_stock_v2(p_organization_id uuid, p_wishes stock_wish[], p_created_by uuid)
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
        SELECT uuidv7() AS id, w.line::int AS line, w.inventory_id, w.quantity, w.kind, w.sales_order_item_id, w.reason
        FROM unnest(p_wishes) WITH ORDINALITY AS w (inventory_id, quantity, kind, sales_order_item_id, reason, line)
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
        SELECT id, p_organization_id, inventory_id, kind, quantity, sales_order_item_id, reason, p_created_by
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

-- Frees what these reservations still hold and returns them. One that a rival freed meanwhile is not returned.
-- Order lines count what is left reserved for them. Locks: see lock_purchase_orders_of.
CREATE FUNCTION release_reservations_v2(p_organization_id uuid, p_reservation_ids uuid[])
RETURNS TABLE (id uuid, inventory_id uuid, quantity int, sales_order_item_id uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    v_sales_orders uuid[];
BEGIN
    v_sales_orders := lock_sales_orders_of(p_organization_id, array(
        SELECT r.sales_order_item_id FROM inventory_reservations r
        WHERE r.organization_id = p_organization_id AND r.id = ANY (p_reservation_ids)
          AND r.sales_order_item_id IS NOT NULL));
    PERFORM lock_balances(p_organization_id, array(
        SELECT DISTINCT r.inventory_id FROM inventory_reservations r
        WHERE r.organization_id = p_organization_id AND r.id = ANY (p_reservation_ids)));
    RETURN QUERY
    WITH released AS (
        DELETE FROM inventory_reservations r
        WHERE r.organization_id = p_organization_id AND r.id = ANY (p_reservation_ids)
        RETURNING r.id, r.inventory_id, r.quantity, r.sales_order_item_id
    ), lowered AS (
        UPDATE inventory i SET quantity_reserved = i.quantity_reserved - freed.quantity
        FROM (SELECT inventory_id, sum(quantity) AS quantity FROM released GROUP BY inventory_id) freed
        WHERE i.organization_id = p_organization_id AND i.id = freed.inventory_id
    ), counted AS (
        UPDATE sales_order_items i SET quantity_reserved = i.quantity_reserved - freed.quantity
        FROM (SELECT sales_order_item_id, sum(quantity) AS quantity FROM released
              WHERE sales_order_item_id IS NOT NULL GROUP BY sales_order_item_id) freed
        WHERE i.organization_id = p_organization_id AND i.id = freed.sales_order_item_id
    )
    SELECT id, inventory_id, quantity, sales_order_item_id FROM released;
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
        SELECT ROW(w.inventory_id, w.quantity, p_kind, w.sales_order_item_id, p_reason)::stock_wish
        FROM unnest(p_inventory_ids, p_quantities, p_sales_order_item_ids)
            WITH ORDINALITY AS w (inventory_id, quantity, sales_order_item_id, line)
        ORDER BY w.line), p_created_by) AS h
$$;

CREATE OR REPLACE FUNCTION release_reservations(p_organization_id uuid, p_reservation_ids uuid[])
RETURNS TABLE (id uuid, inventory_id uuid, quantity int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT r.id, r.inventory_id, r.quantity FROM release_reservations_v2(p_organization_id, p_reservation_ids) AS r
$$;

GRANT EXECUTE ON FUNCTION reserve_stock_v2, release_reservations_v2 TO imsop_app;
