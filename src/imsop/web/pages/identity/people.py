"""Pages of users."""

from collections.abc import Callable
from typing import Literal, get_args
from uuid import UUID

from litestar import Response, get

from imsop.core.listing import Cursor
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.guard import allow
from imsop.identity.people import actions as people_actions
from imsop.identity.people import queries as people_queries
from imsop.identity.people.models import User, UserStatus
from imsop.identity.request import TenantRequest
from imsop.identity.roles import queries as roles_queries
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_, DecimalMark
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.identity.roles import list_all_roles, permission_matrix
from imsop.web.pages.lists import export, show

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


UserSort = Literal["email", "-email"]


@get("/users", opt=allow(Permission.USERS_READ), include_in_schema=False)
async def users_page(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: UserStatus | None = None,
    role_id: UUID | None = None,
    sort: UserSort = "email",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, people_queries.USERS, USER_COLUMNS,
        sort=sort, cursor=cursor, before=before, q=spellings_of(q), status=status, role_id=role_id,
    )  # fmt: skip
    role_names = {role.id: role.name for role in await list_all_roles(connection, actor)}
    return render(
        request,
        "pages/identity/users.html",
        shown=shown,
        states=get_args(UserStatus),
        role_names=role_names,
        role_choices=[(str(id_), name) for id_, name in role_names.items()],
    )


@get(["/users.csv", "/users.xlsx"], opt=allow(Permission.USERS_READ), include_in_schema=False)
async def export_users(
    request: TenantRequest,
    q: SearchQuery | None = None,
    status: UserStatus | None = None,
    role_id: UUID | None = None,
    sort: UserSort = "email",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(
        request,
        people_queries.USERS,
        USER_CELLS,
        sort=sort,
        q=spellings_of(q),
        status=status,
        role_id=role_id,
        decimal=decimal,
    )


@get("/users/{user_id:uuid}", opt=allow(Permission.USERS_READ), include_in_schema=False)
async def user_page(request: TenantRequest, user_id: UUID) -> Response[bytes]:
    connection, actor = await request.begin()
    user = await people_actions.get_user(connection, actor, user_id)
    held = await roles_queries.list_effective_permissions(connection, actor.organization_id, user_id)
    return render(
        request,
        "pages/identity/user.html",
        user=user,
        roles=[role for role in await list_all_roles(connection, actor) if role.id in user.role_ids],
        matrix=permission_matrix(held),
        crumbs=[Crumb(N_("Users"), "/users")],
    )


PAGES = [users_page, export_users, user_page]
