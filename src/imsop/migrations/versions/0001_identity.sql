-- Identity: organizations, users, roles, permissions, sessions, keys, limits.
-- Roles imsop_owner, imsop_app, imsop_operator and imsop_lookup exist already (imsop.core.installation).

-- Functions are for whom they are granted to; PostgreSQL would let everyone call a new one.
ALTER DEFAULT PRIVILEGES FOR ROLE imsop_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The tenant of this transaction, or NULL. The setting is an empty string after a SET LOCAL has ended.
-- No SET clause and one expression, so that PostgreSQL inlines it into the policies.
CREATE FUNCTION current_organization_id() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.organization_id', true), '')::uuid;
GRANT EXECUTE ON FUNCTION current_organization_id TO imsop_app, imsop_operator, imsop_lookup;

-- Strictly increasing per row, so that it can serve as the row's ETag.
CREATE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.updated_at := greatest(clock_timestamp(), OLD.updated_at + interval '1 microsecond');
    RETURN NEW;
END $$;

-- What every tenant table gets; migrations call it once per table. The operator reads all, writes nothing.
CREATE FUNCTION protect_tenant_table(p_table regclass, p_key text DEFAULT 'organization_id') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
    EXECUTE format('CREATE POLICY tenant ON %s USING (%I = current_organization_id()) '
                   'WITH CHECK (%I = current_organization_id())', p_table, p_key, p_key);
    EXECUTE format('CREATE POLICY operator_reads ON %s FOR SELECT TO imsop_operator USING (true)', p_table);
    EXECUTE format('GRANT SELECT ON %s TO imsop_app, imsop_operator', p_table);
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = p_table AND attname = 'updated_at') THEN
        EXECUTE format('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION touch_updated_at()', p_table);
    END IF;
END $$;

CREATE TABLE organizations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name varchar(255) NOT NULL CONSTRAINT organizations_name_given CHECK (name <> ''),
    description text,
    industry varchar(100),
    country varchar(100),
    timezone varchar(50) NOT NULL DEFAULT 'UTC',
    -- Beside the seed: what costs, prices and the value of stock are in.
    currency varchar(3) NOT NULL DEFAULT 'USD' CONSTRAINT organizations_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
    logo_url varchar(500),
    website varchar(255),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT organizations_status CHECK (status IN ('active', 'inactive', 'suspended')),
    subscription_tier text NOT NULL DEFAULT 'starter'
        CONSTRAINT organizations_subscription_tier
        CHECK (subscription_tier IN ('starter', 'professional', 'enterprise')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX organizations_unique_active_name ON organizations (name) WHERE deleted_at IS NULL;
CREATE INDEX organizations_status_idx ON organizations (status);
CREATE INDEX organizations_subscription_tier_idx ON organizations (subscription_tier);
SELECT protect_tenant_table('organizations', 'id');
GRANT INSERT (id, name, description, industry, country, timezone, currency, logo_url, website) ON organizations TO imsop_app;
GRANT UPDATE (name, description, industry, country, timezone, currency, logo_url, website) ON organizations TO imsop_app;
-- Whoever operates the installation suspends organizations and sets their tier; they cannot do so themselves.
CREATE POLICY operator_administers ON organizations FOR UPDATE TO imsop_operator USING (true) WITH CHECK (true);
GRANT UPDATE (status, subscription_tier) ON organizations TO imsop_operator;

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    email varchar(255) NOT NULL CONSTRAINT users_email_lower CHECK (email = lower(email)),
    password_hash varchar(255) NOT NULL,
    first_name varchar(100),
    last_name varchar(100),
    phone varchar(20),
    avatar_url varchar(500),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT users_status CHECK (status IN ('active', 'inactive', 'suspended')),
    -- Beside the seed: the language and number format a person reads.
    locale text NOT NULL DEFAULT 'en' CONSTRAINT users_locale CHECK (locale IN ('en', 'de')),
    last_login timestamptz,
    mfa_enabled boolean NOT NULL DEFAULT false,
    mfa_secret varchar(255),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX users_unique_organization_email ON users (organization_id, email) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX users_unique_active_email ON users (email) WHERE deleted_at IS NULL;
CREATE INDEX users_organization_status_idx ON users (organization_id, status, email, id);
SELECT protect_tenant_table('users');
-- A sign-in is no edit: whoever edits the user meanwhile need not read it again.
DROP TRIGGER touch_updated_at ON users;
CREATE TRIGGER touch_updated_at BEFORE UPDATE ON users
    FOR EACH ROW WHEN (NEW.last_login IS NOT DISTINCT FROM OLD.last_login) EXECUTE FUNCTION touch_updated_at();
REVOKE SELECT ON users FROM imsop_operator;
GRANT INSERT (id, organization_id, email, password_hash, first_name, last_name, phone, avatar_url, status, locale)
    ON users TO imsop_app;
GRANT UPDATE
    (email, password_hash, first_name, last_name, phone, avatar_url, status, locale, last_login, deleted_at)
    ON users TO imsop_app;

CREATE TABLE roles (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name varchar(100) NOT NULL CONSTRAINT roles_name_given CHECK (name <> ''),
    description text,
    is_system boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    CONSTRAINT roles_unique_name UNIQUE (organization_id, name)
);
SELECT protect_tenant_table('roles');
GRANT INSERT (id, organization_id, name, description, is_system), UPDATE (name, description), DELETE ON roles TO imsop_app;

-- The installation's catalogue of permissions; the same for every organization, so it has no tenant.
CREATE TABLE permissions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    name varchar(100) NOT NULL CONSTRAINT permissions_unique_name UNIQUE,
    description text,
    resource varchar(100) NOT NULL,
    action varchar(50) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT permissions_unique_resource_action UNIQUE (resource, action),
    CONSTRAINT permissions_name_is_resource_action CHECK (name = resource || ':' || action)
);
GRANT SELECT ON permissions TO imsop_app, imsop_operator;

