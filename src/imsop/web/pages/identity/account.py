"""Pages of the reader's own account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core import edits
from imsop.core.errors import DomainError, InvalidInput, PreconditionFailed
from imsop.core.fields import Text50, Text100
from imsop.identity.credentials import actions as credentials_actions
from imsop.identity.credentials import queries
from imsop.identity.credentials.events import API_KEY_REVOKED
from imsop.identity.guard import OWN, own
from imsop.identity.people import account
from imsop.identity.people import actions as people_actions
from imsop.identity.people.events import USER_CHANGED
from imsop.identity.people.models import Locale, OwnChanges, PasswordChange
from imsop.identity.request import TenantRequest
from imsop.ui.language import N_
from imsop.ui.page import Crumb
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import form_of

SESSION_COLUMNS = (
    Column("where", N_("Device")),
    Column("kind", N_("Type")),
    Column("since", N_("Signed in"), "date"),
    Column("until", N_("Expires"), "date"),
    Column("end", N_("End")),
)


class ProfileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    locale: Locale
    first_name: Text100 | None = None
    last_name: Text100 | None = None
    phone: Text50 | None = None


@get("/profile", opt=OWN, include_in_schema=False)
async def profile_page(request: TenantRequest, saved: bool = False) -> Response[bytes]:
    return await _profile(request, saved=saved)


@post("/profile", opt=own(emits=(USER_CHANGED,)), status_code=303, include_in_schema=False)
async def edit_profile(request: StrictRequest) -> Response[Any]:
    try:
        sent = form_of(request, ProfileForm)
        connection, actor = await request.begin()
        changes = OwnChanges(
            first_name=sent.first_name, last_name=sent.last_name, phone=sent.phone, locale=sent.locale
        )
        await account.edit_own_account(connection, actor, changes, sent.version)
    except (InvalidInput, PreconditionFailed) as refusal:
        form = request.fields()
        typed: dict[str, str] = {
            name: form[name] for name in ("first_name", "last_name", "phone", "locale") if name in form
        }
        return await _profile(request, refusal, typed)
    return Redirect("/profile?saved=true", status_code=303)


@post(
    "/profile/password",
    opt=own(emits=(USER_CHANGED, API_KEY_REVOKED)),
    status_code=303,
    include_in_schema=False,
)
async def change_password(request: StrictRequest) -> Response[Any]:
    state = request.app.state
    try:
        sent = form_of(request, PasswordChange)
        known_hash, new_hash = await account.check_password_change(
            state.pool, state.settings, request.actor, sent
        )
    except DomainError as refusal:
        return await _profile(request, refusal)
    connection, actor = await request.begin()
    await account.change_password(
        connection, actor, known_hash, new_hash, revoke_api_keys=sent.revoke_api_keys
    )
    return Redirect("/profile?saved=true", status_code=303)


async def _profile(
    request: TenantRequest,
    refusal: DomainError | None = None,
    typed: Mapping[str, Any] | None = None,
    *,
    saved: bool = False,
) -> Response[bytes]:
    """The profile as stored, or with the `typed` values; the version is always the stored one."""
    connection, actor = await request.begin()
    user = await people_actions.get_user(connection, actor, actor.user_id)
    return render(
        request,
        "pages/identity/profile.html",
        status=refusal.status if refusal else 200,
        headers=refusal.headers if refusal else None,
        user=msgspec.structs.replace(user, **(typed or {})),
        version=edits.etag(user.updated_at),
        has_api_keys=await queries.has_api_keys(connection, actor.organization_id, actor.user_id),
        refusal=refusal,
        saved=saved,
    )


@get("/profile/sessions", opt=OWN, include_in_schema=False)
async def sessions_page(request: TenantRequest) -> Response[bytes]:
    connection, actor = await request.begin()
    sessions = await queries.list_sessions(
        connection, actor.organization_id, actor.user_id, actor.credential_id
    )
    return render(
        request,
        "pages/identity/sessions.html",
        sessions=sessions,
        columns=SESSION_COLUMNS,
        crumbs=[Crumb(N_("Profile and password"), "/profile")],
    )


@post("/profile/sessions/{session_id:uuid}/end", opt=OWN, status_code=303, include_in_schema=False)
async def end_session(request: TenantRequest, session_id: UUID) -> Response[Any]:
    connection, actor = await request.begin()
    await credentials_actions.end_session(connection, actor, session_id)
    return Redirect("/profile/sessions", status_code=303)


PAGES = [profile_page, edit_profile, change_password, sessions_page, end_session]
