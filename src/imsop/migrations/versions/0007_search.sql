-- Search by part of a name or number, over everything that people look for.
-- LIKE is not leakproof: under row security no index serves it. So one function of imsop_lookup searches, which
-- sees the searched columns of every organization and returns rows of the transaction's own.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- squawk-ignore-file require-concurrent-index-creation
CREATE INDEX products_search_idx ON products USING gin (organization_id, sku gin_trgm_ops, name gin_trgm_ops);
CREATE INDEX suppliers_search_idx ON suppliers USING gin (organization_id, name gin_trgm_ops);
CREATE INDEX customers_search_idx ON customers
    USING gin (organization_id, customer_number gin_trgm_ops, name gin_trgm_ops);
CREATE INDEX purchase_orders_search_idx ON purchase_orders USING gin (organization_id, po_number gin_trgm_ops);
CREATE INDEX sales_orders_search_idx ON sales_orders USING gin (organization_id, so_number gin_trgm_ops);
CREATE INDEX shipments_search_idx ON shipments
    USING gin (organization_id, tracking_number gin_trgm_ops, reference_id gin_trgm_ops);

GRANT SELECT (id, organization_id, sku, name) ON products TO imsop_lookup;
GRANT SELECT (id, organization_id, name, country) ON suppliers TO imsop_lookup;
GRANT SELECT (id, organization_id, customer_number, name) ON customers TO imsop_lookup;
GRANT SELECT (id, organization_id, po_number, status) ON purchase_orders TO imsop_lookup;
GRANT SELECT (id, organization_id, so_number, status) ON sales_orders TO imsop_lookup;
GRANT SELECT (id, organization_id, tracking_number, reference_id, status) ON shipments TO imsop_lookup;
CREATE POLICY lookup_reads ON products FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON suppliers FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON customers FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON purchase_orders FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON sales_orders FOR SELECT TO imsop_lookup USING (true);
CREATE POLICY lookup_reads ON shipments FOR SELECT TO imsop_lookup USING (true);

-- p_kinds: what the caller may see. p_pattern: the query for LIKE, wildcards in it escaped; NULL where it holds no
-- three letters or digits in a row, without which a trigram index would be read whole. Numbers and codes are found
-- by their beginning all the same, so what is named exactly is found among however many that contain it. Of the
-- others at most 500 of a kind are ranked.
CREATE FUNCTION search_everything(
    p_organization_id uuid, p_query text, p_pattern text, p_kinds text[], p_limit int)
RETURNS TABLE (kind text, id uuid, title text, subtitle text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off -- the planner takes ILIKE on a row to be as cheap as =
AS $$
    WITH found AS (
        (SELECT 'product' AS kind, p.id, p.sku::text AS title, p.name::text AS subtitle FROM public.products p
         WHERE 'product' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND p.organization_id = p_organization_id AND (p.sku ILIKE p_pattern OR p.name ILIKE p_pattern)
         LIMIT 500)
        UNION
        (SELECT 'product', p.id, p.sku, p.name FROM public.products p
         WHERE 'product' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND p.organization_id = p_organization_id AND p.sku ^@ upper(p_query)
         ORDER BY p.sku LIMIT p_limit)
        UNION
        (SELECT 'supplier', s.id, s.name, s.country FROM public.suppliers s
         WHERE 'supplier' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND s.organization_id = p_organization_id AND s.name ILIKE p_pattern
         LIMIT 500)
        UNION
        (SELECT 'customer', c.id, c.name, c.customer_number FROM public.customers c
         WHERE 'customer' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND c.organization_id = p_organization_id
           AND (c.name ILIKE p_pattern OR c.customer_number ILIKE p_pattern)
         LIMIT 500)
        UNION
        (SELECT 'customer', c.id, c.name, c.customer_number FROM public.customers c
         WHERE 'customer' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND c.organization_id = p_organization_id AND c.customer_number ^@ upper(p_query)
         ORDER BY c.customer_number LIMIT p_limit)
        UNION
        (SELECT 'purchase_order', o.id, o.po_number, o.status FROM public.purchase_orders o
         WHERE 'purchase_order' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND o.organization_id = p_organization_id AND o.po_number ILIKE p_pattern
         LIMIT 500)
        UNION
        (SELECT 'purchase_order', o.id, o.po_number, o.status FROM public.purchase_orders o
         WHERE 'purchase_order' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND o.organization_id = p_organization_id AND o.po_number ^@ upper(p_query)
         ORDER BY o.po_number LIMIT p_limit)
        UNION
        (SELECT 'sales_order', o.id, o.so_number, o.status FROM public.sales_orders o
         WHERE 'sales_order' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND o.organization_id = p_organization_id AND o.so_number ILIKE p_pattern
         LIMIT 500)
        UNION
        (SELECT 'sales_order', o.id, o.so_number, o.status FROM public.sales_orders o
         WHERE 'sales_order' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND o.organization_id = p_organization_id AND o.so_number ^@ upper(p_query)
         ORDER BY o.so_number LIMIT p_limit)
        UNION
        (SELECT 'shipment', s.id, coalesce(s.reference_id, s.tracking_number), s.status FROM public.shipments s
         WHERE 'shipment' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND s.organization_id = p_organization_id
           AND (s.tracking_number ILIKE p_pattern OR s.reference_id ILIKE p_pattern)
         LIMIT 500)
        UNION
        (SELECT 'shipment', s.id, coalesce(s.reference_id, s.tracking_number), s.status FROM public.shipments s
         WHERE 'shipment' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND s.organization_id = p_organization_id AND s.tracking_number ^@ upper(p_query)
         ORDER BY s.tracking_number LIMIT p_limit)
        UNION
        (SELECT 'shipment', s.id, coalesce(s.reference_id, s.tracking_number), s.status FROM public.shipments s
         WHERE 'shipment' = ANY (p_kinds) AND p_organization_id = public.current_organization_id()
           AND s.organization_id = p_organization_id AND s.reference_id ^@ upper(p_query)
         ORDER BY s.reference_id LIMIT p_limit)
    ), ranked AS (
        SELECT f.kind, f.id, f.title, f.subtitle,
               row_number() OVER (PARTITION BY f.kind ORDER BY
                   CASE WHEN lower(f.title) = lower(p_query) THEN 0
                        WHEN starts_with(lower(f.title), lower(p_query)) THEN 1
                        WHEN starts_with(lower(f.subtitle), lower(p_query)) THEN 2
                        ELSE 3 END, f.title, f.id) AS place
        FROM found f
    )
    SELECT r.kind, r.id, r.title, r.subtitle FROM ranked r WHERE r.place <= p_limit ORDER BY r.kind, r.place
$$;
GRANT EXECUTE ON FUNCTION search_everything TO imsop_app;
GRANT CREATE ON SCHEMA public TO imsop_lookup;
ALTER FUNCTION search_everything OWNER TO imsop_lookup;
REVOKE CREATE ON SCHEMA public FROM imsop_lookup;
