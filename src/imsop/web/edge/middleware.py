"""The edge middleware: authentication, input limits, and one transaction that commits before the response."""

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from imsop.core.errors import PreconditionRequired, Unauthenticated
from imsop.core.settings import is_local
from imsop.core.wiping import wipe
from imsop.identity.actor import Actor
from imsop.identity.credentials.access import AccessCache
from imsop.identity.guard import Declared, declared_by, require_permission
from imsop.identity.request import UnitOfWork, carried, client_address
from imsop.identity.signing_in.actions import require_attempts_left
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token, require_csrf_token
from imsop.web.edge.idempotency import KeptReply, form_key, idempotency_key
from imsop.web.edge.intake import FORM, ClientLeft, read_body
from imsop.web.edge.problems import answer_to, is_page
from imsop.web.edge.requests import StrictRequest, require_strict_query, without_blanks
from imsop.web.edge.routes import Prepared, prepared

log = structlog.get_logger()

_OF_PROXIES = {b"via", b"forwarded", b"x-real-ip", b"x-forwarded-proto", b"x-forwarded-host"}


class EdgeMiddleware:
    """Authenticates, reads the request (`intake.py`), and runs the handler in a unit of work.

    The unit ends before the first byte of the response: status 400 and above rolls back, and an error of the
    commit becomes the response.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] == "OPTIONS":
            await self.app(scope, receive, send)
            return
        handler = scope["route_handler"]
        declared, route = declared_by(handler), prepared(handler)
        if is_page(scope):
            scope["query_string"] = without_blanks(scope["query_string"])
        try:
            if declared.access == "public":
                await self._public(scope, receive, send, route)
            else:
                await self._signed_in(scope, receive, send, declared, route)
        finally:
            wipe(carried(scope).body)

    async def _public(self, scope: HTTPScope, receive: Receive, send: Send, route: Prepared) -> None:
        require_strict_query(scope["query_string"], route.parameters)
        if route.takes is not None:
            state = scope["litestar_app"].state
            address = client_address(scope)
            if address is not None and is_local(address) and _is_of_silent_proxy(scope["headers"]):
                _warn_of_silent_proxy()
            await require_attempts_left(state.pool, state.settings, address)
            await read_body(scope, receive, route.takes, carried(scope).body)
        await self.app(scope, receive, send)

    async def _signed_in(
        self, scope: HTTPScope, receive: Receive, send: Send, declared: Declared, route: Prepared
    ) -> None:
        state = scope["litestar_app"].state
        request = StrictRequest(scope, receive)
        record = carried(scope)

        async def allowed_actor() -> Actor:
            record.actor = await authenticate(request, state.access)
            require_permission(record.actor, declared)
            return record.actor

        actor = await allowed_actor()
        require_strict_query(scope["query_string"], route.parameters)
        _require_version(scope)
        key = idempotency_key(scope)
        if route.takes is not None:
            await read_body(scope, receive, route.takes, record.body)
        if scope["method"] != "GET" and actor.credential == "browser":
            is_form = route.takes is not None and route.takes.media_type == FORM
            form = request.fields() if is_form else {}
            require_csrf_token(request, request.cookies[SESSION_COOKIE], form)
            key = key or form_key(scope, form, record.body)
        read_only = scope["method"] == "GET" and not declared.emits
        unit = UnitOfWork(state.pool, actor, allowed_actor, read_only=read_only)
        record.unit = unit
        try:
            if key is None or not declared.replies_kept:
                await self._run(scope, receive, send, unit, None)
            else:
                reply = KeptReply(actor, key, scope, record.body)
                if not await reply.replay(await unit.connection(), send):
                    await self._run(scope, receive, send, unit, reply)
        finally:
            await unit.close()
            # Breaks a reference cycle with the scope, which would cost a twelfth of a request in garbage
            # collection.
            record.unit = None

    async def _run(
        self,
        scope: HTTPScope,
        receive: Receive,
        send: Send,
        unit: UnitOfWork,
        reply: KeptReply | None,
    ) -> None:
        start: Message | None = None
        ended = False

        async def send_after_commit(message: Message) -> None:
            nonlocal start, ended
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None and not ended:
                ended = True
                try:
                    await _end(scope, unit, reply, start, message)
                except Exception as error:  # noqa: BLE001 - any error of the commit becomes the response
                    start = None
                    await _send_problem(scope, receive, send, error)
                    return
                start, message = _if_changed(scope, start, message)
                await send(start)
            if start is not None:
                await send(message)

        try:
            await self.app(scope, receive, send_after_commit)
        except Exception as error:
            if ended and isinstance(error.__cause__, ClientLeft):  # wrapped by Litestar
                carried(scope).client_left = True
                return
            if start is None or ended:
                raise
            # A stream failed before its first byte: Litestar believes the response has started, but nothing
            # was sent.
            await _send_problem(scope, receive, send, error.__cause__ or error)


def _if_changed(scope: HTTPScope, start: Any, body: Any) -> tuple[Any, Any]:
    """The response, or 304 without content if its ETag matches the request's If-None-Match."""
    if scope["method"] != "GET" or start["status"] != HTTPStatus.OK:
        return start, body
    version = _header(start["headers"], b"etag")
    known = _header(scope["headers"], b"if-none-match")
    if version is None or known is None or version not in [tag.strip() for tag in known.split(b",")]:
        return start, body
    headers = [(name, value) for name, value in start["headers"] if not name.startswith(b"content-")]
    return {**start, "status": HTTPStatus.NOT_MODIFIED, "headers": headers}, {**body, "body": b""}


