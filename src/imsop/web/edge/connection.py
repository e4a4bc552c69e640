"""A client connection with limits on headers and stalls: step 1 of `intake.py`."""

import asyncio
import sys
from asyncio import TimerHandle
from collections import Counter
from typing import ClassVar

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from imsop.core.wiping import wipe
from imsop.identity.request import network_of
from imsop.web.edge.intake import (
    HEAD_SECONDS,
    LINGER_SECONDS,
    MAX_CONNECTIONS_PER_CLIENT,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    STALL_SECONDS,
)

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 36\r\nconnection: close\r\n\r\nThe request's headers are too large."
)


READ_BYTES = 64 * 1024
"""Maximal size of one read from the socket."""


class HeadTooLarge(Exception):
    """Request line and headers exceed MAX_HEAD_BYTES or MAX_HEADERS."""


class Cycle(RequestResponseCycle):
    """One request and its response. Drops its copies of the body when the response is complete."""

    _handed_on: bytes = b""

    async def receive(self) -> ASGIReceiveEvent:
        received = self.body
        message = await super().receive()
        if message["type"] == "http.request":
            wipe(received)
            wipe(self._handed_on)
            self._handed_on = message["body"]
        return message

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.response_complete:
            wipe(self._handed_on)
            self._handed_on = b""
            self.scope = None  # type: ignore[assignment]  # the connection keeps this object until its next request


httptools_impl.RequestResponseCycle = Cycle  # type: ignore[misc]  # uvicorn has no other way to choose it


class Reader(asyncio.BufferedProtocol):
    """Makes the event loop read into a buffer of ours, which is wiped after each read.

    The loop's own buffer would keep a submitted password until a longer request overwrites it.
    """

    _buffer = memoryview(bytearray(READ_BYTES))  # one per process: each read is parsed before the next

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self.connection_lost = connection.connection_lost  # type: ignore[method-assign]
        self.eof_received = connection.eof_received  # type: ignore[method-assign]
        self.pause_writing = connection.pause_writing  # type: ignore[method-assign]
        self.resume_writing = connection.resume_writing  # type: ignore[method-assign]

    def get_buffer(self, _size_hint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, size: int) -> None:
        read = self._buffer[:size]
        self._connection.data_received(read)
        read[:] = bytes(size)


class Connection(HttpToolsProtocol):
    """Aborts a client that sends headers slowly or without end, or that does not read its response.

    Also one with too many connections, unless it is a trusted proxy (FORWARDED_ALLOW_IPS).

    At most three event loop timers: for an incomplete head, for a full send buffer, and for the rest of a
    body after its response.
    """

    _open: ClassVar[Counter[str]] = Counter()
    """Connections by client."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0].partition("%")[0] if self.client else ""
        self._client = network_of(address)
        self._open[self._client] += 1
        transport.set_protocol(Reader(self))
        self.stopping = asyncio.Event()
        self._heads_begun = 0
        self._head_bytes = 0
        self._reading_head = False
        self._stalled: TimerHandle | None = None
        self._lingering: TimerHandle | None = None
        self._slow: TimerHandle | None = self._cut_after(HEAD_SECONDS)
        is_proxy = address in self.config.loaded_app.trusted_hosts
        if self._open[self._client] > MAX_CONNECTIONS_PER_CLIENT and not is_proxy:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._slow, self._stalled, self._lingering):
            if timer is not None:
                timer.cancel()
        self._open[self._client] -= 1
        if not self._open[self._client]:
            del self._open[self._client]
        super().connection_lost(exc)
        self.pipeline.clear()
        self.cycle = None  # type: ignore[assignment]  # as before the first request
        self._forget_head()

    def data_received(self, data: bytes | memoryview) -> None:
        begun = self._heads_begun
        if self._slow is None and not self._is_replying:
            self._slow = self._cut_after(HEAD_SECONDS)  # line feeds between requests do not start a head
        super().data_received(data)  # type: ignore[arg-type]  # the parser takes any buffer
        if self._reading_head and begun == self._heads_begun:
            # The parser buffers a header's value before reporting it, so received bytes are counted.
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._heads_begun += 1
        self._head_bytes = 0
        self._reading_head = True
        self.scope["state"]["connection"] = self

    def on_headers_complete(self) -> None:
        self._reading_head = False
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            raise HeadTooLarge
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        wipe(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def on_response_complete(self) -> None:
        if self.cycle.more_body and self._lingering is None:
            self._lingering = self._cut_after(LINGER_SECONDS)
        is_of_last_head = not self.pipeline and not self._reading_head
        super().on_response_complete()
        if is_of_last_head:
            self._forget_head()

    def send_400_response(self, msg: str) -> None:
        """Called while the parser's error is handled; maps a head that is too large to 431."""
        error = sys.exc_info()[1]
        if error is not None and isinstance(error.__context__, HeadTooLarge):
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self._cut_after(STALL_SECONDS)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def shutdown(self) -> None:
        self.stopping.set()
        super().shutdown()

    def _refuse_head(self) -> None:
        if self._is_replying:  # nothing may be inserted into a response in progress
            self.transport.abort()
        else:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def _forget_head(self) -> None:
        """Drops references to the last request: idle connections hold no data, and no cycles remain."""
        self.url = b""
        self.headers = []
        self.scope = None  # type: ignore[assignment]  # as before the first request

    @property
    def _is_replying(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _cut_after(self, seconds: float) -> TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)
