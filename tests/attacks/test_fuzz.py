"""K3: no unauthenticated client can cause a server error, or a response much larger than the request."""

import functools
import gc
import secrets
from typing import Any

import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.attacks.fuzz import attack
from tests.attacks.victim import Victim
from tests.attacks.wire import exchange, head, with_body

FORM = ("Content-Type", "application/x-www-form-urlencoded")

SHORT = 10_000
"""Requests in the suite; `python -m tests.attacks.fuzz` runs for an hour."""


async def test_strangers_cause_no_errors_and_no_large_replies(attacked: Victim) -> None:
    statuses, faults = await attack(attacked, seed=7, seconds=90, most=SHORT)
    assert faults == []
    assert attacked.errors() == []
    assert {200, 303, 400, 401, 404, 405, 413, 415, 422} <= statuses.keys()


@pytest.mark.parametrize(
    "header",
    [
        ("Cookie", b"imsop_form=%ff"),
        ("Cookie", b"imsop_form=\xff; imsop_theme=\xff"),
        ("Origin", b"http://[::1"),
        ("HX-Current-URL", b"http://[::1"),
        ("Accept-Language", b"\xff;q=nan"),
        ("Host", b"["),
    ],
)
async def test_no_header_causes_a_server_error(attacked: Victim, header: tuple[str, bytes]) -> None:
    """Each of these caused an error, or resembles one that did."""
    for asked in (
        head("GET", "/sign-in", header),
        with_body("POST", "/sign-in", b"email=a", FORM, header),
        head("GET", "/search/found?q=a", ("HX-Request", "true"), header),
        with_body("POST", "/api/v1/auth/token", b"{}", ("Content-Type", "application/json"), header),
    ):
        reply = await exchange(attacked.address, asked)
        assert reply.status < 500, reply.content


def cached() -> dict[str, int]:
    """The number of entries of each function cache in the process."""
    found: dict[str, int] = {}
    for thing in gc.get_objects():
        if isinstance(thing, functools._lru_cache_wrapper):
            function: Any = thing.__wrapped__
            found[f"{function.__module__}.{function.__qualname__}"] = thing.cache_info().currsize
    return found


async def asked(app: Observed, method: str, target: str, body: bytes = b"", **headers: str) -> None:
    """Calls the application as the server does: an in-process HTTP client would have caches of its own."""
    path, _, query = target.partition("?")
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "state": {},
        "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": sent, "client": (factories.new_address(), 4711),
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_: Any) -> None:
        pass

    await app(scope, receive, send)


async def test_no_cache_grows_by_what_clients_send(app: Observed) -> None:
    admin = await factories.sign_up(app)
    product = await factories.product(admin)

    async def ask_around(rounds: int) -> None:
        for _ in range(rounds):
            word = secrets.token_hex(8)
            headers = {"cookie": f"imsop_theme={word}; {word}=1", "accept_language": f"{word},de;q=0.1"}
            headers |= {"origin": f"http://{word}", "x_request_id": word, "host": f"{word}.example"}
            for known in ({}, {"authorization": f"Bearer {admin.token}"}):
                for path in (
                    "/products",
                    f"/products/{product['id']}",
                    f"/{word}",
                    "/sign-in",
                    f"/assets/{word}",
                ):
                    query = f"q={word}&next=/{word}&{word}={word}"
                    await asked(app, "GET", f"{path}?{query}", **headers, **known)
                part = {"hx_request": "true", "hx_current_url": f"http://x/{word}"}
                await asked(app, "GET", f"/search/found?q={word}", **headers, **known, **part)
                await asked(app, "GET", f"/api/v1/products?{word}=1&sku={word}", **headers, **known)
            form = f"email={word}&password={word}".encode()
            await asked(app, "POST", "/sign-in", form, content_type="application/x-www-form-urlencoded")
            body = b'{"email": "%s", "password": "%s"}' % (word.encode(), word.encode())
            await asked(app, "POST", "/api/v1/auth/token", body, content_type="application/json")

    await ask_around(3)
    before = cached()
    await ask_around(rounds := 12)
    after = cached()
    # What is kept of a request is kept in each round; what a rare path of ours keeps once is not.
    assert {name: size for name, size in after.items() if size >= before.get(name, 0) + rounds} == {}
