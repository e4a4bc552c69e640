"""Routes of users and of the caller's account."""

from typing import Literal
from uuid import UUID

from litestar import Response, delete, get, patch, post
from msgspec import UNSET

from imsop.core.fields import Email
from imsop.core.http import CREATED, VERSIONED, IfMatch, created, versioned
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.core.searching import SearchQuery, spellings_of
from imsop.identity.credentials.events import API_KEY_REVOKED
from imsop.identity.guard import OWN, allow, own
from imsop.identity.people import account, actions, queries
from imsop.identity.people.events import USER_CHANGED, USER_CREATED, USER_DELETED
from imsop.identity.people.models import NewUser, OwnChanges, PasswordChange, User, UserChanges, UserStatus
from imsop.identity.people.passwords import hash_password
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.identity.signing_in.actions import limited_guessing


@get("/me", opt=OWN, response_headers=VERSIONED)
async def get_me(request: TenantRequest) -> Response[User]:
    """Your own account."""
    connection, actor = await request.begin()
    return versioned(await actions.get_user(connection, actor, actor.user_id))


@patch("/me", opt=own(412, 428, emits=(USER_CHANGED,)), response_headers=VERSIONED)
async def edit_me(request: TenantRequest, data: OwnChanges, if_match: IfMatch) -> Response[User]:
    connection, actor = await request.begin()
    return versioned(await account.edit_own_account(connection, actor, data, if_match))


@post(
    "/me/password",
    status_code=204,
    opt=own(409, 429, replies_kept=False, emits=(USER_CHANGED, API_KEY_REVOKED)),
)
async def change_my_password(request: TenantRequest, data: PasswordChange) -> None:
    """Change your password. All your other sessions end; your API keys only if you ask for it."""
    state = request.app.state
    known_hash, new_hash = await account.check_password_change(
        state.pool, state.settings, request.actor, data
    )
    connection, actor = await request.begin()
    await account.change_password(
        connection, actor, known_hash, new_hash, revoke_api_keys=data.revoke_api_keys
    )


@get("/users", opt=allow(Permission.USERS_READ))
async def list_users(
    request: TenantRequest,
    q: SearchQuery | None = None,
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
        q=spellings_of(q),
        status=status,
        email=email.lower() if email else None,
    )


@post("/users", opt=allow(Permission.USERS_WRITE, 409, 429, emits=(USER_CREATED,)), response_headers=CREATED)
async def create_user(request: TenantRequest, data: NewUser) -> Response[User]:
    password_hash = await hash_password(data.password, cost=request.app.state.settings.bcrypt_cost)
    async with limited_guessing(request):
        connection, actor = await request.begin()
        return created(await actions.create_user(connection, actor, data, password_hash), "/api/v1/users")


@get("/users/{user_id:uuid}", opt=allow(Permission.USERS_READ), response_headers=VERSIONED)
async def get_user(request: TenantRequest, user_id: UUID) -> Response[User]:
    connection, actor = await request.begin()
    return versioned(await actions.get_user(connection, actor, user_id))


@patch(
    "/users/{user_id:uuid}",
    opt=allow(Permission.USERS_WRITE, 409, 412, 428, 429, emits=(USER_CHANGED, API_KEY_REVOKED)),
    response_headers=VERSIONED,
)
async def edit_user(
    request: TenantRequest,
    user_id: UUID,
    data: UserChanges,
    if_match: IfMatch,
) -> Response[User]:
    """Change a user. A new password or leaving status `active` ends the user's sessions.

    A new password also revokes the API keys that the user created.
    """
    password_hash = None
    if data.password is not UNSET:
        password_hash = await hash_password(data.password, cost=request.app.state.settings.bcrypt_cost)
    async with limited_guessing(request):
        connection, actor = await request.begin()
        return versioned(await actions.edit_user(connection, actor, user_id, data, password_hash, if_match))


@delete(
    "/users/{user_id:uuid}", opt=allow(Permission.USERS_WRITE, 409, emits=(USER_DELETED, API_KEY_REVOKED))
)
async def archive_user(request: TenantRequest, user_id: UUID) -> None:
    """Archive an account. History keeps the user's name; the address becomes free."""
    connection, actor = await request.begin()
    await actions.archive_user(connection, actor, user_id)


ROUTES = [
    get_me,
    edit_me,
    change_my_password,
    list_users,
    create_user,
    get_user,
    edit_user,
    archive_user,
]
