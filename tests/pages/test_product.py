"""The product page: stock, its history, movements, orders, suppliers, shipments."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from tests import factories, states
from tests.factories import Member
from tests.inventory.stock import post, receipt, reserve, sale
from tests.pages.browsing import Browser, signed_in
from tests.pages.tables import link, table, tiles
from tests.states import Line, ago, ahead, purchase_order


class Apples(NamedTuple):
    product: dict[str, Any]
    north: dict[str, Any]
    south: dict[str, Any]


@pytest.fixture
async def apples(admin: Member) -> Apples:
    """90 in the north, 25 in the south of which 5 are held; 20 were sold four days ago."""
    fields = {"name": "Apples", "unit_cost": "0.50", "reorder_level": 120, "category": "Fruit"}
    line = Apples(
        await factories.product(admin, **fields),
        await factories.warehouse(admin, name="North"),
        await factories.warehouse(admin, name="South"),
    )
    product, north, south = (UUID(row["id"]) for row in line)
    now = datetime.now(UTC)
    async with admin.transaction() as connection:
        _, opened, _ = await post(
            connection,
            admin,
            structs.replace(receipt(product, north, 90), occurred_at=now - timedelta(days=10)),
            structs.replace(receipt(product, south, 45), occurred_at=now - timedelta(days=10)),
            structs.replace(sale(product, south, 20), occurred_at=now - timedelta(days=4)),
        )
        await reserve(connection, admin, opened.inventory_id, 5)
    return line


@pytest.fixture
async def here(admin: Member, apples: Apples) -> Browser:
    return await signed_in(admin)


async def _buy(
    admin: Member, line: Apples, supplier: dict[str, Any], ordered: date, status: str,
    number: str | None = None, **item: Any,
) -> UUID:  # fmt: skip
    """An order with one line over it."""
    bought = Line(line.product["id"], **{"price": Decimal("1.00")} | item)
    return await purchase_order(admin, supplier["id"], status, bought, order_date=ordered, number=number)


async def test_stock_is_shown_by_warehouse(here: Browser, apples: Apples) -> None:
    page = await here.get(f"/products/{apples.product['id']}")
    assert tiles(page)["On hand"][0] == ["115", "US$57.50"]
    assert tiles(page)["Available"][0] == ["110", "5"]
    north, south = table(page, "Stock by warehouse")
    assert (north["Warehouse"], north["On hand"], north["Available"]) == ("North", "90", "90")
    assert south == {
        "Warehouse": "South",
        "On hand": "25",
        "Reserved": "5",
        "Available": "20",
        "Value at cost": "US$12.50",
        "Last counted": "—",
    }
    assert [row["Quantity"] for row in table(page, "Latest movements")] == ["-20", "+45", "+90"]
    ledger = await here.get(link(page, "25"))
    assert [row["Quantity"] for row in table(ledger, "Ledger")] == ["-20", "+45"]
    stock = await here.get(link(page, "On hand"))
    assert [row["On hand"] for row in table(stock, "Inventory")] == ["90", "25"]
    assert link(page, "Ledger") == "/ledger"  # the navigation's; the card's own leads to the product's
    assert f'href="/ledger?product_id={apples.product["id"]}"' in page.text


async def test_its_course_is_what_the_ledger_says_of_each_day(here: Browser, apples: Apples) -> None:
    page = await here.get(f"/products/{apples.product['id']}")
    days = table(page, "Stock at the end of each day")
    assert len(days) == 180
    assert {row["Reorder level"] for row in days} == {"120"}
    course = [row["On hand"] for row in days]
    assert course == ["0"] * 169 + ["135"] * 6 + ["115"] * 5
    assert f'<td role="cell" class="text first">{ago(0).day} ' in page.text
    then = await here.get(f"/products/{apples.product['id']}", params={"as_of": str(ago(7))})
    assert [row["On hand"] for row in table(then, "Stock at the end of each day")] == ["0"] * 176 + [
        "135"
    ] * 4


async def test_the_chart_of_a_slow_mover_reaches_its_last_movement(admin: Member) -> None:
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    moved = receipt(UUID(product["id"]), UUID(warehouse["id"]), 3)
    at = datetime(2020, 6, 30, 12, tzinfo=UTC)
    async with admin.transaction() as connection:
        await post(connection, admin, structs.replace(moved, occurred_at=at))
    page = await (await signed_in(admin)).get(f"/products/{product['id']}")
    assert [row["On hand"] for row in table(page, "Stock at the end of each day")] == ["0"] * 179 + ["3"]
    assert "30 Jun 2020" in page.text


async def test_it_shows_its_stock_as_it_stood(here: Browser, apples: Apples) -> None:
    day = str(ago(5))
    page = await here.get(f"/products/{apples.product['id']}", params={"as_of": day})
    assert tiles(page)["On hand"][0][0] == "135"
    assert [(row["Warehouse"], row["On hand"]) for row in table(page, "Stock by warehouse")] == [
        ("North", "90"),
        ("South", "45"),
    ]
    assert [row["Quantity"] for row in table(page, "Latest movements")] == ["+45", "+90"]
    stock = await here.get(link(page, "On hand"))
    assert [row["On hand"] for row in table(stock, "Inventory")] == ["90", "45"]
    assert link(page, "South") == f"/warehouses/{apples.south['id']}?as_of={day}"
    before = await here.get(f"/products/{apples.product['id']}", params={"as_of": str(ago(11))})
    assert tiles(before)["On hand"][0][0] == "0"
    assert "Stock by warehouse</caption>" not in before.text


async def test_what_suppliers_owe_and_how_they_sold_it(admin: Member, here: Browser, apples: Apples) -> None:
    quick, slow = [await factories.supplier(admin, name=name) for name in ("Quick Ltd", "Slow Ltd")]
    late = await _buy(admin, apples, slow, ago(40), "confirmed", "PO-LATE", done=4, promised=ago(3))
    await _buy(admin, apples, quick, ago(5), "submitted", promised=ahead(3))
    await _buy(admin, apples, quick, ago(30), "received", done=10, done_on=ago(24), price=Decimal("1.10"))
    await _buy(admin, apples, quick, ago(60), "received", done=10, done_on=ago(50), price=Decimal("0.90"))
    await _buy(admin, apples, slow, ago(1), "cancelled")
    await _buy(admin, apples, slow, ago(90), "received", done=9, done_on=ago(10))  # never complete
    await _buy(admin, apples, slow, ago(1), "draft")
    await _buy(admin, apples._replace(product=await factories.product(admin)), slow, ago(1), "confirmed")
    page = await here.get(f"/products/{apples.product['id']}")
    assert tiles(page)["On order"][0] == ["16", "2"]
    first, second = table(page, "On order")
    assert (first["Purchase order"], first["Outstanding"], first["Supplier"]) == (
        "PO-LATE", "6", "Slow Ltd",
    )  # fmt: skip
    assert first["Due"].endswith("Late")
    assert (second["Outstanding"], second["Status"]) == ("10", "Submitted")
    assert not second["Due"].endswith("Late")
    assert link(page, "PO-LATE") == f"/purchase-orders/{late}"
    assert f"/purchase-orders?open=true&amp;product_id={apples.product['id']}" in page.text
    of_it = {"open": "true", "product_id": apples.product["id"]}
    orders = await here.get("/purchase-orders", params=of_it)
    assert {row["Number"] for row in table(orders, "Purchase orders")} == {
        line["Purchase order"] for line in (first, second)
    }
    assert f"Product: Apples - {apples.product['sku']}" in orders.text
    fast, never = table(page, "Suppliers")
    assert (fast["Supplier"], fast["Last price"], fast["Order lines"]) == ("Quick Ltd", "€1.00", "3")
    assert fast["Lead time in days"] == "8.0 6 to 10"
    assert (never["Supplier"], never["Order lines"], never["Lead time in days"]) == ("Slow Ltd", "4", "—")
    lines = await here.get(f"/suppliers/{quick['id']}/lines", params={"product_id": apples.product["id"]})
    assert "3 of 3" in lines.text
    assert link(page, "8.0") == (
        f"/suppliers/{quick['id']}/lines?product_id={apples.product['id']}&outcome=timed"
    )


async def test_what_customers_wait_for_and_what_is_under_way(
    admin: Member, here: Browser, apples: Apples
) -> None:
    item = {"product_id": apples.product["id"], "quantity_ordered": 8, "unit_price": "1.00"}
    customer = await factories.customer(admin, name="Grocer")
    orders = [
        await admin.create(
            "sales-orders",
            {"customer_id": customer_id, "order_date": str(ago(9)), "items": [item]}
            | ({"expected_delivery_date": str(due)} if due else {}),
        )
        for customer_id, due in ((customer["id"], ago(2)), (None, None), (customer["id"], None))
    ]
    for order in orders[:2]:
        await states.in_state(admin, "sales_orders", order["id"], "confirmed")
    await states.move_first_line(admin, orders[0]["id"], apples.product["id"], shipped=3)
    other = {"product_id": (await factories.product(admin))["id"], "quantity": 1}
    await admin.create("shipments", {"shipment_type": "inbound", "items": [other]})
    carried = [{"product_id": apples.product["id"], "quantity": quantity} for quantity in (2, 3)]
    shipment = await admin.create(
        "shipments",
        {
            "shipment_type": "transfer", "reference_id": "TR-77", "items": carried,
            "origin_warehouse_id": apples.north["id"], "destination_warehouse_id": apples.south["id"],
        },
    )  # fmt: skip
    page = await here.get(f"/products/{apples.product['id']}")
    assert tiles(page)["To ship"][0] == ["13", "2"]
    grocer, counter = table(page, "To ship")
    assert (grocer["Sales order"], grocer["Customer"], grocer["To ship"]) == (
        orders[0]["so_number"], "Grocer", "5",
    )  # fmt: skip
    assert grocer["Due"].endswith("Late")
    assert (counter["Customer"], counter["To ship"], counter["Due"]) == ("Counter sale", "8", "—")
    (transfer,) = table(page, "Open shipments")
    assert transfer["Shipment"] == "TR-77"
    assert (transfer["Quantity"], transfer["Route"]) == ("5", "North → South")
    assert link(page, "TR-77") == f"/shipments/{shipment['id']}"
    of_it = f"product_id={apples.product['id']}"
    for path, known in (
        (f"/sales-orders?open=true&{of_it}", [orders[0]["so_number"], "2 of 2"]),
        (f"/shipments?{of_it}", ["TR-77", "1 of 1"]),
    ):
        assert path.replace("&", "&amp;") in page.text
        shown = (await here.get(path)).text
        assert [text for text in known if text not in shown] == []


async def test_a_new_product_shows_empty_states(admin: Member) -> None:
    product = await factories.product(admin)
    page = await (await signed_in(admin)).get(f"/products/{product['id']}")
    assert page.status_code == 200
    assert "<caption" not in page.text
    assert "data-chart" not in page.text


async def test_only_what_one_may_read_elsewhere_is_on_it(admin: Member, apples: Apples) -> None:
    supplier = await factories.supplier(admin)
    await _buy(admin, apples, supplier, ago(5), "confirmed")
    path = f"/products/{apples.product['id']}"
    parts = {
        "inventory:read": ("Stock by warehouse", "Latest movements", "Available"),
        "purchase_orders:read": ("On order", "Suppliers"),
        "sales_orders:read": ("To ship",),
        "shipments:read": ("Open shipments",),
    }
    for held in (None, *parts):
        clerk = await factories.member_with(admin, "products:read", *([held] if held else []))
        text = (await (await signed_in(clerk)).get(path)).text
        for permission, titles in parts.items():
            for title in titles:
                assert (f">{title}<" in text) == (permission == held), (held, title)


async def test_others_products_do_not_exist(stranger: Member, apples: Apples) -> None:
    here = await signed_in(stranger)
    for missing in (apples.product["id"], uuid4()):
        assert (await here.get(f"/products/{missing}")).status_code == 404


async def test_who_may_not_read_products_is_told_so(admin: Member, apples: Apples) -> None:
    here = await signed_in(await factories.member_with(admin, "inventory:read"))
    assert (await here.get(f"/products/{apples.product['id']}")).status_code == 403
