"""Renders templates to responses."""

import gzip
import hashlib
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from litestar import Request, Response
from markupsafe import Markup

import imsop
from imsop.core.errors import FieldError
from imsop.ui import filters
from imsop.ui.assets import accepts, asset, icon
from imsop.ui.language import current_language
from imsop.ui.page import Page, Reader
from imsop.ui.words import WORDS

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What a page may load: its own assets. Nothing inline, no other host. Tabler's styles hold small images."""
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "private, no-cache",  # cached for the back button, revalidated with its ETag
    "Vary": "Accept-Encoding, Accept-Language, Cookie",
}
_PACKAGE = Path(imsop.__file__).parent
_TEMPLATES = {"ui": _PACKAGE / "ui" / "templates", "pages": _PACKAGE / "web" / "pages"}
"""Where templates are, by the first part of their names; those of pages are beside their modules."""
_COMPRESS_FROM_BYTES = 1024
_COMPRESS_LEVEL = 5  # 6 is 1 % smaller and takes a third longer


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment. Templates are compiled once and recompiled when their file changes."""
    made = Environment(
        loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in _TEMPLATES.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        cache_size=-1,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: current_language.get().gettext(message),
        lambda singular, plural, count: current_language.get().ngettext(singular, plural, count),
        newstyle=True,
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals |= {"asset": asset, "icon": icon, "words": WORDS}
    made.filters |= filters.FILTERS
    return made


def render(
    request: Request[Any, Any, Any],
    template: str,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[bytes]:
    """Renders a page in its reader's language, compressed, with an ETag and a strict content security policy.

    The reader is `carried` in the scope's state; `navigation` is in the application's state.
    """
    page = page_of(request)
    body = render_text(page, template, **context).encode()
    sent = {**_HEADERS, "Content-Language": page.language.code, **(headers or {})}
    if status != HTTPStatus.OK:
        sent["Cache-Control"] = "no-store"
    else:
        sent["ETag"] = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
        if request.headers.get("if-none-match") == sent["ETag"]:
            return Response(b"", status_code=304, headers=sent, media_type="text/html")
    if len(body) >= _COMPRESS_FROM_BYTES and accepts(request.headers.get("accept-encoding", ""), "gzip"):
        body = gzip.compress(body, _COMPRESS_LEVEL, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Response(body, status_code=status, headers=sent, media_type="text/html")


def render_text(page: Page, template: str, /, **context: Any) -> Markup:
    """Renders a template to text, such as a fragment that is sent by itself."""
    token = current_language.set(page.language)
    try:
        return Markup(environment().get_template(template).render(page=page, **context))  # noqa: S704
    finally:
        current_language.reset(token)


def render_error(
    request: Request[Any, Any, Any],
    status: int,
    detail: str = "",
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    """Renders the error page: what went wrong and what the reader can do."""
    return render(
        request,
        "ui/error.html",
        status=status,
        headers=headers,
        code=status,
        detail=detail,
        errors=errors or [],
        retry_after=(headers or {}).get("Retry-After", "60"),
    )


def page_of(request: Request[Any, Any, Any]) -> Page:
    reader: Reader = request.scope["state"]["carried"]
    return Page(request, request.app.state.get("navigation", ()), reader)
