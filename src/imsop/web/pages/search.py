"""The search page, and the suggestions under the search box."""

from itertools import groupby

from litestar import Response, get

from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.render import render
from imsop.web.places import PLACES, Place
from imsop.web.search import SearchQuery, SearchResult, search

SUGGESTED, LISTED = 5, 20
"""Results of each kind, while typing and on the page."""


@get("/search", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def search_page(request: TenantRequest, q: SearchQuery | None = None) -> Response[bytes]:
    return render(request, "pages/search.html", q=q or "", groups=await _found(request, q, LISTED))


@get("/search/found", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def found_while_typing(request: TenantRequest, q: SearchQuery | None = None) -> Response[bytes]:
    groups = [
        (place.plural, place.icon, [(r.title, r.subtitle, f"{place.path}/{r.id}") for r in results])
        for place, results in await _found(request, q, SUGGESTED)
    ]
    return render(request, "ui/found.html", groups=groups)


async def _found(
    request: TenantRequest, query: str | None, limit: int
) -> list[tuple[Place, list[SearchResult]]]:
    if query is None or not query.strip():
        return []
    connection, actor = await request.begin()
    results = await search(connection, actor, query.strip(), limit)
    return [(PLACES[kind], list(of_kind)) for kind, of_kind in groupby(results, key=lambda r: r.kind)]


PAGES = [search_page, found_while_typing]
