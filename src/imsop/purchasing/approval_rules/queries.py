"""SQL of approval rules."""

from collections.abc import Collection
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.purchasing.approval_rules.models import ApprovalRule, NewApprovalRule

_RULES = """
    SELECT r.id, r.kind, r.threshold, r.category, r.approver_role_id, r.approver_user_id, r.deputy_user_id,
           r.position, r.status, r.created_at, r.updated_at
    FROM approval_rules r
    WHERE r.organization_id = $1
"""
RULES = Listing(
    ApprovalRule,
    _RULES,
    filters={},
    sorts={"position": Sort("r.position", "position", int)},
    tiebreak="r.id",
)


async def get_rule(connection: Connection, organization_id: UUID, rule_id: UUID) -> ApprovalRule | None:
    return await fetch_one(connection, ApprovalRule, _RULES + " AND r.id = $2", organization_id, rule_id)


async def list_active_rules(connection: Connection, organization_id: UUID) -> list[ApprovalRule]:
    return await fetch_all(
        connection,
        ApprovalRule,
        _RULES + " AND r.status = 'active' ORDER BY r.position, r.id",
        organization_id,
    )


async def insert_rule(connection: Connection, organization_id: UUID, new: NewApprovalRule) -> UUID:
    rule_id: UUID = await connection.fetchval(
        """
        INSERT INTO approval_rules (organization_id, kind, threshold, category, approver_role_id,
                                    approver_user_id, deputy_user_id, position, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING id
        """,
        organization_id,
        new.kind,
        new.threshold,
        new.category,
        new.approver_role_id,
        new.approver_user_id,
        new.deputy_user_id,
        new.position,
        new.status,
    )
    return rule_id


async def update_rule(connection: Connection, organization_id: UUID, rule: ApprovalRule) -> bool:
    """Writes the rule if its `updated_at` still matches; False otherwise."""
    updated = await connection.fetchval(
        """
        UPDATE approval_rules
        SET kind = $4, threshold = $5, category = $6, approver_role_id = $7, approver_user_id = $8,
            deputy_user_id = $9, position = $10, status = $11
        WHERE organization_id = $1 AND id = $2 AND updated_at = $3
        RETURNING true
        """,
        organization_id,
        rule.id,
        rule.updated_at,
        rule.kind,
        rule.threshold,
        rule.category,
        rule.approver_role_id,
        rule.approver_user_id,
        rule.deputy_user_id,
        rule.position,
        rule.status,
    )
    return bool(updated)


async def delete_rule(connection: Connection, organization_id: UUID, rule_id: UUID) -> None:
    await connection.execute(
        "DELETE FROM approval_rules WHERE organization_id = $1 AND id = $2", organization_id, rule_id
    )


async def list_named(
    connection: Connection, organization_id: UUID, rule_ids: Collection[UUID], ordered_by: UUID | None
) -> dict[UUID, list[str]]:
    """Names of those who may approve by each rule what `ordered_by` drafts and submits."""
    records = await connection.fetch(
        """
        SELECT w.approval_rule_id AS id, w.name FROM rule_approvers w
        WHERE w.organization_id = $1 AND w.approval_rule_id = ANY ($2::uuid[])
          AND w.user_id IS DISTINCT FROM $3
        ORDER BY w.name, w.user_id
        """,
        organization_id,
        list(rule_ids),
        ordered_by,
    )
    found: dict[UUID, list[str]] = {}
    for record in records:
        found.setdefault(record["id"], []).append(record["name"])
    return found
