"""The zones of all warehouses, on pages and in exports."""

import pytest

from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import is_empty, link, table


@pytest.fixture
async def here(admin: Member, stranger: Member) -> Browser:
    """Two warehouses, the north with two zones, the south with one; another organization also has zones."""
    for owner, warehouse, code, name, kind, capacity in (
        (admin, "North", "A-01", "High racks", "storage", 180),
        (admin, "North", "R-01", "Ramp", "receiving", None),
        (admin, "South", "A-02", "Cold room", "storage", 20),
        (stranger, "East", "A-03", "High racks", "storage", 1),
    ):
        known = (await owner.read("warehouses", name=warehouse))["items"]
        at = known[0] if known else await factories.warehouse(owner, name=warehouse)
        zone = {"warehouse_id": at["id"], "code": code, "name": name, "zone_type": kind, "capacity": capacity}
        await owner.create("warehouse-zones", zone)
    return await signed_in(admin)


async def _codes(here: Browser, **asked: str) -> list[str]:
    return [row["Zone"] for row in table(await here.get("/zones", params=asked), "Zones")]


async def test_zones_of_all_warehouses_are_listed_in_any_order(here: Browser) -> None:
    page = await here.get(link(await here.get("/"), "Zones"))
    assert table(page, "Zones") == [
        {"Zone": "A-01", "Name": "High racks", "Warehouse": "North", "Type": "Storage", "Capacity": "180"},
        {"Zone": "R-01", "Name": "Ramp", "Warehouse": "North", "Type": "Receiving", "Capacity": "—"},
        {"Zone": "A-02", "Name": "Cold room", "Warehouse": "South", "Type": "Storage", "Capacity": "20"},
    ]
    assert await _codes(here, sort="code") == ["A-01", "A-02", "R-01"]
    assert await _codes(here, sort="-name") == ["R-01", "A-01", "A-02"]
    assert await _codes(here, sort="-warehouse") == ["A-02", "R-01", "A-01"]


async def test_zones_are_found_by_code_name_type_and_warehouse(here: Browser) -> None:
    assert await _codes(here, q="a-0") == ["A-01", "A-02"]
    assert await _codes(here, q="RACKS") == ["A-01"]
    assert await _codes(here, type="storage", q="c") == ["A-02"]
    here.cookies.set("imsop_columns_warehouses", "zones")
    of_north = link(await here.get("/warehouses"), "2")
    assert of_north.startswith("/zones?warehouse_id=")
    assert [row["Zone"] for row in table(await here.get(of_north), "Zones")] == ["A-01", "R-01"]
    assert is_empty(await here.get("/zones", params={"q": "%"}))
    assert (await here.get("/zones", params={"type": "attic"})).status_code == 422


async def test_zones_are_exported_as_filtered(here: Browser) -> None:
    for exported in (await csv_of(here, "/zones", q="room"), await xlsx_of(here, "/zones", q="room")):
        (row,) = exported
        told = {name: str(row[name]) for name in ("code", "name", "warehouse", "zone_type")}
        assert told == {"code": "A-02", "name": "Cold room", "warehouse": "South", "zone_type": "storage"}


async def test_without_permission_zones_are_not_shown(admin: Member) -> None:
    here = await signed_in(await factories.member_with(admin, "products:read"))
    assert (await here.get("/zones")).status_code == 403
    assert (await here.get("/zones.csv")).status_code == 403
    assert 'href="/zones"' not in (await here.get("/products")).text
