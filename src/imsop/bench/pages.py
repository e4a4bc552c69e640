"""Measures the latency of each page and of its JSON, and the size of a first view."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from gzip import decompress
from http.client import HTTPConnection
from statistics import median
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import uvloop

from imsop.bench.addresses import Asked, asked, last_page, worst_of
from imsop.bench.comparison import UNDISTURBED
from imsop.bench.operations import request
from imsop.bench.processes import application, busy_seconds, parent_of, usage
from imsop.bench.recording import recorded
from imsop.bench.volume import TOKEN_SECONDS
from imsop.core.embedded import OperatorError
from imsop.core.installation import Installation, Progress
from imsop.core.settings import Settings
from imsop.identity.credentials.tokens import new_token, token_hash
from imsop.web.app import create_litestar

PAGE_SECONDS = 0.050
"""Limit of the median of any page, on real data."""
WARM_UP = 3
TRIES = 3
_ASSET = re.compile(r"/assets/[\w.-]+")
_IMPORTED = re.compile(
    r'(?:from|import)\s?"\./([\w.-]+\.js)"'
)  # static imports only: import("…") loads on demand


class Measured(NamedTuple):
    """Measurements of one URL. CPU time is per request, of the server and of all of PostgreSQL."""

    asked: Asked
    seconds: list[float]
    json_seconds: list[float]
    server_cpu_seconds: float
    database_cpu_seconds: float
    others: float
    """The share of the machine's CPU used by unrelated processes."""
    page_bytes: int
    first_view_bytes: int
    messages: int
    """Messages to the database, BEGIN and COMMIT included; counted for pages without parameters."""

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def is_late_for_others(self) -> bool:
        """True if it is over the limit only because other processes used the machine."""
        alone = self.server_cpu_seconds + self.database_cpu_seconds <= PAGE_SECONDS
        return self.median > PAGE_SECONDS and alone and self.others > UNDISTURBED


class _Reader(NamedTuple):
    """A user who can see everything in an organization."""

    organization: str
    organization_id: UUID
    token: str


def measure(
    opened: Installation,
    settings: Settings,
    *,
    requests: int,
    progress: Progress,
    below: str = "/",
    only: str | None = None,
) -> dict[str, list[Measured]]:
    """Measurements by organization (or `only` one) of all URLs starting with `below`.

    Raises OperatorError if a page responds with an error.
    """
    measured: dict[str, list[Measured]] = {}
    with (
        psycopg.connect(opened.admin_dsn, autocommit=True) as connection,
        _readers(connection, only) as readers,
        application(opened, settings) as served,
    ):
        database_pid = parent_of(connection.info.backend_pid)
        for reader in readers:
            of_it = measured[reader.organization] = []
            with closing(HTTPConnection(served.host, served.port, timeout=60)) as client:
                bench = _Bench(client, (served.pid, database_pid), reader.token, requests)
                addresses = [
                    one for one in _addresses(opened, reader, bench) if one.address.startswith(below)
                ]
                messages = uvloop.run(_messages(opened, reader.token, addresses))
                for number, one in enumerate(addresses, 1):
                    of_it.append(bench.measured(one, messages.get(one.address, 0)))
                    progress(reader.organization, number, len(addresses))
    return measured


@contextmanager
def _readers(connection: "psycopg.Connection[Any]", only: str | None) -> Iterator[list[_Reader]]:
    """An administrator of each organization with products, signed in until the context ends."""
    found = connection.execute(
        """
        SELECT DISTINCT ON (o.name) o.name, o.id, u.id
        FROM organizations o JOIN users u ON u.organization_id = o.id AND u.status = 'active'
        JOIN user_roles ur ON ur.organization_id = o.id AND ur.user_id = u.id
        JOIN roles r ON r.organization_id = o.id AND r.id = ur.role_id
        WHERE r.name = 'administrator' AND EXISTS (SELECT FROM products p WHERE p.organization_id = o.id)
          AND lower(o.name) = coalesce(lower(%s), lower(o.name))
        """,
        [only],
    ).fetchall()
    readers = []
    for name, organization_id, user_id in found:
        readers.append(_Reader(name, organization_id, new_token("bearer", organization_id)))
        connection.execute(
            """
            INSERT INTO sessions (organization_id, user_id, kind, token_hash, expires_at)
            VALUES (%s, %s, 'bearer', %s, now() + make_interval(secs => %s))
            """,
            [organization_id, user_id, token_hash(readers[-1].token), TOKEN_SECONDS],
        )
    try:
        yield readers
    finally:
        for reader in readers:
            connection.execute(
                "DELETE FROM sessions WHERE organization_id = %s AND token_hash = %s",
                [reader.organization_id, token_hash(reader.token)],
            )


