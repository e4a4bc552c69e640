"""What a request carries from the edge (imsop.web.edge) to its handler and its page."""

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

from litestar import Request
from litestar.types import Scope

from imsop.core import tenancy
from imsop.core.caches import Cache
from imsop.core.database import Connection, Pool
from imsop.identity.actor import Actor

_STATE = "carried"

Row = TypeVar("Row")


class UnitOfWork:
    """The transaction of one request, for its actor's organization; opened when first needed.

    A writing request authenticates again at that moment: access may have been revoked while its body was on
    the way.
    """

    def __init__(
        self, pool: Pool, actor: Actor, still_allowed: Callable[[], Awaitable[Actor]], *, read_only: bool
    ) -> None:
        self._pool = pool
        self.actor = actor
        self._still_allowed = still_allowed
        self._read_only = read_only
        self._connection: Connection | None = None
        self._releases: list[Callable[[], None]] = []
        self.is_streamed = False
        """Whether the reply is read from the database while it is sent: the transaction lasts as long."""

    async def connection(self) -> Connection:
        if self._connection is None:
            if not self._read_only:
                self.actor = await self._still_allowed()
            self._connection = await self._pool.take()
            await tenancy.begin(self._connection, self.actor.tenant, read_only=self._read_only)
        return self._connection

    async def end(self, *, commit: bool) -> None:
        """Commits or rolls back, and gives the connection back, whatever happens."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._pool.end(connection, commit=commit)

    def when_over(self, release: Callable[[], None]) -> None:
        """Calls this once the request is over, however it ends: sent, refused, broken off, cut."""
        self._releases.append(release)

    async def close(self) -> None:
        """Ends whatever has not ended by now. The edge calls it last, in every case."""
        try:
            await self.end(commit=False)
        finally:
            for release in self._releases:
                release()
            self._releases.clear()


class ClientConnection(Protocol):
    """The connection that a request came on (imsop.web.edge.connection)."""

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the server is asked to stop."""
        ...


@dataclass(slots=True)
class Carried:
    """One request's own values. Set by the edge, step by step, before the handler runs."""

    request_id: str = ""
    actor: Actor | None = None
    """None until the request is authenticated, and on public routes."""
    unit: UnitOfWork | None = field(default=None, repr=False)
    csrf_token: str = field(default="", repr=False)
    """What this reader's forms send along."""
    body: bytearray = field(default_factory=bytearray, repr=False)
    """The whole body, where the route takes one. The edge wipes it when the request is over."""
    client_left: bool = False
    """Whether the client ended the connection before it had the whole reply."""
    connection: ClientConnection | None = None
    """None in tests, which have no connection."""

    @property
    def viewer(self) -> Actor | None:
        """The actor, as pages call whoever reads them."""
        return self.actor


def carried(scope: Scope) -> Carried:
    """What the request of this scope carries."""
    found: Carried = scope["state"][_STATE]
    return found


def carry(scope: Scope, request_id: str) -> Carried:
    """Begins the record of a request."""
    record = Carried(request_id, connection=scope["state"].pop("connection", None))
    scope["state"][_STATE] = record
    return record


def client_address(scope: Scope) -> str | None:
    """The network address that the request comes from; None where a proxy sends something else."""
    client = scope.get("client")
    try:
        return str(ipaddress.ip_address(client[0].partition("%")[0])) if client else None
    except ValueError:
        return None


class TenantRequest(Request[Any, Any, Any]):
    """A request whose sender is signed in, as handlers take it."""

    @property
    def actor(self) -> Actor:
        actor = carried(self.scope).actor
        if actor is None:
            raise RuntimeError("a handler for signed-in users was reached without an actor")
        return actor

    @property
    def _unit(self) -> UnitOfWork:
        unit = carried(self.scope).unit
        if unit is None:
            raise RuntimeError("a handler for signed-in users was reached without a unit of work")
        return unit

    async def cached(
        self, kind: str, key: UUID, load: Callable[[Connection, Actor, UUID], Awaitable[Row]]
    ) -> Row:
        """A row of a kind that this process remembers (imsop.core.caches); else as `load` reads it."""

        async def from_database() -> Row:
            return await load(*await self.begin(), key)

        cache: Cache[Row] = self.app.state.caches[kind]
        return await cache.read(self.actor.organization_id, key, from_database)

    async def begin(self) -> tuple[Connection, Actor]:
        """The request's transaction, opened for the actor's organization at the first call, and the actor.

        It is committed just before the reply leaves, or rolled back if the reply is a refusal.
        """
        connection = await self._unit.connection()
        return connection, self.actor

    def keep_open(self) -> None:
        """Keeps the transaction open until the last byte has left: the reply is read from it while sent."""
        self._unit.is_streamed = True

    def when_over(self, release: Callable[[], None]) -> None:
        """Calls this once the request is over, however it ends."""
        self._unit.when_over(release)

    async def finish(self) -> None:
        """Commits before a reply that takes long to make, so that its connection serves others."""
        await self._unit.end(commit=True)
