-- How often an order was changed after it was sent.
-- squawk-ignore-file adding-field-with-default

ALTER TABLE purchase_orders ADD COLUMN revision int NOT NULL DEFAULT 0
    CONSTRAINT purchase_orders_revision_not_negative CHECK (revision >= 0);
GRANT UPDATE (revision) ON purchase_orders TO imsop_app;
