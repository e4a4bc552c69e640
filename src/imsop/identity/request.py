"""A request of somebody who is signed in."""

from typing import Any, cast

from litestar import Request

from imsop.core.database import Connection
from imsop.identity.models import Actor


class TenantRequest(Request[Any, Any, Any]):
    """What handlers take: the edge (imsop.web.edge) has authenticated it and holds its transaction."""

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return cast("Actor", self.scope["state"]["actor"])

    async def begin(self) -> tuple[Connection, Actor]:
        """The request's transaction, opened for the actor's organization at the first call, and the actor.

        It is committed just before the reply leaves, or rolled back if the reply is a refusal.
        """
        connection = cast("Connection", await self.scope["state"]["unit"].connection())
        return connection, self.actor

    def keep_open(self) -> None:
        """The transaction lasts until the last byte has left: the reply is read from it as it is sent."""
        self.scope["state"]["unit"].is_streamed = True

    async def finish(self) -> None:
        """Ends the transaction before a reply that takes long to make: others wait for connections."""
        await self.scope["state"]["unit"].end(commit=True)
