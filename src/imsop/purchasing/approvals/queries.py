"""SQL of what approval rules asked of orders, and what was decided."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.approvals.models import Approver, Asked, Decision
from imsop.purchasing.approvals.rules import Ask, Facts, LineFacts


class OrderFacts(Struct, frozen=True):
    """What rules ask about an order, without its lines."""

    total_amount: Decimal
    currency: str
    is_new_supplier: bool


async def get_facts(connection: Connection, organization_id: UUID, order_id: UUID) -> Facts:
    """The order as rules see it; orders that are cancelled do not count as orders to its supplier."""
    order = await fetch_one(
        connection,
        OrderFacts,
        """
        SELECT o.total_amount, o.currency, NOT EXISTS (
            SELECT FROM purchase_orders x
            WHERE x.organization_id = $1 AND x.supplier_id = o.supplier_id AND x.id <> o.id
              AND x.status IN ('submitted', 'confirmed', 'shipped', 'received')) AS is_new_supplier
        FROM purchase_orders o
        WHERE o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
    )
    if order is None:
        raise RuntimeError("an order that is locked is not there")
    lines = await fetch_all(
        connection,
        LineFacts,
        """
        SELECT coalesce(i.sku, p.sku) AS sku, p.category,
               coalesce(i.confirmed_unit_price, i.unit_price) AS unit_price, i.line_total,
               last.unit_price AS last_price, last.currency AS last_currency
        FROM purchase_orders o
        JOIN purchase_order_items i ON i.organization_id = $1 AND i.purchase_order_id = o.id
        JOIN products p ON p.organization_id = $1 AND p.id = i.product_id
        LEFT JOIN LATERAL (
            SELECT coalesce(n.confirmed_unit_price, n.unit_price) AS unit_price, x.currency
            FROM purchase_order_items n
            JOIN purchase_orders x ON x.organization_id = $1 AND x.id = n.purchase_order_id
            WHERE n.organization_id = $1 AND n.product_id = i.product_id AND n.unit_price IS NOT NULL
              AND x.supplier_id = o.supplier_id AND x.id <> o.id
              AND x.status IN ('submitted', 'confirmed', 'shipped', 'received')
            ORDER BY x.order_date DESC, x.id DESC, n.line_number DESC
            LIMIT 1
        ) AS last ON true
        WHERE o.organization_id = $1 AND o.id = $2
        ORDER BY i.line_number
        """,
        organization_id,
        order_id,
    )
    return Facts(order.total_amount, order.currency, order.is_new_supplier, lines)


_ASKED = """
    SELECT a.id, a.purchase_order_id, o.po_number, a.round, a.approval_rule_id, a.kind, a.threshold,
           a.category, a.figure, a.sku, a.total_amount, a.currency, a.requested_by, a.requested_at,
           a.decision, a.decided_by, a.decided_at, a.reason
    FROM purchase_order_approvals a
    JOIN purchase_orders o ON o.organization_id = $1 AND o.id = a.purchase_order_id
    WHERE a.organization_id = $1
"""
APPROVALS = Listing(
    Asked,
    _ASKED,
    filters={
        "purchase_order_id": "a.purchase_order_id = {}",
        "waiting": "({}::bool AND a.decision IS NULL)",
        # By the approver and deputy that the rule has now; nobody decides on what they ordered.
        "waiting_for": """(a.decision IS NULL AND a.requested_by <> {0}
            AND o.created_by IS DISTINCT FROM {0} AND EXISTS (
                SELECT FROM approval_rules r
                WHERE r.organization_id = $1 AND r.id = a.approval_rule_id
                  AND ({0} IN (r.approver_user_id, r.deputy_user_id) OR r.approver_role_id IN (
                      SELECT u.role_id FROM user_roles u
                      WHERE u.organization_id = $1 AND u.user_id = {0}))))""",
    },
    sorts={"requested_at": Sort("a.requested_at", "requested_at", datetime)},
    tiebreak="a.id",
)


async def list_last_round(connection: Connection, organization_id: UUID, order_id: UUID) -> list[Asked]:
    """What was asked when the order was last submitted, in the order of the rules; none if nothing was."""
    return await fetch_all(
        connection,
        Asked,
        _ASKED
        + """
          AND a.purchase_order_id = $2 AND a.round = (
              SELECT max(x.round) FROM purchase_order_approvals x
              WHERE x.organization_id = $1 AND x.purchase_order_id = $2)
        ORDER BY a.id
        """,
        organization_id,
        order_id,
    )