def _addresses(opened: Installation, reader: _Reader, bench: "_Bench") -> Iterator[Asked]:
    worst = worst_of(opened.admin_dsn, reader.organization_id)
    for one in asked(create_litestar(Settings(), opened), worst):
        yield one
        path, _, query = one.address.partition("?sort=")
        if query and "&" not in query and (last := last_page(path, query, _text(bench.page(one.address)))):
            yield Asked(one.route, last, None)


async def _messages(opened: Installation, token: str, addresses: list[Asked]) -> dict[str, int]:
    async with recorded(opened) as recorder:
        return {
            one.address: await recorder.messages(request(one.address, token))
            for one in addresses
            if "?" not in one.address
        }


class _Bench:
    """One reader on one connection, as a browser; knows the process ids of the server and the database."""

    def __init__(self, connection: HTTPConnection, pids: tuple[int, int], token: str, requests: int) -> None:
        self._connection = connection
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}
        self._pids = pids
        self._requests = requests
        self._weights: dict[str, int] = {}

    def measured(self, one: Asked, messages: int) -> Measured:
        """The measurement, repeated a few times if it is late because of other processes."""
        tries = [self._tried(one, messages)]
        while len(tries) < TRIES and tries[-1].is_late_for_others:
            tries.append(self._tried(one, messages))
        return min(tries, key=lambda tried: tried.median)

    def _tried(self, one: Asked, messages: int) -> Measured:
        content = [self.page(one.address) for _ in range(WARM_UP)][-1]
        began, busy, before = time.perf_counter(), busy_seconds(), self._cpu_seconds()
        seconds = [self._page(one.address)[0] for _ in range(self._requests)]
        own, server, database = (b - a for a, b in zip(before, self._cpu_seconds(), strict=True))
        others = busy_seconds() - busy - own - server - database
        first_view = len(content) + sum(self._weight(name) for name in set(_ASSET.findall(_text(content))))
        return Measured(
            one, seconds, self._json_seconds(one.json), server / self._requests, database / self._requests,
            others / (time.perf_counter() - began) / (os.cpu_count() or 1),
            len(content), first_view, messages,
        )  # fmt: skip

    def _cpu_seconds(self) -> list[float]:
        """CPU time of this process, the server and the database."""
        return [sum(os.times()[:4]), *(usage(pid).cpu_seconds for pid in self._pids)]

    def page(self, address: str) -> bytes:
        """The page, over a new connection, as the server closes idle ones."""
        self._connection.close()
        return self._page(address)[1]

    def _page(self, address: str) -> tuple[float, bytes]:
        status, seconds, content = self._get(address)
        if status != 200:
            raise OperatorError(f"{address} was answered {status}:\n{_text(content)[-500:]}")
        return seconds, content

    def _json_seconds(self, address: str | None) -> list[float]:
        """Latencies of the JSON; none if the API takes other parameters than the page."""
        if address is None or self._get(address)[0] != 200:
            return []
        return [self._get(address)[1] for _ in range(self._requests)]

    def _get(self, address: str) -> tuple[int, float, bytes]:
        began = time.perf_counter()
        self._connection.request("GET", address, headers=self._headers)
        reply = self._connection.getresponse()
        content = reply.read()
        return reply.status, time.perf_counter() - began, content

    def _weight(self, asset: str) -> int:
        """Compressed size of an asset and its static imports."""
        if asset not in self._weights:
            content = self._page(asset)[1]
            brought = [f"/assets/{name}" for name in _IMPORTED.findall(_text(content))]
            self._weights[asset] = len(content) + sum(self._weight(name) for name in brought)
        return self._weights[asset]


def _text(content: bytes) -> str:
    return (decompress(content) if content.startswith(b"\x1f\x8b") else content).decode("latin-1")
