"""Server-sent events on /api/v1/stream.

A listener receives the events of its organization that its permissions allow, each with data of the API's
shape. The id of an event is the snapshot up to which everything was sent; with it as Last-Event-ID, the
stream resumes there. Delivery is at least once: events in flight when a stream broke may be repeated, with
the same id in their data.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, TypeAlias

import asyncpg
from litestar import get
from litestar.params import HeaderParameter
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send
from prometheus_client import Counter

from imsop.core.errors import InvalidInput, Unauthenticated
from imsop.core.snapshot import MAX_CHARACTERS, Snapshot, current_snapshot
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest, carried
from imsop.identity.roles.permissions import Permission
from imsop.web.edge.intake import ClientLeft
from imsop.web.edge.middleware import authenticate
from imsop.web.edge.streamed import while_connected
from imsop.web.live.relay import KINDS, Listener, News, Relay, read_news

MEDIA_TYPE = "text/event-stream"
RETRY_MILLISECONDS = 1000
HEARTBEAT_SECONDS = 5.0
"""Interval of keep-alives without news. A revoked token is detected within this time."""

ENDED = Counter("imsop_stream_ended", "Live streams that came to an end, by why", ["reason"])

LastEventId: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        max_length=MAX_CHARACTERS,
        pattern="^[0-9]+:[0-9]+:([0-9]+(,[0-9]+)*)?$",
        description="The last id that was received: what came after it is sent first.",
    ),
]


class EventStream(ASGIResponse):
    """The streaming response; it runs until the client disconnects or the stream is ended."""

    __slots__ = ("_authenticate", "_greeting", "_listener", "_relay", "_seconds", "_stopping")
    _should_set_content_length = False

    def __init__(
        self,
        relay: Relay,
        listener: Listener,
        greeting: bytes,
        *,
        seconds: float,
        authenticate: Callable[[], Awaitable[Actor]],
        stopping: asyncio.Event | None,
    ) -> None:
        super().__init__(media_type=MEDIA_TYPE, headers={"X-Accel-Buffering": "no"})
        self._relay = relay
        self._listener = listener
        self._greeting = greeting
        self._seconds = seconds
        self._authenticate = authenticate
        self._stopping = stopping

    async def send_body(self, send: Send, receive: Receive) -> None:
        stopping = asyncio.create_task(self._end_when_stopping())
        reason = "failed"
        try:
            reason = await while_connected(receive, self._talk(send))
        except ClientLeft:
            reason = "left"
            raise
        finally:
            stopping.cancel()
            ENDED.labels(reason).inc()

    async def _end_when_stopping(self) -> None:
        if self._stopping is not None:
            await self._stopping.wait()
            self._listener.end("stopping")

    async def _talk(self, send: Send) -> str:
        """Sends until there is a reason to end, and returns it."""
        reason = await self._tell(send)
        await _send(send, b"", more=False)
        return reason

    async def _tell(self, send: Send) -> str:
        now = asyncio.get_running_loop().time
        ends_at = now() + self._seconds
        await _send(send, self._greeting)
        beats_at = now() + HEARTBEAT_SECONDS
        while now() < ends_at:
            news = await self._listener.next(max(0.0, min(beats_at, ends_at) - now()))
            # Read now: the relay continues during the awaits below.
            position = self._relay.position if news is None else news.until
            if self._listener.ended:
                break
            try:
                actor = await self._authenticate()
            except Unauthenticated:
                return "credentials"
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return "lost"
            if Permission.ORGANIZATION_READ not in actor.permissions:
                return "credentials"
            text = _events(news, actor)
            if not text and now() >= beats_at:
                text = b": still here\n" + _id(position)
            if text:
                await _send(send, text)
                beats_at = now() + HEARTBEAT_SECONDS
        return self._listener.ended or "time"


def _events(news: News | None, actor: Actor) -> bytes:
    """The news that the actor may read as event-stream text; the last event carries the id. Empty if none."""
    if news is None:
        return b""
    if not news.complete:
        return b"event: reload\ndata: {}\n" + _id(news.until)
    texts = [told.text for told in news.told if told.permission in actor.permissions]
    return b"\n".join(texts) + _id(news.until) if texts else b""


async def _send(send: Send, text: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": more})


def _id(snapshot: Snapshot) -> bytes:
    """The id line that ends a batch; alone it is no event, but browsers still resume from it."""
    return b"id: %s\n\n" % str(snapshot).encode()


@get(
    "/stream",
    opt=allow(Permission.ORGANIZATION_READ, 429, events={kind.event: kind.shape for kind in KINDS}),
    media_type=MEDIA_TYPE,
)
async def stream(request: TenantRequest, last_event_id: LastEventId = None) -> ASGIResponse:
    """Follow what happens: server-sent events, each as soon as it is recorded.

    You receive the events that your permissions allow. `reload` means that there were too many to send one by
    one: fetch again what you show. The stream ends when your token expires or is revoked, and from time to
    time so that you reconnect.
    """
    since = None
    if last_event_id is not None and (since := Snapshot.parse(last_event_id)) is None:
        raise InvalidInput.of("Last-Event-ID", "is not an id of this stream; start again without one")
    state, record = request.app.state, carried(request.scope)
    listener = await state.relay.join(request.actor.organization_id)
    request.when_over(partial(state.relay.leave, listener))
    missed = None if since is None else await _catch_up(request, listener, since)
    greeting = b"retry: %d\n" % RETRY_MILLISECONDS
    return EventStream(
        state.relay,
        listener,
        greeting + (_events(missed, request.actor) or _id(listener.position)),
        seconds=state.settings.stream_seconds,
        authenticate=partial(authenticate, request, state.access),
        stopping=record.connection.stopping if record.connection else None,
    )


async def _catch_up(request: TenantRequest, listener: Listener, since: Snapshot) -> News | None:
    """Events committed after `since` that the listener will not get from its queue.

    It has joined already, so events committed during this read are either read here or queued.
    """
    connection, actor = await request.begin()
    listener.position = await current_snapshot(connection)
    if since.xmax > listener.position.xmax:  # of another server, or later than a point-in-time recovery
        return News(listener.position, [], complete=False)
    _, news = await read_news(connection, [actor.organization_id], since)
    return news.get(actor.organization_id)


ROUTES = [stream]
