"""K1 and K2: the cost of a body is proportional to its length, and no data of a request is retained."""

import gc
import secrets
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from imsop.web.edge.connection import Connection, Cycle
from imsop.web.edge.csrf import csrf_token
from tests.attacks.victim import Victim
from tests.attacks.wire import exchange, head, with_body
from tests.conftest import TestDatabase
from tests.factories import eventually
from tests.web.listening import process_of, served

MEBIBYTE = 1 << 20
BOUNDARY = "x"


def multipart(content: bytes, part_type: str, disposition: str = 'form-data; name="email"') -> bytes:
    return (
        f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: {part_type}\r\n\r\n".encode()
        + content
        + f"\r\n--{BOUNDARY}--\r\n".encode()
    )


MULTIPART = ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")


def bodies(size: int) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Bodies whose parsers were, or might be, superlinear."""
    yield MULTIPART, multipart(b"abc-" + b"a" * size, "text/plain; charset=punycode")
    yield MULTIPART, multipart(b"a" * size, "text/plain; charset=idna")
    yield MULTIPART, b"--x\r\n" * (size // 5)
    yield FORM, b"a&" * (size // 2)
    yield FORM, b"a=%41" * (size // 5)
    yield FORM, b"%" * size
    yield JSON, b"[" * size
    yield JSON, b'{"email": "' + b"a" * size + b'@"}'
    yield JSON, b'{"email": "' + b"\\u0041" * (size // 6) + b'"}'
    yield JSON, b"{" + b",".join(b'"%x": 1' % n for n in range(size // 10)) + b"}"


async def seconds_for(attacked: Victim, size: int, target: str, *headers: tuple[str, str]) -> list[float]:
    """CPU seconds of the server for three requests with each body."""
    took = []
    for content_type, body in bodies(size):
        before = attacked.processor_seconds()
        for _ in range(3):
            reply = await exchange(attacked.address, with_body("POST", target, body, content_type, *headers))
            assert 400 <= reply.status < 500, reply.content
        took.append(attacked.processor_seconds() - before)
    return took


@pytest.mark.parametrize(
    ("target", "signed_in"),
    [
        ("/sign-in", False),
        ("/api/v1/auth/token", False),
        ("/api/v1/organizations", False),
        ("/api/v1/products", False),
        ("/profile", True),
        ("/api/v1/products", True),
        ("/api/v1/sales-orders", True),
    ],
)
async def test_the_cost_of_a_body_is_linear(attacked: Victim, target: str, *, signed_in: bool) -> None:
    headers: list[tuple[str, str]] = [("Cookie", "imsop_session=x")]
    if signed_in:
        cookies = attacked.cookies()
        headers = [
            ("Cookie", f"imsop_session={cookies['imsop_session']}"),
            ("X-CSRF-Token", cookies["csrf"]),
        ]
    small = await seconds_for(attacked, 50_000, target, *headers)
    large = await seconds_for(attacked, 100_000, target, *headers)
    # CPU time has a resolution of 10 ms: twice the length may cost twice the time, and three ticks more.
    for one, other in zip(small, large, strict=True):
        assert other <= 2 * one + 0.03, (small, large)


async def test_an_unauthenticated_sender_is_refused_before_the_body(attacked: Victim) -> None:
    """The server responds although only the head has been sent."""
    for target in ("/api/v1/products", "/api/v1/sales-orders", "/profile"):
        for headers in ([], [("Cookie", "imsop_session=x")], [("Authorization", "Bearer x")]):
            asked = head("POST", target, *headers, JSON, ("Content-Length", "1000000"))
            reply = await exchange(attacked.address, asked, within_seconds=10)
            assert reply.status in (401, 303), reply.content


async def test_bodies_are_not_retained_in_memory(attacked: Victim) -> None:
    """Two hundred distinct bodies, queries and cookies."""

    async def burst(rounds: range) -> None:
        for n in rounds:
            for target in ("/sign-in", "/api/v1/products", "/api/v1/auth/token"):
                filling = secrets.token_hex(MEBIBYTE // 2).encode()
                for content_type in (FORM, MULTIPART, JSON):
                    cookie = ("Cookie", f"imsop_session={n}; a={secrets.token_hex(3000)}")
                    query = urlencode({"q": secrets.token_hex(3000)})
                    asked = with_body("POST", f"{target}?{query}", filling, content_type, cookie)
                    await exchange(attacked.address, asked)

    await burst(range(2))  # one-time allocations
    before = attacked.resident_bytes()
    await burst(range(2, 24))
    assert attacked.resident_bytes() - before < 20 * MEBIBYTE


def alive() -> list[Connection | Cycle]:
    return [thing for thing in gc.get_objects() if type(thing) in (Connection, Cycle)]


async def test_no_connection_waits_for_the_garbage_collector(database: TestDatabase) -> None:
    """Of requests that are answered, whether refused or not, on connections that close and one that stays."""

    async def nothing_held() -> bool:
        return all(thing.scope is None for thing in alive())

    async def nothing_alive() -> bool:
        return not alive()

    async with process_of(database) as app, served(app) as address:
        gc.collect()
        gc.disable()
        try:
            async with httpx.AsyncClient(base_url=address) as stays:
                for target in ("/sign-in", "/sign-in?password=x", "/api/v1/products", "/nowhere"):
                    await exchange(address, head("GET", target))
                    await exchange(address, with_body("POST", target, b"a=1", FORM))
                    await stays.get(target)
                await eventually(nothing_held)
            await eventually(nothing_alive)
        finally:
            gc.enable()


async def test_a_submitted_password_is_wiped_from_memory(attacked: Victim) -> None:
    password = f"correct-{secrets.token_hex(16)}"
    fields = urlencode(
        {"email": Victim.EMAIL, "password": password, "csrf_token": csrf_token("abc")}
    ).encode()
    cookie = ("Cookie", "imsop_form=abc")
    reply = await exchange(attacked.address, with_body("POST", "/sign-in", fields, FORM, cookie))
    assert reply.status == 401, reply.content
    for n in range(400):
        other = urlencode(
            {"email": f"{n}@{n}.example", "password": f"another-{n}", "csrf_token": "0"}
        ).encode()
        asked = head("GET", f"/sign-in?next=/{n}") if n % 2 else with_body("POST", "/sign-in", other, FORM)
        await exchange(attacked.address, asked)

    async def forgotten() -> bool:
        return attacked.memory_holds(password.encode()) == 0

    await eventually(forgotten)