INSERT INTO permissions (name, resource, action, description)
SELECT resource || ':' || action, resource, action, initcap(action) || ' ' || replace(resource, '_', ' ')
FROM (VALUES
    ('organization', 'read'), ('organization', 'write'),
    ('users', 'read'), ('users', 'write'),
    ('roles', 'read'), ('roles', 'write'),
    ('api_keys', 'read'), ('api_keys', 'write'),
    ('products', 'read'), ('products', 'write'),
    ('suppliers', 'read'), ('suppliers', 'write'),
    ('customers', 'read'), ('customers', 'write'),
    ('warehouses', 'read'), ('warehouses', 'write'),
    ('inventory', 'read'), ('inventory', 'write'),
    ('purchase_orders', 'read'), ('purchase_orders', 'write'),
    ('sales_orders', 'read'), ('sales_orders', 'write'),
    ('shipments', 'read'), ('shipments', 'write'),
    ('analytics', 'read'), ('analytics', 'write')
) AS permission (resource, action);

CREATE TABLE role_permissions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    role_id uuid NOT NULL,
    permission_id uuid NOT NULL REFERENCES permissions (id),
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT role_permissions_unique UNIQUE (organization_id, role_id, permission_id)
);
CREATE INDEX role_permissions_permission_idx ON role_permissions (organization_id, permission_id);
SELECT protect_tenant_table('role_permissions');
GRANT INSERT, DELETE ON role_permissions TO imsop_app;

CREATE TABLE user_roles (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, role_id) REFERENCES roles (organization_id, id),
    CONSTRAINT user_roles_unique UNIQUE (organization_id, user_id, role_id)
);
CREATE INDEX user_roles_role_idx ON user_roles (organization_id, role_id);
SELECT protect_tenant_table('user_roles');
GRANT INSERT (id, organization_id, user_id, role_id), DELETE ON user_roles TO imsop_app;

CREATE VIEW effective_permissions WITH (security_invoker = true) AS
SELECT DISTINCT ur.organization_id, ur.user_id, p.name AS permission
FROM user_roles ur
JOIN role_permissions rp ON rp.organization_id = ur.organization_id AND rp.role_id = ur.role_id
JOIN permissions p ON p.id = rp.permission_id;
GRANT SELECT ON effective_permissions TO imsop_app;

