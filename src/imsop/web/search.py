"""Search over everything that people look for, by words of its names or by its codes and numbers."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from litestar import get
from msgspec import Meta, Struct

from imsop.core.database import Connection, fetch_all
from imsop.core.searching import SearchQuery, spellings_of, unaccented
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
    """Best matches of each kind that the actor may see, grouped by kind.

    Kinds with an exact match come first, then those with one that is itself called so: a warehouse Rotterdam
    before the orders of a supplier there.

    Every word must be found, in any order. Where nothing matches, one slip in one long word is forgiven.
    """
    kinds = [kind for kind, place in FOUND.items() if place.permission in actor.permissions]
    results = await search_kinds(connection, actor, kinds, query, limit)
    words = unaccented(query).split()
    exact = {result.kind for result in results if result.is_exact}
    named = {result.kind for result in results if any(word in unaccented(_name(result)) for word in words)}
    return sorted(results, key=lambda result: (result.kind not in exact, result.kind not in named))


def _name(result: SearchResult) -> str:
    """What it is called; a product, whose title is its SKU, also by its name."""
    return f"{result.title} {result.subtitle}" if result.kind == "product" else result.title


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
        spellings_of(query) or [],
        kinds,
        limit,
    )


async def ids_of(
    connection: Connection, actor: Actor, kind: SearchKind, query: str | None
) -> list[UUID] | None:
    """Ids of all matches of that kind, for a list to be narrowed to; None for nothing asked.

    For lists of what refers to the things found, such as the ledger. Later statements of the transaction are
    planned for their actual arguments: the best plan for a few products is not the best for many.
    """
    spellings = spellings_of(query)
    if spellings is None:
        return None
    records = await connection.fetch(
        "SELECT id FROM search_ids($1, $2, $3::text[]) AS id", actor.organization_id, kind, spellings
    )
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    return [record["id"] for record in records]


@get("/search", opt=allow(Permission.ORGANIZATION_READ))
async def search_everything(
    request: TenantRequest, q: SearchQuery, limit: ResultsPerKind = 5
) -> SearchResults:
    """Find products, partners, orders, receipts, shipments and places, by words of their names or by number.

    Words may stand in any order, accents and case do not matter, and a GTIN is found in every GS1 form.
    """
    connection, actor = await request.begin()
    return SearchResults(await search(connection, actor, q, limit))


ROUTES = [search_everything]
