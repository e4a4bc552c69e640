-- Search by words in every script, by codes in every spelling, over everything people look for.
-- Each searched table has its texts in one normal form (`searched`) and a GIN index over the grams of it. They are not
-- pg_trgm's: in a database of LC_CTYPE C those know ASCII only. `search_everything` stays for the last release's processes.

-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default, changing-column-type
-- squawk-ignore-file constraint-missing-not-valid, adding-required-field, ban-drop-constraint
DROP INDEX products_search_idx, suppliers_search_idx, customers_search_idx, purchase_orders_search_idx,
    sales_orders_search_idx, shipments_search_idx;

-- Without accents, case and width: Łódź is lodz, ẞ is ss, ﬁ is fi, ٣ is 3. Spaces become single ones.
CREATE FUNCTION search_form(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(translate(normalize(regexp_replace(regexp_replace(
    normalize(casefold(normalize(p_text, NFKC) COLLATE pg_unicode_fast), NFKD),
    -- Marks of Latin, Greek and Cyrillic, of Hebrew and of Arabic, with the tatweel that only widens.
    '[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]', '', 'g'),
    '[\s\x01-\x1f]+', ' ', 'g'), NFC),
    'øłđðħŧı’‘‐–—−٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹', 'olddhti''''----01234567890123456789'),
    'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');

-- A code by its characters alone, however it is grouped.
CREATE FUNCTION search_code(p_text text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(search_form(p_text), '[ ./()-]', '', 'g');

-- What of a row is searched: names and codes, and the codes again by their characters alone.
CREATE FUNCTION search_text(p_names text[], p_codes text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ' ' || coalesce(search_form(array_to_string(p_names || p_codes, ' ')) || ' ', '')
           || coalesce(string_agg(search_code(c.code), ' ') || ' ', '')
    FROM unnest(p_codes) AS c (code);
END;

-- By what a fragment is found: every three characters in a row, spaces included; two, where a word begins or
-- outside ASCII; one, of the scripts that write without spaces. Never across U+0001, which is any one character.
CREATE FUNCTION search_grams(p_text text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    c text[] := string_to_array(p_text, NULL);
    n int := cardinality(c);
    v_grams text[] := '{}';
BEGIN
    FOR i IN 1 .. n LOOP
        CONTINUE WHEN c[i] = U&'\0001';
        IF c[i] > U&'\0DFF' COLLATE "C" THEN
            v_grams := v_grams || c[i];
        END IF;
        CONTINUE WHEN i = n OR c[i + 1] = U&'\0001';
        IF c[i] = ' ' OR c[i] > '~' COLLATE "C" THEN
            v_grams := v_grams || (c[i] || c[i + 1]);
        END IF;
        CONTINUE WHEN i + 1 = n OR c[i + 2] = U&'\0001';
        v_grams := v_grams || (c[i] || c[i + 1] || c[i + 2]);
    END LOOP;
    RETURN v_grams;
END $$;

-- The words of what was typed, each to be found anywhere, the longest first. Of what is too short for that the
-- beginning of a word is looked for. Signs alone count only where there is nothing else.
CREATE FUNCTION search_fragments(p_typed text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH words AS (
        SELECT DISTINCT w.word, w.word ~ '[^\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]' AS is_word
        FROM string_to_table(btrim(search_form(p_typed)), ' ') AS w (word)
        WHERE w.word <> ''
    )
    SELECT array_agg(f.fragment ORDER BY char_length(f.fragment) DESC, f.fragment)
    FROM words w, LATERAL (SELECT CASE
        WHEN char_length(w.word) > 2 OR char_length(w.word) = 2 AND w.word > '~' COLLATE "C"
             OR w.word > U&'\0DFF' COLLATE "C" THEN w.word
        ELSE ' ' || w.word END) AS f (fragment)
    WHERE w.is_word OR NOT EXISTS (SELECT FROM words o WHERE o.is_word);
END;

CREATE FUNCTION search_patterns(p_fragments text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg('%' || replace(replace(replace(replace(
        f.fragment, '\', '\\'), '%', '\%'), '_', '\_'), U&'\0001', '_') || '%')
    FROM unnest(p_fragments) AS f (fragment);
END;

-- What a long word may have been meant as, with one slip undone: another letter, one too many, one missing, two swapped.
-- A word with a digit is a code and meant as it stands.
CREATE FUNCTION search_slips(p_word text) RETURNS SETOF text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT DISTINCT meant.word
    FROM generate_series(1, char_length(p_word)) AS i,
         LATERAL (VALUES
             (left(p_word, i - 1) || U&'\0001' || substr(p_word, i + 1)),
             (left(p_word, i - 1) || substr(p_word, i + 1)),
             (left(p_word, i) || U&'\0001' || substr(p_word, i + 1)),
             (left(p_word, i - 1) || substr(p_word, i + 1, 1) || substr(p_word, i, 1) || substr(p_word, i + 2))
         ) AS meant (word)
    WHERE char_length(p_word) >= 6 AND p_word !~ '[0-9 ]';
END;

GRANT EXECUTE ON FUNCTION search_form, search_code, search_text, search_grams TO imsop_app, imsop_lookup;
GRANT EXECUTE ON FUNCTION search_fragments, search_patterns, search_slips TO imsop_lookup;

-- A GTIN is kept as GS1 writes it, in 14 digits, and so once, whatever it was typed as.
-- An SKU that was given up still leads to its product.
CREATE FUNCTION keep_product_codes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF NEW.gtin ~ '^([0-9]{8}|[0-9]{12,13})$' THEN
        NEW.gtin := lpad(NEW.gtin, 14, '0');
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.sku <> OLD.sku THEN
        NEW.former_skus := (OLD.sku || array_remove(array_remove(OLD.former_skus, NEW.sku::text), OLD.sku::text))[1:20];
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
-- One GTIN spelled in two ways on two products: the older one keeps it, the other has it in its description.
UPDATE products p
SET gtin = NULL, description = concat_ws(E'\n', p.description, 'GTIN ' || p.gtin || ' (is of another product)')
WHERE EXISTS (
    SELECT FROM products o
    WHERE o.organization_id = p.organization_id AND lpad(o.gtin, 14, '0') = lpad(p.gtin, 14, '0')
      AND (o.created_at, o.id) < (p.created_at, p.id)
);
ALTER TABLE products DROP CONSTRAINT products_gtin_digits;
UPDATE products SET gtin = lpad(gtin, 14, '0') WHERE length(gtin) < 14;
ALTER TABLE products
    ADD CONSTRAINT products_gtin_digits CHECK (gtin ~ '^[0-9]{14}$'),
    ADD COLUMN former_skus text[] NOT NULL DEFAULT '{}';
-- What products were called before is in the events of their changes.
ALTER TABLE analytics_events NO FORCE ROW LEVEL SECURITY;
UPDATE products p SET former_skus = f.skus
FROM (
    SELECT e.organization_id, e.entity_id, (array_agg(DISTINCT e.metadata #>> '{changes,sku,old}'))[1:20] AS skus
    FROM analytics_events e
    WHERE e.event_type = 'product.changed' AND e.metadata #>> '{changes,sku,old}' IS NOT NULL
    GROUP BY e.organization_id, e.entity_id
) f
WHERE f.organization_id = p.organization_id AND f.entity_id = p.id::text;
ALTER TABLE analytics_events FORCE ROW LEVEL SECURITY;
ALTER TABLE products FORCE ROW LEVEL SECURITY;
CREATE TRIGGER keep_product_codes BEFORE INSERT OR UPDATE OF sku, gtin ON products
    FOR EACH ROW EXECUTE FUNCTION keep_product_codes();

-- Telephone numbers with a country, a direct line and what to dial inside are longer than the 20 characters asked for.
ALTER TABLE suppliers ALTER COLUMN phone TYPE varchar(50);
ALTER TABLE customers ALTER COLUMN phone TYPE varchar(50);
ALTER TABLE users ALTER COLUMN phone TYPE varchar(50);

ALTER TABLE products ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[name, category], ARRAY[sku, gtin]::text[] || former_skus)) STORED;
ALTER TABLE suppliers ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[name, contact_person, email, city, country], ARRAY[phone])) STORED;
ALTER TABLE customers ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[name, contact_person, email, city, country], ARRAY[customer_number, phone])) STORED;
ALTER TABLE warehouses ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[name, location, city, country], '{}')) STORED;
ALTER TABLE warehouse_zones ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[name], ARRAY[code])) STORED;
ALTER TABLE users ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[first_name, last_name, email], '{}')) STORED;
-- An order is also found by what its partner was called when it was sent; its partner's present name is the partner's.
ALTER TABLE purchase_orders ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[partner ->> 'name'], ARRAY[po_number, supplier_reference])) STORED;
ALTER TABLE sales_orders ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[partner ->> 'name'], ARRAY[so_number, customer_reference])) STORED;
ALTER TABLE shipments ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text(ARRAY[carrier, origin_location, destination_location], ARRAY[reference_id, tracking_number,
          CASE WHEN coalesce(reference_id, tracking_number) IS NULL THEN id::text END])) STORED;

CREATE INDEX products_search_idx ON products USING gin (organization_id, search_grams(searched));
CREATE INDEX suppliers_search_idx ON suppliers USING gin (organization_id, search_grams(searched));
CREATE INDEX customers_search_idx ON customers USING gin (organization_id, search_grams(searched));
CREATE INDEX warehouses_search_idx ON warehouses USING gin (organization_id, search_grams(searched));
CREATE INDEX warehouse_zones_search_idx ON warehouse_zones USING gin (organization_id, search_grams(searched));
CREATE INDEX users_search_idx ON users USING gin (organization_id, search_grams(searched));
CREATE INDEX purchase_orders_search_idx ON purchase_orders USING gin (organization_id, search_grams(searched));
CREATE INDEX sales_orders_search_idx ON sales_orders USING gin (organization_id, search_grams(searched));
CREATE INDEX shipments_search_idx ON shipments USING gin (organization_id, search_grams(searched));

-- What can be found, by kind. `searched` has an index, `whole` is all that a row's words may stand in, `codes` name the
-- thing exactly. An order has a row for what it says itself and one for its partner, a shipment one for each of its
-- places, its supplier and its order, so that a word in any of them leads to it.
CREATE VIEW searchable_products WITH (security_invoker = true) AS
    SELECT p.organization_id, p.id, p.sku::text AS title, p.name::text AS subtitle,
           ARRAY[p.sku, p.gtin, p.name]::text[] || p.former_skus AS codes, p.former_skus, p.searched,
           p.searched AS whole
    FROM products p;
CREATE VIEW searchable_suppliers WITH (security_invoker = true) AS
    SELECT s.organization_id, s.id, s.name::text AS title, s.country::text AS subtitle,
           ARRAY[s.name, s.email, s.phone]::text[] AS codes, s.searched, s.searched AS whole
    FROM suppliers s;
CREATE VIEW searchable_customers WITH (security_invoker = true) AS
    SELECT c.organization_id, c.id, c.name::text AS title, c.customer_number::text AS subtitle,
           ARRAY[c.name, c.email, c.phone, c.customer_number]::text[] AS codes, c.searched, c.searched AS whole
    FROM customers c;
CREATE VIEW searchable_warehouses WITH (security_invoker = true) AS
    SELECT w.organization_id, w.id, w.name::text AS title, coalesce(w.location, w.city)::text AS subtitle,
           ARRAY[w.name]::text[] AS codes, w.searched, w.searched AS whole
    FROM warehouses w;
CREATE VIEW searchable_zones WITH (security_invoker = true) AS
    SELECT z.organization_id, z.id, z.code::text AS title, concat_ws(' · ', z.name, w.name) AS subtitle,
           ARRAY[z.code, z.name]::text[] AS codes, z.searched, z.searched AS whole
    FROM warehouse_zones z
    JOIN warehouses w ON w.organization_id = z.organization_id AND w.id = z.warehouse_id;
CREATE VIEW searchable_users WITH (security_invoker = true) AS
    SELECT u.organization_id, u.id,
           coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email)::text AS title,
           u.email::text AS subtitle, ARRAY[u.email, concat_ws(' ', u.first_name, u.last_name)]::text[] AS codes,
           u.searched, u.searched AS whole
    FROM users u
    WHERE u.deleted_at IS NULL;
CREATE VIEW searchable_categories WITH (security_invoker = true) AS
    -- From each to the next by the index, however many products they have.
    WITH RECURSIVE category AS (
        (SELECT p.organization_id, p.category FROM products p
         WHERE p.organization_id = current_organization_id() AND p.category IS NOT NULL
         ORDER BY p.category LIMIT 1)
        UNION ALL
        SELECT c.organization_id, following.category
        FROM category c, LATERAL (
            SELECT p.category FROM products p
            WHERE p.organization_id = c.organization_id AND p.category > c.category
            ORDER BY p.category LIMIT 1) following
    )
    SELECT c.organization_id, NULL::uuid AS id, c.category::text AS title, NULL::text AS subtitle,
           ARRAY[c.category]::text[] AS codes, search_text(ARRAY[c.category], '{}') AS searched,
           search_text(ARRAY[c.category], '{}') AS whole
    FROM category c LIMIT 1000;
CREATE VIEW searchable_purchase_orders WITH (security_invoker = true) AS
    SELECT o.organization_id, o.id, o.po_number::text AS title, s.name::text AS subtitle,
           ARRAY[o.po_number, o.supplier_reference]::text[] AS codes, o.searched, o.searched || s.searched AS whole
    FROM purchase_orders o
    JOIN suppliers s ON s.organization_id = o.organization_id AND s.id = o.supplier_id
    UNION ALL
    SELECT o.organization_id, o.id, o.po_number, s.name, ARRAY[o.po_number, o.supplier_reference], s.searched,
           o.searched || s.searched
    FROM purchase_orders o
    JOIN suppliers s ON s.organization_id = o.organization_id AND s.id = o.supplier_id;
CREATE VIEW searchable_sales_orders WITH (security_invoker = true) AS
    SELECT o.organization_id, o.id, o.so_number::text AS title, c.name::text AS subtitle,
           ARRAY[o.so_number, o.customer_reference]::text[] AS codes, o.searched,
           o.searched || coalesce(c.searched, '') AS whole
    FROM sales_orders o
    LEFT JOIN customers c ON c.organization_id = o.organization_id AND c.id = o.customer_id
    UNION ALL
    SELECT o.organization_id, o.id, o.so_number, c.name, ARRAY[o.so_number, o.customer_reference], c.searched,
           o.searched || c.searched
    FROM sales_orders o
    JOIN customers c ON c.organization_id = o.organization_id AND c.id = o.customer_id;
CREATE VIEW shipments_to_search WITH (security_invoker = true) AS
    SELECT s.organization_id, s.id, coalesce(s.reference_id, s.tracking_number, s.id::text)::text AS title,
           concat_ws(' · ', s.carrier, coalesce(destination.name, s.destination_location)) AS subtitle,
           ARRAY[s.reference_id, s.tracking_number, s.id::text]::text[] AS codes, s.searched AS itself,
           origin.searched AS origin, destination.searched AS destination, supplier.searched AS supplier,
           bought.searched AS bought, sold.searched AS sold,
           concat(s.searched, origin.searched, destination.searched, supplier.searched, bought.searched,
                  sold.searched) AS whole
    FROM shipments s
    LEFT JOIN warehouses origin
        ON origin.organization_id = s.organization_id AND origin.id = s.origin_warehouse_id
    LEFT JOIN warehouses destination
        ON destination.organization_id = s.organization_id AND destination.id = s.destination_warehouse_id
    LEFT JOIN suppliers supplier
        ON supplier.organization_id = s.organization_id AND supplier.id = s.supplier_id
    LEFT JOIN purchase_orders bought
        ON bought.organization_id = s.organization_id AND bought.id = s.purchase_order_id
    LEFT JOIN sales_orders sold
        ON sold.organization_id = s.organization_id AND sold.id = s.sales_order_id;
CREATE VIEW searchable_shipments WITH (security_invoker = true) AS
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.itself AS searched, s.whole
    FROM shipments_to_search s
    UNION ALL
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.origin, s.whole
    FROM shipments_to_search s
    UNION ALL
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.destination, s.whole
    FROM shipments_to_search s
    UNION ALL
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.supplier, s.whole
    FROM shipments_to_search s
    UNION ALL
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.bought, s.whole
    FROM shipments_to_search s
    UNION ALL
    SELECT s.organization_id, s.id, s.title, s.subtitle, s.codes, s.sold, s.whole
    FROM shipments_to_search s;

CREATE TYPE found_thing AS (id uuid, title text, subtitle text, codes text[], former_skus text[], searched text);

-- What has all these words, at most p_limit (NULL for all): by the index, where they stand in one text; else the longest
-- is looked up, and the others are looked for in what that finds. One branch a kind: planning one statement over all of
-- them takes longer than any search.
CREATE FUNCTION search_matching(p_organization_id uuid, p_kind text, p_fragments text[], p_limit int)
RETURNS SETOF found_thing
LANGUAGE plpgsql STABLE
AS $$
DECLARE
    v_longest text[] := public.search_grams(p_fragments[1]);
    v_all text[] := public.search_grams(array_to_string(p_fragments, U&'\0001'));
    v_patterns text[] := public.search_patterns(p_fragments);
BEGIN
    IF p_organization_id IS DISTINCT FROM public.current_organization_id() OR v_longest IS NULL THEN
        RETURN;
    END IF;
    CASE p_kind
        WHEN 'product' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, t.former_skus, t.searched
            FROM public.searchable_products t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'supplier' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_suppliers t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'customer' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_customers t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'warehouse' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_warehouses t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'warehouse_zone' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_zones t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'user' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_users t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'category' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_categories t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_all
              AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'purchase_order' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_purchase_orders t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_longest
              AND t.searched LIKE v_patterns[1] AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'sales_order' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_sales_orders t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_longest
              AND t.searched LIKE v_patterns[1] AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'shipment' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_shipments t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_longest
              AND t.searched LIKE v_patterns[1] AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
    END CASE;
END $$;

-- The best matches of a kind: first what is called so, then what has a word that is so, that begins so, and what has
-- all the words. Of each at most 200 are looked at: where that is not all, what is called so is looked for by itself.
CREATE FUNCTION search_best(
    p_organization_id uuid, p_kind text, p_fragments text[], p_typed text, p_limit int)
RETURNS TABLE (kind text, id uuid, title text, subtitle text, formerly text, is_exact boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH typed AS (SELECT btrim(search_form(p_typed)) AS form, search_code(p_typed) AS code),
    sample AS MATERIALIZED (SELECT t.* FROM search_matching(p_organization_id, p_kind, p_fragments, 200) t),
    found AS (
        SELECT s.* FROM sample s
        UNION
        SELECT t.*
        FROM typed,
             LATERAL (VALUES (' ' || typed.form || ' '), (' ' || typed.code || ' '), (' ' || typed.form))
                 AS named (text),
             search_matching(p_organization_id, p_kind, ARRAY[named.text], 200) t
        WHERE (SELECT count(*) FROM sample) = 200
    ),
    ranked AS (
        SELECT DISTINCT ON (f.id, f.title) f.*, tier.number
        FROM typed, found f, LATERAL (SELECT CASE
            WHEN strpos(f.searched, ' ' || typed.form || ' ') > 0 THEN 1
            WHEN strpos(f.searched, ' ' || typed.code || ' ') > 0 THEN 1
            WHEN strpos(f.searched, ' ' || typed.form) > 0 THEN 2 ELSE 3 END AS number) tier
        ORDER BY f.id, f.title, tier.number
    )
    SELECT p_kind, r.id, r.title, r.subtitle, former.sku, exact.is_exact
    FROM typed, ranked r,
         LATERAL (SELECT r.number = 1 AND EXISTS (
             SELECT FROM unnest(r.codes) AS c (code) WHERE search_code(c.code) = typed.code) AS is_exact) exact
    LEFT JOIN LATERAL (
        SELECT s.sku FROM unnest(r.former_skus) AS s (sku)
        WHERE starts_with(search_code(s.sku), typed.code)
          AND strpos(search_text(ARRAY[r.subtitle], ARRAY[r.title]), typed.form) = 0 LIMIT 1) former ON true
    ORDER BY exact.is_exact DESC, former.sku IS NOT NULL, r.number, r.title, r.id
    LIMIT p_limit;
END;

-- What has all these words but for one slip in one of them, which as it stands is nowhere.
CREATE FUNCTION search_forgiving(p_organization_id uuid, p_kind text, p_spellings text[], p_limit int)
RETURNS SETOF found_thing
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT t.*
    FROM unnest(p_spellings) AS s (typed),
         LATERAL (SELECT search_fragments(s.typed) AS fragments) AS w,
         LATERAL unnest(w.fragments) AS typed (word),
         LATERAL search_slips(typed.word) AS meant (word),
         LATERAL search_matching(
             p_organization_id, p_kind, meant.word || array_remove(w.fragments, typed.word), p_limit) AS t
    WHERE NOT EXISTS (SELECT FROM search_matching(p_organization_id, p_kind, ARRAY[typed.word], 1));
END;

-- Of each kind the best matches of the first spelling that finds any of any kind; else with one slip undone.
-- p_kinds: what the caller may see. LIKE and @> are not leakproof: under row security no index serves them, so this
-- and search_ids are of imsop_lookup, which sees the searched columns of every organization, and give rows of the
-- transaction's own. Planned once for any words: planning takes longer than finding.
CREATE FUNCTION search_things(p_organization_id uuid, p_spellings text[], p_kinds text[], p_limit int)
RETURNS TABLE (kind text, id uuid, title text, subtitle text, formerly text, is_exact boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off -- the planner takes LIKE on a row to be as cheap as =
AS $$
DECLARE
    v_kind text;
    v_typed text;
    v_any boolean := false;
BEGIN
    FOREACH v_typed IN ARRAY p_spellings LOOP
        FOREACH v_kind IN ARRAY p_kinds LOOP
            RETURN QUERY SELECT * FROM public.search_best(
                p_organization_id, v_kind, public.search_fragments(v_typed), v_typed, p_limit);
            v_any := v_any OR FOUND;
        END LOOP;
        IF v_any THEN
            RETURN;
        END IF;
    END LOOP;
    FOREACH v_kind IN ARRAY p_kinds LOOP
        RETURN QUERY SELECT DISTINCT v_kind, t.id, t.title, t.subtitle, NULL::text, false
        FROM public.search_forgiving(p_organization_id, v_kind, p_spellings, p_limit) AS t
        ORDER BY t.title, t.id LIMIT p_limit;
    END LOOP;
END $$;

-- Every match of that kind, by which a list is narrowed; in spellings and slips as search_things.
CREATE FUNCTION search_ids(p_organization_id uuid, p_kind text, p_spellings text[])
RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    v_typed text;
BEGIN
    FOREACH v_typed IN ARRAY p_spellings LOOP
        RETURN QUERY SELECT t.id
        FROM public.search_matching(p_organization_id, p_kind, public.search_fragments(v_typed), NULL) AS t;
        IF FOUND THEN
            RETURN;
        END IF;
    END LOOP;
    RETURN QUERY SELECT t.id FROM public.search_forgiving(p_organization_id, p_kind, p_spellings, NULL) AS t;
END $$;

GRANT SELECT ON searchable_products, searchable_suppliers, searchable_customers, searchable_warehouses,
    searchable_zones, searchable_users, searchable_categories, searchable_purchase_orders, searchable_sales_orders,
    shipments_to_search, searchable_shipments TO imsop_lookup;
GRANT SELECT (gtin, category, former_skus, searched) ON products TO imsop_lookup;
GRANT SELECT (email, phone, searched) ON suppliers TO imsop_lookup;
GRANT SELECT (email, phone, searched) ON customers TO imsop_lookup;
GRANT SELECT (id, organization_id, name, location, city, searched) ON warehouses TO imsop_lookup;
GRANT SELECT (id, organization_id, warehouse_id, code, name, searched) ON warehouse_zones TO imsop_lookup;
GRANT SELECT (first_name, last_name, searched) ON users TO imsop_lookup;
GRANT SELECT (supplier_id, supplier_reference, searched) ON purchase_orders TO imsop_lookup;
GRANT SELECT (customer_id, customer_reference, searched) ON sales_orders TO imsop_lookup;
GRANT SELECT (origin_warehouse_id, destination_warehouse_id, supplier_id, purchase_order_id, sales_order_id,
              destination_location, carrier, searched) ON shipments TO imsop_lookup;
CREATE POLICY lookup_reads ON warehouses FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON warehouse_zones FOR SELECT TO imsop_lookup USING (true);

GRANT EXECUTE ON FUNCTION search_matching, search_best, search_forgiving TO imsop_lookup;
GRANT EXECUTE ON FUNCTION search_things, search_ids TO imsop_app;
GRANT CREATE ON SCHEMA public TO imsop_lookup;
ALTER FUNCTION search_things OWNER TO imsop_lookup;
ALTER FUNCTION search_ids OWNER TO imsop_lookup;
REVOKE CREATE ON SCHEMA public FROM imsop_lookup;
