-- The audit trail: who changed which row, when, and from what to what; written by triggers in the change's transaction.
-- squawk-ignore-file require-concurrent-index-creation

INSERT INTO permissions (name, resource, action, description)
VALUES ('audit:read', 'audit', 'read', 'Read audit');
ALTER TABLE role_permissions NO FORCE ROW LEVEL SECURITY;
ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
INSERT INTO role_permissions (organization_id, role_id, permission_id)
SELECT r.organization_id, r.id, p.id FROM roles r, permissions p
WHERE r.is_system AND r.name = 'administrator' AND p.name = 'audit:read';
ALTER TABLE roles FORCE ROW LEVEL SECURITY;
ALTER TABLE role_permissions FORCE ROW LEVEL SECURITY;

-- One partition a month. user_id and credential_id have no foreign key: an entry outlives what it names. `old` and `new`
-- have the columns that an update changed, else the whole row.
CREATE TABLE audit_entries (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    at timestamptz NOT NULL DEFAULT now(),
    table_name text NOT NULL,
    record_id uuid NOT NULL,
    action text NOT NULL CONSTRAINT audit_entries_action CHECK (action IN ('insert', 'update', 'delete')),
    old jsonb,
    new jsonb,
    user_id uuid,
    credential_id uuid,
    request_id text,
    source text NOT NULL,
    address inet,
    recorded_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, organization_id, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_entries_at_idx ON audit_entries (organization_id, at, id);
CREATE INDEX audit_entries_table_idx ON audit_entries (organization_id, table_name, at, id);
CREATE INDEX audit_entries_record_idx ON audit_entries (organization_id, record_id, at, id);
CREATE INDEX audit_entries_user_idx ON audit_entries (organization_id, user_id, at, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_entries_request_idx ON audit_entries (organization_id, request_id, at, id)
    WHERE request_id IS NOT NULL;
CREATE INDEX audit_entries_recorded_idx ON audit_entries (organization_id, recorded_xid);
SELECT protect_tenant_table('audit_entries');
-- What was written holds what the operator may not read in the tables themselves.
REVOKE SELECT ON audit_entries FROM imsop_operator;
GRANT SELECT (organization_id, recorded_xid) ON audit_entries TO imsop_operator;
-- The operator and migrations change rows without a tenant; the trigger records those, too.
CREATE POLICY trigger_appends ON audit_entries FOR INSERT TO imsop_owner WITH CHECK (true);

-- Trigger of each audited table. Arguments: the table, its key, columns not recorded, columns recorded without values.
-- The context is of the transaction (imsop.core.tenancy): the user, and the origin 'source credential request address'.
-- Plans are cached, and the first statement's rows would make a nested loop look cheap for all later ones.
CREATE FUNCTION record_changes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET enable_nestloop = off
AS $$
DECLARE
    v_table text := TG_ARGV[0];
    v_key text := TG_ARGV[1];
    v_unrecorded text[] := TG_ARGV[2];
    v_secret text[] := TG_ARGV[3];
    v_user_id uuid := nullif(current_setting('app.user_id', true), '');
    v_origin text[] := string_to_array(current_setting('app.origin', true), ' ', '-');
    v_source text := coalesce(v_origin[1], session_user);
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_entries (organization_id, table_name, record_id, action, new,
                                   user_id, source, credential_id, request_id, address)
        SELECT coalesce(r.whole ->> 'organization_id', r.whole ->> 'id')::uuid, v_table, (r.whole ->> v_key)::uuid,
               'insert', jsonb_strip_nulls(r.whole - v_secret),
               v_user_id, v_source, v_origin[2]::uuid, v_origin[3], v_origin[4]::inet
        FROM (SELECT to_jsonb(n) - v_unrecorded AS whole FROM new_rows n) r;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit_entries (organization_id, table_name, record_id, action, old,
                                   user_id, source, credential_id, request_id, address)
        SELECT coalesce(r.whole ->> 'organization_id', r.whole ->> 'id')::uuid, v_table, (r.whole ->> v_key)::uuid,
               'delete', jsonb_strip_nulls(r.whole - v_secret),
               v_user_id, v_source, v_origin[2]::uuid, v_origin[3], v_origin[4]::inet
        FROM (SELECT to_jsonb(o) - v_unrecorded AS whole FROM old_rows o) r;
    ELSE
        INSERT INTO audit_entries (organization_id, table_name, record_id, action, old, new,
                                   user_id, source, credential_id, request_id, address)
        WITH before AS MATERIALIZED (SELECT to_jsonb(o) - v_unrecorded AS whole FROM old_rows o),
        after AS MATERIALIZED (SELECT to_jsonb(n) - v_unrecorded AS whole FROM new_rows n)
        SELECT coalesce(a.whole ->> 'organization_id', a.whole ->> 'id')::uuid, v_table, (a.whole ->> v_key)::uuid,
               'update', changed.old, changed.new,
               v_user_id, v_source, v_origin[2]::uuid, v_origin[3], v_origin[4]::inet
        FROM before b JOIN after a ON a.whole ->> v_key = b.whole ->> v_key AND a.whole <> b.whole
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(f.key, CASE WHEN f.key = ANY (v_secret) THEN '"***"' ELSE b.whole -> f.key END) AS old,
                   jsonb_object_agg(f.key, CASE WHEN f.key = ANY (v_secret) THEN '"***"' ELSE f.value END) AS new
            FROM jsonb_each(a.whole) f WHERE f.value <> b.whole -> f.key
        ) changed;
    END IF;
    RETURN NULL;
END $$;

-- Has a table audited; migrations call it once for each. What the database derives is not recorded. A column added later
-- that is generated or secret needs a second call.
CREATE FUNCTION audit_table(
    p_table regclass, p_unrecorded text[] DEFAULT '{}', p_secret text[] DEFAULT '{}', p_key text DEFAULT 'id'
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_arguments text := format('%L, %L, %L, %L', p_table, p_key, p_unrecorded || array(
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = p_table AND (attgenerated <> '' OR attname = 'updated_at') ORDER BY attnum), p_secret);
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER record_inserts AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%s)', p_table, v_arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER record_updates AFTER UPDATE ON %s '
                   'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%s)', p_table, v_arguments);
    EXECUTE format('CREATE OR REPLACE TRIGGER record_deletes AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                   'FOR EACH STATEMENT EXECUTE FUNCTION record_changes(%s)', p_table, v_arguments);
END $$;

SELECT audit_table('organizations', '{name_skeleton}');
-- A sign-in is the row of its session; so is the last use of a key.
SELECT audit_table('users', '{last_login}', '{password_hash,mfa_secret}');
SELECT audit_table('roles');
SELECT audit_table('role_permissions');
SELECT audit_table('user_roles');
SELECT audit_table('sessions', '{}', '{token_hash}');
SELECT audit_table('password_resets', '{}', '{token_hash}', 'user_id');
SELECT audit_table('api_keys', '{last_used_at}', '{key_hash}');
SELECT audit_table('suppliers');
SELECT audit_table('supplier_products');
SELECT audit_table('supplier_product_prices');
SELECT audit_table('customers');
SELECT audit_table('products');
SELECT audit_table('warehouses');
SELECT audit_table('warehouse_zones');
SELECT audit_table('inventory_reservations');
SELECT audit_table('approval_rules');
SELECT audit_table('purchase_orders');
SELECT audit_table('purchase_order_approvals');
-- The progress of a line is derived from the ledger, which is its record.
SELECT audit_table('purchase_order_items', '{quantity_received,quantity_returned,actual_delivery_date}');
SELECT audit_table('sales_orders');
SELECT audit_table('sales_order_items',
                   '{quantity_reserved,quantity_shipped,quantity_returned,actual_delivery_date}');
SELECT audit_table('mails', '{}', '{body,attachment}');
SELECT audit_table('shipments');
SELECT audit_table('shipment_items');

-- A later migration may change rows before the installation makes its partitions.
SELECT ensure_partitions(0, 1);

-- Seals: the entries of an organization in batches, each a Merkle tree, chained. A seal covers transactions from the
-- last seal's until_xid on to its own, when all of them had ended; so no entry that commits late is missed, and none
-- can be added to it. entry_ids and leaves (32 bytes each) are in order of recording.
CREATE TABLE audit_seals (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    number int NOT NULL CONSTRAINT audit_seals_number_positive CHECK (number > 0),
    until_xid xid8 NOT NULL,
    entry_ids uuid[] NOT NULL,
    leaves bytea NOT NULL,
    root bytea NOT NULL,
    chain bytea NOT NULL,
    sealed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, number)
);
SELECT protect_tenant_table('audit_seals');
CREATE POLICY function_appends ON audit_seals FOR INSERT TO imsop_owner WITH CHECK (true);

-- The one way to add a seal; the key refuses a second one of a number.
CREATE FUNCTION append_audit_seal(
    p_organization_id uuid, p_number int, p_until_xid xid8, p_entry_ids uuid[], p_leaves bytea, p_root bytea,
    p_chain bytea
) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    INSERT INTO public.audit_seals (organization_id, number, until_xid, entry_ids, leaves, root, chain)
    VALUES (p_organization_id, p_number, p_until_xid, p_entry_ids, p_leaves, p_root, p_chain)
$$;
GRANT EXECUTE ON FUNCTION append_audit_seal TO imsop_operator;
