"""Per-request state that the edge (imsop.web.edge) passes to handlers and pages."""

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
_NETWORK_BITS = 64  # what an IPv6 subscriber has at least: single addresses cost nothing

Row = TypeVar("Row")


class UnitOfWork:
    """The transaction of one request, in its actor's organization; opened on first use.

    Writing requests re-authenticate when the transaction opens: access may have been revoked while the body
    was in flight.
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
        """True if the response streams from the database: the transaction stays open until it is sent."""

    async def connection(self) -> Connection:
        if self._connection is None:
            if not self._read_only:
                self.actor = await self._still_allowed()
            self._connection = await self._pool.take()
            await tenancy.begin(self._connection, self.actor.tenant, read_only=self._read_only)
        return self._connection

    async def end(self, *, commit: bool) -> None:
        """Commits or rolls back, and returns the connection to the pool, whatever happens."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._pool.end(connection, commit=commit)

    def when_over(self, release: Callable[[], None]) -> None:
        """Registers a callback to run when the request is over, however it ends, disconnects included."""
        self._releases.append(release)

    async def close(self) -> None:
        """Rolls back an open transaction and runs the callbacks. The edge always calls it last."""
        try:
            await self.end(commit=False)
        finally:
            for release in self._releases:
                release()
            self._releases.clear()


class ClientConnection(Protocol):
    """The network connection of a request (imsop.web.edge.connection)."""

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the server is shutting down."""
        ...


@dataclass(slots=True)
class Carried:
    """State of one request; the edge fills it in step by step before the handler runs."""

    request_id: str = ""
    actor: Actor | None = None
    """None until the request is authenticated, and on public routes."""
    unit: UnitOfWork | None = field(default=None, repr=False)
    csrf_token: str = field(default="", repr=False)
    """The CSRF token for this reader's forms."""
    body: bytearray = field(default_factory=bytearray, repr=False)
    """The whole body, if the route accepts one. The edge wipes it after the request."""
    client_left: bool = False
    """True if the client disconnected before it had the whole response."""
    connection: ClientConnection | None = None
    """None in tests, which have no connection."""

    @property
    def viewer(self) -> Actor | None:
        """The actor, under the name that pages use for their reader."""
        return self.actor


def carried(scope: Scope) -> Carried:
    """The state of the request with this scope."""
    found: Carried = scope["state"][_STATE]
    return found


def carry(scope: Scope, request_id: str) -> Carried:
    """Creates the state of a request."""
    record = Carried(request_id, connection=scope["state"].pop("connection", None))
    scope["state"][_STATE] = record
    return record


def client_address(scope: Scope) -> str | None:
    """The client's IP address, IPv4 if it is mapped to IPv6; None if a proxy sends something else."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0]) if client else None
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(address) if address else None


def network_of(address: str) -> str:
    """What is limited as one client: an IPv4 address, or the /64 of an IPv6 address."""
    return str(ipaddress.ip_network((address, _NETWORK_BITS), strict=False)) if ":" in address else address


class TenantRequest(Request[Any, Any, Any]):
    """An authenticated request, as handlers receive it."""

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
        """A row from this process's cache (imsop.core.caches), else from `load`."""

        async def from_database() -> Row:
            return await load(*await self.begin(), key)

        cache: Cache[Row] = self.app.state.caches[kind]
        return await cache.read(self.actor.organization_id, key, from_database)

    async def begin(self) -> tuple[Connection, Actor]:
        """The request's transaction, opened in the actor's organization at the first call, and the actor.

        It commits just before the response is sent, or rolls back if the response is an error.
        """
        connection = await self._unit.connection()
        return connection, self.actor

    def keep_open(self) -> None:
        """Keeps the transaction open until the response has been sent, for responses streamed from it."""
        self._unit.is_streamed = True

    def when_over(self, release: Callable[[], None]) -> None:
        """Registers a callback to run when the request is over, however it ends."""
        self._unit.when_over(release)

    async def finish(self) -> None:
        """Commits before slow rendering, so that the connection can serve other requests."""
        await self._unit.end(commit=True)
