"""Pages for users who have forgotten their password: asking for a link, and following it."""

import re
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect
from msgspec import Struct

from imsop.core.errors import DomainError, NotFound
from imsop.core.fields import Email
from imsop.core.settings import is_local
from imsop.identity.credentials.events import API_KEY_REVOKED
from imsop.identity.guard import PUBLIC, public
from imsop.identity.password_resets.actions import get_reset, request_reset, use_reset
from imsop.identity.people.events import USER_CHANGED
from imsop.identity.people.passwords import Password
from imsop.identity.request import client_address
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import form_of
from imsop.web.pages.identity.signing_in import render_public_form, require_form_token

_THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")


class ForgottenForm(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email


class ResetForm(Struct, frozen=True, forbid_unknown_fields=True):
    token: str
    new_password: Password
    revoke_api_keys: bool = False


@get("/forgotten-password", opt=PUBLIC, include_in_schema=False)
async def forgotten_page(request: Request[Any, Any, Any], is_sent: bool = False) -> Response[bytes]:
    return _ask(request, is_sent=is_sent)


@post("/forgotten-password", opt=PUBLIC, status_code=303, include_in_schema=False)
async def ask_for_link(request: StrictRequest) -> Response[Any]:
    """Has a link sent to the address, and never tells whether it has an account."""
    try:
        sent = form_of(request, ForgottenForm)
        require_form_token(request)
        site = _site(request)
        if site is None:
            raise NotFound("no e-mail is sent here; ask your administrator")
        await request_reset(
            request.app.state.pool,
            request.app.state.settings,
            sent.email,
            site=site,
            address=client_address(request.scope),
        )
    except DomainError as refusal:
        return _ask(request, refusal, email=request.fields().get("email", ""))
    return Redirect("/forgotten-password?is_sent=true", status_code=303)


@get("/reset-password", opt=PUBLIC, include_in_schema=False)
async def reset_page(request: Request[Any, Any, Any], token: str = "") -> Response[bytes]:
    """The form for a new password. Changes nothing: programs that scan mails follow links, too."""
    return await _set(request, token)


@post(
    "/reset-password",
    opt=public(emits=(USER_CHANGED, API_KEY_REVOKED)),
    status_code=303,
    include_in_schema=False,
)
async def set_password(request: StrictRequest) -> Response[Any]:
    try:
        require_form_token(request)
        sent = form_of(request, ResetForm)
        await use_reset(
            request.app.state.pool,
            request.app.state.settings,
            sent.token,
            sent.new_password,
            revoke_api_keys=sent.revoke_api_keys,
        )
    except DomainError as refusal:
        return await _set(request, request.fields().get("token", ""), refusal)
    return Redirect("/sign-in?is_reset=true", status_code=303)


def _ask(
    request: Request[Any, Any, Any],
    refusal: DomainError | None = None,
    email: str = "",
    *,
    is_sent: bool = False,
) -> Response[bytes]:
    return render_public_form(
        request,
        "pages/identity/forgotten_password.html",
        refusal,
        email=email,
        is_sent=is_sent,
        can_send=_site(request) is not None,
    )


async def _set(
    request: Request[Any, Any, Any], token: str, refusal: DomainError | None = None
) -> Response[bytes]:
    reset = None
    try:
        reset = await get_reset(request.app.state.pool, token)
    except NotFound as over:
        refusal = over
    page = render_public_form(
        request, "pages/identity/reset_password.html", refusal, token=token, reset=reset
    )
    page.headers["Cache-Control"] = "no-store"
    return page


def _site(request: Request[Any, Any, Any]) -> str | None:
    """The address that the links of mails begin with; None if no mail can be sent.

    Never that of the request, which its sender chooses, unless sender and address are on this machine.
    """
    settings = request.app.state.settings
    if settings.mail_server() is None:
        return None
    if settings.public_url is not None:
        return str(settings.public_url)
    host = request.headers.get("host", "")
    is_here = is_local(client_address(request.scope) or "") and _THIS_MACHINE.fullmatch(host)
    return f"{request.scope['scheme']}://{host}" if is_here else None


PAGES = [forgotten_page, ask_for_link, reset_page, set_password]
