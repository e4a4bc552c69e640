"""Amounts, unit prices and sums on pages, on paper and in exports: none is rounded or complete by mistake."""

import re
from typing import Any
from uuid import UUID

import pytest

from tests import factories
from tests.documents.test_amounts import KINDS, order
from tests.factories import Member
from tests.inventory.stock import post, receipt
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import table, tiles, words
from tests.printed import sheets


async def test_yen_add_up_as_printed(admin: Member) -> None:
    line = {"quantity_ordered": 1, "unit_price": "0.50"}
    made = await order(admin, "purchase", line, line, line, currency="JPY")
    here = await signed_in(admin)
    (sheet,) = sheets(await here.get(f"/purchase-orders/{made['id']}/order.pdf"))
    assert re.findall(r"JP¥\d+(?![.\d])", sheet.text) == ["JP¥1"] * 3 + ["JP¥3"]
    page = await here.get(f"/purchase-orders/{made['id']}")
    assert [row["Total"] for row in table(page, "Lines")] == ["JP¥1"] * 3
    assert [row["Unit price"] for row in table(page, "Lines")] == ["JP¥0.5"] * 3
    (listed,) = table(await here.get("/purchase-orders"), "Purchase orders")
    assert listed["Total"] == "JP¥3"


async def test_dinars_have_three_decimals(admin: Member) -> None:
    made = await order(admin, "sales", {"quantity_ordered": 1, "unit_price": "1.25"}, currency="KWD")
    here = await signed_in(admin)
    (line,) = table(await here.get(f"/sales-orders/{made['id']}"), "Lines")
    assert (line["Unit price"], line["Total"]) == ("KWD1.250", "KWD1.250")
    assert [row["total_amount"] for row in await csv_of(here, "/sales-orders")] == ["1.250"]


@pytest.mark.parametrize("kind", KINDS)
async def test_unit_prices_of_a_list_are_exact_and_in_line(admin: Member, kind: str) -> None:
    prices = ("0.000125", "12.5", "3")
    made = await order(admin, kind, *({"quantity_ordered": 1, "unit_price": price} for price in prices))
    here = await signed_in(admin)
    page = await here.get(f"/{kind}-orders/{made['id']}")
    shown = ["US$0.000125", "US$12.500000", "US$3.000000"]
    assert [row["Unit price"] for row in table(page, "Lines")] == shown
    if kind == "purchase":
        (sheet,) = sheets(await here.get(f"/purchase-orders/{made['id']}/order.pdf"))
        assert all(price in sheet.text for price in shown)


async def test_a_products_cost_has_six_decimals_on_pages_and_in_forms(admin: Member) -> None:
    product = await factories.product(admin, sku="R-1", unit_cost="0.000125", selling_price="0.1")
    await factories.product(admin, sku="R-2", unit_cost="4", selling_price="0.25")
    here = await signed_in(admin)
    assert [row["Unit cost"] for row in table(await here.get("/products"), "Products")] == [
        *("US$0.000125", "US$4.000000")
    ]
    form = await here.get(f"/products/{product['id']}/edit")
    assert re.search(r'value="0\.000125"', form.text)
    assert [row["unit_cost"] for row in await csv_of(here, "/products")] == ["0.000125", "4"]


MISSING = {
    1: ("US$20.00 prices missing for 1 of 2 lines", "20.00", "1"),
    2: ("— prices missing for 2 of 2 lines", "", "2"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unpriced", sorted(MISSING))
async def test_a_total_says_how_many_prices_it_lacks(admin: Member, kind: str, unpriced: int) -> None:
    lines: list[dict[str, Any]] = [{"quantity_ordered": 1, "unit_price": "20"}, {"quantity_ordered": 1}]
    made = await order(admin, kind, *(lines if unpriced == 1 else lines[1:] * 2))
    said, total, count = MISSING[unpriced]
    here = await signed_in(admin)
    caption = "Purchase orders" if kind == "purchase" else "Sales orders"
    (listed,) = table(await here.get(f"/{kind}-orders"), caption)
    assert listed["Total"] == said
    page = await here.get(f"/{kind}-orders/{made['id']}")
    assert said in words(page.text)
    (row,) = await csv_of(here, f"/{kind}-orders")
    assert (row["total_amount"], row["lines_without_price"]) == (total, count)
    if kind == "purchase":
        (sheet,) = sheets(await here.get(f"/purchase-orders/{made['id']}/order.pdf"))
        assert f"Total {said}" in sheet.text


@pytest.mark.parametrize(("cost", "value"), [(None, "—"), ("2.50", "US$2.50")])
async def test_stock_without_cost_is_not_worth_nothing(admin: Member, cost: str | None, value: str) -> None:
    warehouse = await factories.warehouse(admin)
    for unit_cost in (None, cost):
        product = await factories.product(admin, unit_cost=unit_cost)
        async with admin.transaction() as connection:
            await post(connection, admin, receipt(UUID(product["id"]), UUID(warehouse["id"]), 1))
    without = 2 if cost is None else 1
    here = await signed_in(admin)
    (row,) = table(await here.get("/warehouses"), "Warehouses")
    assert row["Value at cost"].startswith(value)
    assert str(without) in row["Value at cost"].removeprefix(value)
    (exported,) = await csv_of(here, "/warehouses")
    assert exported["products_without_cost"] == str(without)
    for path in ("/", f"/warehouses/{warehouse['id']}"):
        page = await here.get(path)
        ((figures, _),) = [tile for label, tile in tiles(page).items() if label == "Stock value"]
        assert figures[-1] == str(without)
        assert ("US$0" in figures) is False
