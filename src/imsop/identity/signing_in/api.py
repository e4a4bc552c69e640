"""Routes of sign-in, sign-up and sign-out."""

from typing import Any

from litestar import Request, delete, post

from imsop.core.errors import Forbidden
from imsop.identity.credentials import actions as credentials_actions
from imsop.identity.guard import OWN, public
from imsop.identity.organizations.events import ORGANIZATION_CREATED
from imsop.identity.organizations.models import NewOrganization
from imsop.identity.request import TenantRequest, client_address
from imsop.identity.signing_in import actions as signing_in_actions
from imsop.identity.signing_in.models import AccessToken, Credentials, SignedUp


@post("/auth/token", status_code=200, opt=public(401, 403, 429, replies_kept=False))
async def create_access_token(request: Request[Any, Any, Any], data: Credentials) -> AccessToken:
    """Sign in with e-mail and password; use the token as `Authorization: Bearer …`."""
    token, lifetime = await signing_in_actions.sign_in(
        request.app.state.pool,
        request.app.state.settings,
        data,
        kind="bearer",
        address=client_address(request.scope),
        user_agent=request.headers.get("user-agent"),
    )
    return AccessToken(token, "Bearer", lifetime)


@post("/organizations", opt=public(403, 409, 429, replies_kept=False, emits=(ORGANIZATION_CREATED,)))
async def create_organization(request: Request[Any, Any, Any], data: NewOrganization) -> SignedUp:
    """Sign up an organization with its first administrator.

    It takes no Idempotency-Key and needs none: repeated with the same name, address and password, it returns
    what the first request created.
    """
    if not request.app.state.settings.sign_up:
        raise Forbidden("sign-up is closed here; ask whoever operates this installation")
    pool, settings, address = (
        request.app.state.pool,
        request.app.state.settings,
        client_address(request.scope),
    )
    await signing_in_actions.count_address_attempt(pool, settings, address)
    return await signing_in_actions.sign_up(pool, settings, data, address=address)


@delete("/auth/token", opt=OWN)
async def revoke_access_token(request: TenantRequest) -> None:
    """Sign out: revoke the token of this request."""
    connection, actor = await request.begin()
    await credentials_actions.end_session(connection, actor, actor.credential_id)


ROUTES = [
    create_access_token,
    create_organization,
    revoke_access_token,
]
