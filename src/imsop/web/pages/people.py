"""Pages of users, roles and API keys: who may do what."""

from collections.abc import Callable, Collection
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
from litestar import Response, get

from imsop.core.database import Connection
from imsop.core.fields import Text100
from imsop.core.listing import Cursor, PageRequest
from imsop.identity.actor import Actor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.models import ApiKey
from imsop.identity.guard import allow
from imsop.identity.people import actions as people_actions
from imsop.identity.people import queries as people_queries
from imsop.identity.people.models import User, UserStatus
from imsop.identity.request import TenantRequest
from imsop.identity.roles import actions as roles_actions
from imsop.identity.roles import queries as roles_queries
from imsop.identity.roles.models import Role
from imsop.identity.roles.permissions import SYSTEM_ROLES, Permission
from imsop.ui.language import N_, language
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.ui.words import WORDS
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import ROWS, export, show

USER_COLUMNS = (
    Column("email", N_("E-mail address"), sort="email"),
    Column("name", N_("Name")),
    Column("roles", N_("Roles")),
    Column("last_login", N_("Last sign-in"), "date"),
    Column("status", N_("Status")),
)
USER_CELLS: dict[str, Callable[[User], object]] = {
    "email": lambda row: row.email,
    "first_name": lambda row: row.first_name,
    "last_name": lambda row: row.last_name,
    "phone": lambda row: row.phone,
    "status": lambda row: row.status,
    "last_login": lambda row: row.last_login,
    "created_at": lambda row: row.created_at,
    "id": lambda row: row.id,
}
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
KEY_COLUMNS = (
    Column("name", N_("Key"), sort="name"),
    Column("prefix", N_("Prefix")),
    Column("permissions", N_("Permissions")),
    Column("created", N_("Created"), "date", sort="created_at"),
    Column("used", N_("Last used"), "date"),
    Column("revoked", N_("Revoked"), "date"),
)
KEY_CELLS: dict[str, Callable[[ApiKey], object]] = {
    "name": lambda row: row.name,
    "prefix": lambda row: row.prefix,
    "permissions": lambda row: row.permissions,
    "created_at": lambda row: row.created_at,
    "last_used_at": lambda row: row.last_used_at,
    "revoked_at": lambda row: row.revoked_at,
}
MAX_ROLES = PageRequest("name", 500)
_ACTIONS = ("read", "write")

UserSort = Literal["email", "-email"]
NameSort = Literal["name", "-name"]
RoleKind = Literal["system", "own"]
KeySort = Literal["name", "-name", "created_at", "-created_at"]
KeyStatus = Literal["active", "revoked"]


@get("/users", opt=allow(Permission.USERS_READ), include_in_schema=False)
async def users_page(
    request: TenantRequest,
    q: Text100 | None = None,
    status: UserStatus | None = None,
    role_id: UUID | None = None,
    sort: UserSort = "email",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, people_queries.USERS, USER_COLUMNS,
        sort=sort, cursor=cursor, before=before, part=q, status=status, role_id=role_id,
    )  # fmt: skip
    role_names = {role.id: role.name for role in await _roles(connection, actor)}
    return render(
        request,
        "web/users.html",
        shown=shown,
        states=get_args(UserStatus),
        role_names=role_names,
        role_choices=[(str(id_), name) for id_, name in role_names.items()],
    )


@get(["/users.csv", "/users.xlsx"], opt=allow(Permission.USERS_READ), include_in_schema=False)
async def export_users(
    request: TenantRequest,
    q: Text100 | None = None,
    status: UserStatus | None = None,
    role_id: UUID | None = None,
    sort: UserSort = "email",
) -> Streamed:
    return export(
        request, people_queries.USERS, USER_CELLS, sort=sort, part=q, status=status, role_id=role_id
    )


