"""Everything that is read from a request, in this order, with its limits. No other code reads one.

| step | what is read | limit | refusal |
|---|---|---|---|
| 0 | a connection (`connection.py`) | MAX_CONNECTIONS_PER_CLIENT | cut |
| 1 | request line and headers (`connection.py`) | MAX_HEAD_BYTES, MAX_HEADERS, HEAD_SECONDS | 431, 400, cut |
| 2 | method and path, by the router | declared routes | 404, 405 |
| 3 | credentials: Authorization, X-API-Key or cookie; then the route's permission | | 401, 403 |
|   | on a public route with a body: remaining sign-in attempts of the network address | settings | 429 |
| 4 | query parameters (`requests.py`) | MAX_PARAMETERS; known, single, well formed | 422 |
| 5 | If-Match, Idempotency-Key | required on PATCH; MAX_KEY_CHARACTERS | 428, 422 |
| 6 | Content-Type, Content-Encoding, Content-Length | what the route takes (`Takes`) | 415, 413 |
| 7 | the body, whole | `Takes.max_bytes`, BODY_SECONDS | 413, 408 |
| 8 | a form's fields, or JSON into the handler's type | MAX_FIELDS | 413, 400, 422 |
| 9 | the CSRF token of a request with a cookie (`csrf.py`) | | 403 |

So a body is read only after its sender is authenticated and authorized. No route accepts multipart. Text is
UTF-8; clients cannot choose a codec. All parsers run in linear time, and no data of a request is kept after
it (`uncached.py`).
"""

import asyncio
from typing import NamedTuple
from urllib.parse import parse_qsl

from litestar.exceptions import HTTPException
from litestar.types import HTTPScope, Receive

from imsop.core.errors import InvalidInput
from imsop.ui.language import N_

MAX_CONNECTIONS_PER_CLIENT = 500
"""Of one network address, unless it is a trusted proxy: enough for an office, a small part of OPEN_FILES."""
OPEN_FILES = 65_536
"""Files and connections of a process at most, as far as the system's hard limit allows."""
MAX_HEAD_BYTES = 32 * 1024
"""Request line and headers together: enough for a long query string and a dozen cookies."""
MAX_HEADERS = 100
HEAD_SECONDS = 10.0
"""From the first byte of a request (or the connection itself) to the end of its headers."""
MAX_PARAMETERS = 50
BODY_SECONDS = 60.0
"""To receive the body; at the largest size this is 280 kbit/s."""
LINGER_SECONDS = 5.0
"""To drain the rest of a body that will not be read, so that its sender sees the error; then abort."""
STALL_SECONDS = 30.0
"""How long a client may leave the full send buffer unread before it is aborted."""
MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 1_000
MAX_PUBLIC_FORM_BYTES = 8 * 1024
"""From unauthenticated clients: an email address and a password."""
MAX_PUBLIC_JSON_BYTES = 128 * 1024
"""From unauthenticated clients: an organization with a description of maximal length."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Takes(NamedTuple):
    """The kind of body that a route accepts, and its maximal size."""

    media_type: str
    max_bytes: int
    optional: bool = False
    """True if a request without a body stands for one with an empty object."""


class ClientLeft(Exception):
    """The client disconnected: there is no one to respond to, and it is no server error."""


async def read_body(scope: HTTPScope, receive: Receive, takes: Takes, body: bytearray) -> None:
    """Reads the whole body into `body`; an absent optional body counts as `{}`.

    Raises HTTPException 408 (too slow), 413 (too large) or 415 (media type), and ClientLeft on a disconnect.
    """
    if takes.optional and _is_without_body(scope):
        body += b"{}"
        return
    _require_type(scope, takes)
    if (announced := _header(scope, b"content-length")) is not None and int(announced) > takes.max_bytes:
        raise HTTPException(status_code=413)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise ClientLeft
                if len(body) + len(message["body"]) > takes.max_bytes:
                    raise HTTPException(status_code=413)
                body += message["body"]
                if not message.get("more_body"):
                    return
    except TimeoutError:
        raise HTTPException(status_code=408, detail=N_("the body did not arrive in time")) from None


def _require_type(scope: HTTPScope, takes: Takes) -> None:
    sent = (_header(scope, b"content-type") or b"").decode("latin-1").lower()
    media_type, _, parameters = sent.partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if media_type.strip() != takes.media_type:
        raise HTTPException(status_code=415, detail=f"send the body as Content-Type: {takes.media_type}")
    if charset not in ("", "utf-8") or _header(scope, b"content-encoding") is not None:
        raise HTTPException(status_code=415, detail="send the body in UTF-8, without a Content-Encoding")


def _is_without_body(scope: HTTPScope) -> bool:
    return _header(scope, b"content-length") in (None, b"0") and _header(scope, b"transfer-encoding") is None


def _header(scope: HTTPScope, wanted: bytes) -> bytes | None:
    return next((value for name, value in scope["headers"] if name == wanted), None)


def form_fields(body: bytearray) -> dict[str, str]:
    """Decodes a form's fields. Raises InvalidInput for a repeated field, HTTPException if it is malformed."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except UnicodeDecodeError:
        raise HTTPException(status_code=400, detail=N_("the form is not UTF-8 text")) from None
    except ValueError:
        raise HTTPException(status_code=413, detail=N_("the form has too many fields")) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise InvalidInput.of(name, "given more than once")
        fields[name] = value
    return fields
