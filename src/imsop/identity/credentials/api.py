"""Routes of sessions and API keys."""

from typing import Literal
from uuid import UUID

from litestar import delete, get, post

from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.credentials import actions, queries
from imsop.identity.credentials.events import API_KEY_CREATED, API_KEY_REVOKED
from imsop.identity.credentials.models import ApiKey, CreatedApiKey, NewApiKey, Session
from imsop.identity.guard import OWN, allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission


@get("/me/sessions", opt=OWN)
async def list_my_sessions(request: TenantRequest) -> Page[Session]:
    """Your sessions, newest first."""
    connection, actor = await request.begin()
    sessions = await queries.list_sessions(
        connection, actor.organization_id, actor.user_id, actor.credential_id
    )
    return Page(sessions, None)


@delete("/me/sessions/{session_id:uuid}", opt=OWN)
async def end_my_session(request: TenantRequest, session_id: UUID) -> None:
    """End one of your sessions."""
    connection, actor = await request.begin()
    await actions.end_session(connection, actor, session_id)


@get("/api-keys", opt=allow(Permission.API_KEYS_READ))
async def list_api_keys(
    request: TenantRequest,
    sort: Literal["name", "-name"] = "name",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[ApiKey]:
    connection, actor = await request.begin()
    return await queries.API_KEYS.page(connection, actor.organization_id, PageRequest(sort, limit, cursor))


@post("/api-keys", opt=allow(Permission.API_KEYS_WRITE, replies_kept=False, emits=(API_KEY_CREATED,)))
async def create_api_key(request: TenantRequest, data: NewApiKey) -> CreatedApiKey:
    """Create a key with some of your permissions. The key is only contained in this response."""
    connection, actor = await request.begin()
    return await actions.create_api_key(connection, actor, data)


@get("/api-keys/{api_key_id:uuid}", opt=allow(Permission.API_KEYS_READ))
async def get_api_key(request: TenantRequest, api_key_id: UUID) -> ApiKey:
    connection, actor = await request.begin()
    return await actions.get_api_key(connection, actor, api_key_id)


@delete("/api-keys/{api_key_id:uuid}", opt=allow(Permission.API_KEYS_WRITE, emits=(API_KEY_REVOKED,)))
async def revoke_api_key(request: TenantRequest, api_key_id: UUID) -> None:
    """Revoke a key. It stops working at once and stays in the list."""
    connection, actor = await request.begin()
    await actions.revoke_api_key(connection, actor, api_key_id)


ROUTES = [
    list_my_sessions,
    end_my_session,
    list_api_keys,
    create_api_key,
    get_api_key,
    revoke_api_key,
]
