-- Names of organizations that people cannot tell apart are one name: other letters of the same shape, full width,
-- another case, dots and commas, spaces.

-- squawk-ignore-file require-concurrent-index-creation, prefer-text-field

-- What a reader takes a name for. Cyrillic and Greek letters become the Latin ones that they look like;
-- 0 becomes o, 1 and the capital I become l.
CREATE FUNCTION name_skeleton(p_name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(
    regexp_replace(
        translate(
            casefold(translate(normalize(p_name, NFKC), '1|IІӀΙ', 'llllll') COLLATE pg_c_utf8),
            'авсеёнкморѕтухіїјԁһӏԛԝьαβεηικμνορτυχζıł0',
            'abceehkmopstyxiijdhlqwbabehikmnoptyxzilo'),
        '[.,]', '', 'g'),
    '\s+', ' ', 'g'));
GRANT EXECUTE ON FUNCTION name_skeleton TO imsop_app, imsop_operator;

-- NULL: an organization that was named before this rule, like an older one. It keeps its name until it is renamed.
ALTER TABLE organizations ADD COLUMN name_skeleton text;
ALTER TABLE organizations NO FORCE ROW LEVEL SECURITY; -- a migration belongs to no tenant
UPDATE organizations o SET name_skeleton = name_skeleton(o.name)
WHERE o.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM organizations p
    WHERE p.deleted_at IS NULL AND (p.created_at, p.id) < (o.created_at, o.id)
        AND name_skeleton(p.name) = name_skeleton(o.name));
ALTER TABLE organizations FORCE ROW LEVEL SECURITY;
CREATE UNIQUE INDEX organizations_alike_unique_active_name ON organizations (name_skeleton) WHERE deleted_at IS NULL;

CREATE FUNCTION keep_name_skeleton() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    NEW.name_skeleton := name_skeleton(NEW.name);
    RETURN NEW;
END $$;
CREATE TRIGGER name_skeleton_at_insert BEFORE INSERT ON organizations
    FOR EACH ROW EXECUTE FUNCTION keep_name_skeleton();
CREATE TRIGGER name_skeleton_at_update BEFORE UPDATE ON organizations
    FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION keep_name_skeleton();
