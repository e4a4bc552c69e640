"""The search page, and the palette: what the search box offers while somebody types."""

from itertools import groupby
from typing import NamedTuple

from litestar import Response, get
from litestar.response import Redirect

from imsop.core.fields import Text100
from imsop.core.searching import unaccented
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.ui.language import N_, Language
from imsop.ui.page import NavigationEntry
from imsop.ui.render import page_of, render
from imsop.web.places import FOUND, SearchKind
from imsop.web.search import SearchResult, search

SUGGESTED, LISTED = 5, 20
"""Results of each kind, while typing and on the page."""


class Offer(NamedTuple):
    """What the palette leads to beside things; each reader is offered what they may open."""

    pages: tuple[NavigationEntry, ...]
    actions: tuple[NavigationEntry, ...]


class Offered(NamedTuple):
    """A line of the palette, in the reader's language."""

    title: str
    subtitle: str
    href: str


Group = tuple[str, str, list[Offered]]
"""Its label, its icon and its lines."""


@get("/search", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def search_page(request: TenantRequest, q: Text100 = "") -> Response[bytes] | Redirect:
    """The best matches of each kind; redirects to the result if exactly one matches the text exactly."""
    results = await _found(request, q, LISTED)
    exact = [result for result in results if result.is_exact]
    if len(exact) == 1:
        return Redirect(exact[0].href, status_code=303)
    language = page_of(request).language
    groups = [(FOUND[kind], _lines(of_kind, language)) for kind, of_kind in _by_kind(results)]
    return render(request, "pages/search.html", q=q.strip(), groups=groups)


@get("/search/found", opt=allow(Permission.ORGANIZATION_READ), include_in_schema=False)
async def found_while_typing(request: TenantRequest, q: Text100 = "") -> Response[bytes]:
    """Things, pages and actions. A page whose name begins so comes before things that are not called so."""
    results = await _found(request, q, SUGGESTED)
    language = page_of(request).language
    things: list[Group] = [
        (language.gettext(FOUND[kind].plural), FOUND[kind].icon, _lines(of_kind, language))
        for kind, of_kind in _by_kind(results)
    ]
    ways = _ways(request, q)
    begins = any(unaccented(way.title).startswith(unaccented(q)) for _, _, lines in ways for way in lines)
    is_exact = any(result.is_exact for result in results)
    groups = ways + things if begins and not is_exact else things + ways
    return render(request, "ui/found.html", q=q.strip(), groups=groups)


async def _found(request: TenantRequest, query: str, limit: int) -> list[SearchResult]:
    if not query.strip():
        return []
    connection, actor = await request.begin()
    return await search(connection, actor, query, limit)


def _by_kind(results: list[SearchResult]) -> list[tuple[SearchKind, list[SearchResult]]]:
    return [(kind, list(of_kind)) for kind, of_kind in groupby(results, key=lambda result: result.kind)]


def _lines(results: list[SearchResult], language: Language) -> list[Offered]:
    formerly = language.gettext(N_("formerly %(sku)s"))
    lines = []
    for result in results:
        former = formerly % {"sku": result.formerly} if result.formerly else None
        lines.append(Offered(result.title, " · ".join(filter(None, (former, result.subtitle))), result.href))
    return lines


def _ways(request: TenantRequest, query: str) -> list[Group]:
    """The pages and actions that the reader may open, whose names hold every word of the query."""
    language = page_of(request).language
    words = unaccented(query).split()

    def offered(entries: tuple[NavigationEntry, ...]) -> list[Offered]:
        named = [
            (language.gettext(entry.label), entry.href)
            for entry in entries
            if not entry.permission or entry.permission in request.actor.permissions
        ]
        return [
            Offered(label, "", href)
            for label, href in named
            if all(word in unaccented(label) for word in words)
        ]

    offer: Offer = request.app.state.offered
    groups = [
        (language.gettext(N_("Pages")), "arrow-right", offered(offer.pages)),
        (language.gettext(N_("Actions")), "plus", offered(offer.actions)),
    ]
    return [group for group in groups if group[2]]


PAGES = [search_page, found_while_typing]