@get("/users/{user_id:uuid}", opt=allow(Permission.USERS_READ), include_in_schema=False)
async def user_page(request: TenantRequest, user_id: UUID) -> Response[bytes]:
    connection, actor = await request.begin()
    user = await people_actions.get_user(connection, actor, user_id)
    held = await roles_queries.list_effective_permissions(connection, actor.organization_id, user_id)
    return render(
        request,
        "web/user.html",
        user=user,
        roles=[role for role in await _roles(connection, actor) if role.id in user.role_ids],
        matrix=_matrix(held),
        crumbs=[Crumb(N_("Users"), "/users")],
    )


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
        sort=sort, cursor=cursor, before=before, **_narrowed_roles(actor, q, kind),
    )  # fmt: skip
    rows = [_spoken(role, actor) for role in shown.rows]
    return render(request, "web/roles.html", shown=shown._replace(rows=rows))


@get(["/roles.csv", "/roles.xlsx"], opt=allow(Permission.ROLES_READ), include_in_schema=False)
async def export_roles(
    request: TenantRequest, q: Text100 | None = None, kind: RoleKind | None = None, sort: NameSort = "name"
) -> Streamed:
    narrowed = _narrowed_roles(request.actor, q, kind)
    return export(request, roles_queries.ROLES, ROLE_CELLS, sort=sort, **narrowed)


def _narrowed_roles(actor: Actor, q: str | None, kind: RoleKind | None) -> dict[str, Any]:
    """What the list is filtered by. System roles are found by what their reader calls them, too."""
    parts = None
    if q is not None:
        speak = language(actor.locale, actor.timezone).gettext
        parts = [q] + [
            name
            for name, (description, _) in SYSTEM_ROLES.items()
            if q.lower() in f"{speak(WORDS[name].label)} {speak(description)}".lower()
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
        "web/role.html",
        role=_spoken(role, actor),
        matrix=_matrix(role.permissions),
        members=members,
        crumbs=[Crumb(N_("Roles"), "/roles")],
    )


@get("/api-keys", opt=allow(Permission.API_KEYS_READ), include_in_schema=False)
async def api_keys_page(
    request: TenantRequest,
    q: Text100 | None = None,
    status: KeyStatus | None = None,
    sort: KeySort = "name",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, credentials_queries.API_KEYS, KEY_COLUMNS,
        sort=sort, cursor=cursor, before=before, part=q, is_revoked=status and status == "revoked",
    )  # fmt: skip
    return render(request, "web/api_keys.html", shown=shown)


@get(["/api-keys.csv", "/api-keys.xlsx"], opt=allow(Permission.API_KEYS_READ), include_in_schema=False)
async def export_api_keys(
    request: TenantRequest, q: Text100 | None = None, status: KeyStatus | None = None, sort: KeySort = "name"
) -> Streamed:
    is_revoked = status and status == "revoked"
    return export(request, credentials_queries.API_KEYS, KEY_CELLS, sort=sort, part=q, is_revoked=is_revoked)


async def _roles(connection: Connection, actor: Actor) -> list[Role]:
    page = await roles_queries.ROLES.page(connection, actor.organization_id, MAX_ROLES)
    return [_spoken(role, actor) for role in page.items]


def _spoken(role: Role, actor: Actor) -> Role:
    """As its reader calls it, if it is the system's; what an organization named is called so by all."""
    if not role.is_system:
        return role
    speak = language(actor.locale, actor.timezone).gettext
    description = role.description and speak(role.description)
    return msgspec.structs.replace(role, name=speak(WORDS[role.name].label), description=description)


def _matrix(held: Collection[str]) -> list[tuple[str, list[bool]]]:
    """By resource: whether reading it is held, and writing it."""
    resources = dict.fromkeys(permission.partition(":")[0] for permission in Permission)
    return [(resource, [f"{resource}:{action}" in held for action in _ACTIONS]) for resource in resources]


PAGES = [
    users_page,
    export_users,
    user_page,
    roles_page,
    export_roles,
    role_page,
    api_keys_page,
    export_api_keys,
]
