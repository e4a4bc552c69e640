"""What must be true of stock at every moment."""

from imsop.core.doctor import Check

CHECKS = [
    Check(
        "each balance equals its ledger",
        "SELECT count(*) FROM inventory",
        """
        SELECT o.name AS organization, p.sku || ' in ' || w.name AS subject,
               format('on hand %s, ledger %s; version %s, ledger rows %s', i.quantity_on_hand,
                      coalesce(l.quantity, 0), i.version, coalesce(l.entries, 0)) AS problem
        FROM inventory i
        LEFT JOIN (
            SELECT t.organization_id, t.inventory_id, sum(t.quantity) AS quantity, count(*) AS entries
            FROM inventory_transactions t
            GROUP BY t.organization_id, t.inventory_id
        ) l ON l.organization_id = i.organization_id AND l.inventory_id = i.id
        JOIN organizations o ON o.id = i.organization_id
        JOIN products p ON p.organization_id = i.organization_id AND p.id = i.product_id
        JOIN warehouses w ON w.organization_id = i.organization_id AND w.id = i.warehouse_id
        WHERE i.quantity_on_hand <> coalesce(l.quantity, 0) OR i.version <> coalesce(l.entries, 0)
        ORDER BY organization, subject
        """,
    ),
    Check(
        "each ledger row carries the balance it left",
        "SELECT count(*) FROM inventory_transactions",
        """
        SELECT o.name AS organization, p.sku || ' in ' || w.name AS subject,
               format('row %s: balance after %s, computed %s; version %s, row number %s', chain.id,
                      chain.balance_after, chain.balance, chain.balance_version, chain.place) AS problem
        FROM (
            SELECT t.id, t.organization_id, t.inventory_id, t.balance_after, t.balance_version,
                   sum(t.quantity) OVER in_order AS balance, row_number() OVER in_order AS place
            FROM inventory_transactions t
            WINDOW in_order AS (PARTITION BY t.organization_id, t.inventory_id ORDER BY t.balance_version)
        ) chain
        JOIN organizations o ON o.id = chain.organization_id
        JOIN inventory i ON i.organization_id = chain.organization_id AND i.id = chain.inventory_id
        JOIN products p ON p.organization_id = i.organization_id AND p.id = i.product_id
        JOIN warehouses w ON w.organization_id = i.organization_id AND w.id = i.warehouse_id
        WHERE chain.balance_after <> chain.balance OR chain.balance_version <> chain.place
        ORDER BY organization, subject, chain.place
        """,
    ),
    Check(
        "each reserved quantity equals its reservations",
        "SELECT count(*) FROM inventory_reservations",
        """
        SELECT o.name AS organization, p.sku || ' in ' || w.name AS subject,
               format('reserved %s, reservations %s', i.quantity_reserved, coalesce(r.quantity, 0)) AS problem
        FROM inventory i
        LEFT JOIN (
            SELECT r.organization_id, r.inventory_id, sum(r.quantity) AS quantity
            FROM inventory_reservations r
            GROUP BY r.organization_id, r.inventory_id
        ) r ON r.organization_id = i.organization_id AND r.inventory_id = i.id
        JOIN organizations o ON o.id = i.organization_id
        JOIN products p ON p.organization_id = i.organization_id AND p.id = i.product_id
        JOIN warehouses w ON w.organization_id = i.organization_id AND w.id = i.warehouse_id
        WHERE i.quantity_reserved <> coalesce(r.quantity, 0)
        ORDER BY organization, subject
        """,
    ),
]