async def list_approvers(connection: Connection, organization_id: UUID, order_id: UUID) -> list[Approver]:
    """Who may decide on what nobody decided yet of an order: active users of a rule's role, or its approver
    or deputy, with the permission; never who asked or drafted the order.
    """
    return await fetch_all(
        connection,
        Approver,
        """
        SELECT a.id AS approval_id, u.id AS user_id,
               coalesce(nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email) AS name
        FROM purchase_order_approvals a
        JOIN purchase_orders o ON o.organization_id = $1 AND o.id = a.purchase_order_id
        JOIN approval_rules r ON r.organization_id = $1 AND r.id = a.approval_rule_id
        CROSS JOIN LATERAL (
            SELECT r.approver_user_id UNION SELECT r.deputy_user_id
            UNION SELECT x.user_id FROM user_roles x
                  WHERE x.organization_id = $1 AND x.role_id = r.approver_role_id
        ) AS named (user_id)
        JOIN users u ON u.organization_id = $1 AND u.id = named.user_id
        WHERE a.organization_id = $1 AND a.purchase_order_id = $2 AND a.decision IS NULL
          AND u.status = 'active' AND u.deleted_at IS NULL
          AND u.id <> a.requested_by AND u.id IS DISTINCT FROM o.created_by
          AND EXISTS (SELECT FROM effective_permissions e WHERE e.organization_id = $1 AND e.user_id = u.id
                      AND e.permission = 'purchase_orders:approve')
        ORDER BY r.position, a.id, name, u.id
        """,
        organization_id,
        order_id,
    )


async def is_own_order(connection: Connection, organization_id: UUID, order_id: UUID, user_id: UUID) -> bool:
    """Whether the user drafted the order, or asked for its approval last."""
    own: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM purchase_orders o
                       WHERE o.organization_id = $1 AND o.id = $2 AND o.created_by = $3)
            OR EXISTS (SELECT FROM purchase_order_approvals a
                       WHERE a.organization_id = $1 AND a.purchase_order_id = $2 AND a.requested_by = $3
                         AND a.decision IS NULL)
        """,
        organization_id,
        order_id,
        user_id,
    )
    return own


async def insert_asked(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    asks: Sequence[Ask],
    total_amount: Decimal,
    currency: str,
    requested_by: UUID,
) -> None:
    """Stores what rules ask, as the order's next round; the caller has locked the order."""
    await connection.execute(
        """
        INSERT INTO purchase_order_approvals (organization_id, purchase_order_id, round, approval_rule_id,
                                              kind, threshold, category, figure, sku, total_amount, currency,
                                              requested_by)
        SELECT $1, $2, 1 + coalesce((SELECT max(x.round) FROM purchase_order_approvals x
                                     WHERE x.organization_id = $1 AND x.purchase_order_id = $2), 0),
               ask.rule_id, ask.kind, ask.threshold, ask.category, ask.figure, ask.sku, $9, $10, $11
        FROM unnest($3::uuid[], $4::text[], $5::numeric[], $6::text[], $7::numeric[], $8::text[])
             WITH ORDINALITY AS ask (rule_id, kind, threshold, category, figure, sku, number)
        ORDER BY ask.number
        """,
        organization_id,
        order_id,
        [ask.rule.id for ask in asks],
        [ask.rule.kind for ask in asks],
        [ask.rule.threshold for ask in asks],
        [ask.rule.category for ask in asks],
        [ask.figure for ask in asks],
        [ask.sku for ask in asks],
        total_amount,
        currency,
        requested_by,
    )


async def decide(
    connection: Connection,
    organization_id: UUID,
    order_id: UUID,
    approval_ids: Collection[UUID],
    decision: Decision,
    decided_by: UUID,
    reason: str | None = None,
) -> None:
    """Decides on these approvals of an order, as far as nobody has; the caller has locked the order."""
    await connection.execute(
        """
        UPDATE purchase_order_approvals
        SET decision = $4, decided_by = $5, decided_at = now(), reason = $6
        WHERE organization_id = $1 AND purchase_order_id = $2 AND id = ANY ($3::uuid[])
          AND decision IS NULL
        """,
        organization_id,
        order_id,
        list(approval_ids),
        decision,
        decided_by,
        reason,
    )
