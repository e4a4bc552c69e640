"""Sign-in page and sign-out."""

import re
import secrets
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from msgspec import Meta, Struct

from imsop.core.errors import DomainError
from imsop.core.fields import Email
from imsop.core.settings import is_local
from imsop.identity.credentials import actions
from imsop.identity.guard import OWN, PUBLIC
from imsop.identity.people.models import Locale
from imsop.identity.request import TenantRequest, carried, client_address
from imsop.identity.signing_in.actions import sign_in
from imsop.identity.signing_in.models import Credentials
from imsop.ui.render import render
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token, require_csrf_token
from imsop.web.edge.requests import StrictRequest
from imsop.web.pages.forms import form_of

_OURS = re.compile(r"[A-Za-z0-9_-]{32}")  # format of secrets.token_urlsafe(24)
FORM_COOKIE = "imsop_form"
"""Cookie that the CSRF token of public forms derives from, as there is no session yet."""
_YEAR_SECONDS = 365 * 24 * 60 * 60


class DemoAccount(NamedTuple):
    """An account that everybody may use."""

    email: str
    password: str

    @property
    def role(self) -> str:
        """The system role, after which the demo names its accounts."""
        name = self.email.partition("@")[0]
        return "administrator" if name == "admin" else name

    @property
    def domain(self) -> str:
        return self.email.partition("@")[2]


class SignInForm(Struct, frozen=True, forbid_unknown_fields=True):
    email: Email
    password: Annotated[str, Meta(max_length=1000)]
    next: str = "/"


@get("/sign-in", opt=PUBLIC, include_in_schema=False)
async def sign_in_page(
    request: Request[Any, Any, Any],
    next: str = "/",  # noqa: A002
    language: Locale | None = None,
    is_reset: bool = False,
) -> Response[Any]:
    """The form; with `language`, stores that choice in a cookie and redirects to the form in it."""
    if language is not None:
        chosen = _cookie(request, "imsop_language", language, max_age=_YEAR_SECONDS)
        return Redirect(f"/sign-in?{urlencode({'next': next})}", status_code=303, cookies=[chosen])
    return _form(request, next, is_reset=is_reset)


@post("/sign-in", opt=PUBLIC, status_code=303, include_in_schema=False)
async def sign_in_by_form(request: StrictRequest) -> Response[Any]:
    """Creates a session and redirects to the page that the reader had requested."""
    typed = request.fields()
    onward = typed.get("next", "/")
    try:
        sent = form_of(request, SignInForm)
        require_form_token(request)
        token, lifetime = await sign_in(
            request.app.state.pool,
            request.app.state.settings,
            Credentials(sent.email, sent.password),
            kind="browser",
            address=client_address(request.scope),
            user_agent=request.headers.get("user-agent"),
        )
    except DomainError as refusal:
        return _form(request, onward, refusal, email=typed.get("email", ""))
    session = _cookie(request, SESSION_COOKIE, token, max_age=lifetime)
    return Redirect(_local(onward), status_code=303, cookies=[session])


@post("/sign-out", opt=OWN, status_code=303, include_in_schema=False)
async def sign_out(request: TenantRequest) -> Response[Any]:
    connection, actor = await request.begin()
    await actions.end_session(connection, actor, actor.credential_id)
    gone = _cookie(request, SESSION_COOKIE, "", max_age=0)
    # Pages are cached for the back button; the next user of this browser must not see them.
    forget = {"Clear-Site-Data": '"cache"'}
    return Redirect("/sign-in", status_code=303, cookies=[gone], headers=forget)


def _form(
    request: Request[Any, Any, Any],
    onward: str,
    refusal: DomainError | None = None,
    email: str = "",
    *,
    is_reset: bool = False,
) -> Response[bytes]:
    accounts: Sequence[DemoAccount] = request.app.state.get("demo_accounts", ())
    return render_public_form(
        request,
        "pages/identity/sign_in.html",
        refusal,
        email=email,
        next=onward,
        is_reset=is_reset,
        demo=[(domain, list(some)) for domain, some in groupby(accounts, lambda account: account.domain)],
    )


def render_public_form(
    request: Request[Any, Any, Any], template: str, refusal: DomainError | None, **context: Any
) -> Response[bytes]:
    """Renders a form for readers who are not signed in, with the `refusal` of what they have sent."""
    sent = request.cookies.get(FORM_COOKIE, "")
    known = sent if _OURS.fullmatch(sent) else secrets.token_urlsafe(24)
    carried(request.scope).csrf_token = csrf_token(known)
    page = render(
        request,
        template,
        status=refusal.status if refusal else 200,
        headers=refusal.headers if refusal else None,
        refusal=refusal,
        **context,
    )
    page.set_cookie(_cookie(request, FORM_COOKIE, known))
    return page


def require_form_token(request: StrictRequest) -> None:
    """Raises Forbidden unless the form was sent from one that `render_public_form` gave to this browser."""
    require_csrf_token(request, request.cookies.get(FORM_COOKIE, ""), request.fields())


def _cookie(request: Request[Any, Any, Any], name: str, value: str, max_age: int | None = None) -> Cookie:
    """A cookie with HttpOnly and SameSite=Lax; Secure unless served in clear text on this machine."""
    encrypted = request.scope["scheme"] == "https" or not is_local(request.app.state.settings.host)
    return Cookie(name, value=value, max_age=max_age, secure=encrypted, httponly=True, samesite="lax")


def _local(path: str) -> str:
    """The path if it is local, else "/"; prevents open redirects (`//elsewhere` is another host)."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


PAGES = [sign_in_page, sign_in_by_form, sign_out]
