"""Maps every error to an RFC 9457 problem, or to an error page."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlencode

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from imsop.core.errors import DomainError, FieldError, InvalidInput, Unavailable, field_error, from_database
from imsop.core.said import Said
from imsop.identity.request import carried
from imsop.ui.language import N_
from imsop.ui.render import render_error
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token
from imsop.web.edge.intake import ClientLeft
from imsop.web.edge.routes import is_program, prepared, with_head

MEDIA_TYPE = "application/problem+json"
INVALID = N_("some fields have invalid values")
CLIENT_LEFT = 499
"""The client disconnected before the response was complete: logged, never sent (as nginx does)."""
FAILED = N_("the server failed; the request id identifies it in the logs")
_PLAIN = {
    404: N_("there is nothing at this address"),
    405: N_("this address does not support this method; Allow lists those it does"),
    413: N_("the request body is too large"),
}

log = structlog.get_logger()

_MISSING_PARAMETER = re.compile(r"Missing required (\w+) parameter '([^']+)'")


class Problem(msgspec.Struct, frozen=True):
    """A problem body. `errors` names each invalid field; `request_id` is also in the logs."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError]


def answer(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response[Any]:
    if is_page(request.scope):
        return _answer_on_page(request, status, detail, errors, headers)
    problem = Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=detail,
        instance=request.scope["path"],
        request_id=carried(request.scope).request_id,
        errors=errors or [],
    )
    content = msgspec.json.encode(problem, enc_hook=str)  # str: a Said is English in the API
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def is_page(scope: HTTPScope) -> bool:
    """True if the path is a page's and not the API's.

    Uses the raw path: a mount strips its prefix from the path, and the router accepts a doubled slash.
    """
    return not is_program(unquote(scope["raw_path"].decode("latin-1")))


class _PageOfUnknown(Response[Any]):
    """An error page of a request that was not authenticated yet, such as a 404: authenticates it first."""

    def __init__(self, request: Request[Any, Any, Any], render: Callable[[], Response[Any]]) -> None:
        super().__init__(None)
        self._request = request
        self._render = render

    def to_asgi_response(self, *_: Any, **__: Any) -> ASGIApp:  # type: ignore[override]
        return self._send

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        cookie = self._request.cookies.get(SESSION_COOKIE)
        if cookie is not None:
            # If that fails for any reason, the page is rendered as for an anonymous reader.
            with suppress(DomainError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                record = carried(scope)
                record.actor = await self._request.app.state.access.authenticate(cookie, "browser")
                record.csrf_token = csrf_token(cookie)
        page = self._render().to_asgi_response(app=None, request=self._request)
        await page(scope, receive, send)


def _answer_on_page(
    request: Request[Any, Any, Any],
    status: int,
    detail: str,
    errors: list[FieldError] | None,
    headers: dict[str, str] | None,
) -> Response[Any]:
    """The error as a page; an unauthenticated reader is redirected to sign in, and back afterwards."""
    if status != HTTPStatus.UNAUTHORIZED:
        render = partial(render_error, request, status, detail, errors=errors, headers=headers)
        return render() if carried(request.scope).actor else _PageOfUnknown(request, render)
    is_part = "hx-request" in request.headers
    onward = f"/sign-in?{urlencode({'next': _page_to_return_to(request, is_part=is_part)})}"
    if is_part:
        return Response(b"", status_code=204, headers={"HX-Redirect": onward})
    return Redirect(onward, status_code=303)


def _page_to_return_to(request: Request[Any, Any, Any], *, is_part: bool) -> str:
    """The page to open after signing in: the current one, also if it was fetching a fragment."""
    scope = request.scope
    if scope["method"] != "GET":
        return "/"
    if is_part:
        _, _, after_scheme = request.headers.get("hx-current-url", "").partition("://")
        return "/" + after_scheme.partition("/")[2]
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else scope["path"]


def on_domain_error(request: Request[Any, Any, Any], error: DomainError) -> Response[Any]:
    return answer(request, error.status, error.title, error.detail, error.errors, error.headers)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Litestar's own errors. Its validation errors are 400; ours are 422."""
    if isinstance(error, ValidationException):
        return _on_validation_error(request, error)
    title = HTTPStatus(error.status_code).phrase.capitalize()
    detail = _PLAIN.get(error.status_code, error.detail) if error.status_code < 500 else FAILED
    headers = {
        name: with_head(value) if name == "allow" else value for name, value in (error.headers or {}).items()
    }
    return answer(request, error.status_code, title, detail, headers=headers)


def _on_validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    problems: list[dict[str, str]] = error.extra or []  # type: ignore[assignment]
    if any(problem.get("key") == "data" for problem in problems):
        return answer(request, 400, "Bad request", "a JSON request body is required")
    aliases = prepared(request.scope["route_handler"]).header_aliases
    errors = [
        FieldError(aliases.get(problem["key"], problem["key"]), field_error(problem["message"]).message)
        for problem in problems
        if "key" in problem
    ]
    if missing := _MISSING_PARAMETER.match(error.detail):
        errors = [FieldError(missing[2], Said("missing required %(kind)s parameter", kind=missing[1]))]
    return answer(request, InvalidInput.status, InvalidInput.title, INVALID, errors)


def on_database_error(request: Request[Any, Any, Any], error: asyncpg.PostgresError) -> Response[Any]:
    """Maps constraint violations and the like to the caller's error, all other database errors to 500."""
    refusal = from_database(error)
    return on_failure(request, error) if refusal is None else on_domain_error(request, refusal)


def on_client_error(request: Request[Any, Any, Any], error: asyncpg.InterfaceError) -> Response[Any]:
    """Errors raised by asyncpg; a ValueError means that a value does not fit its column's type."""
    if isinstance(error, ValueError):
        return on_domain_error(request, InvalidInput("a value is out of range for its field"))
    return on_unreachable(request, error)


def on_unreachable(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """No connection: the server is down, or all connections were busy until the timeout.

    asyncpg raises InternalClientError, too, when a connection is lost between two messages.
    """
    log.error("database unreachable", exc_info=error)
    return on_domain_error(request, Unavailable("the database is not responding; try again shortly"))


def on_group(request: Request[Any, Any, Any], error: ExceptionGroup[Exception]) -> Response[Any]:
    """A stream runs as a task group: responds with the first error of the group."""
    return answer_to(request, error.exceptions[0])


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    log.error("request failed", exc_info=error)
    return answer(request, 500, "Internal server error", FAILED)


def on_client_left(_request: Request[Any, Any, Any], _error: ClientLeft) -> Response[Any]:
    """Never reaches the client; the status is for the access log and the metrics."""
    return Response(b"", status_code=CLIENT_LEFT)


HANDLERS: dict[Any, Any] = {
    ClientLeft: on_client_left,
    DomainError: on_domain_error,
    HTTPException: on_http_error,
    asyncpg.PostgresError: on_database_error,
    asyncpg.InterfaceError: on_client_error,
    asyncpg.InternalClientError: on_unreachable,
    ConnectionError: on_unreachable,
    TimeoutError: on_unreachable,
    ExceptionGroup: on_group,
    Exception: on_failure,
}


def answer_to(request: Request[Any, Any, Any], error: BaseException) -> Response[Any]:
    """The response of the handler for the closest base class of the error, as Litestar would select it."""
    answered: Response[Any] = next(HANDLERS[cls] for cls in type(error).__mro__ if cls in HANDLERS)(
        request, error
    )
    return answered
