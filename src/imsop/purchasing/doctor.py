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
                               t.customer_return_item_id, t.reason) = 0
            GROUP BY t.organization_id
        ) earlier ON earlier.organization_id = i.organization_id
        WHERE (i.quantity_received, i.quantity_returned) <> (coalesce(l.received, 0), coalesce(l.returned, 0))
          AND NOT (po.created_at <= coalesce(earlier.until, '-infinity')
                   AND i.quantity_received >= coalesce(l.received, 0)
                   AND i.quantity_returned >= coalesce(l.returned, 0))
        ORDER BY organization, subject
        """,
    ),
    Check(
        "each line of a goods receipt or of a return to a supplier is in the ledger with its quantity",
        "SELECT count(*) FROM goods_receipt_items",
        """
        SELECT o.name AS organization, d.number || ' line ' || d.line_number AS subject,
               format('posted %s, ledger %s', d.quantity, coalesce(d.ledger, 0)) AS problem
        FROM (
            SELECT i.organization_id, r.receipt_number AS number, i.line_number,
                   CASE WHEN i.reverses_item_id IS NULL THEN 1 ELSE -1 END
                       * (i.quantity_accepted + i.quantity_rejected) AS quantity, (
                   SELECT sum(t.quantity) FROM inventory_transactions t
                   WHERE t.organization_id = i.organization_id AND t.goods_receipt_item_id = i.id) AS ledger
            FROM goods_receipt_items i
            JOIN goods_receipts r ON r.organization_id = i.organization_id AND r.id = i.goods_receipt_id
            UNION ALL
            SELECT i.organization_id, r.return_number, i.line_number,
                   CASE WHEN i.reverses_item_id IS NULL THEN -1 ELSE 1 END * i.quantity, (
                   SELECT sum(t.quantity) FROM inventory_transactions t
                   WHERE t.organization_id = i.organization_id AND t.supplier_return_item_id = i.id)
            FROM supplier_return_items i
            JOIN supplier_returns r ON r.organization_id = i.organization_id AND r.id = i.supplier_return_id
        ) AS d
        JOIN organizations o ON o.id = d.organization_id
        WHERE d.quantity <> coalesce(d.ledger, 0)
        ORDER BY organization, subject
        """,
    ),
]
