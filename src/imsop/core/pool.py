"""Connections that are kept open, each lent to one at a time.

asyncpg has a pool of its own, which does more: a proxy around each connection, a task and timers around each
loan. They took a sixth of what a small request costs the server; docs/performance.md has the figures.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self, TypeAlias

import asyncpg

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:  # asyncpg's class takes type arguments in its stubs only
    Connection = asyncpg.Connection

TAKE_SECONDS = 10.0
"""How long to wait for a connection; a request that waited in vain is answered 503."""
IDLE_SECONDS = 300.0
"""How long a connection beyond the fewest stays open unused."""


class Pool:
    """`min_size` connections from the start, at most `max_size`, opened by `connect` as they are wanted.

    The one that came back last is lent first, so that those that are not needed grow old. Nothing is reset
    between loans: whoever borrows sets what lives no longer than a transaction.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, min_size: int, max_size: int) -> None:
        self._connect = connect
        self._min_size = min_size
        self._idle: deque[tuple[float, Connection]] = deque()
        self._lent: set[Connection] = set()
        self._free = asyncio.Semaphore(max_size)

    @property
    def lent(self) -> int:
        """How many connections are in use."""
        return len(self._lent)

    async def open(self) -> None:
        """Opens the first `min_size` connections."""
        for _ in range(self._min_size):
            self._idle.append((time.monotonic(), await self._connect()))

    async def close(self) -> None:
        """Says goodbye on what is idle, and cuts off what is still lent."""
        for connection in self._lent:
            connection.terminate()
        while self._idle:
            await self._idle.pop()[1].close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def take(self) -> Connection:
        """Lends a connection. Raises TimeoutError where none is to be had within TAKE_SECONDS."""
        if self._idle and not self._free.locked():
            return await self._take()
        async with asyncio.timeout(TAKE_SECONDS):
            return await self._take()

    async def _take(self) -> Connection:
        await self._free.acquire()
        try:
            connection = self._newest_idle() or await self._connect()
        except BaseException:
            self._free.release()
            raise
        self._lent.add(connection)
        return connection

    def _newest_idle(self) -> Connection | None:
        while self._idle:
            _, connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def give_back(self, connection: Connection) -> None:
        """Takes back a connection that is in no transaction; one that is closed is forgotten."""
        self._lent.remove(connection)
        now = time.monotonic()
        if not connection.is_closed():
            self._idle.append((now, connection))
        if len(self._idle) > self._min_size and self._idle[0][0] < now - IDLE_SECONDS:
            self._idle.popleft()[1].terminate()
        self._free.release()

    async def end(self, connection: Connection, *, commit: bool) -> None:
        """Commits or rolls back, and takes the connection back; one that does not confirm it is cut off."""
        try:
            await connection.execute("COMMIT" if commit else "ROLLBACK")
        except BaseException:
            connection.terminate()
            raise
        finally:
            self.give_back(connection)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Lends a connection for a block that leaves it in no transaction, or raises: then it is cut off."""
        connection = await self.take()
        try:
            yield connection
        except BaseException:
            connection.terminate()
            raise
        finally:
            self.give_back(connection)