-- Beside the seed: signed-in browsers and bearer tokens. One row each, so any can be listed and revoked.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT sessions_kind CHECK (kind IN ('browser', 'bearer')),
    token_hash bytea NOT NULL,
    address inet,
    user_agent varchar(500),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT sessions_unique_token UNIQUE (organization_id, token_hash)
);
CREATE INDEX sessions_user_idx ON sessions (organization_id, user_id);
SELECT protect_tenant_table('sessions');
REVOKE SELECT ON sessions FROM imsop_operator;
-- Housekeeping sees and deletes what is over, and nothing else.
CREATE POLICY operator_purges ON sessions FOR DELETE TO imsop_operator USING (expires_at < now());
GRANT SELECT (expires_at), DELETE ON sessions TO imsop_operator;
GRANT INSERT (id, organization_id, user_id, kind, token_hash, address, user_agent, expires_at), DELETE
    ON sessions TO imsop_app;

-- Beside the seed: keys for integrations. Hashed; the prefix is what a person recognises it by.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name varchar(100) NOT NULL CONSTRAINT api_keys_name_given CHECK (name <> ''),
    prefix varchar(20) NOT NULL,
    key_hash bytea NOT NULL,
    permissions text[] NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz,
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT api_keys_unique_hash UNIQUE (organization_id, key_hash)
);
CREATE INDEX api_keys_name_idx ON api_keys (organization_id, name, id);
CREATE INDEX api_keys_created_by_idx ON api_keys (organization_id, created_by);
SELECT protect_tenant_table('api_keys');
REVOKE SELECT ON api_keys FROM imsop_operator;
GRANT INSERT (id, organization_id, name, prefix, key_hash, permissions, created_by),
    UPDATE (last_used_at, revoked_at) ON api_keys TO imsop_app;

-- Beside the seed: replies to POSTs that carried an Idempotency-Key, written in the POST's own transaction.
CREATE TABLE idempotency_keys (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id uuid NOT NULL,
    key varchar(255) NOT NULL,
    request_hash bytea NOT NULL,
    response_status smallint,
    response_headers jsonb,
    response_body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id, key),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (organization_id, created_at);
SELECT protect_tenant_table('idempotency_keys');
REVOKE SELECT ON idempotency_keys FROM imsop_operator;
CREATE POLICY operator_purges ON idempotency_keys FOR DELETE TO imsop_operator
    USING (created_at < now() - interval '24 hours');
GRANT SELECT (created_at), DELETE ON idempotency_keys TO imsop_operator;
GRANT INSERT (organization_id, user_id, key, request_hash),
    UPDATE (response_status, response_headers, response_body) ON idempotency_keys TO imsop_app;

-- Beside the seed: attempts to sign in, counted before any tenant is known, so it has none. Holds hashes only.
-- UNLOGGED: losing the counts in a crash is harmless.
CREATE UNLOGGED TABLE sign_in_attempts (
    subject_hash bytea PRIMARY KEY,
    window_started_at timestamptz NOT NULL,
    attempts int NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO imsop_app;
GRANT SELECT (window_started_at), DELETE ON sign_in_attempts TO imsop_operator;

-- Sign-in starts without a tenant: this finds the one account of an address, whichever organization has it.
CREATE FUNCTION find_account(p_email text)
RETURNS TABLE (user_id uuid, organization_id uuid, password_hash text, user_status text, organization_status text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT u.id, u.organization_id, u.password_hash, u.status, o.status
    FROM public.users u JOIN public.organizations o ON o.id = u.organization_id
    WHERE u.email = lower(p_email) AND u.deleted_at IS NULL AND o.deleted_at IS NULL
$$;
GRANT SELECT (id, organization_id, email, password_hash, status, deleted_at) ON users TO imsop_lookup;
GRANT SELECT (id, status, deleted_at) ON organizations TO imsop_lookup;
CREATE POLICY lookup_reads ON users FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON organizations FOR SELECT TO imsop_lookup USING (true);
GRANT EXECUTE ON FUNCTION find_account TO imsop_app;
GRANT CREATE ON SCHEMA public TO imsop_lookup;
ALTER FUNCTION find_account OWNER TO imsop_lookup;
REVOKE CREATE ON SCHEMA public FROM imsop_lookup;
