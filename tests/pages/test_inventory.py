"""The stock list: current, and as of the end of a day."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from msgspec import structs

from imsop.inventory.ledger.models import Movement
from tests import factories
from tests.factories import Member
from tests.inventory.stock import post, receipt, reserve, sale
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import is_empty, link, table
from tests.pages.test_editors import wrong
from tests.states import ago, ahead


class Shop(NamedTuple):
    """Two products and two warehouses: apples in both of them, pears sold out in one."""

    apples: dict[str, Any]
    pears: dict[str, Any]
    north: dict[str, Any]
    south: dict[str, Any]


@pytest.fixture
async def shop(admin: Member) -> Shop:
    shop = Shop(
        await factories.product(admin, name="Apples", unit_cost="1.25", reorder_level=100),
        await factories.product(admin, name="Pears", unit_cost="2.00", reorder_level=5),
        await factories.warehouse(admin, name="North"),
        await factories.warehouse(admin, name="South"),
    )
    apples, pears, north, south = (UUID(row["id"]) for row in shop)
    now = datetime.now(UTC)
    month_ago = now - timedelta(days=30)
    async with admin.transaction() as connection:
        first, *_ = await post(
            connection,
            admin,
            structs.replace(receipt(apples, north, 40), occurred_at=month_ago),
            structs.replace(receipt(apples, south, 70), occurred_at=month_ago),
            structs.replace(receipt(pears, north, 8), occurred_at=month_ago),
        )
        await post(
            connection,
            admin,
            structs.replace(sale(apples, south, 50), occurred_at=now - timedelta(days=10)),
            structs.replace(sale(pears, north, 8), occurred_at=now - timedelta(days=9)),
            Movement(
                apples, north, -2, "adjustment", "count", reason="a test", occurred_at=now - timedelta(days=1)
            ),
        )
        await reserve(connection, admin, first.inventory_id, 5)
    return shop


@pytest.fixture
async def here(admin: Member, shop: Shop) -> Browser:
    return await signed_in(admin)


def _stock(rows: list[dict[str, str]]) -> list[tuple[str, str, str]]:
    return [(row["Product"].split()[0], row["Warehouse"], row["On hand"]) for row in rows]


async def test_stock_is_shown_with_its_value_and_state(here: Browser, shop: Shop) -> None:
    north, south, pears = table(await here.get("/inventory"), "Inventory")
    assert north["Product"] == f"Apples {shop.apples['sku']}"
    assert [north[column] for column in ("Warehouse", "On hand", "Reserved", "Available")] == [
        "North", "38", "5", "33",
    ]  # fmt: skip
    assert north["Value at cost"] == "US$47.50"
    assert north["Last counted"] != "—"
    assert south["Last counted"] == "—"
    assert [row["Status"] for row in (north, south, pears)] == ["In stock", "In stock", "Out of stock"]


async def test_each_filter_returns_matching_rows(here: Browser, shop: Shop) -> None:
    async def left(**asked: str) -> list[tuple[str, str, str]]:
        return _stock(table(await here.get("/inventory", params=asked), "Inventory"))

    apples, pears = [("Apples", "North", "38"), ("Apples", "South", "20")], [("Pears", "North", "0")]
    assert await left(state="out_of_stock") == pears
    assert await left(state="in_stock") == apples
    assert await left(warehouse_id=shop.south["id"]) == apples[1:]
    assert await left(product_id=shop.pears["id"]) == pears
    assert await left(q="pple") == apples
    assert await left(q=shop.pears["sku"][:8], warehouse_id=shop.north["id"]) == pears
    nothing = await here.get("/inventory", params={"q": "quinces"})
    assert is_empty(nothing)


async def test_the_reorder_level_is_no_state_of_a_balance(admin: Member, here: Browser) -> None:
    apples = (await admin.read("products", limit=500))["items"]
    (apples,) = [row for row in apples if row["name"] == "Apples"]
    assert (await admin.edit(f"products/{apples['id']}", reorder_level=5000)).status_code == 200
    page = await here.get("/inventory", params={"product_id": apples["id"]})
    assert [row["Status"] for row in table(page, "Inventory")] == ["In stock"] * 2
    assert (await admin.edit(f"products/{apples['id']}", status="discontinued")).status_code == 200
    page = await here.get("/inventory", params={"product_id": apples["id"]})
    assert [row["Status"] for row in table(page, "Inventory")] == ["Discontinued"] * 2
    gone = await here.get("/inventory", params={"product_id": apples["id"], "state": "in_stock"})
    assert is_empty(gone)


@pytest.mark.parametrize(
    ("days_ago", "stock"),
    [
        (30, [("Apples", "North", "40"), ("Apples", "South", "70"), ("Pears", "North", "8")]),
        (10, [("Apples", "North", "40"), ("Apples", "South", "20"), ("Pears", "North", "8")]),
        (9, [("Apples", "North", "40"), ("Apples", "South", "20"), ("Pears", "North", "0")]),
        (0, [("Apples", "North", "38"), ("Apples", "South", "20"), ("Pears", "North", "0")]),
    ],
)
async def test_stock_as_of_the_end_of_a_day(
    here: Browser, days_ago: int, stock: list[tuple[str, str, str]]
) -> None:
    day = str(ago(days_ago))
    page = await here.get("/inventory", params={"as_of": day})
    rows = table(page, "Inventory")
    assert _stock(rows) == stock
    assert "Reserved" not in rows[0]
    assert [row["On hand"] for row in rows if row["Status"] == "Out of stock"] == [
        on_hand for _, _, on_hand in stock if on_hand == "0"
    ]
    empty = await here.get("/inventory", params={"as_of": day, "state": "out_of_stock"})
    assert is_empty(empty) == ("0" not in {on_hand for _, _, on_hand in stock})
    assert link(page, rows[0]["On hand"]).endswith(f"&occurred_to={day}")
    assert link(page, "North").endswith(f"?as_of={day}")


async def test_before_its_first_movement_there_was_no_stock(here: Browser) -> None:
    for day in (str(ago(31)), "0001-01-01"):
        assert is_empty(await here.get("/inventory", params={"as_of": day}))
    assert len(table(await here.get("/inventory", params={"as_of": str(ago(0))}), "Inventory")) == 3
    assert (await here.get("/inventory", params={"as_of": "9999-12-31"})).status_code == 422


async def test_a_day_ends_in_the_organizations_timezone(admin: Member) -> None:
    kiritimati = await factories.sign_up(admin.app, timezone="Pacific/Kiritimati")  # 14 hours ahead of UTC
    product, warehouse = await factories.product(kiritimati), await factories.warehouse(kiritimati)
    at = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)  # half past midnight of the third, there
    async with kiritimati.transaction() as connection:
        moved = structs.replace(receipt(UUID(product["id"]), UUID(warehouse["id"]), 7), occurred_at=at)
        await post(connection, kiritimati, moved)
    here = await signed_in(kiritimati)
    assert is_empty(await here.get("/inventory?as_of=2026-03-02"))
    (row,) = table(await here.get("/inventory?as_of=2026-03-03"), "Inventory")
    assert row["On hand"] == "7"


async def test_pages_go_forward_and_back(admin: Member) -> None:
    warehouse = UUID((await factories.warehouse(admin))["id"])
    products = [await factories.product(admin, name=f"Product {number:03}") for number in range(120)]
    async with admin.transaction() as connection:
        await post(connection, admin, *(receipt(UUID(row["id"]), warehouse, 1) for row in products))
    here = await signed_in(admin)
    for asked in ("/inventory", "/inventory?sort=-name", f"/inventory?as_of={ago(0)}"):
        pages = [await here.get(asked)]
        for _ in range(2):
            pages.append(await here.get(link(pages[-1], "Next")))
        forth = [[row["Product"] for row in table(page, "Inventory")] for page in pages]
        assert [len(page) for page in forth] == [50, 50, 20]
        expected = sorted(f"{row['name']} {row['sku']}" for row in products)
        assert [row for page in forth for row in page] == (expected[::-1] if "-name" in asked else expected)
        assert "50 of 120" in pages[0].text
        back = [pages[-1]]
        for _ in range(2):
            back.append(await here.get(link(back[-1], "Previous")))
        assert [[row["Product"] for row in table(page, "Inventory")] for page in back[::-1]] == forth


async def test_an_export_equals_the_database(admin: Member, here: Browser, shop: Shop) -> None:
    async with admin.transaction() as connection:
        held = await connection.fetch(
            """
            SELECT p.sku, w.name, i.quantity_on_hand, i.quantity_reserved, i.quantity_available,
                   i.quantity_on_hand * p.unit_cost AS value
            FROM inventory i JOIN products p ON p.id = i.product_id JOIN warehouses w ON w.id = i.warehouse_id
            WHERE i.organization_id = $1 ORDER BY p.name, i.id
            """,
            admin.organization_id,
        )
    columns = ("sku", "warehouse_name", "on_hand", "reserved", "available", "value")
    as_csv, as_xlsx = await csv_of(here, "/inventory"), await xlsx_of(here, "/inventory")
    assert [tuple(row[column] for column in columns) for row in as_csv] == [
        tuple(str(value) for value in row) for row in held
    ]
    assert [tuple(row[column] for column in columns) for row in as_xlsx] == [
        tuple(float(value) if isinstance(value, Decimal) else value for value in row) for row in held
    ]
    (south,) = await csv_of(here, "/inventory", warehouse_id=shop.south["id"], as_of=str(ago(0)))
    assert (south["on_hand"], south["reserved"], south["as_of"]) == ("20", "", str(ago(0)))
    assert [row["sku"] for row in await csv_of(here, "/inventory", state="out_of_stock")] == [
        shop.pears["sku"]
    ]


async def test_names_are_not_exported_as_formulas(admin: Member) -> None:
    wicked = '=HYPERLINK("http://evil.example","Apples")'
    product, warehouse = await factories.product(admin, name=wicked), await factories.warehouse(admin)
    async with admin.transaction() as connection:
        await post(connection, admin, receipt(UUID(product["id"]), UUID(warehouse["id"]), 1))
    here = await signed_in(admin)
    assert [row["product_name"] for row in await csv_of(here, "/inventory")] == [f"'{wicked}"]
    assert [row["product_name"] for row in await xlsx_of(here, "/inventory")] == [wicked]


async def test_others_stock_is_neither_shown_nor_exported(stranger: Member, shop: Shop) -> None:
    here = await signed_in(stranger)
    theirs = {"product_id": shop.apples["id"], "warehouse_id": shop.north["id"]}
    assert wrong(await here.get("/inventory", params=theirs)) == set(theirs)
    assert (await here.get("/inventory.csv", params=theirs)).status_code == 422
    for asked in ({}, {"as_of": str(ago(0))}, {"state": "out_of_stock"}, {"q": "Apples"}):
        page = await here.get("/inventory", params=asked)
        assert page.status_code == 200
        assert f"/products/{shop.apples['id']}" not in page.text
        assert await csv_of(here, "/inventory", **asked) == []


async def test_names_link_only_to_pages_the_reader_may_see(admin: Member, shop: Shop) -> None:
    here = await signed_in(await factories.member_with(admin, "inventory:read"))
    for path, name in (("/inventory", "Inventory"), ("/ledger", "Ledger")):
        page = await here.get(path)
        assert {row["Warehouse"] for row in table(page, name)} == {"North", "South"}
        assert 'href="/products' not in page.text
        assert 'href="/warehouses' not in page.text


async def test_without_permission_the_page_is_forbidden(admin: Member) -> None:
    here = await signed_in(await factories.member_with(admin, "products:read"))
    for path in ("/inventory", "/inventory.csv", "/inventory.xlsx"):
        assert (await here.get(path)).status_code == 403
    assert 'href="/inventory"' not in (await here.get("/products")).text


async def test_stock_as_of_a_future_day_is_refused(admin: Member) -> None:
    here = await signed_in(admin)
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    for path in (
        "/inventory",
        "/inventory.csv",
        f"/products/{product['id']}",
        f"/warehouses/{warehouse['id']}",
    ):
        refused = await here.get(path, params={"as_of": str(ahead(1))})
        assert refused.status_code == 422, path
        assert (await here.get(path, params={"as_of": str(ago(0))})).status_code == 200, path
    for parameter in ("as_of", "recorded_as_of"):
        asked = {"as_of": "2026-01-01T00:00:00Z"} | {parameter: f"{ahead(2)}T00:00:00Z"}
        reply = await admin.get("inventory", **asked)
        assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, parameter)


async def test_a_discontinued_product_is_not_out_of_stock(admin: Member) -> None:
    here = await signed_in(admin)
    product = await factories.product(admin)
    warehouse = await factories.warehouse(admin)
    async with admin.transaction() as connection:
        moves = [move(UUID(product["id"]), UUID(warehouse["id"]), 1) for move in (receipt, sale)]
        await post(connection, admin, *moves)
    assert "Out of stock" in (await here.get(f"/products/{product['id']}")).text
    await admin.edit(f"products/{product['id']}", status="discontinued")
    page = (await here.get(f"/products/{product['id']}")).text
    assert "Out of stock" not in page
    assert "Discontinued" in page


@pytest.mark.parametrize("asked", ["as_of=2026-02-30", "state=full", "sort=colour", "warehouse_id=1"])
async def test_invalid_filters_are_refused(admin: Member, asked: str) -> None:
    here = await signed_in(admin)
    assert (await here.get(f"/inventory?{asked}")).status_code == 422
