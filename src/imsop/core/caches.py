"""In-process caches of rows, invalidated by PostgreSQL notifications.

Consistency: in the process that changes a row, the change is visible as soon as its response is sent, since
the edge invalidates after the commit. Every other process is notified at commit and invalidates within
milliseconds. While the LISTEN connection is down nothing is cached; if its loss goes unnoticed, a row is
stale for a minute at most.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter, Gauge

Row = TypeVar("Row")

MAX_AGE_SECONDS = 60.0
MAX_ENTRIES = 10_000
RECONNECT_SECONDS = 1.0

LOOKUPS = Counter(
    "imsop_cache_lookups",
    "Looks at what the process remembers, by whether it was there",
    ["cache", "outcome"],
)
ENTRIES = Gauge("imsop_cache_entries", "Rows that the process remembers", ["cache"])

log = structlog.get_logger()


class Cache(Generic[Row]):
    """Rows of one kind by organization and key. Safe between tasks: no change of its state awaits."""

    def __init__(self, name: str, *, most: int = MAX_ENTRIES) -> None:
        self.is_listening = False
        """True while notifications arrive. Otherwise nothing is cached."""
        self._most = most
        self._rows: dict[UUID, dict[Hashable, tuple[float, Row]]] = {}
        self._size = 0
        # Incremented by each notification: a row read before it must not be cached after it.
        self._epoch = 0
        self._found = LOOKUPS.labels(name, "found")
        self._missed = LOOKUPS.labels(name, "missed")
        self._entries = ENTRIES.labels(name)

    def __len__(self) -> int:
        return self._size

    async def read(
        self,
        organization_id: UUID,
        key: Hashable,
        load: Callable[[], Awaitable[Row]],
        *,
        seconds: Callable[[Row], float] | None = None,
    ) -> Row:
        """The cached row, else the one that `load` reads, cached for `seconds`, at most a minute.

        An exception of `load` propagates, and nothing is cached.
        """
        now = time.monotonic()
        kept = self._rows.get(organization_id, {}).get(key)
        if kept is not None and kept[0] > now:
            self._found.inc()
            return kept[1]
        self._missed.inc()
        epoch = self._epoch
        row = await load()
        if self.is_listening and epoch == self._epoch:
            lifetime = MAX_AGE_SECONDS if seconds is None else min(MAX_AGE_SECONDS, seconds(row))
            self._keep(organization_id, key, now + lifetime, row)
        return row

    def _keep(self, organization_id: UUID, key: Hashable, until: float, row: Row) -> None:
        if self._size >= self._most:
            self._drop(next(iter(self._rows)))  # the organization that was cached first
        rows = self._rows.setdefault(organization_id, {})
        self._size += key not in rows
        rows[key] = (until, row)
        self._entries.set(self._size)

    def forget(self, organization_id: UUID) -> None:
        """Drops all rows of an organization."""
        self._epoch += 1
        self._drop(organization_id)

    def forget_all(self) -> None:
        self._epoch += 1
        self._rows.clear()
        self._size = 0
        self._entries.set(0)

    def _drop(self, organization_id: UUID) -> None:
        self._size -= len(self._rows.pop(organization_id, {}))
        self._entries.set(self._size)


async def listen(
    dsn: str, channels: Mapping[str, Callable[[str], None]], caches: Collection[Cache[object]]
) -> None:
    """Dispatches notifications by channel until cancelled; reconnects. While disconnected, caching is off."""
    while True:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await _listen_once(dsn, channels, caches)
        _set_listening(caches, listening=False)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen_once(
    dsn: str, channels: Mapping[str, Callable[[str], None]], caches: Collection[Cache[object]]
) -> None:
    connection = await asyncpg.connect(dsn)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        for channel, told in channels.items():
            await connection.add_listener(
                channel, lambda _connection, _pid, _channel, payload, told=told: told(str(payload))
            )
        _set_listening(caches, listening=True)
        await lost.wait()
        log.warning("notices of changes lost")
    finally:
        _set_listening(caches, listening=False)
        connection.terminate()


def _set_listening(caches: Collection[Cache[object]], *, listening: bool) -> None:
    """Clears the caches too: rows read before this moment may have missed a notification."""
    for cache in caches:
        cache.forget_all()
        cache.is_listening = listening
