"""Pages of roles and their permissions."""

from collections.abc import Callable, Collection
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.fields import Text100
from imsop.core.listing import Cursor, PageRequest
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.people import queries as people_queries
from imsop.identity.request import TenantRequest
from imsop.identity.roles import actions as roles_actions
from imsop.identity.roles import queries as roles_queries
from imsop.identity.roles.models import Role
from imsop.identity.roles.permissions import SYSTEM_ROLES, Permission
from imsop.ui.language import N_, DecimalMark, get_language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import ROWS, export, show

ROLE_COLUMNS = (
    Column("name", N_("Role"), sort="name"),
    Column("description", N_("Description")),
    Column("permissions", N_("Permissions"), "number"),
    Column("kind", N_("Type")),
)


ROLE_CELLS: dict[str, Callable[[Role], object]] = {
    "name": lambda row: row.name,
    "description": lambda row: row.description,
    "is_system": lambda row: row.is_system,
    "permissions": lambda row: row.permissions,
    "id": lambda row: row.id,
}


MAX_ROLES = PageRequest("name", 500)


_ACTIONS = ("read", "write", "approve")


NameSort = Literal["name", "-name"]


RoleKind = Literal["system", "own"]


@get("/roles", opt=allow(Permission.ROLES_READ), include_in_schema=False)
async def roles_page(
    request: TenantRequest,
    q: Text100 | None = None,
    kind: RoleKind | None = None,
    sort: NameSort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, roles_queries.ROLES, ROLE_COLUMNS,
        sort=sort, cursor=cursor, before=before, **_role_filters(actor, q, kind),
    )  # fmt: skip
    rows = [translated_role(role, actor) for role in shown.rows]
    return render(request, "pages/identity/roles.html", shown=shown._replace(rows=rows))


@get(["/roles.csv", "/roles.xlsx"], opt=allow(Permission.ROLES_READ), include_in_schema=False)
async def export_roles(
    request: TenantRequest,
    q: Text100 | None = None,
    kind: RoleKind | None = None,
    sort: NameSort = "name",
    decimal: DecimalMark | None = None,
) -> Streamed:
    filters = _role_filters(request.actor, q, kind)
    return await export(request, roles_queries.ROLES, ROLE_CELLS, sort=sort, **filters, decimal=decimal)


def _role_filters(actor: Actor, q: str | None, kind: RoleKind | None) -> dict[str, Any]:
    """Query filters of the list. System roles are also found by their translated name."""
    parts = None
    if q is not None:
        gettext = get_language(actor.locale, actor.timezone).gettext
        parts = [q] + [
            name
            for name, (description, _) in SYSTEM_ROLES.items()
            if q.lower() in f"{gettext(WORDS[name].label)} {gettext(description)}".lower()
        ]
    return {"parts": parts, "is_system": kind and kind == "system"}


@get("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_READ), include_in_schema=False)
async def role_page(
    request: TenantRequest,
    role_id: UUID,
    cursor: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    role = await roles_actions.get_role(connection, actor, role_id)
    members = None
    if Permission.USERS_READ in actor.permissions:
        members = await people_queries.USERS.page(
            connection, actor.organization_id, PageRequest("email", ROWS, cursor), role_id=role_id
        )
    return render(
        request,
        "pages/identity/role.html",
        role=translated_role(role, actor),
        matrix=permission_matrix(role.permissions),
        members=members,
        crumbs=[Crumb(N_("Roles"), "/roles")],
    )


async def list_all_roles(connection: Connection, actor: Actor) -> list[Role]:
    page = await roles_queries.ROLES.page(connection, actor.organization_id, MAX_ROLES)
    return [translated_role(role, actor) for role in page.items]


def translated_role(role: Role, actor: Actor) -> Role:
    """A system role with its translated name and description; custom roles unchanged."""
    if not role.is_system:
        return role
    gettext = get_language(actor.locale, actor.timezone).gettext
    description = role.description and gettext(role.description)
    return msgspec.structs.replace(role, name=gettext(WORDS[role.name].label), description=description)


def permission_matrix(held: Collection[str]) -> list[tuple[str, list[bool | None]]]:
    """For each resource: whether each action is permitted; None if there is none such."""
    known = {str(permission) for permission in Permission}
    resources = dict.fromkeys(permission.partition(":")[0] for permission in Permission)
    return [
        (
            resource,
            [name in held if (name := f"{resource}:{action}") in known else None for action in _ACTIONS],
        )
        for resource in resources
    ]


PAGES = [roles_page, export_roles, role_page]
