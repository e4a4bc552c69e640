"""HTTP as bytes on a socket, for requests that no regular client would send."""

import asyncio
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.factories import SOON


class Reply(NamedTuple):
    """A raw response; status 0 if the server closed the connection without one."""

    status: int
    content: bytes
    sent_bytes: int

    @property
    def body(self) -> bytes:
        return self.content.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str | None:
        head, _, _ = self.content.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return None


def head(method: str, target: str, *headers: tuple[str, str | bytes]) -> bytes:
    """A request line and headers, ending with `Connection: close`."""
    lines = [f"{method} {target} HTTP/1.1".encode()]
    if "host" not in {name.lower() for name, _ in headers}:
        lines.append(b"Host: 127.0.0.1")
    for name, value in headers:
        lines.append(name.encode("latin-1") + b": " + (value if isinstance(value, bytes) else value.encode()))
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


def with_body(method: str, target: str, body: bytes, *headers: tuple[str, str | bytes]) -> bytes:
    return head(method, target, *headers, ("Content-Length", str(len(body)))) + body


async def exchange(address: str, request: bytes, *, within_seconds: float = SOON) -> Reply:
    """Sends the bytes while reading the response, until the server closes the connection."""
    url = urlsplit(address)
    async with asyncio.timeout(within_seconds):
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        sending = asyncio.create_task(_send(writer, request))
        content = bytearray()
        try:
            with suppress(ConnectionError):
                while part := await reader.read(1 << 16):
                    content += part
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.transport.abort()
    status = content[9:12] if content.startswith(b"HTTP/1.1 ") else b"0"
    return Reply(int(status), bytes(content), len(request))


async def _send(writer: asyncio.StreamWriter, request: bytes) -> None:
    with suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
