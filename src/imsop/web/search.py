"""Global search over products, partners, orders and shipments by name or number."""

import re
from typing import Annotated, get_args
from uuid import UUID

from litestar import get
from msgspec import Meta, Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.fields import NO_NUL
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.web.places import PLACES, SearchKind

SearchQuery = Annotated[str, Meta(min_length=1, max_length=100, pattern=NO_NUL)]
LISTED = 500
ResultsPerKind = Annotated[int, Meta(ge=1, le=20)]

_INDEXED = re.compile(r"[^\W_]{3}")
"""What a trigram index needs to find a part by."""
_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


class SearchResult(Struct, frozen=True):
    kind: SearchKind
    id: UUID
    title: str
    subtitle: str | None


class SearchResults(Struct, frozen=True):
    items: list[SearchResult]


async def search(connection: Connection, actor: Actor, query: str, limit: int) -> list[SearchResult]:
    """Best matches of each kind that the actor may see, grouped by kind.

    Codes and numbers match by prefix. Codes, numbers and names also match by any run of at least three
    letters or digits.
    """
    kinds = [kind for kind in get_args(SearchKind) if PLACES[kind].permission in actor.permissions]
    return await _found(connection, actor, kinds, query, limit)


async def search_kind(
    connection: Connection, actor: Actor, kind: SearchKind, query: str, limit: int
) -> list[SearchResult]:
    """Best matches of one kind. The caller has checked that the actor may see that kind."""
    return await _found(connection, actor, [kind], query, limit)


async def ids_of(connection: Connection, actor: Actor, kind: SearchKind, query: str) -> list[UUID]:
    """Ids of the best matches of one kind, at most LISTED, used as a filter by a list page.

    Turns off generic plans (plan_cache_mode) for the rest of the transaction: the best plan for a few ids
    differs from the best plan for many.
    """
    results = await _found(connection, actor, [kind], query, LISTED)
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return [result.id for result in results]


async def _found(
    connection: Connection, actor: Actor, kinds: list[SearchKind], query: str, limit: int
) -> list[SearchResult]:
    query = query.strip()
    if not query:
        return []
    return await fetch_all(
        connection,
        SearchResult,
        "SELECT kind, id, title, subtitle FROM search_everything($1, $2, $3, $4::text[], $5)",
        actor.organization_id,
        query,
        f"%{query.translate(_ESCAPED)}%" if _INDEXED.search(query) else None,
        kinds,
        limit,
    )


@get("/search", opt=allow(Permission.ORGANIZATION_READ))
async def search_everything(
    request: TenantRequest, q: SearchQuery, limit: ResultsPerKind = 5
) -> SearchResults:
    """Find products, partners, orders and shipments by name or number, or part of it."""
    connection, actor = await request.begin()
    return SearchResults(await search(connection, actor, q, limit))


ROUTES = [search_everything]
