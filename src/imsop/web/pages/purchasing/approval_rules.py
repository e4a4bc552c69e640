"""Pages of approval rules: the list with its test, and the edit form."""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, NamedTuple, get_args
from uuid import UUID

from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.errors import FieldError
from imsop.core.fields import Amount
from imsop.core.listing import Cursor
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people.queries import find_active_people, list_user_names
from imsop.identity.request import TenantRequest
from imsop.identity.roles import queries as roles
from imsop.identity.roles.permissions import Permission
from imsop.purchasing.approval_rules import actions, queries
from imsop.purchasing.approval_rules.events import (
    APPROVAL_RULE_CHANGED,
    APPROVAL_RULE_CREATED,
    APPROVAL_RULE_DELETED,
)
from imsop.purchasing.approval_rules.models import (
    ApprovalRule,
    ApprovalRuleChanges,
    NewApprovalRule,
    RuleKind,
    RuleStatus,
)
from imsop.purchasing.approvals.rules import Ask, Facts, asks_of
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.editor import Editor, Field, Section
from imsop.web.pages.lists import export, show
from imsop.web.pages.pickers import Picker, Typed, find_row
from imsop.web.places import APPROVAL_RULES

_PERSON = Picker(find_active_people, list_user_names)
EDITOR = Editor(
    place=APPROVAL_RULES,
    new_title=N_("New approval rule"),
    write=Permission.ORGANIZATION_WRITE,
    sections=(
        Section(
            N_("When it asks"),
            (
                Field("kind", N_("Kind"), "choice", options=get_args(RuleKind)),
                Field(
                    "threshold",
                    N_("From"),
                    "price",
                    hint=N_("Of a total: money. Of a price rise: percent. Empty for other kinds."),
                ),
                Field("category", N_("Category"), hint=N_("Of products, for rules of that kind.")),
                Field("status", N_("Status"), "choice", options=get_args(RuleStatus)),
                Field("position", N_("Position"), "number"),
            ),
        ),
        Section(
            N_("Who approves"),
            (
                Field("approver_role_id", N_("Role")),
                Field("approver_user_id", N_("Or a person")),
                Field("deputy_user_id", N_("Deputy")),
            ),
        ),
    ),
    new=NewApprovalRule,
    changes=ApprovalRuleChanges,
    get_row=actions.get_rule,
    create=actions.create_rule,
    edit=actions.edit_rule,
    delete=actions.delete_rule,
    name="kind",
    created=APPROVAL_RULE_CREATED,
    changed=APPROVAL_RULE_CHANGED,
    deleted=APPROVAL_RULE_DELETED,
    pickers={
        "approver_role_id": Picker(roles.find_names, roles.names_of, has_codes=True),
        "approver_user_id": _PERSON,
        "deputy_user_id": _PERSON,
    },
    has_page=False,
)
COLUMNS = (
    Column("kind", N_("Kind")),
    Column("limit", N_("From")),
    Column("approver", N_("Who approves")),
    Column("deputy", N_("Deputy")),
    Column("position", N_("Position"), "number", sort="position"),
    Column("status", N_("Status")),
)


CELLS: dict[str, Callable[[ApprovalRule], object]] = {
    "kind": lambda row: row.kind,
    "threshold": lambda row: row.threshold,
    "category": lambda row: row.category,
    "approver_role_id": lambda row: row.approver_role_id,
    "approver_user_id": lambda row: row.approver_user_id,
    "deputy_user_id": lambda row: row.deputy_user_id,
    "position": lambda row: row.position,
    "status": lambda row: row.status,
    "id": lambda row: row.id,
}


RuleSort = Literal["position", "-position"]


class Tried(NamedTuple):
    """What rules ask of an order of this total, to a supplier known and at known prices, and of whom."""

    asks: list[Ask]
    names: dict[UUID, list[str]]
    errors: list[FieldError]


async def _try(connection: Connection, actor: Actor, total: str, by: str) -> Tried:
    """`by` names who orders; empty for anybody."""
    person = await find_row(connection, actor, _PERSON, by) if by else None
    if isinstance(person, str):
        return Tried([], {}, [FieldError("by", person)])
    rules = await queries.list_active_rules(connection, actor.organization_id)
    facts = Facts(Decimal(total), actor.currency, is_new_supplier=False, lines=())
    asks = asks_of(rules, facts, actor.currency)
    names = await queries.list_named(
        connection, actor.organization_id, [ask.rule.id for ask in asks], person and person[0]
    )
    return Tried(asks, names, [])


@get("/approval-rules", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def approval_rules_page(
    request: TenantRequest,
    total: Amount | None = None,
    by: Typed | None = None,
    sort: RuleSort = "position",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
    saved: bool = False,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(connection, actor, queries.RULES, COLUMNS, sort=sort, cursor=cursor, before=before)
    people = {id_ for row in shown.rows for id_ in (row.approver_user_id, row.deputy_user_id) if id_}
    tried = await _try(connection, actor, total, (by or "").strip()) if total else None
    return render(
        request,
        "pages/purchasing/approval_rules.html",
        status=422 if tried and tried.errors else 200,
        saved=saved,
        shown=shown,
        people=await list_user_names(connection, actor.organization_id, people),
        roles=await roles.names_of(
            connection,
            actor.organization_id,
            {row.approver_role_id for row in shown.rows if row.approver_role_id},
        ),
        tried=tried,
        total=total or "",
        by=by or "",
        own_currency=actor.currency,
    )


@get(
    ["/approval-rules.csv", "/approval-rules.xlsx"],
    opt=allow(Permission.ORGANIZATION_READ),
    include_in_schema=False,
)
async def export_approval_rules(
    request: TenantRequest, sort: RuleSort = "position", decimal: DecimalMark | None = None
) -> Streamed:
    return await export(request, queries.RULES, CELLS, sort=sort, decimal=decimal)


PAGES = [approval_rules_page, export_approval_rules, *EDITOR.routes()]
