"""Sign-in page and sign-out."""

import re
import secrets
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from imsop.core.errors import DomainError
from imsop.core.settings import is_local
from imsop.identity.credentials import actions
from imsop.identity.guard import OWN, PUBLIC
from imsop.identity.request import TenantRequest, carried, client_address
from imsop.identity.signing_in.actions import sign_in
from imsop.identity.signing_in.models import Credentials
from imsop.ui.render import render
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token, require_csrf_token
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import form_of

_OURS = re.compile(r"[A-Za-z0-9_-]{32}")  # format of secrets.token_urlsafe(24)
FORM_COOKIE = "imsop_form"
"""Cookie that the CSRF token of the sign-in form derives from, as there is no session yet."""


class SignInForm(Credentials, frozen=True, forbid_unknown_fields=True):
    next: str = "/"


@get("/sign-in", opt=PUBLIC, include_in_schema=False)
async def sign_in_page(request: Request[Any, Any, Any], next: str = "/") -> Response[bytes]:  # noqa: A002
    return _form(request, next)


@post("/sign-in", opt=PUBLIC, status_code=303, include_in_schema=False)
async def sign_in_by_form(request: StrictRequest) -> Response[Any]:
    """Creates a session and redirects to the page that the reader had requested."""
    sent = form_of(request, SignInForm)
    try:
        require_csrf_token(request, request.cookies.get(FORM_COOKIE, ""), request.fields())
        token, lifetime = await sign_in(
            request.app.state.pool,
            request.app.state.settings,
            Credentials(sent.email, sent.password),
            kind="browser",
            address=client_address(request.scope),
            user_agent=request.headers.get("user-agent"),
        )
    except DomainError as refusal:
        return _form(request, sent.next, refusal, email=sent.email)
    session = _cookie(request, SESSION_COOKIE, token, max_age=lifetime)
    return Redirect(_local(sent.next), status_code=303, cookies=[session])


@post("/sign-out", opt=OWN, status_code=303, include_in_schema=False)
async def sign_out(request: TenantRequest) -> Response[Any]:
    connection, actor = await request.begin()
    await actions.end_session(connection, actor, actor.credential_id)
    gone = _cookie(request, SESSION_COOKIE, "", max_age=0)
    # Pages are cached for the back button; the next user of this browser must not see them.
    forget = {"Clear-Site-Data": '"cache"'}
    return Redirect("/sign-in", status_code=303, cookies=[gone], headers=forget)


def _form(
    request: Request[Any, Any, Any], onward: str, refusal: DomainError | None = None, email: str = ""
) -> Response[bytes]:
    sent = request.cookies.get(FORM_COOKIE, "")
    known = sent if _OURS.fullmatch(sent) else secrets.token_urlsafe(24)
    carried(request.scope).csrf_token = csrf_token(known)
    page = render(
        request,
        "pages/identity/sign_in.html",
        status=refusal.status if refusal else 200,
        headers=refusal.headers if refusal else None,
        refusal=refusal,
        email=email,
        next=onward,
    )
    page.set_cookie(_cookie(request, FORM_COOKIE, known))
    return page


def _cookie(request: Request[Any, Any, Any], name: str, value: str, max_age: int | None = None) -> Cookie:
    """A cookie with HttpOnly and SameSite=Lax; Secure unless served in clear text on this machine."""
    encrypted = request.scope["scheme"] == "https" or not is_local(request.app.state.settings.host)
    return Cookie(name, value=value, max_age=max_age, secure=encrypted, httponly=True, samesite="lax")


def _local(path: str) -> str:
    """The path if it is local, else "/"; prevents open redirects (`//elsewhere` is another host)."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


PAGES = [sign_in_page, sign_in_by_form, sign_out]
