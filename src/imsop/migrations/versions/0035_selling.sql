-- Sales orders to their end: lines closed short, orders on hold, shipped and delivered by their shipments.

-- squawk-ignore-file adding-field-with-default, require-concurrent-index-creation

ALTER TABLE sales_orders
    ADD COLUMN ship_to text,
    ADD COLUMN ship_complete boolean NOT NULL DEFAULT false;
GRANT INSERT (ship_to, ship_complete), UPDATE (ship_to, ship_complete) ON sales_orders TO imsop_app;
CREATE INDEX sales_orders_customer_reference_idx ON sales_orders (organization_id, customer_id, customer_reference)
    WHERE customer_reference IS NOT NULL;

-- quantity_open is to be sent; quantity_missing is the part of it that is not reserved. A line is complete when nothing of it
-- is to be sent or under way: what was closed does not arrive, and is not in full.
CREATE OR REPLACE VIEW sales_lines WITH (security_invoker = true) AS
SELECT i.organization_id, i.id, i.sales_order_id, i.line_number, i.product_id, o.so_number, o.customer_id, o.warehouse_id,
       o.status, o.order_date, o.currency, i.quantity_ordered, i.quantity_reserved, i.quantity_shipped,
       i.quantity_returned, i.unit_price, i.line_total, i.actual_delivery_date, held.due_on, held.is_agreed,
       held.is_complete,
       sales_order_is_open(o.status) AND NOT held.is_complete AS is_open,
       sales_order_is_open(o.status) AND i.quantity_shipped + i.quantity_closed < i.quantity_ordered AS is_to_send,
       coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
       i.quantity_shipped = i.quantity_ordered AS is_in_full,
       CASE o.status WHEN 'confirmed' THEN
           i.quantity_ordered - i.quantity_reserved - i.quantity_shipped - i.quantity_closed ELSE 0 END
           AS quantity_missing,
       i.quantity_closed,
       CASE WHEN sales_order_is_open(o.status) THEN i.quantity_ordered - i.quantity_shipped - i.quantity_closed ELSE 0 END
           AS quantity_open,
       o.priority, o.on_hold_reason IS NOT NULL AS is_on_hold
FROM sales_order_items i
JOIN sales_orders o ON o.organization_id = i.organization_id AND o.id = i.sales_order_id
CROSS JOIN LATERAL (
    SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on,
           i.quantity_shipped + i.quantity_closed >= i.quantity_ordered
               AND (i.actual_delivery_date IS NOT NULL OR i.quantity_shipped = 0) AS is_complete,
           sales_order_is_agreed(o.status) AS is_agreed
) AS held;

-- Finds what waits for a product: lines that are neither reserved nor shipped nor closed in full.
CREATE INDEX sales_order_items_waiting_idx ON sales_order_items (organization_id, product_id, sales_order_id)
    WHERE quantity_ordered > quantity_reserved + quantity_shipped + quantity_closed;
