"""Actions of administrators on approval rules."""

from decimal import Decimal
from uuid import UUID

import msgspec

from imsop.core import edits
from imsop.core.database import Connection
from imsop.core.errors import FieldError, InvalidInput, NotFound
from imsop.core.events import Named, emit, emit_changed
from imsop.identity.actor import Actor
from imsop.purchasing.approval_rules import queries
from imsop.purchasing.approval_rules.events import (
    APPROVAL_RULE_CHANGED,
    APPROVAL_RULE_CREATED,
    APPROVAL_RULE_DELETED,
)
from imsop.purchasing.approval_rules.models import ApprovalRule, ApprovalRuleChanges, NewApprovalRule
from imsop.ui.language import N_

_WHAT = N_("approval rule")
_MOST_PERCENT = 100


async def get_rule(connection: Connection, actor: Actor, rule_id: UUID) -> ApprovalRule:
    rule = await queries.get_rule(connection, actor.organization_id, rule_id)
    if rule is None:
        raise NotFound("no approval rule with this id")
    return rule


async def create_rule(connection: Connection, actor: Actor, new: NewApprovalRule) -> ApprovalRule:
    """Adds a rule. Raises InvalidInput naming each field that its kind lacks or has no use for."""
    _require_whole(new)
    rule_id = await queries.insert_rule(connection, actor.organization_id, new)
    await emit(connection, actor, APPROVAL_RULE_CREATED, rule_id, Named(_name(new)))
    return await get_rule(connection, actor, rule_id)


async def edit_rule(
    connection: Connection, actor: Actor, rule_id: UUID, changes: ApprovalRuleChanges, if_match: str
) -> ApprovalRule:
    """Edits a rule; what it asked already stays asked, of its approver as edited.

    Raises NotFound, PreconditionFailed unless its version is `if_match`, InvalidInput as `create_rule`.
    """
    current = await queries.get_rule(connection, actor.organization_id, rule_id)
    current = edits.require_version(current, if_match, _WHAT)
    fields = edits.changed_fields(changes)
    edited = msgspec.convert(
        msgspec.to_builtins(current) | msgspec.to_builtins(fields), ApprovalRule, strict=False
    )
    _require_whole(edited)
    if not await queries.update_rule(connection, actor.organization_id, edited):
        raise edits.changed_meanwhile(_WHAT)
    stored = await get_rule(connection, actor, rule_id)
    await emit_changed(connection, actor, APPROVAL_RULE_CHANGED, _name(stored), current, stored)
    return stored


async def delete_rule(connection: Connection, actor: Actor, rule_id: UUID) -> None:
    """Deletes a rule that never asked. Raises NotFound; Conflict otherwise: make it inactive instead."""
    rule = await get_rule(connection, actor, rule_id)
    await queries.delete_rule(connection, actor.organization_id, rule_id)
    await emit(connection, actor, APPROVAL_RULE_DELETED, rule_id, Named(_name(rule)))


def _name(rule: NewApprovalRule | ApprovalRule) -> str:
    """Such as "total 5000"."""
    limit = rule.category if rule.threshold is None else str(rule.threshold)
    return " ".join(filter(None, (rule.kind.replace("_", " "), limit)))


def _require_whole(rule: NewApprovalRule | ApprovalRule) -> None:
    """Raises InvalidInput unless the rule has what its kind asks by, and one approver."""
    errors = []
    has_threshold = rule.kind in ("total", "price_rise")
    if has_threshold and rule.threshold is None:
        errors.append(FieldError("threshold", "is required"))
    elif not has_threshold and rule.threshold is not None:
        errors.append(FieldError("threshold", "has no meaning for this kind of rule"))
    elif rule.kind == "price_rise" and not 0 < Decimal(rule.threshold or 0) <= _MOST_PERCENT:
        errors.append(FieldError("threshold", "must be more than 0 percent, and 100 at most"))
    if (rule.kind == "category") != (rule.category is not None):
        wrong = "is required" if rule.category is None else "has no meaning for this kind of rule"
        errors.append(FieldError("category", wrong))
    if (rule.approver_role_id is None) == (rule.approver_user_id is None):
        errors.append(FieldError("approver_role_id", "name a role or a person as approver, and not both"))
    if errors:
        raise InvalidInput.of_all(errors)
