"""Long-running responses that are cancelled as soon as their client disconnects."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, TypeVar

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from imsop.web.edge.intake import ClientLeft

Result = TypeVar("Result")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work; if the client disconnects first, cancels it and raises ClientLeft.

    A client that the server aborts (`connection.py`) counts as disconnected, too.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_disconnected(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.wait({working, leaving})
    if working.cancelled():
        raise ClientLeft
    return working.result()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streamed(ASGIResponse):
    """A response that is sent as its chunks are produced.

    The generator is closed at the end, however it ends.
    """

    __slots__ = ("_chunks",)
    _should_set_content_length = False

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], *, media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(media_type=media_type, headers=dict(headers))
        self._chunks = chunks

    async def send_body(self, send: Send, receive: Receive) -> None:
        async with aclosing(self._chunks):
            await while_connected(receive, self._send_chunks(send))

    async def _send_chunks(self, send: Send) -> None:
        async for chunk in self._chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
