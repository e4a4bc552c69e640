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
    SELECT a.id, a.purchase_order_id, o.po_number, o.supplier_id, s.name AS supplier_name, a.round,
           a.approval_rule_id, a.kind, a.threshold, a.category, a.figure, a.sku, a.total_amount, a.currency,
           a.requested_by, a.requested_at, a.decision, a.decided_by, a.decided_at,
           a.total_approved, a.reason
    FROM purchase_order_approvals a
    LEFT JOIN purchase_orders o ON o.organization_id = $1 AND o.id = a.purchase_order_id
    LEFT JOIN suppliers s ON s.organization_id = $1 AND s.id = o.supplier_id
    WHERE a.organization_id = $1
"""
# LEFT JOINs, though every approval is of an order: they let the planner drop them when counting.
APPROVALS = Listing(
    Asked,
    _ASKED,
    filters={
        "purchase_order_id": "a.purchase_order_id = {}",
        "waiting": "({}::bool AND a.decision IS NULL)",
        "waiting_for": """(a.decision IS NULL AND a.id IN (
            SELECT w.approval_id FROM approvers w WHERE w.organization_id = $1 AND w.user_id = {}))""",
    },
    sorts={"requested_at": Sort("a.requested_at", "requested_at", datetime)},
    tiebreak="a.id",
)


class Sum(Struct, frozen=True):
    """How many orders wait for somebody, what they come to in a currency, and since when the oldest does."""

    currency: str
    orders: int
    total_amount: Decimal
    oldest_at: datetime


async def sum_waiting_for(connection: Connection, organization_id: UUID, user_id: UUID) -> list[Sum]:
    """What waits for the user to decide, by currency; an order that several rules ask about counts once."""
    return await fetch_all(
        connection,
        Sum,
        """
        SELECT w.currency, count(*) AS orders, sum(w.total_amount) AS total_amount,
               min(w.requested_at) AS oldest_at
        FROM (
            SELECT DISTINCT ON (a.purchase_order_id) a.currency, a.total_amount, a.requested_at
            FROM approvers w
            JOIN purchase_order_approvals a ON a.organization_id = $1 AND a.id = w.approval_id
            WHERE w.organization_id = $1 AND w.user_id = $2
        ) AS w
        GROUP BY w.currency
        ORDER BY w.currency
        """,
        organization_id,
        user_id,
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
    """Who may decide on what nobody decided yet of an order."""
    return await fetch_all(
        connection,
        Approver,
        """
        SELECT w.approval_id, w.user_id, w.name FROM approvers w
        WHERE w.organization_id = $1 AND w.purchase_order_id = $2
        ORDER BY w.position, w.approval_id, w.name, w.user_id
        """,
        organization_id,
        order_id,
    )


async def is_own_order(connection: Connection, organization_id: UUID, order_id: UUID, user_id: UUID) -> bool:
    """Whether the user drafted the order, or asked for its approval; of what waits."""
    own: bool = await connection.fetchval(
        """
        SELECT EXISTS (SELECT FROM purchase_order_approvals a
                       WHERE a.organization_id = $1 AND a.purchase_order_id = $2 AND a.decision IS NULL
                         AND $3 IN (a.drafted_by, a.requested_by))
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
                                              requested_by, drafted_by)
        SELECT $1, $2, 1 + coalesce((SELECT max(x.round) FROM purchase_order_approvals x
                                     WHERE x.organization_id = $1 AND x.purchase_order_id = $2), 0),
               ask.rule_id, ask.kind, ask.threshold, ask.category, ask.figure, ask.sku, $9, $10, $11,
               (SELECT o.created_by FROM purchase_orders o WHERE o.organization_id = $1 AND o.id = $2)
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
        UPDATE purchase_order_approvals a
        SET decision = $4::text, decided_by = $5, decided_at = now(), reason = $6,
            total_approved = CASE WHEN $4::text = 'approved' THEN o.total_amount END
        FROM purchase_orders o
        WHERE a.organization_id = $1 AND a.purchase_order_id = $2 AND a.id = ANY ($3::uuid[])
          AND a.decision IS NULL AND o.organization_id = $1 AND o.id = $2
        """,
        organization_id,
        order_id,
        list(approval_ids),
        decision,
        decided_by,
        reason,
    )
