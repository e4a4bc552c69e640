-- Suppliers, customers, products: the master data that documents refer to.

CREATE TABLE suppliers (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name varchar(255) NOT NULL CONSTRAINT suppliers_name_given CHECK (name <> ''),
    email varchar(255),
    phone varchar(20),
    country varchar(100),
    city varchar(100),
    address text,
    postal_code varchar(20),
    contact_person varchar(100),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT suppliers_status CHECK (status IN ('active', 'inactive', 'blocked')),
    rating numeric(3, 2) NOT NULL DEFAULT 0 CONSTRAINT suppliers_rating_range CHECK (rating BETWEEN 0 AND 5),
    payment_terms varchar(50),
    lead_time_days int NOT NULL DEFAULT 0 CONSTRAINT suppliers_lead_time_not_negative CHECK (lead_time_days >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id)
);
CREATE INDEX suppliers_name_idx ON suppliers (organization_id, name, id);
CREATE INDEX suppliers_status_idx ON suppliers (organization_id, status, name, id);
CREATE INDEX suppliers_rating_idx ON suppliers (organization_id, rating, id);
SELECT protect_tenant_table('suppliers');
GRANT INSERT (id, organization_id, name, email, phone, country, city, address, postal_code, contact_person, status,
              rating, payment_terms, lead_time_days),
    UPDATE (name, email, phone, country, city, address, postal_code, contact_person, status, rating, payment_terms,
            lead_time_days),
    DELETE ON suppliers TO imsop_app;

-- Named by the seed's diagram. Rates are NULL where the period had no line due; n is always shown beside them.
CREATE TABLE supplier_metrics (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    supplier_id uuid NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    lines_due int NOT NULL,
    on_time_rate numeric(7, 6),
    in_full_rate numeric(7, 6),
    on_time_in_full_rate numeric(7, 6),
    lead_time_mean_days numeric(9, 3),
    lead_time_stddev_days numeric(9, 3),
    lead_time_p50_days numeric(9, 3),
    lead_time_p90_days numeric(9, 3),
    rejected_rate numeric(7, 6),
    price_variance numeric(14, 2),
    sample_size int NOT NULL,
    rule varchar(100) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT supplier_metrics_unique_period UNIQUE (organization_id, supplier_id, period_start, period_end),
    CONSTRAINT supplier_metrics_period_order CHECK (period_start < period_end),
    CONSTRAINT supplier_metrics_counts CHECK (lines_due >= 0 AND sample_size >= 0),
    CONSTRAINT supplier_metrics_rates CHECK (
        on_time_rate BETWEEN 0 AND 1 AND in_full_rate BETWEEN 0 AND 1 AND on_time_in_full_rate BETWEEN 0 AND 1
        AND rejected_rate BETWEEN 0 AND 1)
);
SELECT protect_tenant_table('supplier_metrics');
GRANT INSERT (organization_id, supplier_id, period_start, period_end, lines_due, on_time_rate, in_full_rate,
              on_time_in_full_rate, lead_time_mean_days, lead_time_stddev_days, lead_time_p50_days,
              lead_time_p90_days, rejected_rate, price_variance, sample_size, rule),
    DELETE ON supplier_metrics TO imsop_app;

-- Beside the seed: who buys. customer_number is the organization's own, where it has one.
CREATE TABLE customers (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    customer_number varchar(100),
    name varchar(255) NOT NULL CONSTRAINT customers_name_given CHECK (name <> ''),
    email varchar(255),
    phone varchar(20),
    country varchar(100),
    city varchar(100),
    address text,
    postal_code varchar(20),
    contact_person varchar(100),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT customers_status CHECK (status IN ('active', 'inactive', 'blocked')),
    payment_terms varchar(50),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    CONSTRAINT customers_unique_customer_number UNIQUE (organization_id, customer_number)
);
CREATE INDEX customers_name_idx ON customers (organization_id, name, id);
CREATE INDEX customers_status_idx ON customers (organization_id, status, name, id);
SELECT protect_tenant_table('customers');
GRANT INSERT (id, organization_id, customer_number, name, email, phone, country, city, address, postal_code,
              contact_person, status, payment_terms),
    UPDATE (customer_number, name, email, phone, country, city, address, postal_code, contact_person, status,
            payment_terms),
    DELETE ON customers TO imsop_app;

-- Stock is counted in whole base units (unit_of_measure); a pack is units_per_pack of them.
CREATE TABLE products (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    sku varchar(100) NOT NULL CONSTRAINT products_sku_given CHECK (sku <> ''),
    name varchar(255) NOT NULL CONSTRAINT products_name_given CHECK (name <> ''),
    description text,
    category varchar(100),
    unit_of_measure varchar(20),
    units_per_pack int NOT NULL DEFAULT 1 CONSTRAINT products_units_per_pack_positive CHECK (units_per_pack > 0),
    gtin varchar(14) CONSTRAINT products_gtin_digits CHECK (gtin ~ '^([0-9]{8}|[0-9]{12,14})$'),
    unit_cost numeric(12, 4) CONSTRAINT products_unit_cost_not_negative CHECK (unit_cost >= 0),
    selling_price numeric(12, 4) CONSTRAINT products_selling_price_not_negative CHECK (selling_price >= 0),
    reorder_level int NOT NULL DEFAULT 0 CONSTRAINT products_reorder_level_not_negative CHECK (reorder_level >= 0),
    reorder_quantity int NOT NULL DEFAULT 0
        CONSTRAINT products_reorder_quantity_not_negative CHECK (reorder_quantity >= 0),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT products_status CHECK (status IN ('active', 'discontinued', 'archived')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    CONSTRAINT products_unique_sku UNIQUE (organization_id, sku),
    CONSTRAINT products_unique_gtin UNIQUE (organization_id, gtin)
);
CREATE INDEX products_name_idx ON products (organization_id, name, id);
CREATE INDEX products_category_idx ON products (organization_id, category, sku);
CREATE INDEX products_category_name_idx ON products (organization_id, category, name, id);
CREATE INDEX products_status_idx ON products (organization_id, status, sku);
CREATE INDEX products_status_name_idx ON products (organization_id, status, name, id);
SELECT protect_tenant_table('products');
GRANT INSERT (id, organization_id, sku, name, description, category, unit_of_measure, units_per_pack, gtin, unit_cost,
              selling_price, reorder_level, reorder_quantity, status),
    UPDATE (sku, name, description, category, unit_of_measure, units_per_pack, gtin, unit_cost, selling_price,
            reorder_level, reorder_quantity, status),
    DELETE ON products TO imsop_app;
