"""From a token to an actor, remembered per process.

What is promised of a change of users, roles, keys, sessions or the organization: in the process that made it,
it holds from the moment its reply leaves, since the edge forgets that organization after the commit. Every
other process is notified by the commit (ACCESS_CHANNEL) and forgets then, which takes milliseconds. Without
the listening connection nothing is kept; where its loss goes unnoticed, an actor is kept a minute at most.
"""

import asyncio
import time
from contextlib import suppress
from uuid import UUID

import asyncpg
import structlog

from imsop.core.database import Pool, transaction
from imsop.core.errors import Unauthenticated
from imsop.core.tenancy import Tenant
from imsop.identity.actor import Actor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.tokens import CredentialKind, Token, parse_token
from imsop.identity.organizations import queries as organizations_queries

KEPT_SECONDS = 60.0


MAX_KEPT = 10_000


RECONNECT_SECONDS = 1.0


log = structlog.get_logger()


class AccessCache:
    """Actors by the hash of their token. Safe between tasks: every change happens without awaiting."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: dict[bytes, tuple[float, Actor]] = {}
        self._listening = False
        # Raised by each notification: an actor read before it must not be kept after it.
        self._epoch = 0

    async def authenticate(self, text: str, *kinds: CredentialKind) -> Actor:
        """The actor of a token of one of these kinds. Raises Unauthenticated."""
        token = parse_token(text)
        if token is None or token.kind not in kinds:
            raise Unauthenticated("the token is malformed; sign in for a new one")
        kept = self._kept.get(token.hash)
        now = time.monotonic()
        if kept is not None and kept[0] > now:
            return kept[1]
        epoch = self._epoch
        actor = await self._look_up(token)
        if self._listening and epoch == self._epoch:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[token.hash] = (self._keep_until(actor, now), actor)
        return actor

    @staticmethod
    def _keep_until(actor: Actor, now: float) -> float:
        if actor.expires_at is None:
            return now + KEPT_SECONDS
        return now + min(KEPT_SECONDS, actor.expires_at.timestamp() - time.time())

    async def _look_up(self, token: Token) -> Actor:
        async with transaction(self._pool, Tenant(token.organization_id)) as connection:
            standing = await credentials_queries.find_standing(connection, token)
            if standing is not None and token.kind == "api_key":
                await credentials_queries.touch_api_key(
                    connection, token.organization_id, standing.credential_id
                )
        if standing is None:
            raise Unauthenticated("the token has expired or was revoked; sign in for a new one")
        if not standing.is_active:
            raise Unauthenticated("this account is not active; ask your administrator")
        return Actor(
            organization_id=token.organization_id,
            user_id=standing.user_id,
            credential_id=standing.credential_id,
            credential=token.kind,
            permissions=frozenset(standing.permissions),
            user_name=standing.user_name,
            locale=standing.locale,
            organization_name=standing.organization_name,
            timezone=standing.timezone,
            currency=standing.currency,
            expires_at=standing.expires_at,
        )

    def forget(self, organization_id: UUID) -> None:
        """Drops every actor of an organization."""
        self._epoch += 1
        for key in [
            key for key, (_, actor) in self._kept.items() if actor.organization_id == organization_id
        ]:
            del self._kept[key]

    async def listen(self, dsn: str) -> None:
        """Follows the notifications of other processes until cancelled, reconnecting when the server goes."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await self._listen_once(dsn)
            self._stop_keeping()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(
                organizations_queries.ACCESS_CHANNEL,
                lambda _connection, _pid, _channel, payload: self.forget(UUID(str(payload))),
            )
            self._epoch += 1  # what was read before this moment may have missed a notification
            self._listening = True
            await lost.wait()
            log.warning("access notifications lost")
        finally:
            self._stop_keeping()
            connection.terminate()

    def _stop_keeping(self) -> None:
        self._listening = False
        self._epoch += 1
        self._kept.clear()
