"""Random requests without an account: `python -m tests.attacks.fuzz [MINUTES] [SEED]`.

Each response must not be 5xx, and not larger than 20 times its request plus 4 KB, static documents aside. The
log must contain no server errors. Exit status 1 on a violation.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from typing import NamedTuple

from tests.attacks.victim import Victim, victim
from tests.attacks.wire import Reply, exchange, head, with_body

LARGEST_FACTOR = 20
LARGEST_BEYOND_BYTES = 4096
AT_ONCE = 8
FIXED_DOCUMENTS = ("/api/openapi.json", "/api/docs", "/assets/", "/metrics")
"""Public and static, and larger than their requests."""

_METHODS = ["GET", "POST", "POST", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE", "GETT"]
_ID = "01a20000-0000-7000-8000-000000000000"
_PATHS = f"""
    / /sign-in /sign-out /products/new /suppliers/similar /products/{_ID}/edit
    /zones/{_ID}/delete /purchase-orders/{_ID}/submit /api/v1/sales-orders/{_ID}/confirm
    /profile /profile/password /products /products/{_ID} /ledger.csv /inventory.xlsx
    /shipments/{_ID}/label.pdf /search /nowhere // /%00 /%ff%fe /sign-in/%F0%9F%8D%90 *
    /api/v1/auth/token /api/v1/organizations /api/v1/products /api/v1/products/7 /api/v1/stream /api/v1/me
    /api/v1/shipments/{_ID}/tracking-batches /api/v1/nowhere /health/live /health/ready /api/openapi.json
    /api/docs /api/docs/assets/%2e%2e /metrics /assets/x /assets/ /assets/../../etc/passwd
""".split()
_WORDS = [
    *[
        "a",
        "0",
        "-1",
        "null",
        "true",
        "http://[::1",
        "http://[::1]:x",
        "https://elsewhere.example/\\",
        "%",
        "%00",
        "%ff",
        "%u1234",
        "=1+1",
    ],
    *[
        "'",
        "<script>",
        "1e400",
        "Bearer",
        "Basic",
        "imsop_at_x",
        "{",
        "[[",
        "bytes=0-",
        "gzip;q=nan",
        "chunked",
        "same-origin",
        "cross-site",
    ],
    *[
        "text/html;q=0",
        "de-DE,de;q=0.9,*;q=",
        "xx-XX-XX-XX",
        "100-continue",
        "application/json",
        "é",
        "\u202e",
        "\x7f",
    ],
    *("", '"', 'W/"x"', "../" * 20, "9" * 400, "x" * 900, "Bearer x", "application/json; charset=utf-16"),
    *("application/x-www-form-urlencoded; charset=punycode", "multipart/form-data; boundary=x"),
]
_HEADERS = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "HX-Current-URL",
    "HX-Request",
    "Host",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Origin",
    "Range",
    "Referer",
    "Sec-Fetch-Site",
    "Upgrade",
    "User-Agent",
    "Transfer-Encoding",
    "X-API-Key",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Request-ID",
    "Connection",
]
_COOKIES = ["imsop_session", "imsop_form", "imsop_theme", "imsop_columns_products", "x", ""]
_CONTENT = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data;boundary=x",
    "text/xml",
]


class Fault(NamedTuple):
    what: str
    request: bytes
    reply: Reply


class Attacker:
    """A generator of requests, deterministic in its seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def request(self) -> tuple[str, bytes]:
        """The path, and the whole request."""
        pick = self._random
        path = pick.choice(_PATHS)
        target = path + (f"?{self._query()}" if pick.random() < 0.5 else "")
        headers = [(pick.choice(_HEADERS), self._value()) for _ in range(pick.choice([0, 1, 1, 2, 3, 8]))]
        if pick.random() < 0.4:
            cookies = [f"{pick.choice(_COOKIES)}={self._word()}" for _ in range(pick.choice([1, 1, 2, 30]))]
            headers.append(("Cookie", "; ".join(cookies).encode("utf-8", "surrogatepass")))
        method = pick.choice(_METHODS)
        if pick.random() < 0.5:
            return path, head(method, target, *headers)
        if pick.random() < 0.8:
            headers.append(("Content-Type", pick.choice(_CONTENT)))
        body = self._body()
        if pick.random() < 0.1:  # truncated, or longer than declared
            length = str(max(0, len(body) + pick.choice([-3, 5, 4000])))
            return path, head(method, target, *headers, ("Content-Length", length)) + body
        return path, with_body(method, target, body, *headers)

    def _query(self) -> str:
        pick = self._random
        if pick.random() < 0.2:
            return "&".join(pick.choice("abc") for _ in range(pick.choice([30, 300, 3000])))
        names = ["q", "next", "sort", "limit", "cursor", "status", "before", "%61", "", self._word()[:20]]
        parts = [f"{pick.choice(names)}={self._word()}" for _ in range(pick.choice([1, 2, 20]))]
        return "&".join(parts).replace(" ", "+")

    def _word(self) -> str:
        return self._random.choice(_WORDS)

    def _value(self) -> bytes:
        if self._random.random() < 0.2:
            raw = self._random.randbytes(self._random.choice([1, 8, 200]))
            return raw.translate(None, b"\r\n\0")
        return self._word().encode("utf-8", "surrogatepass")

    def _body(self) -> bytes:
        pick = self._random
        kind = pick.randrange(6)
        if kind == 0:
            return pick.randbytes(pick.choice([0, 1, 100, 5_000, 70_000]))
        if kind == 1:
            return b"&".join(
                b"%s=%s" % (self._value(), self._value()) for _ in range(pick.choice([1, 9, 3000]))
            )
        if kind == 2:
            return b"[" * pick.choice([10, 5_000]) + b"{" * 5
        if kind == 3:
            fields = ["email", "password", "name", "next", "csrf_token", "x", "timezone", "currency"]
            values = [f'"{pick.choice(fields)}": {pick.choice(["1", "null", "[]", "{}", self._quoted()])}']
            return ("{" + ", ".join(values * pick.choice([1, 2, 8])) + "}").encode("utf-8", "surrogatepass")
        if kind == 4:
            charset = pick.choice(["punycode", "idna", "utf-7", "rot13", "zlib", "x" * 300])
            part = (
                f'Content-Disposition: form-data; name="email"\r\nContent-Type: text/plain; charset={charset}'
            )
            return f"--x\r\n{part}\r\n\r\nabc-{'a' * pick.choice([1, 9_000])}\r\n--x--\r\n".encode()
        return b'{"email": "a@b.example", "password": "a long enough password", "name": "N", "x": 1}'

    def _quoted(self) -> str:
        return '"' + self._word().replace("\\", "").replace('"', "") + '"'


