-- What is bought from whom: the supplier's number, name and pack for a product, its minimum, lead time and prices.
-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, constraint-missing-not-valid
-- squawk-ignore-file require-concurrent-index-creation

CREATE TABLE supplier_products (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    supplier_id uuid NOT NULL,
    product_id uuid NOT NULL,
    supplier_sku varchar(100)
        CONSTRAINT supplier_products_supplier_sku_given CHECK (supplier_sku <> '')
        CONSTRAINT supplier_products_supplier_sku__one_spelling CHECK (supplier_sku = one_spelling(supplier_sku)),
    supplier_product_name varchar(255)
        CONSTRAINT supplier_products_supplier_product_name_given CHECK (supplier_product_name <> '')
        CONSTRAINT supplier_products_supplier_product_name__one_spelling
        CHECK (supplier_product_name = one_spelling(supplier_product_name)),
    -- NULL for the product's own.
    units_per_pack int CONSTRAINT supplier_products_units_per_pack_positive CHECK (units_per_pack > 0),
    minimum_quantity int NOT NULL DEFAULT 1
        CONSTRAINT supplier_products_minimum_quantity_positive CHECK (minimum_quantity > 0),
    -- NULL for the supplier's.
    lead_time_days int CONSTRAINT supplier_products_lead_time_not_negative CHECK (lead_time_days >= 0),
    is_preferred boolean NOT NULL DEFAULT false,
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- What has no number is after all that have one. A column, since an index on coalesce() is not leakproof.
    supplier_sku_order text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (coalesce('1' || folded(supplier_sku), '2')) STORED,
    searched text GENERATED ALWAYS AS (search_text(ARRAY[supplier_product_name], ARRAY[supplier_sku])) STORED,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT supplier_products_unique_product_id UNIQUE (organization_id, supplier_id, product_id)
);
CREATE INDEX supplier_products_product_idx ON supplier_products (organization_id, product_id, supplier_id);
CREATE UNIQUE INDEX supplier_products_unique_is_preferred ON supplier_products (organization_id, product_id)
    WHERE is_preferred;
CREATE INDEX supplier_products_number_idx ON supplier_products (organization_id, supplier_sku_order, id);
CREATE INDEX supplier_products_supplier_number_idx ON supplier_products
    (organization_id, supplier_id, supplier_sku_order, id);
CREATE INDEX supplier_products_search_idx ON supplier_products USING gin (organization_id, search_grams(searched));
SELECT protect_tenant_table('supplier_products');
GRANT INSERT (id, organization_id, supplier_id, product_id, supplier_sku, supplier_product_name, units_per_pack,
              minimum_quantity, lead_time_days, is_preferred, note), DELETE,
      UPDATE (supplier_sku, supplier_product_name, units_per_pack, minimum_quantity, lead_time_days, is_preferred, note)
    ON supplier_products TO imsop_app;

-- Prices of one currency and from_quantity do not overlap in time: whoever replaces them has locked the supplier product.
CREATE TABLE supplier_product_prices (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    supplier_product_id uuid NOT NULL,
    currency varchar(3) NOT NULL CONSTRAINT supplier_product_prices_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
    from_quantity int NOT NULL
        CONSTRAINT supplier_product_prices_from_quantity_positive CHECK (from_quantity > 0),
    unit_price numeric NOT NULL CONSTRAINT supplier_product_prices_unit_price__range
        CHECK (unit_price >= 0 AND unit_price < 1e8 AND scale(unit_price) <= 6),
    valid_from date NOT NULL CONSTRAINT supplier_product_prices_valid_from__year
        CHECK (valid_from BETWEEN '1900-01-01' AND '2199-12-31'),
    -- The last day, included; NULL until further notice.
    valid_to date CONSTRAINT supplier_product_prices_valid_to__year
        CHECK (valid_to BETWEEN '1900-01-01' AND '2199-12-31'),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, supplier_product_id) REFERENCES supplier_products (organization_id, id)
        ON DELETE CASCADE,
    CONSTRAINT supplier_product_prices_unique_valid_from
        UNIQUE (organization_id, supplier_product_id, currency, from_quantity, valid_from),
    CONSTRAINT supplier_product_prices_valid_to__not_before_valid_from CHECK (valid_to >= valid_from)
);
SELECT protect_tenant_table('supplier_product_prices');
GRANT INSERT, DELETE ON supplier_product_prices TO imsop_app;

-- What is to be ordered of a wanted quantity: at least the minimum, in whole packs.
CREATE FUNCTION orderable_quantity(p_wanted bigint, p_minimum int, p_units_per_pack int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (ceil(greatest(p_wanted, p_minimum) / p_units_per_pack::numeric) * p_units_per_pack)::int;
GRANT EXECUTE ON FUNCTION orderable_quantity(bigint, int, int) TO imsop_app, imsop_operator;

-- A product is found by its suppliers' numbers and names for it, too.
CREATE OR REPLACE VIEW searchable_products WITH (security_invoker = true) AS
    SELECT p.organization_id, p.id, p.sku::text AS title, p.name::text AS subtitle,
           ARRAY[p.sku, p.gtin, p.name]::text[] || p.former_skus AS codes, p.former_skus, p.searched, p.searched AS whole
    FROM products p
    UNION ALL
    SELECT p.organization_id, p.id, p.sku::text, concat_ws(' · ', p.name, sp.supplier_sku),
           ARRAY[sp.supplier_sku, sp.supplier_product_name]::text[], NULL::text[], sp.searched, sp.searched
    FROM supplier_products sp
    JOIN products p ON p.organization_id = sp.organization_id AND p.id = sp.product_id;
GRANT SELECT (id, organization_id, product_id, supplier_sku, supplier_product_name, searched)
    ON supplier_products TO imsop_lookup;
CREATE POLICY lookup_reads ON supplier_products FOR SELECT TO imsop_lookup USING (true);

-- An order that was sent keeps the supplier's number as it was printed.
ALTER TABLE purchase_order_items ADD COLUMN supplier_sku varchar(100);
GRANT UPDATE (supplier_sku) ON purchase_order_items TO imsop_app;
