-- An archived account holds no role, no key and no office: a role that only it had can be deleted, its keys are
-- listed as revoked, and no warehouse names it as manager. What it did in the past keeps its name.
CREATE FUNCTION release_archived_user() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM user_roles r WHERE r.organization_id = NEW.organization_id AND r.user_id = NEW.id;
    DELETE FROM sessions s WHERE s.organization_id = NEW.organization_id AND s.user_id = NEW.id;
    UPDATE api_keys SET revoked_at = NEW.deleted_at
    WHERE organization_id = NEW.organization_id AND created_by = NEW.id AND revoked_at IS NULL;
    UPDATE warehouses SET manager_id = NULL
    WHERE organization_id = NEW.organization_id AND manager_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER release_archived_user AFTER UPDATE OF deleted_at ON users
    FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION release_archived_user();

-- The lock conflicts with archiving: either the trigger above sees this warehouse, or this sees the archived account.
CREATE FUNCTION require_living_manager() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users u
    WHERE u.organization_id = NEW.organization_id AND u.id = NEW.manager_id AND u.deleted_at IS NULL
    FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the manager''s account is archived'
            USING ERRCODE = 'foreign_key_violation', TABLE = 'warehouses',
                  CONSTRAINT = 'warehouses_organization_id_manager_id_fkey';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER require_living_manager_insert AFTER INSERT ON warehouses
    FOR EACH ROW WHEN (NEW.manager_id IS NOT NULL) EXECUTE FUNCTION require_living_manager();
CREATE TRIGGER require_living_manager AFTER UPDATE OF manager_id ON warehouses
    FOR EACH ROW WHEN (NEW.manager_id IS NOT NULL AND NEW.manager_id IS DISTINCT FROM OLD.manager_id)
    EXECUTE FUNCTION require_living_manager();

-- The accounts that were archived before.
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
ALTER TABLE user_roles NO FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE warehouses NO FORCE ROW LEVEL SECURITY;
DELETE FROM user_roles r USING users u
WHERE u.organization_id = r.organization_id AND u.id = r.user_id AND u.deleted_at IS NOT NULL;
UPDATE api_keys k SET revoked_at = u.deleted_at FROM users u
WHERE u.organization_id = k.organization_id AND u.id = k.created_by AND u.deleted_at IS NOT NULL
  AND k.revoked_at IS NULL;
UPDATE warehouses w SET manager_id = NULL FROM users u
WHERE u.organization_id = w.organization_id AND u.id = w.manager_id AND u.deleted_at IS NOT NULL;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE user_roles FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
ALTER TABLE warehouses FORCE ROW LEVEL SECURITY;
