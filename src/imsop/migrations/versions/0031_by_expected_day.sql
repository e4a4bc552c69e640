-- Lists by the day something is expected on. What has no day is last, in either order: it stands in the index as if
-- beyond the last day or before the first.
-- squawk-ignore-file require-concurrent-index-creation

CREATE INDEX purchase_orders_expected_first_idx
    ON purchase_orders (organization_id, coalesce(expected_delivery_date, '9999-12-31'::date), id);
CREATE INDEX purchase_orders_expected_last_idx
    ON purchase_orders (organization_id, coalesce(expected_delivery_date, '0001-01-01'::date), id);
CREATE INDEX sales_orders_expected_first_idx
    ON sales_orders (organization_id, coalesce(expected_delivery_date, '9999-12-31'::date), id);
CREATE INDEX sales_orders_expected_last_idx
    ON sales_orders (organization_id, coalesce(expected_delivery_date, '0001-01-01'::date), id);
CREATE INDEX shipments_expected_first_idx
    ON shipments (organization_id, coalesce(expected_delivery_date, '9999-12-31'::date), id);
CREATE INDEX shipments_expected_last_idx
    ON shipments (organization_id, coalesce(expected_delivery_date, '0001-01-01'::date), id);
