"""Routes of approval rules."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approval_rules import actions, queries
from imsop.purchasing.approval_rules.events import (
    APPROVAL_RULE_CHANGED,
    APPROVAL_RULE_CREATED,
    APPROVAL_RULE_DELETED,
)
from imsop.purchasing.approval_rules.models import ApprovalRule, ApprovalRuleChanges, NewApprovalRule


@get("/approval-rules", opt=allow(Permission.ORGANIZATION_READ))
async def list_approval_rules(
    request: TenantRequest,
    sort: Literal["position", "-position"] = "position",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ApprovalRule]:
    """When purchase orders need an approval, and whose."""
    connection, actor = await request.begin()
    return await queries.RULES.page(connection, actor.organization_id, PageRequest(sort, limit, cursor))


@post(
    "/approval-rules",
    opt=allow(Permission.ORGANIZATION_WRITE, emits=(APPROVAL_RULE_CREATED,)),
    response_headers=CREATED,
)
async def create_approval_rule(request: TenantRequest, data: NewApprovalRule) -> Response[ApprovalRule]:
    connection, actor = await request.begin()
    return created(await actions.create_rule(connection, actor, data), "/api/v1/approval-rules")


@get(
    "/approval-rules/{rule_id:uuid}",
    opt=allow(Permission.ORGANIZATION_READ),
    response_headers=VERSIONED,
)
async def get_approval_rule(request: TenantRequest, rule_id: UUID) -> Response[ApprovalRule]:
    connection, actor = await request.begin()
    return versioned(await actions.get_rule(connection, actor, rule_id))


@patch(
    "/approval-rules/{rule_id:uuid}",
    opt=allow(Permission.ORGANIZATION_WRITE, 412, 428, emits=(APPROVAL_RULE_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_approval_rule(
    request: TenantRequest, rule_id: UUID, data: ApprovalRuleChanges, if_match: IfMatch
) -> Response[ApprovalRule]:
    """Edit a rule; approvals that it asked for already are its approver's as edited."""
    connection, actor = await request.begin()
    return versioned(await actions.edit_rule(connection, actor, rule_id, data, if_match))


@delete(
    "/approval-rules/{rule_id:uuid}",
    opt=allow(Permission.ORGANIZATION_WRITE, 409, emits=(APPROVAL_RULE_DELETED,)),
)
async def delete_approval_rule(request: TenantRequest, rule_id: UUID) -> None:
    """Delete a rule that never asked; make one that did inactive (`status`)."""
    connection, actor = await request.begin()
    await actions.delete_rule(connection, actor, rule_id)


ROUTES = [
    list_approval_rules,
    create_approval_rule,
    get_approval_rule,
    edit_approval_rule,
    delete_approval_rule,
]
