"""Load generator: connections that each send the next request when they have received the response.

A protocol on a bare socket with minimal parsing, so that it measures the server and not itself;
docs/performance.md compares it with wrk.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from imsop.core.embedded import OperatorError

REPLY_SECONDS = 30


class Served(NamedTuple):
    """Result of a time slice: its duration, and the latency of each response."""

    seconds: float
    latencies: list[float]
    own_cpu_seconds: float
    """CPU time of the load generator: near `seconds`, the generator was the bottleneck, not the server."""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


async def serve_load(
    host: str, port: int, connections: int, seconds: float, next_request: Callable[[], bytes]
) -> Served:
    """Loads a server for `seconds`. Raises OperatorError at the first response that is not a success."""
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
    """One connection with one request at a time."""

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
    """The body's size by Content-Length, which all measured responses have."""
    start = received.index(b"\r\ncontent-length: ", 0, head) + 18
    return int(received[start : received.index(b"\r\n", start)])
