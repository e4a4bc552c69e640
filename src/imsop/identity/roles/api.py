"""Routes of roles and permissions."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post

from imsop.core.fields import ShortName
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles import actions, queries
from imsop.identity.roles.events import ROLE_CHANGED, ROLE_CREATED, ROLE_DELETED
from imsop.identity.roles.models import NewRole, PermissionRow, Role, RoleChanges
from imsop.identity.roles.permissions import Permission


@get("/roles", opt=allow(Permission.ROLES_READ))
async def list_roles(
    request: TenantRequest,
    name: ShortName | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Role]:
    connection, actor = await request.begin()
    return await queries.ROLES.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), name=name
    )


@post("/roles", opt=allow(Permission.ROLES_WRITE, 409, emits=(ROLE_CREATED,)), response_headers=CREATED)
async def create_role(request: TenantRequest, data: NewRole) -> Response[Role]:
    connection, actor = await request.begin()
    return created(await actions.create_role(connection, actor, data), "/api/v1/roles")


@get("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_READ), response_headers=VERSIONED)
async def get_role(request: TenantRequest, role_id: UUID) -> Response[Role]:
    connection, actor = await request.begin()
    return versioned(await actions.get_role(connection, actor, role_id))


@patch(
    "/roles/{role_id:uuid}",
    opt=allow(Permission.ROLES_WRITE, 409, 412, 428, emits=(ROLE_CHANGED,)),
    response_headers=VERSIONED,
)
async def edit_role(
    request: TenantRequest, role_id: UUID, data: RoleChanges, if_match: IfMatch
) -> Response[Role]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_role(connection, actor, role_id, data, if_match))


@delete("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_WRITE, 409, emits=(ROLE_DELETED,)))
async def delete_role(request: TenantRequest, role_id: UUID) -> None:
    """Delete a custom role that no user has."""
    connection, actor = await request.begin()
    await actions.delete_role(connection, actor, role_id)


@get("/permissions", opt=allow(Permission.ROLES_READ))
async def list_permissions(request: TenantRequest) -> Page[PermissionRow]:
    """All permissions; the same for all organizations."""
    connection, _ = await request.begin()
    return Page(await queries.list_permissions(connection), None)


ROUTES = [
    list_roles,
    create_role,
    get_role,
    edit_role,
    delete_role,
    list_permissions,
]