def _is_of_silent_proxy(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True if a proxy on this machine sent it without telling for whom, as far as headers show it."""
    names = {name for name, _ in headers}
    host = (_header(headers, b"host") or b"localhost").decode("latin-1")
    name = host.rpartition(":")[0] if host[-1].isdigit() and ":" in host else host
    return b"x-forwarded-for" not in names and (bool(names & _OF_PROXIES) or not is_local(name.strip("[]")))


@cache
def _warn_of_silent_proxy() -> None:
    """Once per process."""
    log.warning("the proxy sends no X-Forwarded-For: all clients share the limits of one address")


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    return next((value for name, value in headers if name.lower() == wanted), None)


async def _end(
    scope: HTTPScope, unit: UnitOfWork, reply: KeptReply | None, start: Message, body: Message
) -> None:
    """Stores an idempotent response, commits or rolls back, and invalidates this process's caches."""
    succeeded = start["status"] < 400  # type: ignore[typeddict-item]
    if succeeded and reply is not None:
        await reply.keep(await unit.connection(), start, body)
    if not unit.is_streamed:
        await unit.end(commit=succeeded)
    if succeeded and scope["method"] != "GET":
        # At once, without waiting for our own notification: a client that has the response sees its change.
        state, declared = scope["litestar_app"].state, declared_by(scope["route_handler"])
        if declared.changes_access:
            state.access.forget(unit.actor.organization_id)
        for kind in {event.kind for event in declared.emits} & state.caches.keys():
            state.caches[kind].forget(unit.actor.organization_id)


async def _send_problem(scope: HTTPScope, receive: Receive, send: Send, error: BaseException) -> None:
    request: Request[Any, Any, Any] = StrictRequest(scope, receive, send)
    await answer_to(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


async def authenticate(request: Request[Any, Any, Any], access: AccessCache) -> Actor:
    """The actor of an `Authorization: Bearer`, an `X-API-Key` or a session cookie; reads headers only.

    Raises Unauthenticated. A write with a cookie also needs the cookie's CSRF token, which is checked later.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("send the token as Authorization: Bearer …")
        return await access.authenticate(token, "bearer", "api_key")
    if (key := request.headers.get("x-api-key")) is not None:
        return await access.authenticate(key, "api_key")
    if (cookie := request.cookies.get(SESSION_COOKIE)) is not None:
        actor = await access.authenticate(cookie, "browser")
        carried(request.scope).csrf_token = csrf_token(cookie)
        return actor
    raise Unauthenticated("sign in at /api/v1/auth/token, or send an API key as X-API-Key")


def _require_version(scope: HTTPScope) -> None:
    """Raises PreconditionRequired for a PATCH without If-Match."""
    if scope["method"] == "PATCH" and not any(name == b"if-match" for name, _ in scope["headers"]):
        raise PreconditionRequired("send the ETag of the row you are editing as If-Match")
