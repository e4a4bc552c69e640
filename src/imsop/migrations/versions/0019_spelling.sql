-- Codes and names: one spelling for what reads the same, and the order in which people look for it.
--
-- Lists compare columns beside the texts and not what a function makes of them: under row security an index serves only
-- comparisons that leak nothing, and functions of text may.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

-- Without white space at its ends or twice inside, and composed.
CREATE FUNCTION one_spelling(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN normalize(regexp_replace(regexp_replace(p_text, '^\s+|\s+$', '', 'g'), '\s+', ' ', 'g'), NFC);

-- X-A and x-a are one code.
CREATE FUNCTION folded(p_code text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN casefold(p_code COLLATE pg_unicode_fast) COLLATE "C";

-- Names as people sort them: accents and case only break ties.
CREATE FUNCTION reading_order(p_name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN search_form(p_name) COLLATE "C" || U&'\0001' || p_name;

GRANT EXECUTE ON FUNCTION one_spelling, folded, reading_order TO imsop_app;

-- Gives one column of a table its one spelling. A code that is another row's then has the row's id behind it, except that
-- of the oldest row; a name that was nothing but blanks is a dash.
CREATE FUNCTION pg_temp.respell(p_table regclass, p_column text, p_unique_in text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', p_table);
    IF p_unique_in IS NOT NULL THEN
        EXECUTE format('UPDATE %1$s t SET %2$I = left(public.one_spelling(t.%2$I), 13) || ''~'' || t.id
                        FROM (SELECT id, row_number() OVER (
                                  PARTITION BY %3$s, public.folded(public.one_spelling(%2$I)) ORDER BY created_at, id)
                              FROM %1$s WHERE %2$I IS NOT NULL) AS n (id, place)
                        WHERE n.id = t.id AND n.place > 1', p_table, p_column, p_unique_in);
    END IF;
    EXECUTE format('UPDATE %1$s SET %2$I = coalesce(nullif(public.one_spelling(%2$I), ''''), ''-'')
                    WHERE %2$I <> coalesce(nullif(public.one_spelling(%2$I), ''''), ''-'')', p_table, p_column);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %1$s ADD CONSTRAINT %3$I CHECK (%2$I = public.one_spelling(%2$I))',
                   p_table, p_column, p_table || '_' || p_column || '__one_spelling');
    IF p_unique_in IS NOT NULL THEN
        EXECUTE format('ALTER TABLE %1$s ADD COLUMN %3$I text COLLATE "C" GENERATED ALWAYS AS (public.folded(%2$I)) STORED',
                       p_table, p_column, p_column || '_folded');
        EXECUTE format('CREATE UNIQUE INDEX %1$I ON %2$s (%3$s, %4$I)',
                       p_table || '_folded_unique_' || p_column, p_table, p_unique_in, p_column || '_folded');
    ELSE
        EXECUTE format('ALTER TABLE %1$s ADD COLUMN %3$I text COLLATE "C" GENERATED ALWAYS AS (public.reading_order(%2$I)) STORED',
                       p_table, p_column, p_column || '_order');
        EXECUTE format('CREATE INDEX %1$I ON %2$s (organization_id, %3$I, id)',
                       p_table || '_' || p_column || '_order_idx', p_table, p_column || '_order');
    END IF;
END $$;

SELECT pg_temp.respell('products', 'sku', 'organization_id'), pg_temp.respell('products', 'name'),
    pg_temp.respell('suppliers', 'name'), pg_temp.respell('customers', 'name'),
    pg_temp.respell('customers', 'customer_number', 'organization_id'), pg_temp.respell('warehouses', 'name'),
    pg_temp.respell('warehouse_zones', 'code', 'organization_id, warehouse_id'),
    pg_temp.respell('warehouse_zones', 'name'),
    pg_temp.respell('purchase_orders', 'po_number', 'organization_id'),
    pg_temp.respell('sales_orders', 'so_number', 'organization_id'), pg_temp.respell('roles', 'name', 'organization_id');

-- The indexes of lists by name or SKU, in that order.
DROP INDEX products_name_idx, products_category_idx, products_category_name_idx, products_status_idx,
    products_status_name_idx, suppliers_name_idx, suppliers_status_idx, customers_name_idx, customers_status_idx,
    warehouses_name_idx, warehouses_status_idx, warehouse_zones_code_idx, warehouse_zones_type_idx;
CREATE INDEX products_category_idx ON products (organization_id, category, sku_folded, id);
CREATE INDEX products_category_name_idx ON products (organization_id, category, name_order, id);
CREATE INDEX products_status_idx ON products (organization_id, status, sku_folded, id);
CREATE INDEX products_status_name_idx ON products (organization_id, status, name_order, id);
CREATE INDEX suppliers_status_idx ON suppliers (organization_id, status, name_order, id);
CREATE INDEX customers_status_idx ON customers (organization_id, status, name_order, id);
CREATE INDEX warehouse_zones_code_idx ON warehouse_zones (organization_id, code_folded, id);
CREATE INDEX warehouse_zones_type_idx ON warehouse_zones (organization_id, zone_type, code_folded, id);
CREATE INDEX warehouses_status_idx ON warehouses (organization_id, status, name_order, id);
