-- Purchase orders and sales orders with their lines and histories.
-- A CHECK on a day is named <table>_<column>__<rule>. Years end at 2199, which also keeps out the infinite days that
-- Python's first and last day become on their way here.

CREATE TABLE purchase_orders (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    supplier_id uuid NOT NULL,
    po_number varchar(100) NOT NULL CONSTRAINT purchase_orders_number_given CHECK (po_number <> ''),
    status text NOT NULL DEFAULT 'draft' CONSTRAINT purchase_orders_status
        CHECK (status IN ('draft', 'submitted', 'confirmed', 'shipped', 'received', 'cancelled')),
    order_date date NOT NULL,
    expected_delivery_date date,
    actual_delivery_date date,
    total_amount numeric(14, 2) NOT NULL DEFAULT 0,
    currency varchar(3) NOT NULL DEFAULT 'USD' CONSTRAINT purchase_orders_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
    notes text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, supplier_id) REFERENCES suppliers (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT purchase_orders_unique_po_number UNIQUE (organization_id, po_number),
    CONSTRAINT purchase_orders_order_date__year CHECK (order_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT purchase_orders_expected_delivery_date__year CHECK (expected_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT purchase_orders_actual_delivery_date__year CHECK (actual_delivery_date BETWEEN '1900-01-01' AND '2199-12-31')
);
CREATE INDEX purchase_orders_supplier_idx ON purchase_orders (organization_id, supplier_id, order_date, id);
CREATE INDEX purchase_orders_status_idx ON purchase_orders (organization_id, status, order_date, id);
CREATE INDEX purchase_orders_supplier_status_idx
    ON purchase_orders (organization_id, supplier_id, status, order_date, id);
CREATE INDEX purchase_orders_supplier_number_idx ON purchase_orders (organization_id, supplier_id, po_number, id);
CREATE INDEX purchase_orders_status_number_idx ON purchase_orders (organization_id, status, po_number, id);
CREATE INDEX purchase_orders_order_date_idx ON purchase_orders (organization_id, order_date, id);
CREATE INDEX purchase_orders_created_by_idx ON purchase_orders (organization_id, created_by)
    WHERE created_by IS NOT NULL;
-- Of the orders that are not finished, few among many: what is open, and of it what is late.
CREATE INDEX purchase_orders_open_idx ON purchase_orders (organization_id, order_date, id)
    INCLUDE (expected_delivery_date) WHERE status IN ('submitted', 'confirmed', 'shipped');
CREATE INDEX purchase_orders_open_supplier_idx ON purchase_orders (organization_id, supplier_id, order_date, id)
    WHERE status IN ('submitted', 'confirmed', 'shipped');
CREATE INDEX purchase_orders_open_number_idx ON purchase_orders (organization_id, po_number, id)
    WHERE status IN ('submitted', 'confirmed', 'shipped');
SELECT protect_tenant_table('purchase_orders');
GRANT INSERT (id, organization_id, supplier_id, po_number, status, order_date, expected_delivery_date,
              actual_delivery_date, total_amount, currency, notes, created_by),
    UPDATE (supplier_id, po_number, status, order_date, expected_delivery_date, actual_delivery_date, total_amount,
            currency, notes),
    DELETE ON purchase_orders TO imsop_app;

-- A line has its own dates: an order may be scheduled in several deliveries. promised_delivery_date is the first
-- promise. line_total is as agreed or imported, so it may differ from quantity_ordered * unit_price.
CREATE TABLE purchase_order_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    purchase_order_id uuid NOT NULL,
    line_number int NOT NULL CONSTRAINT purchase_order_items_line_number_positive CHECK (line_number > 0),
    product_id uuid NOT NULL,
    quantity_ordered int NOT NULL CONSTRAINT purchase_order_items_ordered_positive CHECK (quantity_ordered > 0),
    quantity_received int NOT NULL DEFAULT 0
        CONSTRAINT purchase_order_items_received_not_negative CHECK (quantity_received >= 0),
    unit_price numeric(12, 4) CONSTRAINT purchase_order_items_price_not_negative CHECK (unit_price >= 0),
    line_total numeric(14, 2),
    expected_delivery_date date,
    promised_delivery_date date,
    actual_delivery_date date,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    CONSTRAINT purchase_order_items_unique_line_number UNIQUE (organization_id, purchase_order_id, line_number),
    CONSTRAINT purchase_order_items_expected_delivery_date__year CHECK (expected_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT purchase_order_items_promised_delivery_date__year CHECK (promised_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT purchase_order_items_actual_delivery_date__year CHECK (actual_delivery_date BETWEEN '1900-01-01' AND '2199-12-31')
);
CREATE INDEX purchase_order_items_product_idx ON purchase_order_items (organization_id, product_id);
SELECT protect_tenant_table('purchase_order_items');
GRANT INSERT, UPDATE (line_number, product_id, quantity_ordered, quantity_received, unit_price, line_total,
                      expected_delivery_date, promised_delivery_date, actual_delivery_date),
    DELETE ON purchase_order_items TO imsop_app;

-- Named by the seed's diagram; append-only. occurred_at is when it happened, created_at when it was recorded.
CREATE TABLE purchase_order_history (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    purchase_order_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL CONSTRAINT purchase_order_history_to_status
        CHECK (to_status IN ('draft', 'submitted', 'confirmed', 'shipped', 'received', 'cancelled')),
    changes jsonb,
    note text,
    changed_by uuid,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, purchase_order_id) REFERENCES purchase_orders (organization_id, id)
        ON DELETE CASCADE,
    FOREIGN KEY (organization_id, changed_by) REFERENCES users (organization_id, id)
);
CREATE INDEX purchase_order_history_order_idx
    ON purchase_order_history (organization_id, purchase_order_id, occurred_at, id);
CREATE INDEX purchase_order_history_changed_by_idx ON purchase_order_history (organization_id, changed_by)
    WHERE changed_by IS NOT NULL;
SELECT protect_tenant_table('purchase_order_history');
GRANT INSERT (organization_id, purchase_order_id, from_status, to_status, changes, note, changed_by, occurred_at)
    ON purchase_order_history TO imsop_app;

-- Named by the seed's diagram; mirrors purchase orders. customer_id is NULL for a counter sale.
CREATE TABLE sales_orders (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    customer_id uuid,
    so_number varchar(100) NOT NULL CONSTRAINT sales_orders_number_given CHECK (so_number <> ''),
    status text NOT NULL DEFAULT 'draft' CONSTRAINT sales_orders_status
        CHECK (status IN ('draft', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    order_date date NOT NULL,
    expected_delivery_date date,
    actual_delivery_date date,
    total_amount numeric(14, 2) NOT NULL DEFAULT 0,
    currency varchar(3) NOT NULL DEFAULT 'USD' CONSTRAINT sales_orders_currency_code CHECK (currency ~ '^[A-Z]{3}$'),
    notes text,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, customer_id) REFERENCES customers (organization_id, id),
    FOREIGN KEY (organization_id, created_by) REFERENCES users (organization_id, id),
    CONSTRAINT sales_orders_unique_so_number UNIQUE (organization_id, so_number),
    CONSTRAINT sales_orders_order_date__year CHECK (order_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT sales_orders_expected_delivery_date__year CHECK (expected_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT sales_orders_actual_delivery_date__year CHECK (actual_delivery_date BETWEEN '1900-01-01' AND '2199-12-31')
);
CREATE INDEX sales_orders_customer_idx ON sales_orders (organization_id, customer_id, order_date, id);
CREATE INDEX sales_orders_status_idx ON sales_orders (organization_id, status, order_date, id);
CREATE INDEX sales_orders_customer_status_idx
    ON sales_orders (organization_id, customer_id, status, order_date, id);
CREATE INDEX sales_orders_customer_number_idx ON sales_orders (organization_id, customer_id, so_number, id);
CREATE INDEX sales_orders_status_number_idx ON sales_orders (organization_id, status, so_number, id);
CREATE INDEX sales_orders_order_date_idx ON sales_orders (organization_id, order_date, id);
CREATE INDEX sales_orders_created_by_idx ON sales_orders (organization_id, created_by) WHERE created_by IS NOT NULL;
CREATE INDEX sales_orders_open_idx ON sales_orders (organization_id, order_date, id)
    INCLUDE (expected_delivery_date) WHERE status IN ('confirmed', 'shipped');
CREATE INDEX sales_orders_open_customer_idx ON sales_orders (organization_id, customer_id, order_date, id)
    WHERE status IN ('confirmed', 'shipped');
CREATE INDEX sales_orders_open_number_idx ON sales_orders (organization_id, so_number, id)
    WHERE status IN ('confirmed', 'shipped');
SELECT protect_tenant_table('sales_orders');
GRANT INSERT (id, organization_id, customer_id, so_number, status, order_date, expected_delivery_date,
              actual_delivery_date, total_amount, currency, notes, created_by),
    UPDATE (customer_id, so_number, status, order_date, expected_delivery_date, actual_delivery_date, total_amount,
            currency, notes),
    DELETE ON sales_orders TO imsop_app;

CREATE TABLE sales_order_items (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    sales_order_id uuid NOT NULL,
    line_number int NOT NULL CONSTRAINT sales_order_items_line_number_positive CHECK (line_number > 0),
    product_id uuid NOT NULL,
    quantity_ordered int NOT NULL CONSTRAINT sales_order_items_ordered_positive CHECK (quantity_ordered > 0),
    quantity_reserved int NOT NULL DEFAULT 0,
    quantity_shipped int NOT NULL DEFAULT 0,
    quantity_returned int NOT NULL DEFAULT 0,
    unit_price numeric(12, 4) CONSTRAINT sales_order_items_price_not_negative CHECK (unit_price >= 0),
    line_total numeric(14, 2),
    expected_delivery_date date,
    promised_delivery_date date,
    actual_delivery_date date,
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, sales_order_id) REFERENCES sales_orders (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, product_id) REFERENCES products (organization_id, id),
    CONSTRAINT sales_order_items_unique_line_number UNIQUE (organization_id, sales_order_id, line_number),
    CONSTRAINT sales_order_items_reserved_and_shipped_within_ordered CHECK (
        quantity_reserved >= 0 AND quantity_shipped >= 0
        AND quantity_reserved + quantity_shipped <= quantity_ordered),
    CONSTRAINT sales_order_items_returned_within_shipped CHECK (quantity_returned BETWEEN 0 AND quantity_shipped),
    CONSTRAINT sales_order_items_expected_delivery_date__year CHECK (expected_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT sales_order_items_promised_delivery_date__year CHECK (promised_delivery_date BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT sales_order_items_actual_delivery_date__year CHECK (actual_delivery_date BETWEEN '1900-01-01' AND '2199-12-31')
);
CREATE INDEX sales_order_items_product_idx ON sales_order_items (organization_id, product_id);
SELECT protect_tenant_table('sales_order_items');
GRANT INSERT, UPDATE (line_number, product_id, quantity_ordered, quantity_reserved, quantity_shipped,
                      quantity_returned, unit_price, line_total, expected_delivery_date, promised_delivery_date,
                      actual_delivery_date),
    DELETE ON sales_order_items TO imsop_app;

-- Beside the seed: the mirror of purchase_order_history, so that both kinds of order show who did what, when.
CREATE TABLE sales_order_history (
    id uuid NOT NULL DEFAULT uuidv7(),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    sales_order_id uuid NOT NULL,
    from_status text,
    to_status text NOT NULL CONSTRAINT sales_order_history_to_status
        CHECK (to_status IN ('draft', 'confirmed', 'shipped', 'delivered', 'cancelled')),
    changes jsonb,
    note text,
    changed_by uuid,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, organization_id),
    FOREIGN KEY (organization_id, sales_order_id) REFERENCES sales_orders (organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (organization_id, changed_by) REFERENCES users (organization_id, id)
);
CREATE INDEX sales_order_history_order_idx ON sales_order_history (organization_id, sales_order_id, occurred_at, id);
CREATE INDEX sales_order_history_changed_by_idx ON sales_order_history (organization_id, changed_by)
    WHERE changed_by IS NOT NULL;
SELECT protect_tenant_table('sales_order_history');
GRANT INSERT (organization_id, sales_order_id, from_status, to_status, changes, note, changed_by, occurred_at)
    ON sales_order_history TO imsop_app;

-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
ALTER TABLE inventory_reservations ADD CONSTRAINT inventory_reservations_sales_order_item_fkey
    FOREIGN KEY (organization_id, sales_order_item_id) REFERENCES sales_order_items (organization_id, id);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX inventory_reservations_sales_order_item_idx
    ON inventory_reservations (organization_id, sales_order_item_id) WHERE sales_order_item_id IS NOT NULL;
