"""Search over everything that people look for, by words of its names or by its codes and numbers."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from msgspec import Meta, Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.sought import SearchQuery, sought
from imsop.identity.actor import Actor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.web.places import FOUND, SearchKind

ResultsPerKind = Annotated[int, Meta(ge=1, le=20)]


class SearchResult(Struct, frozen=True):
    kind: SearchKind
    id: UUID | None
    """None for a category, which is only a name."""
    title: str
    subtitle: str | None
    formerly: str | None
    """The SKU by which a product was found that has another one now."""
    is_exact: bool
    """Whether the query is one of its codes, or its whole name."""

    @property
    def href(self) -> str:
        path = FOUND[self.kind].path
        match self.kind:
            case "category":
                return f"{path}?{urlencode({'category': self.title})}"
            case "warehouse_zone":
                return f"{path}?{urlencode({'q': self.title})}"
        return f"{path}/{self.id}"


class SearchResults(Struct, frozen=True):
    items: list[SearchResult]


async def search(connection: Connection, actor: Actor, query: str, limit: int) -> list[SearchResult]:
    """The best matches of each kind that the actor may see, grouped by kind; a kind with an exact one first.

    Every word must be found, in any order. Where nothing matches, one slip in one long word is forgiven.
    """
    kinds = [kind for kind, place in FOUND.items() if place.permission in actor.permissions]
    results = await search_kinds(connection, actor, kinds, query, limit)
    exact = {result.kind for result in results if result.is_exact}
    return sorted(results, key=lambda result: result.kind not in exact)


async def search_kinds(
    connection: Connection, actor: Actor, kinds: list[SearchKind], query: str, limit: int
) -> list[SearchResult]:
    """The best matches of these kinds; the caller has seen to it that the actor may see them."""
    return await fetch_all(
        connection,
        SearchResult,
        """
        SELECT kind, id, title, subtitle, formerly, is_exact
        FROM search_things($1, $2::text[], $3::text[], $4)
        """,
        actor.organization_id,
        sought(query) or [],
        kinds,
        limit,
    )


@get("/search", opt=allow(Permission.ORGANIZATION_READ))
async def search_everything(
    request: TenantRequest, q: SearchQuery, limit: ResultsPerKind = 5
) -> SearchResults:
    """Find products, partners, orders, shipments and places, by words of their names or by their numbers.

    Words may stand in any order, accents and case do not matter, and a GTIN is found in every GS1 form.
    """
    connection, actor = await request.begin()
    return SearchResults(await search(connection, actor, q, limit))


ROUTES = [search_everything]
