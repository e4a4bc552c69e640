-- As in 0031, but by CASE: under row security no condition on coalesce() is looked up in an index, so that a page read all
-- pages before it.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

DROP INDEX purchase_orders_expected_first_idx;
CREATE INDEX purchase_orders_expected_first_idx ON purchase_orders (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '9999-12-31'::date ELSE expected_delivery_date END), id);
DROP INDEX purchase_orders_expected_last_idx;
CREATE INDEX purchase_orders_expected_last_idx ON purchase_orders (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '0001-01-01'::date ELSE expected_delivery_date END), id);
DROP INDEX sales_orders_expected_first_idx;
CREATE INDEX sales_orders_expected_first_idx ON sales_orders (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '9999-12-31'::date ELSE expected_delivery_date END), id);
DROP INDEX sales_orders_expected_last_idx;
CREATE INDEX sales_orders_expected_last_idx ON sales_orders (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '0001-01-01'::date ELSE expected_delivery_date END), id);
DROP INDEX shipments_expected_first_idx;
CREATE INDEX shipments_expected_first_idx ON shipments (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '9999-12-31'::date ELSE expected_delivery_date END), id);
DROP INDEX shipments_expected_last_idx;
CREATE INDEX shipments_expected_last_idx ON shipments (
    organization_id, (CASE WHEN expected_delivery_date IS NULL THEN '0001-01-01'::date ELSE expected_delivery_date END), id);
