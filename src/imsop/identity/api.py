"""Routes of identity: sign-in, the own organization, users, roles, permissions, API keys."""

from typing import Any, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from msgspec import UNSET

from imsop.core.errors import Forbidden, NotFound
from imsop.core.fields import Email, ShortName
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity import (
    account_actions,
    actions,
    credential_queries,
    queries,
    role_queries,
    sign_in_actions,
)
from imsop.identity.guard import OWN, allow, own, public
from imsop.identity.models import (
    AccessToken,
    ApiKey,
    CreatedApiKey,
    Credentials,
    NewApiKey,
    NewOrganization,
    NewRole,
    NewUser,
    Organization,
    OrganizationChanges,
    OwnChanges,
    PasswordChange,
    PermissionRow,
    Role,
    RoleChanges,
    Session,
    SignedUp,
    User,
    UserChanges,
    UserStatus,
)
from imsop.identity.passwords import hash_password
from imsop.identity.permissions import Permission
from imsop.identity.request import TenantRequest, client_address


@post("/auth/token", status_code=200, opt=public(401, 403, 429, replies_kept=False))
async def create_access_token(request: Request[Any, Any, Any], data: Credentials) -> AccessToken:
    """Sign in with e-mail and password; use the token as `Authorization: Bearer …`."""
    token, lifetime = await sign_in_actions.sign_in(
        request.app.state.pool,
        request.app.state.settings,
        data,
        kind="bearer",
        address=client_address(request.scope),
        user_agent=request.headers.get("user-agent"),
    )
    return AccessToken(token, "Bearer", lifetime)


@post("/organizations", opt=public(403, 409, 429, replies_kept=False))
async def create_organization(request: Request[Any, Any, Any], data: NewOrganization) -> SignedUp:
    """Sign up an organization with its first administrator.

    It takes no Idempotency-Key and needs none: repeated with the same name, address and password, it is
    answered with what it created.
    """
    if not request.app.state.settings.sign_up:
        raise Forbidden("sign-up is closed here; ask whoever operates this installation")
    pool, settings, address = (
        request.app.state.pool,
        request.app.state.settings,
        client_address(request.scope),
    )
    await sign_in_actions.count_address_attempt(pool, settings, address)
    return await sign_in_actions.sign_up(pool, settings, data, address=address)


@delete("/auth/token", opt=OWN)
async def revoke_access_token(request: TenantRequest) -> None:
    """Sign out: revoke the token that this request carries."""
    connection, actor = await request.begin()
    await account_actions.end_session(connection, actor, actor.credential_id)


@get("/me", opt=OWN, response_headers=VERSIONED)
async def get_me(request: TenantRequest) -> Response[User]:
    """Your own account."""
    connection, actor = await request.begin()
    return versioned(await actions.get_user(connection, actor, actor.user_id))


@patch("/me", opt=own(412, 428), response_headers=VERSIONED)
async def edit_me(request: TenantRequest, data: OwnChanges, if_match: IfMatch) -> Response[User]:
    connection, actor = await request.begin()
    return versioned(await account_actions.edit_own_account(connection, actor, data, if_match))


@post("/me/password", status_code=204, opt=own(409, 429, replies_kept=False))
async def change_my_password(request: TenantRequest, data: PasswordChange) -> None:
    """Change your password. You are signed out everywhere else."""
    state = request.app.state
    known_hash, new_hash = await account_actions.check_password_change(
        state.pool, state.settings, request.actor, data
    )
    connection, actor = await request.begin()
    await account_actions.change_password(connection, actor, known_hash, new_hash)


@get("/me/sessions", opt=OWN)
async def list_my_sessions(request: TenantRequest) -> Page[Session]:
    """Your sessions, newest first."""
    connection, actor = await request.begin()
    sessions = await credential_queries.list_sessions(
        connection, actor.organization_id, actor.user_id, actor.credential_id
    )
    return Page(sessions, None)


@delete("/me/sessions/{session_id:uuid}", opt=OWN)
async def end_my_session(request: TenantRequest, session_id: UUID) -> None:
    """End one of your sessions."""
    connection, actor = await request.begin()
    await account_actions.end_session(connection, actor, session_id)


@get("/organizations", opt=allow(Permission.ORGANIZATION_READ))
async def list_organizations(request: TenantRequest) -> Page[Organization]:
    """The organizations you can see: your own."""
    connection, actor = await request.begin()
    organization = await queries.get_organization(connection, actor.organization_id)
    return Page([organization] if organization else [], None)


@get(
    "/organizations/{organization_id:uuid}",
    opt=allow(Permission.ORGANIZATION_READ),
    response_headers=VERSIONED,
)
async def get_organization(request: TenantRequest, organization_id: UUID) -> Response[Organization]:
    connection, _ = await request.begin()
    organization = await queries.get_organization(connection, organization_id)
    if organization is None:
        raise NotFound("no organization with this id")
    return versioned(organization)


@patch(
    "/organizations/{organization_id:uuid}",
    opt=allow(Permission.ORGANIZATION_WRITE, 409, 412, 428),
    response_headers=VERSIONED,
)
async def edit_organization(
    request: TenantRequest, organization_id: UUID, data: OrganizationChanges, if_match: IfMatch
) -> Response[Organization]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_organization(connection, actor, organization_id, data, if_match))


