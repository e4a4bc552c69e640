-- Goods receipts and returns to suppliers are searched: by their numbers, by the supplier's, by their order and supplier.
-- squawk-ignore-file adding-field-with-default, adding-required-field, require-concurrent-index-creation

ALTER TABLE goods_receipts ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text('{}', ARRAY[receipt_number, delivery_note])) STORED;
ALTER TABLE supplier_returns ADD COLUMN searched text GENERATED ALWAYS AS
    (search_text('{}', ARRAY[return_number, supplier_reference])) STORED;
CREATE INDEX goods_receipts_search_idx ON goods_receipts USING gin (organization_id, search_grams(searched));
CREATE INDEX supplier_returns_search_idx ON supplier_returns USING gin (organization_id, search_grams(searched));

-- A row for what it says itself, one for its order and one for its supplier.
CREATE VIEW goods_receipts_to_search WITH (security_invoker = true) AS
    SELECT r.organization_id, r.id, r.receipt_number::text AS title, concat_ws(' · ', o.po_number, s.name) AS subtitle,
           ARRAY[r.receipt_number, r.delivery_note]::text[] AS codes, r.searched AS itself, o.searched AS bought,
           s.searched AS supplier, r.searched || o.searched || s.searched AS whole
    FROM goods_receipts r
    JOIN purchase_orders o ON o.organization_id = r.organization_id AND o.id = r.purchase_order_id
    JOIN suppliers s ON s.organization_id = o.organization_id AND s.id = o.supplier_id;
CREATE VIEW searchable_goods_receipts WITH (security_invoker = true) AS
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.itself AS searched, r.whole FROM goods_receipts_to_search r
    UNION ALL
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.bought, r.whole FROM goods_receipts_to_search r
    UNION ALL
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.supplier, r.whole FROM goods_receipts_to_search r;
CREATE VIEW supplier_returns_to_search WITH (security_invoker = true) AS
    SELECT r.organization_id, r.id, r.return_number::text AS title, concat_ws(' · ', o.po_number, s.name) AS subtitle,
           ARRAY[r.return_number, r.supplier_reference]::text[] AS codes, r.searched AS itself, o.searched AS bought,
           s.searched AS supplier, r.searched || o.searched || s.searched AS whole
    FROM supplier_returns r
    JOIN purchase_orders o ON o.organization_id = r.organization_id AND o.id = r.purchase_order_id
    JOIN suppliers s ON s.organization_id = o.organization_id AND s.id = o.supplier_id;
CREATE VIEW searchable_supplier_returns WITH (security_invoker = true) AS
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.itself AS searched, r.whole FROM supplier_returns_to_search r
    UNION ALL
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.bought, r.whole FROM supplier_returns_to_search r
    UNION ALL
    SELECT r.organization_id, r.id, r.title, r.subtitle, r.codes, r.supplier, r.whole FROM supplier_returns_to_search r;

-- What has all these words, at most p_limit (NULL for all): by the index, where they stand in one text; else the longest
-- is looked up, and the others are looked for in what that finds. One branch a kind: planning one statement over all of
-- them takes longer than any search.
CREATE OR REPLACE FUNCTION search_matching(p_organization_id uuid, p_kind text, p_fragments text[], p_limit int)
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
        WHEN 'goods_receipt' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_goods_receipts t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_longest
              AND t.searched LIKE v_patterns[1] AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
        WHEN 'supplier_return' THEN
            RETURN QUERY SELECT t.id, t.title, t.subtitle, t.codes, NULL::text[], t.searched
            FROM public.searchable_supplier_returns t
            WHERE t.organization_id = p_organization_id AND public.search_grams(t.searched) @> v_longest
              AND t.searched LIKE v_patterns[1] AND t.whole LIKE ALL (v_patterns) LIMIT p_limit;
    END CASE;
END $$;

GRANT SELECT ON goods_receipts_to_search, searchable_goods_receipts, supplier_returns_to_search,
    searchable_supplier_returns TO imsop_lookup;
GRANT SELECT (id, organization_id, receipt_number, delivery_note, purchase_order_id, searched)
    ON goods_receipts TO imsop_lookup;
GRANT SELECT (id, organization_id, return_number, supplier_reference, purchase_order_id, searched)
    ON supplier_returns TO imsop_lookup;
CREATE POLICY lookup_reads ON goods_receipts FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON supplier_returns FOR SELECT TO imsop_lookup USING (true);
