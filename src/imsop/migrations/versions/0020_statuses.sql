-- What the status of a product or a warehouse forbids, at every door: the triggers stand on the rows themselves.

CREATE FUNCTION refuse_state(p_table text, p_constraint text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refused by %', p_constraint
        USING ERRCODE = 'check_violation', TABLE = p_table, CONSTRAINT = p_table || '_' || p_constraint;
END $$;

-- Stock of an archived product and of an inactive warehouse does not move. Whoever moves stock holds the lock of the
-- balance; whoever archives a product takes the locks of its balances before looking at them. A new balance takes a
-- lock on its product that conflicts with a change of the product's row.
CREATE FUNCTION require_open_balance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_status text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT p.status INTO v_status FROM products p
        WHERE p.organization_id = NEW.organization_id AND p.id = NEW.product_id
        FOR SHARE;
    ELSE
        SELECT p.status INTO v_status FROM products p
        WHERE p.organization_id = NEW.organization_id AND p.id = NEW.product_id;
    END IF;
    IF v_status = 'archived' THEN
        PERFORM refuse_state('inventory', 'product_id__archived');
    END IF;
    IF EXISTS (SELECT FROM warehouses w
               WHERE w.organization_id = NEW.organization_id AND w.id = NEW.warehouse_id AND w.status = 'inactive') THEN
        PERFORM refuse_state('inventory', 'warehouse_id__closed');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_open_balance_insert BEFORE INSERT ON inventory
    FOR EACH ROW EXECUTE FUNCTION require_open_balance();
CREATE TRIGGER require_open_balance BEFORE UPDATE OF quantity_on_hand ON inventory
    FOR EACH ROW WHEN (NEW.quantity_on_hand <> OLD.quantity_on_hand) EXECUTE FUNCTION require_open_balance();

-- Lock order: the product, whose row is being changed, then its balances in the order of their ids.
CREATE FUNCTION lock_balances_of_product(p_organization_id uuid, p_product_id uuid) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    SELECT FROM inventory i
    WHERE i.organization_id = p_organization_id AND i.product_id = p_product_id
    ORDER BY i.id FOR NO KEY UPDATE;
END;

CREATE FUNCTION require_unused_product() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM lock_balances_of_product(NEW.organization_id, NEW.id);
    IF EXISTS (SELECT FROM inventory i
               WHERE i.organization_id = NEW.organization_id AND i.product_id = NEW.id AND i.quantity_on_hand <> 0)
       OR EXISTS (SELECT FROM purchase_lines l
                  WHERE l.organization_id = NEW.organization_id AND l.product_id = NEW.id AND l.is_open)
       OR EXISTS (SELECT FROM sales_lines l
                  WHERE l.organization_id = NEW.organization_id AND l.product_id = NEW.id AND l.is_open) THEN
        PERFORM refuse_state('products', 'status__in_use');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_unused_product BEFORE UPDATE OF status ON products
    FOR EACH ROW WHEN (NEW.status = 'archived' AND OLD.status <> 'archived') EXECUTE FUNCTION require_unused_product();

-- Old numbers keep their meaning: the unit that they are counted in.
CREATE FUNCTION require_uncounted_product() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM lock_balances_of_product(NEW.organization_id, NEW.id);
    IF EXISTS (SELECT FROM inventory i
               WHERE i.organization_id = NEW.organization_id AND i.product_id = NEW.id AND i.version > 0)
       OR EXISTS (SELECT FROM purchase_order_items i
                  WHERE i.organization_id = NEW.organization_id AND i.product_id = NEW.id)
       OR EXISTS (SELECT FROM sales_order_items i
                  WHERE i.organization_id = NEW.organization_id AND i.product_id = NEW.id) THEN
        PERFORM refuse_state('products', 'unit_of_measure__counted');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER require_uncounted_product BEFORE UPDATE OF unit_of_measure ON products
    FOR EACH ROW WHEN (NEW.unit_of_measure IS DISTINCT FROM OLD.unit_of_measure)
    EXECUTE FUNCTION require_uncounted_product();
