"""The load: connections that each send a request as soon as they have the reply to the one before.

A protocol on a bare socket and a few lines of parsing, so that what is measured is the server: see
docs/performance.md for what this costs beside wrk.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from imsop.core.embedded import OperatorError

REPLY_SECONDS = 30


class Served(NamedTuple):
    """What a slice of time gave: how long it took, and how long each reply."""

    seconds: float
    latencies: list[float]
    own_cpu_seconds: float
    """Of the load itself: near `seconds` means that it, not the server, is what was measured."""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


async def serve_load(
    host: str, port: int, connections: int, seconds: float, next_request: Callable[[], bytes]
) -> Served:
    """Loads a server for a while. Raises OperatorError at the first reply that is not a success."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    cpu = time.process_time()
    began = time.perf_counter()
    clients = [_Client(next_request, latencies, began + seconds) for _ in range(connections)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, host, port)  # type: ignore[misc]
    async with asyncio.timeout(seconds + REPLY_SECONDS):
        await asyncio.gather(*(client.ended for client in clients))
    return Served(time.perf_counter() - began, latencies, time.process_time() - cpu)


class _Client(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self, next_request: Callable[[], bytes], latencies: list[float], until: float) -> None:
        self._next_request = next_request
        self._latencies = latencies
        self._until = until
        self._received = b""
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._next_request())

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        head = received.find(b"\r\n\r\n")
        if head < 0 or len(received) < head + 4 + _body_bytes(received, head):
            self._received = received
            return
        now = time.perf_counter()
        if not received.startswith(b"HTTP/1.1 2") or b'"items":[]' in received:
            self._end(OperatorError(f"unexpected reply:\n{received.decode(errors='replace')}"))
            return
        self._received = b""
        self._latencies.append(now - self._sent)
        if now < self._until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self._end(exc or OperatorError("the server closed a connection"))

    def _end(self, error: Exception | None) -> None:
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)
        self._transport.close()


def _body_bytes(received: bytes, head: int) -> int:
    """By its Content-Length, which every reply measured here has."""
    start = received.index(b"\r\ncontent-length: ", 0, head) + 18
    return int(received[start : received.index(b"\r\n", start)])
