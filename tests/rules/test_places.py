"""Each kind of row has a Place, and each Place has its pages."""

from typing import get_args

from litestar.routes import HTTPRoute

from imsop.core.events import CATALOGUE
from imsop.identity.guard import declared_by
from imsop.web.edge.observe import Observed
from imsop.web.places import FOUND, PLACES, Kind, SearchKind
from tests.factories import Member, litestar_of

ADMINISTERED = {
    "api_key", "approval_rule", "audit", "job", "organization", "role", "user", "warehouse_zone",
}  # fmt: skip
"""Kinds with events whose pages are in the administration or within a warehouse. May only shrink."""


def test_every_kind_has_a_place_with_its_pages(app: Observed) -> None:
    handlers = {
        route.path_format: route.route_handler_map["GET"][0]
        for route in litestar_of(app).routes
        if isinstance(route, HTTPRoute) and "GET" in route.route_handler_map
    }
    assert set(get_args(Kind)) == PLACES.keys()
    for kind, place in PLACES.items():
        for path in (place.path, f"{place.path}/{{{'order' if kind.endswith('order') else kind}_id}}"):
            assert declared_by(handlers[path]).permission == place.permission, path


def test_every_kind_with_events_has_a_place() -> None:
    assert {event.kind for event in CATALOGUE.values()} - PLACES.keys() == ADMINISTERED


async def test_what_search_finds_has_a_place(admin: Member) -> None:
    """The database's functions take these kinds and refuse none."""
    assert set(get_args(SearchKind)) == FOUND.keys()
    async with admin.transaction() as connection:
        for kind in get_args(SearchKind):
            await connection.fetch(
                "SELECT * FROM search_things($1, '{x}', ARRAY[$2::text], 1)", admin.organization_id, kind
            )
            await connection.fetch("SELECT search_ids($1, $2, '{x}')", admin.organization_id, kind)
