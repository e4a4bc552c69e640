"""The search page, and what the search box shows while somebody types."""

from itertools import groupby
from typing import NamedTuple

from litestar import Response, get

from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_
from imsop.ui.render import render
from imsop.web.search import SearchKind, SearchQuery, SearchResult, search

SUGGESTED, LISTED = 5, 20
"""Results of each kind, while typing and on the page."""


class Kind(NamedTuple):
    """How results of a kind are shown; `path` is where each of them is, and the list of all."""

    label: str
    icon: str
    path: str


KINDS: dict[SearchKind, Kind] = {
    "product": Kind(N_("Products"), "box", "/products"),
    "supplier": Kind(N_("Suppliers"), "building-factory-2", "/suppliers"),
    "customer": Kind(N_("Customers"), "users", "/customers"),
    "purchase_order": Kind(N_("Purchase orders"), "clipboard-list", "/purchase-orders"),
    "sales_order": Kind(N_("Sales orders"), "shopping-cart", "/sales-orders"),
    "shipment": Kind(N_("Shipments"), "ship", "/shipments"),
}


@get("/search", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def search_page(request: TenantRequest, q: SearchQuery | None = None) -> Response[bytes]:
    return render(request, "pages/search.html", q=q or "", groups=await _found(request, q, LISTED))


@get("/search/found", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def found_while_typing(request: TenantRequest, q: SearchQuery | None = None) -> Response[bytes]:
    groups = [
        (kind.label, kind.icon, [(r.title, r.subtitle, f"{kind.path}/{r.id}") for r in results])
        for kind, results in await _found(request, q, SUGGESTED)
    ]
    return render(request, "ui/found.html", groups=groups)


async def _found(
    request: TenantRequest, query: str | None, limit: int
) -> list[tuple[Kind, list[SearchResult]]]:
    if query is None or not query.strip():
        return []
    connection, actor = await request.begin()
    results = await search(connection, actor, query.strip(), limit)
    return [(KINDS[kind], list(of_kind)) for kind, of_kind in groupby(results, key=lambda r: r.kind)]


PAGES = [search_page, found_while_typing]
