"""From what is committed to whoever listens: one reader per process, and only while somebody listens.

Writers do nothing for it. A NOTIFY in each writing transaction more than halved the rate of commits, and what
a writer says before its commit may be heard before it is true. The reader compares snapshots instead: what
the newest sees and the last did not has been committed between the two, in whatever order it was written.

It reads as imsop_operator, on a connection of its own: one statement per kind of news for all organizations
that listen, where the application would need a transaction for each, twenty times a second. What keeps them
apart here is that every statement names the organizations it reads for, and every row its own, by which it is
handed on. What a listener missed while it was away is read as the application, inside its organization.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from contextvars import Context
from operator import attrgetter
from typing import NamedTuple, Protocol
from uuid import UUID

import asyncpg
import msgspec
import structlog
from msgspec import Struct
from prometheus_client import Gauge

from imsop.analytics.events import queries as analytics_queries
from imsop.analytics.events.models import AnalyticsEvent
from imsop.core import tenancy
from imsop.core.database import Connection, prepare_connection
from imsop.core.errors import TooManyRequests, Unavailable
from imsop.core.snapshot import Snapshot, current_snapshot
from imsop.identity.roles.permissions import Permission
from imsop.shipping.tracking import queries as tracking_queries
from imsop.shipping.tracking.models import Position, ShipmentEvent

POLL_SECONDS = 0.05
"""Half of it is what a listener waits on average. A look at an unchanged database takes 0.1 ms."""
MAX_OF_A_KIND = 500
"""News of one kind for an organization between two looks; beyond it is told to read anew."""
MAX_WAITING_BYTES = 1024 * 1024
"""Unsent news of a listener that takes them slower than they come; with more waiting it is dropped."""
MAX_LISTENERS = 1_000
MAX_LISTENERS_OF_ONE = 250
"""One organization, so that none takes the places of all."""
RETRY_SECONDS = 5
CONNECT_SECONDS = 5.0

LISTENERS = Gauge("imsop_stream_listeners", "Live streams that are open")

log = structlog.get_logger()


class _Recorded(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def organization_id(self) -> UUID: ...
    @property
    def recorded_xid(self) -> int: ...


class Kind(NamedTuple):
    """What can be heard of: under which name, by whom, in which shape, and where it is read."""

    event: str
    permission: Permission
    shape: type[Struct]
    read: Callable[[Connection, Sequence[UUID], Snapshot, int], Awaitable[Sequence[_Recorded]]]


KINDS = (
    Kind("position", Permission.SHIPMENTS_READ, Position, tracking_queries.list_recorded_positions),
    Kind("shipment_event", Permission.SHIPMENTS_READ, ShipmentEvent, tracking_queries.list_recorded_events),
    Kind(
        "analytics_event", Permission.ANALYTICS_READ, AnalyticsEvent, analytics_queries.list_recorded_events
    ),
)


class Told(NamedTuple):
    """One piece of news as it is sent, but for its id and the empty line behind it."""

    permission: Permission
    recorded_xid: int
    text: bytes


class News(NamedTuple):
    """What an organization can see with `until` for the first time; nothing is told where it is too much."""

    until: Snapshot
    told: list[Told]
    complete: bool


async def read_news(
    connection: Connection, organization_ids: Collection[UUID], since: Snapshot
) -> tuple[Snapshot, dict[UUID, News]]:
    """The transaction's snapshot, and the news of those organizations that have any, in order of recording.

    The transaction must see one moment throughout.
    """
    until = await current_snapshot(connection)
    found: dict[UUID, list[tuple[UUID, Told]]] = defaultdict(list)
    too_many: set[UUID] = set()
    for kind in KINDS:
        counts: dict[UUID, int] = defaultdict(int)
        for row in await kind.read(connection, list(organization_ids), since, MAX_OF_A_KIND + 1):
            counts[row.organization_id] += 1
            found[row.organization_id].append((row.id, _told(kind, row)))
        too_many |= {organization for organization, count in counts.items() if count > MAX_OF_A_KIND}
    return until, {
        organization: News(until, [], complete=False)
        if organization in too_many
        else News(until, [told for _, told in sorted(rows)], complete=True)
        for organization, rows in found.items()
    }


def _told(kind: Kind, row: _Recorded) -> Told:
    shown = kind.shape(*attrgetter(*kind.shape.__struct_fields__)(row))
    text = b"event: %s\ndata: %s\n" % (kind.event.encode(), msgspec.json.encode(shown))
    return Told(kind.permission, row.recorded_xid, text)


class Listener:
    """One open stream: what waits to be sent on it, and whether it is to end."""

    def __init__(self, organization_id: UUID, position: Snapshot) -> None:
        self.organization_id = organization_id
        self.position = position
        """What it has been told of: news that this snapshot sees are none."""
        self.ended: str | None = None
        """Why, once it is."""
        self._waiting: deque[News] = deque()
        self._waiting_bytes = 0
        self._stirred = asyncio.Event()

    def offer(self, news: News) -> None:
        """Queues news, or ends the stream where it does not keep up with what it was offered before."""
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.end("slow")
        if not self.ended:
            self._waiting.append(news)
            self._waiting_bytes += _size(news)
            self._stirred.set()

    def end(self, reason: str) -> None:
        """Ends the stream and drops what waits; it can be resumed from its last id."""
        self.ended = self.ended or reason
        self._waiting.clear()
        self._stirred.set()

    async def next(self, within_seconds: float) -> News | None:
        """The next news, or None where there are none in that time or it has ended."""
        if not self._waiting and not self.ended:
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within_seconds):
                    await self._stirred.wait()
        while self._waiting:
            news = self._waiting.popleft()
            self._waiting_bytes -= _size(news)
            # Only now: what was offered while a listener caught up it may have read by itself.
            fresh = [told for told in news.told if not self.position.sees(told.recorded_xid)]
            if fresh or not news.complete:
                return news._replace(told=fresh)
        return None


def _size(news: News) -> int:
    return sum(len(told.text) for told in news.told)


class Relay:
    """Reads for all listeners of this process."""

    def __init__(self, operator_dsn: str) -> None:
        self._dsn = operator_dsn
        self._listeners: set[Listener] = set()
        self._reading: asyncio.Task[None] | None = None
        # Nobody joins during a look: what it reads for is settled when it begins.
        self._looking = asyncio.Lock()
        self.position = Snapshot(0, 0, ())
        """What has been handed to every listener."""

    async def join(self, organization_id: UUID) -> Listener:
        """A listener who hears of everything from now on. Raises OSError and the like without a database."""
        async with self._looking:
            self._require_room(organization_id)
            if self._reading is None:
                connection = await self._connect()
                self.position = await current_snapshot(connection)
                # In no request's context: its id would be in the log of everybody's reader.
                self._reading = asyncio.create_task(self._read(connection), context=Context())
            listener = Listener(organization_id, self.position)
            self._listeners.add(listener)
        LISTENERS.inc()
        return listener

    def _require_room(self, organization_id: UUID) -> None:
        if len(self._listeners) >= MAX_LISTENERS:
            raise Unavailable("too many streams are open; try again shortly")
        ours = sum(listener.organization_id == organization_id for listener in self._listeners)
        if ours >= MAX_LISTENERS_OF_ONE:
            raise TooManyRequests("your organization has too many open streams; close some", RETRY_SECONDS)

    def leave(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            LISTENERS.dec()

    async def close(self) -> None:
        """Ends every stream, and the reading."""
        if self._reading is not None:
            reading = self._reading
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        settings = {"timezone": "UTC", "datestyle": "ISO"}
        settings["plan_cache_mode"] = "force_generic_plan"  # planned once, not twenty times a second
        connection = await asyncpg.connect(
            self._dsn, timeout=CONNECT_SECONDS, command_timeout=CONNECT_SECONDS, server_settings=settings
        )
        await prepare_connection(connection)
        return connection

    async def _read(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        try:
            while self._listeners:
                await asyncio.sleep(POLL_SECONDS)
                async with self._looking:
                    await self._look(connection)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("stream relay lost its database", error=str(error))
        finally:
            # At once, before anything is awaited: who joins from here on starts another reader.
            self._reading = None
            for listener in self._listeners:
                listener.end("lost")
            connection.terminate()

    async def _look(self, connection: Connection) -> None:
        """Passes on what was committed since the last snapshot."""
        if await current_snapshot(connection) == self.position:
            return
        listening: dict[UUID, list[Listener]] = defaultdict(list)
        for listener in self._listeners:
            listening[listener.organization_id].append(listener)
        await tenancy.begin(connection, None, read_only=True)
        until, news = await read_news(connection, listening.keys(), self.position)
        await connection.execute("COMMIT")
        for organization_id, its_news in news.items():
            for listener in listening[organization_id]:
                listener.offer(its_news)
        self.position = until
