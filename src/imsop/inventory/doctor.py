"""Integrity checks of stock."""

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
    Check(
        "stock at the end of each day equals its ledger",
        "SELECT count(*) FROM inventory_daily_balances d JOIN organizations o ON o.id = d.organization_id",
        """
        SELECT o.name AS organization, p.sku || ' in ' || w.name AS subject,
               format('end of %s: kept %s, ledger %s', day, d.quantity_on_hand, l.on_hand) AS problem
        FROM (
            SELECT moved.organization_id, moved.inventory_id, moved.day, sum(sum(moved.quantity)) OVER (
                       PARTITION BY moved.organization_id, moved.inventory_id ORDER BY moved.day) AS on_hand
            FROM (
                SELECT t.organization_id, t.inventory_id, t.quantity,
                       (t.occurred_at AT TIME ZONE zone.timezone)::date AS day
                FROM inventory_transactions t
                JOIN organizations zone ON zone.id = t.organization_id
                JOIN (
                    SELECT DISTINCT ON (k.organization_id, k.inventory_id)
                           k.organization_id, k.inventory_id, k.through_version
                    FROM inventory_daily_balances k
                    ORDER BY k.organization_id, k.inventory_id, k.day DESC
                ) AS known ON known.organization_id = t.organization_id
                    AND known.inventory_id = t.inventory_id AND known.through_version >= t.balance_version
            ) AS moved
            GROUP BY moved.organization_id, moved.inventory_id, moved.day
        ) AS l
        FULL JOIN inventory_daily_balances d USING (organization_id, inventory_id, day)
        JOIN organizations o ON o.id = organization_id
        JOIN inventory i ON i.organization_id = o.id AND i.id = inventory_id
        JOIN products p ON p.organization_id = o.id AND p.id = i.product_id
        JOIN warehouses w ON w.organization_id = o.id AND w.id = i.warehouse_id
        WHERE l.on_hand IS DISTINCT FROM d.quantity_on_hand
        ORDER BY organization, subject, day
        """,
    ),
    Check(
        "the daily total of each warehouse equals its daily balances",
        "SELECT count(*) FROM warehouse_daily_totals d JOIN organizations o ON o.id = d.organization_id",
        """
        SELECT o.name AS organization, w.name AS subject,
               format('end of %s: kept %s, balances %s', course.day, course.kept, course.on_hand) AS problem
        FROM (
            SELECT changed.organization_id, changed.warehouse_id, changed.day, max(changed.kept) AS kept,
                   sum(sum(changed.quantity)) OVER (
                       PARTITION BY changed.organization_id, changed.warehouse_id ORDER BY changed.day
                   ) AS on_hand
            FROM (
                SELECT d.organization_id, i.warehouse_id, d.day, NULL::bigint AS kept,
                       d.quantity_on_hand - coalesce(lag(d.quantity_on_hand) OVER (
                           PARTITION BY d.organization_id, d.inventory_id ORDER BY d.day), 0) AS quantity
                FROM inventory_daily_balances d
                JOIN inventory i ON i.organization_id = d.organization_id AND i.id = d.inventory_id
                UNION ALL
                SELECT t.organization_id, t.warehouse_id, t.day, t.quantity_on_hand, 0
                FROM warehouse_daily_totals t
            ) AS changed
            GROUP BY changed.organization_id, changed.warehouse_id, changed.day
        ) AS course
        JOIN organizations o ON o.id = course.organization_id
        JOIN warehouses w ON w.organization_id = o.id AND w.id = course.warehouse_id
        WHERE course.kept IS DISTINCT FROM course.on_hand
        ORDER BY organization, subject, course.day
        """,
    ),
]
