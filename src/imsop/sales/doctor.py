"""Integrity checks of sales orders."""

from imsop.core.doctor import Check

CHECKS = [
    Check(
        "what left for each sales order line equals its ledger",
        "SELECT count(*) FROM sales_order_items",
        # Earlier releases wrote ledger entries without documents, so lines older than the last of those may
        # have progress without entries.
        """
        SELECT o.name AS organization, so.so_number || ' line ' || i.line_number AS subject,
               format('shipped %s, ledger %s; returned %s, ledger %s', i.quantity_shipped,
                      coalesce(l.shipped, 0), i.quantity_returned, coalesce(l.returned, 0)) AS problem
        FROM sales_order_items i
        JOIN sales_orders so ON so.organization_id = i.organization_id AND so.id = i.sales_order_id
        JOIN organizations o ON o.id = i.organization_id
        LEFT JOIN (
            SELECT t.organization_id, t.sales_order_item_id,
                   coalesce(-sum(t.quantity) FILTER (
                       WHERE t.movement_kind = 'sale'
                          OR t.movement_kind = 'reversal' AND t.quantity > 0), 0) AS shipped,
                   coalesce(sum(t.quantity) FILTER (
                       WHERE t.movement_kind = 'customer_return'
                          OR t.movement_kind = 'reversal' AND t.quantity < 0), 0) AS returned
            FROM inventory_transactions t
            WHERE t.sales_order_item_id IS NOT NULL
            GROUP BY t.organization_id, t.sales_order_item_id
        ) l ON l.organization_id = i.organization_id AND l.sales_order_item_id = i.id
        LEFT JOIN (
            SELECT t.organization_id, max(t.created_at) AS until FROM inventory_transactions t
            WHERE num_nonnulls(t.purchase_order_item_id, t.sales_order_item_id, t.shipment_item_id,
                               t.customer_return_item_id, t.reason) = 0
            GROUP BY t.organization_id
        ) earlier ON earlier.organization_id = i.organization_id
        WHERE (i.quantity_shipped, i.quantity_returned) <> (coalesce(l.shipped, 0), coalesce(l.returned, 0))
          AND NOT (so.created_at <= coalesce(earlier.until, '-infinity')
                   AND i.quantity_shipped >= coalesce(l.shipped, 0)
                   AND i.quantity_returned >= coalesce(l.returned, 0))
        ORDER BY organization, subject
        """,
    ),
    Check(
        "what is reserved for each sales order line equals its reservations",
        "SELECT count(*) FROM sales_order_items i WHERE i.quantity_reserved > 0",
        """
        SELECT o.name AS organization, so.so_number || ' line ' || i.line_number AS subject,
               format('reserved %s, reservations %s', i.quantity_reserved, coalesce(r.quantity, 0)) AS problem
        FROM sales_order_items i
        JOIN sales_orders so ON so.organization_id = i.organization_id AND so.id = i.sales_order_id
        JOIN organizations o ON o.id = i.organization_id
        LEFT JOIN (
            SELECT r.organization_id, r.sales_order_item_id, sum(r.quantity) AS quantity
            FROM inventory_reservations r
            WHERE r.sales_order_item_id IS NOT NULL
            GROUP BY r.organization_id, r.sales_order_item_id
        ) r ON r.organization_id = i.organization_id AND r.sales_order_item_id = i.id
        WHERE i.quantity_reserved <> coalesce(r.quantity, 0)
        ORDER BY organization, subject
        """,
    ),
]
