"""A minimal connection pool.

asyncpg's own pool does more: a proxy around each connection, a task and timers around each checkout. They
took a sixth of what a small request costs the server; docs/performance.md has the figures.
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
else:  # generic in asyncpg's stubs only
    Connection = asyncpg.Connection

TAKE_SECONDS = 10.0
"""Timeout of waiting for a connection; the request is then answered 503."""
IDLE_SECONDS = 300.0
"""Idle time after which a connection above `min_size` is closed."""


class Pool:
    """Keeps `min_size` connections open, and opens more with `connect` on demand, up to `max_size`.

    LIFO, so surplus connections go idle and can be closed. Connections are not reset on return: borrowers use
    only settings local to a transaction.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, min_size: int, max_size: int) -> None:
        self._connect = connect
        self._min_size = min_size
        self._idle: deque[tuple[float, Connection]] = deque()
        self._lent: set[Connection] = set()
        self._free = asyncio.Semaphore(max_size)

    @property
    def lent(self) -> int:
        """The number of connections in use."""
        return len(self._lent)

    async def open(self) -> None:
        """Opens the first `min_size` connections."""
        for _ in range(self._min_size):
            self._idle.append((time.monotonic(), await self._connect()))

    async def close(self) -> None:
        """Closes idle connections gracefully and terminates those in use."""
        for connection in self._lent:
            connection.terminate()
        while self._idle:
            await self._idle.pop()[1].close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def take(self) -> Connection:
        """Checks out a connection. Raises TimeoutError if none is free within TAKE_SECONDS."""
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
        """Returns a connection, which must be outside a transaction; a closed one is dropped."""
        self._lent.remove(connection)
        now = time.monotonic()
        if not connection.is_closed():
            self._idle.append((now, connection))
        if len(self._idle) > self._min_size and self._idle[0][0] < now - IDLE_SECONDS:
            self._idle.popleft()[1].terminate()
        self._free.release()

    async def end(self, connection: Connection, *, commit: bool) -> None:
        """Commits or rolls back, then gives the connection back to the pool. Closes it if that fails."""
        try:
            await connection.execute("COMMIT" if commit else "ROLLBACK")
        except BaseException:
            connection.terminate()
            raise
        finally:
            self.give_back(connection)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Checks out a connection for a block that ends outside a transaction; terminates it on errors."""
        connection = await self.take()
        try:
            yield connection
        except BaseException:
            connection.terminate()
            raise
        finally:
            self.give_back(connection)
