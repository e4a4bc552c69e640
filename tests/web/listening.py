"""Clients of the live stream, on a real server on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec
import uvicorn

from imsop.web.edge.connection import Connection
from imsop.web.edge.observe import Observed
from imsop.web.live import relay
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import API, SOON, Member, litestar_of

STREAM = f"{API}/stream"
QUIET = 0.3
"""Seconds of silence after which nothing is in flight: six polls of the relay."""


class Event(NamedTuple):
    name: str
    data: Any
    id: str | None
    """None if the event repeats the previous id."""


@asynccontextmanager
async def served(app: Observed) -> AsyncIterator[str]:
    """Serves the application in this process with the production server; yields its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, http=Connection, lifespan="off", log_config=None))  # type: ignore[arg-type]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


def process_of(database: TestDatabase, **settings: int) -> AbstractAsyncContextManager[Observed]:
    """A separate process, whose streams do not end by themselves."""
    return factories.running(database.installation, **({"stream_seconds": 3600} | settings))


async def record_event(member: Member, event_type: str = "page.seen", **metadata: Any) -> Any:
    return await member.create("analytics-events", {"event_type": event_type, "metadata": metadata})


def relay_of(app: Observed) -> relay.Relay:
    found: relay.Relay = litestar_of(app).state.relay
    return found


async def is_told(address: str, path: str, refusal: int, **credentials: str) -> None:
    """Waits until the other process refuses these credentials."""
    async with httpx.AsyncClient(base_url=f"{address}{API}/", headers=credentials, timeout=SOON) as http:

        async def refused() -> bool:
            return (await http.get(path)).status_code == refusal

        await factories.eventually(refused)


def asked_and_left(address: str, path: str, member: Member) -> socket.socket:
    """A client that sends a request and never reads."""
    host, port = address.removeprefix("http://").split(":")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((host, int(port)))
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {member.token}\r\n\r\n"
    deaf.sendall(request.encode())
    return deaf


class Ear:
    """An open stream. `id` is the id to resume from; `whole`: it ended properly."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.id: str | None = None
        self.beats = 0
        self.whole = False
        self._heard: asyncio.Queue[Event] = asyncio.Queue()
        self._listening = asyncio.create_task(self._listen())

    async def hear(self, name: str | None = None, within_seconds: float = SOON) -> Event:
        """The next event; fails if it has another name."""
        async with asyncio.timeout(within_seconds):
            event = await self._heard.get()
        assert name in (None, event.name), event
        return event

    async def hears_nothing(self) -> None:
        await asyncio.sleep(QUIET)
        assert self._heard.empty(), self._heard.get_nowait()

    async def ended(self, within_seconds: float = SOON) -> None:
        """Waits for the end of the stream."""
        async with asyncio.timeout(within_seconds):
            await self._listening

    async def begun(self) -> None:
        """Waits for the first id: no event after it is missed."""
        async with asyncio.timeout(SOON):
            while self.id is None:  # noqa: ASYNC110 - set by another task
                await asyncio.sleep(0.005)

    def close(self) -> None:
        self._listening.cancel()

    async def _listen(self) -> None:
        fields: dict[str, str] = {}
        async for line in self.response.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
                continue
            self.id = fields.get("id", self.id)
            self.beats += "" in fields
            if "data" in fields:
                data = msgspec.json.decode(fields["data"])
                self._heard.put_nowait(Event(fields["event"], data, fields.get("id")))
            fields = {}
        self.whole = True


@asynccontextmanager
async def listening(address: str, member: Member, last_event_id: str | None = None) -> AsyncIterator[Ear]:
    headers = {"Authorization": f"Bearer {member.token}"}
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    async with (
        httpx.AsyncClient(timeout=SOON) as http,
        http.stream("GET", f"{address}{STREAM}", headers=headers) as response,
    ):
        assert response.status_code == 200, (await response.aread()).decode()
        ear = Ear(response)
        try:
            await ear.begun()
            yield ear
        finally:
            ear.close()
