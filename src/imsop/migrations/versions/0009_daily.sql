-- Stock at the end of each day, and what is asked about documents day by day.

-- Kept from the ledger by a job (imsop.inventory.jobs), so that stock of a past day is one look and not a sum. A day has
-- a row where the balance moved. The row of a balance's last day says up to which ledger row all of its rows account:
-- what was recorded after that, for whatever day, is still to be added. imsop doctor proves them.
CREATE TABLE inventory_daily_balances (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    inventory_id uuid NOT NULL,
    day date NOT NULL,
    quantity_on_hand int NOT NULL,
    through_version bigint NOT NULL,
    PRIMARY KEY (organization_id, inventory_id, day),
    FOREIGN KEY (organization_id, inventory_id) REFERENCES inventory (organization_id, id)
);
SELECT protect_tenant_table('inventory_daily_balances');
GRANT INSERT, UPDATE (quantity_on_hand, through_version), DELETE ON inventory_daily_balances TO imsop_app;

-- The same of all products of a warehouse, for trends. A day without a row is like the last one that has one. Values
-- are at the products' costs, and states by their reorder levels, at the time of keeping.
CREATE TABLE warehouse_daily_totals (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    warehouse_id uuid NOT NULL,
    day date NOT NULL,
    quantity_on_hand bigint NOT NULL,
    value numeric NOT NULL,
    out_of_stock int NOT NULL,
    below_reorder_level int NOT NULL,
    PRIMARY KEY (organization_id, warehouse_id, day),
    FOREIGN KEY (organization_id, warehouse_id) REFERENCES warehouses (organization_id, id)
);
SELECT protect_tenant_table('warehouse_daily_totals');
GRANT INSERT, UPDATE (quantity_on_hand, value, out_of_stock, below_reorder_level), DELETE
    ON warehouse_daily_totals TO imsop_app;

-- Days are those of the organization's timezone: with another one all of them are others, and are made anew.
CREATE FUNCTION forget_daily_stock() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    DELETE FROM inventory_daily_balances d WHERE d.organization_id = NEW.id;
    DELETE FROM warehouse_daily_totals d WHERE d.organization_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER organizations_timezone_changed AFTER UPDATE OF timezone ON organizations
    FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone) EXECUTE FUNCTION forget_daily_stock();

-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX purchase_order_history_occurred_idx ON purchase_order_history (organization_id, occurred_at)
    INCLUDE (purchase_order_id, to_status);
CREATE INDEX sales_order_history_occurred_idx ON sales_order_history (organization_id, occurred_at)
    INCLUDE (from_status, to_status);
CREATE INDEX shipments_actual_delivery_date_idx ON shipments (organization_id, actual_delivery_date, id)
    WHERE actual_delivery_date IS NOT NULL;

-- The ledger by what kind of movement it was: what is rare is not looked for among hundreds of thousands of sales.
-- INCLUDE lets a list be counted without its rows.
CREATE INDEX inventory_transactions_kind_idx
    ON inventory_transactions (organization_id, movement_kind, occurred_at, id) INCLUDE (inventory_id);
CREATE INDEX inventory_transactions_type_idx
    ON inventory_transactions (organization_id, transaction_type, occurred_at, id) INCLUDE (inventory_id);
