-- The rules that lists, documents, figures and metrics share, each in one place. Functions have no SET, so that they are
-- inlined and the partial indexes of open orders serve them.

CREATE FUNCTION purchase_order_is_open(p_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_status IN ('submitted', 'confirmed', 'shipped');

-- The supplier has agreed: from here on its lines fall due.
CREATE FUNCTION purchase_order_is_agreed(p_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_status IN ('confirmed', 'shipped', 'received');

CREATE FUNCTION sales_order_is_open(p_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_status IN ('confirmed', 'shipped');

CREATE FUNCTION sales_order_is_agreed(p_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_status IN ('confirmed', 'shipped', 'delivered');

-- Delivered after the day it was expected, or not delivered though that day is over. Null where nobody can tell.
CREATE FUNCTION shipment_is_late(p_status text, p_expected date, p_delivered date, p_today date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE p_status WHEN 'delivered' THEN p_delivered > p_expected
                     WHEN 'cancelled' THEN NULL
                     ELSE p_expected < p_today END;

GRANT EXECUTE ON FUNCTION purchase_order_is_open, purchase_order_is_agreed, sales_order_is_open, sales_order_is_agreed,
    shipment_is_late TO imsop_app, imsop_operator;

-- Lines of purchase orders with what is said of them. A line is held to the supplier's first promise, else to what was
-- asked for; on time is the whole quantity by that day, in full neither less nor more than ordered (SCOR, RL.2.1), both
-- without tolerance. It keeps no quantities by day: it counts from the day it was complete. What came before its own
-- order has no lead time: some sources date orders afterwards. Whether it is late depends on the day that is asked for:
-- is_open AND due_on < that day.
CREATE VIEW purchase_lines WITH (security_invoker = true) AS
SELECT i.organization_id, i.id, i.purchase_order_id, i.line_number, i.product_id, o.po_number, o.supplier_id, o.warehouse_id, o.status,
       o.order_date, o.currency, i.quantity_ordered, i.quantity_received, i.quantity_returned, i.unit_price, i.line_total,
       i.actual_delivery_date, held.due_on, held.is_agreed, held.is_complete,
       purchase_order_is_open(o.status) AND i.quantity_received < i.quantity_ordered AS is_open,
       coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
       i.quantity_received = i.quantity_ordered AS is_in_full,
       CASE WHEN held.is_agreed AND held.is_complete AND i.actual_delivery_date >= o.order_date
            THEN i.actual_delivery_date - o.order_date END AS lead_time_days
FROM purchase_order_items i
JOIN purchase_orders o ON o.organization_id = i.organization_id AND o.id = i.purchase_order_id
CROSS JOIN LATERAL (
    SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on,
           i.quantity_received >= i.quantity_ordered AS is_complete,
           purchase_order_is_agreed(o.status) AS is_agreed
) AS held;

-- Lines of sales orders. A line is complete, and no longer open, when all of it is shipped and it has a day of delivery;
-- until all of it is shipped it is to be sent. Missing is what is neither shipped nor held for it, of confirmed orders.
CREATE VIEW sales_lines WITH (security_invoker = true) AS
SELECT i.organization_id, i.id, i.sales_order_id, i.line_number, i.product_id, o.so_number, o.customer_id, o.warehouse_id, o.status,
       o.order_date, o.currency, i.quantity_ordered, i.quantity_reserved, i.quantity_shipped, i.quantity_returned,
       i.unit_price, i.line_total, i.actual_delivery_date, held.due_on, held.is_agreed, held.is_complete,
       sales_order_is_open(o.status) AND NOT held.is_complete AS is_open,
       sales_order_is_open(o.status) AND i.quantity_shipped < i.quantity_ordered AS is_to_send,
       coalesce(held.is_complete AND i.actual_delivery_date <= held.due_on, false) AS is_on_time,
       i.quantity_shipped = i.quantity_ordered AS is_in_full,
       CASE o.status WHEN 'confirmed' THEN i.quantity_ordered - i.quantity_reserved - i.quantity_shipped
                     ELSE 0 END AS quantity_missing
FROM sales_order_items i
JOIN sales_orders o ON o.organization_id = i.organization_id AND o.id = i.sales_order_id
CROSS JOIN LATERAL (
    SELECT coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date) AS due_on,
           i.quantity_shipped >= i.quantity_ordered AND i.actual_delivery_date IS NOT NULL AS is_complete,
           sales_order_is_agreed(o.status) AS is_agreed
) AS held;
GRANT SELECT ON purchase_lines, sales_lines TO imsop_app, imsop_operator;
