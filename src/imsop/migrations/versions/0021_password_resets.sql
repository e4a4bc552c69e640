-- Links by which users who have forgotten their password set a new one. One per user: a new link replaces the last.
-- The token itself is only in the mail.
CREATE TABLE password_resets (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id),
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT password_resets_unique_token UNIQUE (organization_id, token_hash)
);
SELECT protect_tenant_table('password_resets');
REVOKE SELECT ON password_resets FROM imsop_operator;
GRANT INSERT, UPDATE (token_hash, expires_at), DELETE ON password_resets TO imsop_app;

-- A link ends with what it was sent for: with the password, the address or the account, whoever changes it.
CREATE FUNCTION end_password_reset() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    DELETE FROM password_resets p WHERE p.organization_id = NEW.organization_id AND p.user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER end_password_reset AFTER UPDATE OF password_hash, email, status, deleted_at ON users
    FOR EACH ROW WHEN ((OLD.password_hash, OLD.email, OLD.status, OLD.deleted_at)
        IS DISTINCT FROM (NEW.password_hash, NEW.email, NEW.status, NEW.deleted_at))
    EXECUTE FUNCTION end_password_reset();
