"""Distributes committed events to listeners: one reader per process, running only while there are listeners.

Writers do no work for it. A NOTIFY in each writing transaction more than halved the commit rate, and an event
announced before the commit might be seen before it is true. Instead the reader compares snapshots: rows
visible in the newest but not in the previous one were committed in between, in whatever order they were
written.

It reads as imsop_operator on its own connection: one statement per kind of event for all organizations with
listeners, where the application role would need one transaction per organization, twenty times a second.
Tenants are kept apart here by naming the organizations in every statement, and by dispatching each row by its
own organization. A reconnecting listener catches up as the application role, under row security.
"""

import asyncio
from collections import Counter, defaultdict, deque
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
"""The average latency is half of it. Polling an unchanged database takes 0.1 ms."""
MAX_OF_A_KIND = 500
"""Maximal events of one kind and organization per poll; above it listeners receive `reload`."""
MAX_WAITING_BYTES = 1024 * 1024
"""Backpressure: maximal unsent bytes of a slow listener; beyond that its stream is ended."""
MAX_LISTENERS = 1_000
MAX_LISTENERS_OF_ONE = 250
"""Listeners of one organization. When all places are taken, they are shared out evenly (`_make_room`)."""
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
    """A kind of event on the stream: name, required permission, struct of its data, and its query."""

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
    """One event as sent, without its id and the blank line after it."""

    permission: Permission
    recorded_xid: int
    text: bytes


class News(NamedTuple):
    """Events that became visible to one organization in snapshot `until`.

    Empty and incomplete above MAX_OF_A_KIND.
    """

    until: Snapshot
    told: list[Told]
    complete: bool


async def read_news(
    connection: Connection, organization_ids: Collection[UUID], since: Snapshot
) -> tuple[Snapshot, dict[UUID, News]]:
    """The transaction's snapshot, and the news of organizations that have any, in order of recording.

    The transaction must be REPEATABLE READ.
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
    """One open stream: its queue of unsent news, and whether it should end."""

    def __init__(self, organization_id: UUID, position: Snapshot) -> None:
        self.organization_id = organization_id
        self.position = position
        """The snapshot sent so far: events visible in it are not sent again."""
        self.ended: str | None = None
        """The reason, once it has ended."""
        self._waiting: deque[News] = deque()
        self._waiting_bytes = 0
        self._stirred = asyncio.Event()

    def offer(self, news: News) -> None:
        """Queues news, or ends the stream if its queue is too long."""
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self.end("slow")
        if not self.ended:
            self._waiting.append(news)
            self._waiting_bytes += _size(news)
            self._stirred.set()

    def end(self, reason: str) -> None:
        """Ends the stream and drops its queue; the client can resume from its last event id."""
        self.ended = self.ended or reason
        self._waiting.clear()
        self._stirred.set()

    async def next(self, within_seconds: float) -> News | None:
        """The next news; None on timeout or after the end."""
        if not self._waiting and not self.ended:
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(within_seconds):
                    await self._stirred.wait()
        while self._waiting:
            news = self._waiting.popleft()
            self._waiting_bytes -= _size(news)
            # Filtered only now: while catching up, the listener may have read queued events by itself.
            fresh = [told for told in news.told if not self.position.sees(told.recorded_xid)]
            if fresh or not news.complete:
                return news._replace(told=fresh)
        return None


def _size(news: News) -> int:
    return sum(len(told.text) for told in news.told)


class Relay:
    """Polls on behalf of all listeners of this process."""

    def __init__(self, operator_dsn: str) -> None:
        self._dsn = operator_dsn
        self._listeners: set[Listener] = set()
        self._reading: asyncio.Task[None] | None = None
        # Blocks joining during a poll, whose set of organizations is fixed at its start.
        self._looking = asyncio.Lock()
        self.position = Snapshot(0, 0, ())
        """The snapshot that has been dispatched to every listener."""

    async def join(self, organization_id: UUID) -> Listener:
        """Registers a listener for all events from now on.

        Raises TooManyRequests or Unavailable if there are too many, and the driver's errors without a
        database.
        """
        async with self._looking:
            self._make_room(organization_id)
            if self._reading is None:
                connection = await self._connect()
                self.position = await current_snapshot(connection)
                # An empty context: otherwise the first request's id would be in all log lines of the reader.
                self._reading = asyncio.create_task(self._read(connection), context=Context())
            listener = Listener(organization_id, self.position)
            self._listeners.add(listener)
        LISTENERS.inc()
        return listener

    def _make_room(self, organization_id: UUID) -> None:
        """Shares the places: if all are taken, the organization with the most loses one to one with fewer."""
        held = Counter(listener.organization_id for listener in self._listeners)
        ours = held[organization_id]
        if ours >= MAX_LISTENERS_OF_ONE:
            raise TooManyRequests("your organization has too many open streams; close some", RETRY_SECONDS)
        if len(self._listeners) < MAX_LISTENERS:
            return
        largest, most = held.most_common(1)[0]
        if most < ours + 2:  # by one more they would only take turns
            raise Unavailable("too many streams are open; try again shortly")
        loser = next(listener for listener in self._listeners if listener.organization_id == largest)
        loser.end("crowded")
        self.leave(loser)

    def leave(self, listener: Listener) -> None:
        if listener in self._listeners:
            self._listeners.remove(listener)
            LISTENERS.dec()

    async def close(self) -> None:
        """Ends every stream, and stops polling."""
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
            log.warning("stream relay lost its database", error=error)
        finally:
            # Before the first await: a listener that joins from here on starts another reader.
            self._reading = None
            for listener in self._listeners:
                listener.end("lost")
            connection.terminate()

    async def _look(self, connection: Connection) -> None:
        """Dispatches what was committed since the last snapshot."""
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
