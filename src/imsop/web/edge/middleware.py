"""The edge of a request: who asks, one transaction, one commit just before the reply leaves."""

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from imsop.core import tenancy
from imsop.core.database import Connection, Pool
from imsop.core.errors import Conflict, InvalidInput, PreconditionRequired, Unauthenticated
from imsop.core.said import Said
from imsop.identity.access import AccessCache
from imsop.identity.guard import changes_access, require_permission
from imsop.identity.models import Actor
from imsop.web.edge.csrf import SESSION_COOKIE, csrf_token, require_csrf_token
from imsop.web.edge.problems import answer_to, is_page
from imsop.web.edge.requests import StrictRequest, require_strict_query, without_blanks

SEND_SECONDS = 30.0
"""How long whoever is sent a stream may leave full buffers unread before the connection is cut."""
MAX_KEY_CHARACTERS = 255
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})


class UnitOfWork:
    """The transaction of one request, for its actor's organization; opened when first needed.

    What writes asks again then: whoever takes long to send a body may have been dismissed meanwhile.
    """

    def __init__(
        self, pool: Pool, actor: Actor, still_allowed: Callable[[], Awaitable[Actor]], *, read_only: bool
    ) -> None:
        self._pool = pool
        self.actor = actor
        self._still_allowed = still_allowed
        self._read_only = read_only
        self._connection: Any = None
        self.is_streamed = False
        """Whether the reply is read from the database as it is sent: the transaction then lasts as long."""

    async def connection(self) -> Connection:
        if self._connection is None:
            if not self._read_only:
                self.actor = await self._still_allowed()
            self._connection = await self._pool.take()
            await tenancy.begin(self._connection, self.actor.tenant, read_only=self._read_only)
        return self._connection  # type: ignore[no-any-return]

    async def end(self, *, commit: bool) -> None:
        """Commits or rolls back, and gives the connection back, whatever happens."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._pool.end(connection, commit=commit)


class EdgeMiddleware:
    """Authenticates, opens the unit of work, and ends it before the first byte of the reply is sent.

    A reply of 400 and above rolls back. A commit that fails becomes the reply. Replies to POSTs with an
    Idempotency-Key are kept in the same transaction: the key's primary key makes a rival wait, then replay.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] == "OPTIONS":
            await self.app(scope, receive, send)
            return
        opt = scope["route_handler"].opt
        if is_page(scope):
            scope["query_string"] = without_blanks(scope["query_string"])
        if opt.get("public"):
            require_strict_query(scope["query_string"], opt["query_types"])
            await self.app(scope, receive, send)
            return
        state = scope["litestar_app"].state
        request = StrictRequest(scope, receive)

        async def allowed_actor() -> Actor:
            actor = await authenticate(request, state.access)
            scope["state"]["actor"] = actor
            require_permission(actor, opt)
            return actor

        actor = await allowed_actor()
        require_strict_query(scope["query_string"], opt["query_types"])
        _require_version(scope)
        unit = UnitOfWork(state.pool, actor, allowed_actor, read_only=scope["method"] == "GET")
        scope["state"]["unit"] = unit
        key = _idempotency_key(scope)
        try:
            if key is None or not opt.get("replies_kept", True):
                await self._run(scope, receive, send, unit, None)
            else:
                reply = _KeptReply(actor, key)
                receive = await reply.read_request(scope, receive)
                if not await reply.replay(await unit.connection(), send):
                    await self._run(scope, receive, send, unit, reply)
        finally:
            await unit.end(commit=False)
            # It refers to the scope. Left as a cycle for the collector, a request costs a twelfth more.
            del scope["state"]["unit"]

    async def _run(
        self, scope: HTTPScope, receive: Receive, send: Send, unit: UnitOfWork, reply: "_KeptReply | None"
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
                except Exception as error:  # noqa: BLE001 - whatever the commit says is the reply
                    start = None
                    await _send_problem(scope, receive, send, error)
                    return
                await send(start)
            if start is not None:
                await (_send_soon(scope, send, message) if unit.is_streamed else send(message))

        try:
            await self.app(scope, receive, send_after_commit)
        except Exception as error:
            if start is None or ended:
                raise
            # A stream failed before its first byte: nothing has been said yet, though Litestar believes so.
            await _send_problem(scope, receive, send, error.__cause__ or error)


async def _end(
    scope: HTTPScope, unit: UnitOfWork, reply: "_KeptReply | None", start: Message, body: Message
) -> None:
    """What has to be done before the first byte of the reply leaves."""
    succeeded = start["status"] < 400  # type: ignore[typeddict-item]
    if succeeded and reply is not None:
        await reply.keep(await unit.connection(), start, body)
    if not unit.is_streamed:
        await unit.end(commit=succeeded)
    if succeeded and scope["method"] != "GET" and changes_access(scope["route_handler"].opt):
        # Here at once, not when our own notification arrives: who reads the reply finds it done.
        scope["litestar_app"].state.access.forget(unit.actor.organization_id)


async def _send_soon(scope: HTTPScope, send: Send, message: Message) -> None:
    """Who does not read holds a connection to the database no longer than this."""
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await send(message)
    except TimeoutError:
        if abort := scope["state"].get("abort"):
            abort()
        raise


async def _send_problem(scope: HTTPScope, receive: Receive, send: Send, error: BaseException) -> None:
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await answer_to(request, error).to_asgi_response(app=None, request=request)(scope, receive, send)


async def authenticate(request: Request[Any, Any, Any], access: AccessCache) -> Actor:
    """By `Authorization: Bearer`, `X-API-Key`, or a session cookie with, to write, its CSRF token."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("send the token as Authorization: Bearer …")
        return await access.authenticate(token, "bearer", "api_key")
    if (key := request.headers.get("x-api-key")) is not None:
        return await access.authenticate(key, "api_key")
    if (cookie := request.cookies.get(SESSION_COOKIE)) is not None:
        if request.scope["method"] != "GET":
            await require_csrf_token(request, cookie)
        actor = await access.authenticate(cookie, "browser")
        request.scope["state"]["csrf_token"] = csrf_token(cookie)
        return actor
    raise Unauthenticated("sign in at /api/v1/auth/token, or send an API key as X-API-Key")


def _require_version(scope: HTTPScope) -> None:
    """Edits say which version they edit, so that nobody overwrites what they have not seen."""
    if scope["method"] == "PATCH" and not any(name == b"if-match" for name, _ in scope["headers"]):
        raise PreconditionRequired("send the ETag of the row you are editing as If-Match")


def _idempotency_key(scope: HTTPScope) -> str | None:
    if scope["method"] != "POST":
        return None
    value = next((value for name, value in scope["headers"] if name == b"idempotency-key"), None)
    if value is None:
        return None
    key = value.decode("latin-1")
    if not _KEY.fullmatch(key):
        raise InvalidInput.of(
            "Idempotency-Key", Said("must be 1 to %(most)s visible ASCII characters", most=MAX_KEY_CHARACTERS)
        )
    return key


class _KeptReply:
    """The reply to one POST with an Idempotency-Key.

    The key itself is kept nowhere. It is the key of the request's hash too, so whoever reads the table cannot
    find out by guessing what was sent: a new user's password, say.
    """

    def __init__(self, actor: Actor, key: str) -> None:
        self._key = key.encode()
        self._of = (actor.organization_id, actor.user_id, hashlib.sha256(self._key).hexdigest())
        self._request_hash = b""

    async def read_request(self, scope: HTTPScope, receive: Receive) -> Receive:
        """Reads the body for its hash, and returns a `receive` that gives it once more."""
        asked = scope["path"].encode() + b"?" + scope["query_string"] + b"\0"
        hashed = hmac.new(self._key, asked, hashlib.sha256)
        messages: list[Any] = []
        size = 0
        limit = scope["litestar_app"].state.settings.max_body_bytes
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if int(announced) > limit:
            return receive
        while True:
            message: Any = await receive()
            messages.append(message)
            hashed.update(message.get("body", b""))
            size += len(message.get("body", b""))
            # Past the limit the rest is left unread: the handler refuses the body by its size.
            if message["type"] != "http.request" or not message.get("more_body") or size > limit:
                break
        self._request_hash = hashed.digest()

        async def receive_again() -> Any:
            return messages.pop(0) if messages else await receive()

        return receive_again

    async def replay(self, connection: Connection, send: Send) -> bool:
        """Claims the key, or sends the reply kept for it. Raises where it was used for another request."""
        claimed = await connection.fetchval(
            """
            INSERT INTO idempotency_keys (organization_id, user_id, key, request_hash) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            RETURNING true
            """,
            *self._of,
            self._request_hash,
        )
        if claimed:
            return False
        kept = await connection.fetchrow(
            """
            SELECT request_hash, response_status, response_headers, response_body FROM idempotency_keys
            WHERE organization_id = $1 AND user_id = $2 AND key = $3
            """,
            *self._of,
        )
        if kept is None:
            raise Conflict("another request with this Idempotency-Key has just finished; try again")
        if kept["request_hash"] != self._request_hash:
            raise InvalidInput.of("Idempotency-Key", "was used for a different request; choose a new key")
        headers = [(name.encode(), value.encode()) for name, value in kept["response_headers"].items()]
        headers.append((b"idempotency-replayed", b"true"))
        await send({"type": "http.response.start", "status": kept["response_status"], "headers": headers})
        await send({"type": "http.response.body", "body": kept["response_body"], "more_body": False})
        return True

    async def keep(self, connection: Connection, start: Any, body: Any) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
        await connection.execute(
            """
            UPDATE idempotency_keys SET response_status = $4, response_headers = $5, response_body = $6
            WHERE organization_id = $1 AND user_id = $2 AND key = $3
            """,
            *self._of,
            start["status"],
            {name: value for name, value in headers.items() if name in _KEPT_HEADERS},
            body["body"],
        )
