-- Amounts have as many decimals as their currency has, unit prices up to six. The columns keep a number with the
-- decimals that it was given: ¥3 is not shown as 3.00, nor KWD 1.250 as 1.25.

-- squawk-ignore-file ban-drop-view, changing-column-type, constraint-missing-not-valid

-- The views of lines depend on the columns; they come back as they are, whatever they have become since 0015.
CREATE TEMPORARY TABLE views_of_lines ON COMMIT DROP AS
SELECT c.relname AS name, pg_get_viewdef(c.oid) AS definition
FROM pg_class c WHERE c.oid IN ('purchase_lines'::regclass, 'sales_lines'::regclass);
DROP VIEW purchase_lines, sales_lines;

ALTER TABLE products ALTER COLUMN unit_cost TYPE numeric, ALTER COLUMN selling_price TYPE numeric;
ALTER TABLE purchase_order_items ALTER COLUMN unit_price TYPE numeric, ALTER COLUMN line_total TYPE numeric;
ALTER TABLE sales_order_items ALTER COLUMN unit_price TYPE numeric, ALTER COLUMN line_total TYPE numeric;
ALTER TABLE purchase_orders ALTER COLUMN total_amount TYPE numeric;
ALTER TABLE sales_orders ALTER COLUMN total_amount TYPE numeric;

DO $$
DECLARE
    v record;
BEGIN
    FOR v IN SELECT name, definition FROM views_of_lines LOOP
        EXECUTE format('CREATE VIEW %I WITH (security_invoker = true) AS %s', v.name, v.definition);
        EXECUTE format('GRANT SELECT ON %I TO imsop_app, imsop_operator', v.name);
    END LOOP;
END $$;

-- NaN and infinity are above every limit.
ALTER TABLE products
    ADD CONSTRAINT products_unit_cost__range CHECK (unit_cost < 1e8 AND scale(unit_cost) <= 6),
    ADD CONSTRAINT products_selling_price__range CHECK (selling_price < 1e8 AND scale(selling_price) <= 6);
ALTER TABLE purchase_order_items
    ADD CONSTRAINT purchase_order_items_unit_price__range CHECK (unit_price < 1e8 AND scale(unit_price) <= 6),
    ADD CONSTRAINT purchase_order_items_line_total__range CHECK (line_total < 1e12 AND scale(line_total) <= 4);
ALTER TABLE sales_order_items
    ADD CONSTRAINT sales_order_items_unit_price__range CHECK (unit_price < 1e8 AND scale(unit_price) <= 6),
    ADD CONSTRAINT sales_order_items_line_total__range CHECK (line_total < 1e12 AND scale(line_total) <= 4);
ALTER TABLE purchase_orders
    ADD CONSTRAINT purchase_orders_total_amount__range CHECK (total_amount < 1e12 AND scale(total_amount) <= 4);
ALTER TABLE sales_orders
    ADD CONSTRAINT sales_orders_total_amount__range CHECK (total_amount < 1e12 AND scale(total_amount) <= 4);

-- Amounts written with two decimals where the currency has another number of them: lines first, then their sums.
CREATE FUNCTION pg_temp.decimals(p_currency text) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND',
                            'VUV', 'XAF', 'XOF', 'XPF', 'ADP', 'BYR', 'ESP', 'ITL', 'LUF', 'MGF', 'TRL', 'TMM', 'ZMK',
                            'ZWD') THEN 0
        WHEN p_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 3
        WHEN p_currency IN ('CLF', 'UYW') THEN 4
        ELSE 2 END
$$;
ALTER TABLE purchase_orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE purchase_order_items NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_order_items NO FORCE ROW LEVEL SECURITY;
UPDATE purchase_order_items i SET line_total = round(i.line_total, pg_temp.decimals(o.currency))
FROM purchase_orders o
WHERE o.organization_id = i.organization_id AND o.id = i.purchase_order_id AND i.line_total IS NOT NULL
  AND pg_temp.decimals(o.currency) <> 2;
UPDATE sales_order_items i SET line_total = round(i.line_total, pg_temp.decimals(o.currency))
FROM sales_orders o
WHERE o.organization_id = i.organization_id AND o.id = i.sales_order_id AND i.line_total IS NOT NULL
  AND pg_temp.decimals(o.currency) <> 2;
UPDATE purchase_orders o SET total_amount = round(coalesce(
    (SELECT sum(i.line_total) FROM purchase_order_items i
     WHERE i.organization_id = o.organization_id AND i.purchase_order_id = o.id), 0), pg_temp.decimals(o.currency))
WHERE pg_temp.decimals(o.currency) <> 2;
UPDATE sales_orders o SET total_amount = round(coalesce(
    (SELECT sum(i.line_total) FROM sales_order_items i
     WHERE i.organization_id = o.organization_id AND i.sales_order_id = o.id), 0), pg_temp.decimals(o.currency))
WHERE pg_temp.decimals(o.currency) <> 2;
ALTER TABLE purchase_orders FORCE ROW LEVEL SECURITY;
ALTER TABLE purchase_order_items FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_orders FORCE ROW LEVEL SECURITY;
ALTER TABLE sales_order_items FORCE ROW LEVEL SECURITY;
