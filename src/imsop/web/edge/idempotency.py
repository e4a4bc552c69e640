"""Idempotency-Key: stores responses to POSTs in the POST's transaction and replays them to retries."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from litestar.types import HTTPScope, Send

from imsop.core.database import Connection
from imsop.core.errors import Conflict, InvalidInput
from imsop.core.said import Said
from imsop.identity.actor import Actor

MAX_KEY_CHARACTERS = 255
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = frozenset({"content-type", "etag", "location"})


def idempotency_key(scope: HTTPScope) -> str | None:
    """The Idempotency-Key of a POST, if any. Raises InvalidInput if it is malformed."""
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


def form_key(scope: HTTPScope, form: Mapping[str, str], body: bytearray) -> str | None:
    """The idempotency key of a page's form that creates something (`form_key`) or edits a `version`.

    It covers the path and the submitted values, so a double submit writes once, but going back and submitting
    other values is a new request.
    """
    if not ("form_key" in form or "version" in form):
        return None
    return hashlib.sha256(scope["path"].encode() + b"\0" + body).hexdigest()


class KeptReply:
    """The stored response to one POST with an Idempotency-Key.

    The table's primary key makes a concurrent retry wait for the first request, then replay its response. The
    request is stored as a hash keyed with the Idempotency-Key, which is itself not stored, so that a reader
    of the table cannot guess what was sent (a new user's password, say).
    """

    def __init__(self, actor: Actor, key: str, scope: HTTPScope, body: bytearray) -> None:
        asked = scope["path"].encode() + b"?" + scope["query_string"] + b"\0"
        self._of = (actor.organization_id, actor.user_id, hashlib.sha256(key.encode()).hexdigest())
        self._request_hash = hmac.digest(key.encode(), asked + body, "sha256")

    async def replay(self, connection: Connection, send: Send) -> bool:
        """Claims the key and returns False; if it is taken, sends the stored response and returns True.

        Raises InvalidInput if the key was used for another request, Conflict if the request that held it left
        no response.
        """
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
