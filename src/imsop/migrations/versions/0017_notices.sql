-- Processes remember rows that are read often and seldom changed. Who changes one notifies, in the same transaction, so
-- that nothing is heard of what is rolled back and nobody can forget to tell. A new row is remembered by nobody.

CREATE FUNCTION notify_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    -- The kind and whose it is; nobody's where the operator changes it, which concerns all.
    PERFORM pg_notify('imsop_changed', TG_ARGV[0] || ' ' || coalesce(current_organization_id()::text, ''));
    RETURN NULL;
END $$;

CREATE TRIGGER notify_changed AFTER UPDATE OR DELETE ON products
    FOR EACH STATEMENT EXECUTE FUNCTION notify_changed('product');
CREATE TRIGGER notify_changed AFTER UPDATE OR DELETE ON warehouses
    FOR EACH STATEMENT EXECUTE FUNCTION notify_changed('warehouse');
CREATE TRIGGER notify_changed AFTER UPDATE OR DELETE ON warehouse_zones
    FOR EACH STATEMENT EXECUTE FUNCTION notify_changed('warehouse_zone');
CREATE TRIGGER notify_changed AFTER UPDATE OR DELETE ON organizations
    FOR EACH STATEMENT EXECUTE FUNCTION notify_changed('organization');
