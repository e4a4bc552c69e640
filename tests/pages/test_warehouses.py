"""The list of warehouses, and the page of each."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from msgspec import structs

from tests import factories
from tests.factories import Member
from tests.inventory.stock import post, receipt, sale
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import link, table, tiles
from tests.states import ago


class Site(NamedTuple):
    north: dict[str, Any]
    south: dict[str, Any]
    apples: dict[str, Any]


@pytest.fixture
async def site(admin: Member) -> Site:
    """The north holds 150 apples, 200 until yesterday, and sold its last pears today; the south is empty."""
    north = await factories.warehouse(admin, name="North", capacity=200, city="Kiel", country="Germany")
    for code, kind, capacity in (("STO", "storage", 180), ("REC", "receiving", 20)):
        await admin.create(
            "warehouse-zones",
            {
                "warehouse_id": north["id"],
                "code": code,
                "name": code,
                "zone_type": kind,
                "capacity": capacity,
            },
        )
    south = await factories.warehouse(admin, name="South", location="Bari, Italy", status="maintenance")
    apples = await factories.product(admin, name="Apples", unit_cost="0.50")
    pears = await factories.product(admin, name="Pears", unit_cost="3.00")
    at, before = UUID(north["id"]), datetime.now(UTC) - timedelta(days=3)
    async with admin.transaction() as connection:
        await post(
            connection,
            admin,
            structs.replace(receipt(UUID(apples["id"]), at, 200), occurred_at=before),
            structs.replace(receipt(UUID(pears["id"]), at, 4), occurred_at=before),
        )
        await post(connection, admin, sale(UUID(apples["id"]), at, 50), sale(UUID(pears["id"]), at, 4))
    return Site(north, south, apples)


@pytest.fixture
async def here(admin: Member, site: Site) -> Browser:
    return await signed_in(admin)


async def test_warehouses_are_listed_with_their_stock(here: Browser, site: Site) -> None:
    page = await here.get("/warehouses")
    north, south = table(page, "Warehouses")
    assert north == {
        "Name": "North",
        "Location": "Kiel, Germany",
        "Products": "1",
        "Units on hand": "150",
        "Capacity": "200",
        "Utilization": "75.0%",
        "Value at cost": "US$75.00",
        "Out of stock": "1",
        "Status": "Active",
    }
    assert (south["Location"], south["Units on hand"], south["Utilization"]) == ("Bari, Italy", "0", "—")
    out_of_stock = await here.get(f"/inventory?warehouse_id={site.north['id']}&state=out_of_stock")
    assert len(table(out_of_stock, "Inventory")) == 1


async def test_they_are_found_by_part_of_their_name_or_place(here: Browser) -> None:
    for asked, found in (
        ({"q": "ort"}, ["North"]),
        ({"q": "ITALY"}, ["South"]),
        ({"q": "kiel"}, ["North"]),
        ({"status": "maintenance"}, ["South"]),
        ({"sort": "-name"}, ["South", "North"]),
        ({"q": "%"}, []),
    ):
        page = await here.get("/warehouses", params=asked)
        assert [row["Name"] for row in (table(page, "Warehouses") if found else [])] == found


async def test_an_export_equals_the_list(here: Browser, site: Site) -> None:
    for read in (csv_of, xlsx_of):
        north, south = await read(here, "/warehouses")
        assert (north["id"], north["city"], south["location"]) == (site.north["id"], "Kiel", "Bari, Italy")
        shown = [float(north[column]) for column in ("capacity", "zones", "on_hand", "value", "out_of_stock")]
        assert shown == [200, 2, 150, 75, 1]
    assert [row["name"] for row in await csv_of(here, "/warehouses", status="active")] == ["North"]


async def test_pages_go_forward_and_back(admin: Member) -> None:
    for number in range(60):
        await factories.warehouse(admin, name=f"Warehouse {number:02}")
    here = await signed_in(admin)
    first = await here.get("/warehouses")
    second = await here.get(link(first, "Next"))
    assert [row["Name"] for row in table(second, "Warehouses")] == [f"Warehouse {n}" for n in range(50, 60)]
    back = await here.get(link(second, "Previous"))
    assert table(back, "Warehouses") == table(first, "Warehouses")


async def test_a_warehouse_shows_its_stock_zones_and_movements(here: Browser, site: Site) -> None:
    page = await here.get(link(await here.get("/warehouses"), "North"))
    for label, shown in (
        ("Units on hand", ["150", "1"]), ("Stock value", ["US$75"]), ("Utilization", ["75.0%", "200"]),
        ("Out of stock", ["1"]),
    ):  # fmt: skip
        assert tiles(page)[label][0] == shown, label
    apples, pears = table(page, "Highest-value stock")
    assert (apples["On hand"], apples["Value at cost"], apples["Status"]) == ("150", "US$75.00", "In stock")
    assert (pears["On hand"], pears["Status"]) == ("0", "Out of stock")
    assert [row["Zone"] for row in table(page, "Zones")] == ["REC", "STO"]
    assert [row["Quantity"] for row in table(page, "Latest movements")] == ["-4", "-50", "+4", "+200"]
    assert link(page, "All stock") == f"/inventory?warehouse_id={site.north['id']}"
    ledger = await here.get(link(page, "150"))
    assert [row["Quantity"] for row in table(ledger, "Ledger")] == ["-50", "+200"]


async def test_it_shows_its_stock_as_of_a_day(here: Browser, site: Site) -> None:
    page = await here.get(f"/warehouses/{site.north['id']}", params={"as_of": str(ago(1))})
    for label, shown in (
        ("Units on hand", ["204", "2"]), ("Stock value", ["US$112"]), ("Utilization", ["102.0%", "200"]),
        ("Out of stock", ["0"]),
    ):  # fmt: skip
        assert tiles(page)[label][0] == shown, label
    assert [row["On hand"] for row in table(page, "Highest-value stock")] == ["200", "4"]
    assert [row["Quantity"] for row in table(page, "Latest movements")] == ["+4", "+200"]
    stock = await here.get(link(page, "All stock"))
    assert sorted(row["On hand"] for row in table(stock, "Inventory")) == ["200", "4"]
    before = await here.get(f"/warehouses/{site.north['id']}?as_of=2020-01-01")
    assert tiles(before)["Units on hand"][0] == ["0", "0"]
    assert "Highest-value stock</caption>" not in before.text


async def test_stock_without_a_cost_has_no_value_rather_than_zero(admin: Member, site: Site) -> None:
    plums = await factories.product(admin, name="Plums", unit_cost=None)
    async with admin.transaction() as connection:
        await post(connection, admin, receipt(UUID(plums["id"]), UUID(site.north["id"]), 9))
    page = await (await signed_in(admin)).get(f"/warehouses/{site.north['id']}")
    assert tiles(page)["Stock value"][0] == ["US$75", "1"]


async def test_without_inventory_permission_the_stock_is_hidden(admin: Member, site: Site) -> None:
    here = await signed_in(await factories.member_with(admin, "warehouses:read"))
    (north, _south) = table(await here.get("/warehouses"), "Warehouses")
    assert north.keys() == {"Name", "Location", "Capacity", "Status"}
    assert "on_hand" not in (await csv_of(here, "/warehouses"))[0]
    page = await here.get(f"/warehouses/{site.north['id']}")
    assert [row["Zone"] for row in table(page, "Zones")] == ["REC", "STO"]
    for hidden in ("Apples", "Units on hand", "Latest movements"):
        assert hidden not in page.text


async def test_without_permission_the_page_is_forbidden(admin: Member, site: Site) -> None:
    here = await signed_in(await factories.member_with(admin, "inventory:read"))
    for path in ("/warehouses", "/warehouses.csv", "/warehouses.xlsx", f"/warehouses/{site.north['id']}"):
        assert (await here.get(path)).status_code == 403


async def test_another_organizations_warehouse_is_not_found(stranger: Member, site: Site) -> None:
    here = await signed_in(stranger)
    assert "North" not in (await here.get("/warehouses")).text
    assert await csv_of(here, "/warehouses") == []
    for missing in (site.north["id"], "01890000-0000-7000-8000-000000000000"):
        assert (await here.get(f"/warehouses/{missing}")).status_code == 404
