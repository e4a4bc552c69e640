"""Maps tokens to actors, cached per process (imsop.core.caches states the consistency).

Every change of users, roles, keys, sessions or the organization notifies on ACCESS_CHANNEL.
"""

import time
from uuid import UUID

from imsop.core.caches import MAX_AGE_SECONDS, Cache
from imsop.core.database import Pool, transaction
from imsop.core.errors import Unauthenticated
from imsop.core.tenancy import Tenant
from imsop.identity.actor import Actor
from imsop.identity.credentials import queries as credentials_queries
from imsop.identity.credentials.tokens import CredentialKind, Token, parse_token


class AccessCache:
    """Cache of actors by token hash."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.cache: Cache[Actor] = Cache("permissions")

    async def authenticate(self, text: str, *kinds: CredentialKind) -> Actor:
        """The actor of a token of one of these kinds. Raises Unauthenticated."""
        token = parse_token(text)
        if token is None or token.kind not in kinds:
            raise Unauthenticated("the token is malformed; sign in for a new one")
        return await self.cache.read(
            token.organization_id, token.hash, lambda: self._look_up(token), seconds=_seconds_left
        )

    async def _look_up(self, token: Token) -> Actor:
        async with transaction(self._pool, Tenant(token.organization_id)) as connection:
            identity = await credentials_queries.find_identity(connection, token)
            if identity is not None and token.kind == "api_key":
                await credentials_queries.touch_api_key(
                    connection, token.organization_id, identity.credential_id
                )
        if identity is None:
            raise Unauthenticated("the token has expired or was revoked; sign in for a new one")
        if not identity.is_active:
            raise Unauthenticated("this account is not active; ask your administrator")
        return Actor(
            organization_id=token.organization_id,
            user_id=identity.user_id,
            credential_id=identity.credential_id,
            credential=token.kind,
            permissions=frozenset(identity.permissions),
            user_name=identity.user_name,
            locale=identity.locale,
            organization_name=identity.organization_name,
            timezone=identity.timezone,
            currency=identity.currency,
            expires_at=identity.expires_at,
        )

    def forget(self, organization_id: UUID) -> None:
        """Drops all cached actors of an organization."""
        self.cache.forget(organization_id)


def _seconds_left(actor: Actor) -> float:
    return MAX_AGE_SECONDS if actor.expires_at is None else actor.expires_at.timestamp() - time.time()