async def attack(
    attacked: Victim, seed: int, *, seconds: float, most: int
) -> tuple[Counter[int], list[Fault]]:
    """Statuses of the responses, and violations, until the time or the number of requests is reached."""
    attacker, statuses, faults = Attacker(seed), Counter[int](), list[Fault]()
    ends_at = time.monotonic() + seconds

    async def go_on() -> None:
        while time.monotonic() < ends_at and statuses.total() < most:
            path, request = attacker.request()
            reply = await exchange(attacked.address, request, within_seconds=90)
            statuses[reply.status] += 1
            if reply.status >= 500:
                faults.append(Fault("a 5xx", request, reply))
            allowed = LARGEST_FACTOR * len(request) + LARGEST_BEYOND_BYTES
            if len(reply.content) > allowed and not path.startswith(FIXED_DOCUMENTS):
                faults.append(Fault(f"{len(reply.content)} bytes for {len(request)}", request, reply))

    await asyncio.gather(*(go_on() for _ in range(AT_ONCE)))
    return statuses, faults


def main() -> int:
    minutes, seed = [int(given) for given in (*sys.argv[1:], *("60", "1")[len(sys.argv) - 1 :])]
    with victim() as attacked:
        before = attacked.resident_bytes()
        statuses, faults = asyncio.run(attack(attacked, seed, seconds=60 * minutes, most=sys.maxsize))
        grown = (attacked.resident_bytes() - before) >> 20
        errors = attacked.errors()
    for fault in faults[:20]:
        sys.stdout.write(f"{fault.what}\n  {fault.request[:600]!r}\n  {fault.reply.content[:600]!r}\n")
    for line in errors[:20]:
        sys.stdout.write(line)
    sys.stdout.write(
        f"{statuses.total():,} requests in {minutes} min, {len(faults)} faults, {len(errors)} errors logged, "
        f"memory {grown:+} MB; by status: {dict(sorted(statuses.items()))}\n"
    )
    return 1 if faults or errors else 0


if __name__ == "__main__":
    sys.exit(main())
