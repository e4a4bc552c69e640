"""Integrity checks of purchase orders."""

from imsop.core.doctor import Check

CHECKS = [
    Check(
        "what came in for each purchase order line equals its ledger",
        "SELECT count(*) FROM purchase_order_items",
        # Earlier releases wrote ledger entries without documents, so lines older than the last of those may
        # have progress without entries.
        """
        SELECT o.name AS organization, po.po_number || ' line ' || i.line_number AS subject,
               format('received %s, ledger %s; returned %s, ledger %s', i.quantity_received,
                      coalesce(l.received, 0), i.quantity_returned, coalesce(l.returned, 0)) AS problem
        FROM purchase_order_items i
        JOIN purchase_orders po ON po.organization_id = i.organization_id AND po.id = i.purchase_order_id
        JOIN organizations o ON o.id = i.organization_id
        LEFT JOIN (
            SELECT t.organization_id, t.purchase_order_item_id,
                   coalesce(sum(t.quantity) FILTER (
                       WHERE t.movement_kind = 'goods_receipt'
                          OR t.movement_kind = 'reversal' AND t.quantity < 0), 0) AS received,
                   coalesce(-sum(t.quantity) FILTER (
                       WHERE t.movement_kind = 'supplier_return'
                          OR t.movement_kind = 'reversal' AND t.quantity > 0), 0) AS returned
            FROM inventory_transactions t
            WHERE t.purchase_order_item_id IS NOT NULL
            GROUP BY t.organization_id, t.purchase_order_item_id
        ) l ON l.organization_id = i.organization_id AND l.purchase_order_item_id = i.id
        LEFT JOIN (
            SELECT t.organization_id, max(t.created_at) AS until FROM inventory_transactions t
            WHERE num_nonnulls(t.purchase_order_item_id, t.sales_order_item_id, t.shipment_item_id,
                               t.reason) = 0
            GROUP BY t.organization_id
        ) earlier ON earlier.organization_id = i.organization_id
        WHERE (i.quantity_received, i.quantity_returned) <> (coalesce(l.received, 0), coalesce(l.returned, 0))
          AND NOT (po.created_at <= coalesce(earlier.until, '-infinity')
                   AND i.quantity_received >= coalesce(l.received, 0)
                   AND i.quantity_returned >= coalesce(l.returned, 0))
        ORDER BY organization, subject
        """,
    ),
]
