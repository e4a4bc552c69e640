-- What integrators ask for: orders and shipments by the day they are expected, zones by type. A day that is not known
-- is not between two: the indexes leave it out, as the statements do.

-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX purchase_orders_expected_idx ON purchase_orders (organization_id, expected_delivery_date, id)
    WHERE expected_delivery_date IS NOT NULL;
CREATE INDEX sales_orders_expected_idx ON sales_orders (organization_id, expected_delivery_date, id)
    WHERE expected_delivery_date IS NOT NULL;
CREATE INDEX shipments_expected_idx ON shipments (organization_id, expected_delivery_date, id)
    WHERE expected_delivery_date IS NOT NULL;
CREATE INDEX warehouse_zones_type_idx ON warehouse_zones (organization_id, zone_type, code, id);

-- Names are told apart as people do it, and as `imsop psql --as` finds them: regardless of case. The seed's own index,
-- on the name as it is written, stays for looking one up.
CREATE UNIQUE INDEX organizations_folded_unique_active_name ON organizations (lower(name)) WHERE deleted_at IS NULL;
