"""Outermost middleware: request ids, access log, metrics, security headers, and HEAD as a GET."""

import secrets
import time
from functools import cache
from typing import Any

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from imsop.core.logging import REQUEST_ID
from imsop.core.tenancy import ORIGIN, Origin
from imsop.identity.request import carried, carry, client_address
from imsop.web.edge.problems import CLIENT_LEFT, is_page

log = structlog.get_logger()

_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_NO_STORE = (b"cache-control", b"no-store")
UNROUTED = "(no route)"

REQUESTS = Counter("imsop_http_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "imsop_http_request_seconds",
    "Time from request to the end of the reply",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class Observed:
    """ASGI middleware: request id, access log, metrics and default headers of every response.

    Keeps the X-Request-ID of the client if it is a UUID. Runs HEAD as GET and drops the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        request_id = _sent_id(scope) or secrets.token_hex(16)
        scope.setdefault("state", {})
        carry(scope, request_id)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        source = "page" if is_page(scope) else "api"
        origin = ORIGIN.set(Origin(source, request_id, client_address(scope)))
        began = time.perf_counter()
        status = 500
        method = scope["method"]
        if method == "HEAD":
            scope, send = {**scope, "method": "GET"}, _without_body(send)

        async def send_observed(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], *_HEADERS, (b"x-request-id", request_id.encode())]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = headers
            await send(message)

        try:
            await self.app(scope, receive, send_observed)
        finally:
            ORIGIN.reset(origin)
            if carried(scope).client_left and method != "HEAD":
                status = CLIENT_LEFT
            _record(scope, method, status, time.perf_counter() - began)


def _without_body(send: Send) -> Send:
    """Ends the response after its headers; its producer then sees a disconnect."""

    async def send_start(message: Any) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    return send_start


def _sent_id(scope: HTTPScope) -> str | None:
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
    text = "" if sent is None else sent.decode("latin-1")
    return text if REQUEST_ID.fullmatch(text) else None


def _record(scope: HTTPScope, method: str, status: int, seconds: float) -> None:
    route = scope.get("path_template") or UNROUTED
    answered, took = _metrics(method if route != UNROUTED else "ANY", route, status)
    answered.inc()
    took.observe(seconds)
    actor = carried(scope).actor
    log.info(
        "request",
        method=method,
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 2),
        organization_id=str(actor.organization_id) if actor else None,
        user_id=str(actor.user_id) if actor else None,
    )


@cache
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The metrics for these labels, cached: the look-up costs more than counting."""
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)