@get("/users", opt=allow(Permission.USERS_READ))
async def list_users(
    request: TenantRequest,
    status: UserStatus | None = None,
    email: Email | None = None,
    sort: Literal["email", "-email"] = "email",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[User]:
    connection, actor = await request.begin()
    return await queries.USERS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        status=status,
        email=email.lower() if email else None,
    )


@post("/users", opt=allow(Permission.USERS_WRITE, 409), response_headers=CREATED)
async def create_user(request: TenantRequest, data: NewUser) -> Response[User]:
    password_hash = await hash_password(data.password, cost=request.app.state.settings.bcrypt_cost)
    connection, actor = await request.begin()
    return created(await actions.create_user(connection, actor, data, password_hash), "/api/v1/users")


@get("/users/{user_id:uuid}", opt=allow(Permission.USERS_READ), response_headers=VERSIONED)
async def get_user(request: TenantRequest, user_id: UUID) -> Response[User]:
    connection, actor = await request.begin()
    return versioned(await actions.get_user(connection, actor, user_id))


@patch("/users/{user_id:uuid}", opt=allow(Permission.USERS_WRITE, 409, 412, 428), response_headers=VERSIONED)
async def edit_user(
    request: TenantRequest,
    user_id: UUID,
    data: UserChanges,
    if_match: IfMatch,
) -> Response[User]:
    """Change a user. A new password or leaving status `active` ends the user's sessions."""
    password_hash = None
    if data.password is not UNSET:
        password_hash = await hash_password(data.password, cost=request.app.state.settings.bcrypt_cost)
    connection, actor = await request.begin()
    return versioned(await actions.edit_user(connection, actor, user_id, data, password_hash, if_match))


@delete("/users/{user_id:uuid}", opt=allow(Permission.USERS_WRITE, 409))
async def archive_user(request: TenantRequest, user_id: UUID) -> None:
    """Archive an account. What the user did keeps the user's name; the address becomes free."""
    connection, actor = await request.begin()
    await actions.archive_user(connection, actor, user_id)


@get("/roles", opt=allow(Permission.ROLES_READ))
async def list_roles(
    request: TenantRequest,
    name: ShortName | None = None,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Role]:
    connection, actor = await request.begin()
    return await role_queries.ROLES.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor), name=name
    )


@post("/roles", opt=allow(Permission.ROLES_WRITE, 409), response_headers=CREATED)
async def create_role(request: TenantRequest, data: NewRole) -> Response[Role]:
    connection, actor = await request.begin()
    return created(await actions.create_role(connection, actor, data), "/api/v1/roles")


@get("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_READ), response_headers=VERSIONED)
async def get_role(request: TenantRequest, role_id: UUID) -> Response[Role]:
    connection, actor = await request.begin()
    return versioned(await actions.get_role(connection, actor, role_id))


@patch("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_WRITE, 409, 412, 428), response_headers=VERSIONED)
async def edit_role(
    request: TenantRequest, role_id: UUID, data: RoleChanges, if_match: IfMatch
) -> Response[Role]:
    connection, actor = await request.begin()
    return versioned(await actions.edit_role(connection, actor, role_id, data, if_match))


@delete("/roles/{role_id:uuid}", opt=allow(Permission.ROLES_WRITE, 409))
async def delete_role(request: TenantRequest, role_id: UUID) -> None:
    """Delete a custom role that no user has."""
    connection, actor = await request.begin()
    await actions.delete_role(connection, actor, role_id)


@get("/permissions", opt=allow(Permission.ROLES_READ))
async def list_permissions(request: TenantRequest) -> Page[PermissionRow]:
    """All permissions; the same for all organizations."""
    connection, _ = await request.begin()
    return Page(await role_queries.list_permissions(connection), None)


@get("/api-keys", opt=allow(Permission.API_KEYS_READ))
async def list_api_keys(
    request: TenantRequest,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ApiKey]:
    connection, actor = await request.begin()
    return await credential_queries.API_KEYS.page(
        connection, actor.organization_id, PageRequest(sort, limit, cursor)
    )


@post("/api-keys", opt=allow(Permission.API_KEYS_WRITE, replies_kept=False))
async def create_api_key(request: TenantRequest, data: NewApiKey) -> CreatedApiKey:
    """Create a key with some of your permissions. The key is shown in this reply only."""
    connection, actor = await request.begin()
    return await actions.create_api_key(connection, actor, data)


@get("/api-keys/{api_key_id:uuid}", opt=allow(Permission.API_KEYS_READ))
async def get_api_key(request: TenantRequest, api_key_id: UUID) -> ApiKey:
    connection, actor = await request.begin()
    return await actions.get_api_key(connection, actor, api_key_id)


@delete("/api-keys/{api_key_id:uuid}", opt=allow(Permission.API_KEYS_WRITE))
async def revoke_api_key(request: TenantRequest, api_key_id: UUID) -> None:
    """Revoke a key. It stops working at once and stays in the list."""
    connection, actor = await request.begin()
    await actions.revoke_api_key(connection, actor, api_key_id)


ROUTES = [
    create_access_token,
    revoke_access_token,
    create_organization,
    get_me,
    edit_me,
    change_my_password,
    list_my_sessions,
    end_my_session,
    list_organizations,
    get_organization,
    edit_organization,
    list_users,
    create_user,
    get_user,
    edit_user,
    archive_user,
    list_roles,
    create_role,
    get_role,
    edit_role,
    delete_role,
    list_permissions,
    list_api_keys,
    create_api_key,
    get_api_key,
    revoke_api_key,
]
