"""The figures of the control tower, each compared with SQL written by hand and with the list it leads to."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from tests import factories
from tests.factories import Member
from tests.inventory.stock import post, receipt, sale
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import due, figures, tiles
from tests.states import Line, ago, ahead, noon, purchase_order, sales_order, shipment

BY_HAND = {
    "To ship today": """
        SELECT count(*) FROM sales_orders
        WHERE organization_id = $1 AND status = 'confirmed' AND expected_delivery_date = $2""",
    "Arriving today": """
        SELECT count(*) FROM shipments
        WHERE organization_id = $1 AND shipment_type = 'inbound' AND status IN ('pending', 'in_transit')
          AND expected_delivery_date = $2""",
    "Late to customers": """
        SELECT count(*) FROM sales_orders
        WHERE organization_id = $1 AND status IN ('confirmed', 'shipped') AND expected_delivery_date < $2""",
    "Late from suppliers": """
        SELECT count(*) FROM purchase_orders
        WHERE organization_id = $1 AND status IN ('submitted', 'confirmed', 'shipped')
          AND expected_delivery_date < $2""",
    "Unallocated orders": """
        SELECT count(DISTINCT o.id) FROM sales_orders o JOIN sales_order_items i ON i.sales_order_id = o.id
        WHERE o.organization_id = $1 AND o.status = 'confirmed' AND $2::date IS NOT NULL
          AND i.quantity_ordered > i.quantity_shipped + i.quantity_reserved""",
    "To reorder": """
        SELECT count(*) FROM products p
        WHERE p.organization_id = $1 AND p.status = 'active' AND p.reorder_level > 0
          AND $2::date IS NOT NULL AND p.reorder_level >=
              coalesce((SELECT sum(quantity_on_hand - quantity_reserved) FROM inventory
                        WHERE product_id = p.id), 0)
            + coalesce((SELECT sum(i.quantity_ordered - i.quantity_received)
                        FROM purchase_order_items i JOIN purchase_orders o ON o.id = i.purchase_order_id
                        WHERE i.product_id = p.id AND i.quantity_received < i.quantity_ordered
                          AND o.status IN ('submitted', 'confirmed', 'shipped')), 0)""",
    "Out of stock": """
        SELECT count(*) FROM products p
        WHERE p.organization_id = $1 AND p.status = 'active'
          AND coalesce((SELECT sum(quantity_on_hand) FROM inventory WHERE product_id = p.id), 0) = 0
          AND (p.reorder_level > 0
               OR EXISTS (SELECT FROM inventory_transactions t JOIN inventory b ON b.id = t.inventory_id
                          WHERE b.product_id = p.id AND t.movement_kind = 'sale'
                            AND t.occurred_at::date > $2::date - 90)
               OR EXISTS (SELECT FROM sales_order_items i JOIN sales_orders o ON o.id = i.sales_order_id
                          WHERE i.product_id = p.id AND o.status IN ('confirmed', 'shipped')
                            AND i.quantity_shipped < i.quantity_ordered))""",
}
"""$1: the organization. $2: today."""

LINES_BY_HAND = """
    SELECT count(*),
           count(*) FILTER (WHERE done >= ordered AND done_on <= due_on),
           count(*) FILTER (WHERE done = ordered AND done_on <= due_on)
    FROM (SELECT i.quantity_ordered AS ordered, i.quantity_{done} AS done,
                 i.actual_delivery_date AS done_on,
                 coalesce(i.promised_delivery_date, i.expected_delivery_date, o.expected_delivery_date)
                     AS due_on
          FROM {side}_order_items i JOIN {side}_orders o ON o.id = i.{side}_order_id
          WHERE o.organization_id = $1 AND o.status NOT IN ('draft', 'submitted', 'cancelled')) AS line
    WHERE due_on BETWEEN $2::date - 30 AND $2::date - 1"""


async def sold(admin: Member, product: str, warehouse: str, quantity: int, day: date) -> None:
    """Received and sold again on a day."""
    ids = UUID(product), UUID(warehouse), quantity
    async with admin.transaction() as connection:
        moved = [structs.replace(make(*ids), occurred_at=noon(day)) for make in (receipt, sale)]
        await post(connection, admin, *moved)


@pytest.fixture
async def business(admin: Member, stranger: Member) -> Member:
    """Products, orders and shipments on either side of every limit."""
    warehouse = (await factories.warehouse(admin))["id"]
    supplier = (await factories.supplier(admin))["id"]
    products = [
        (await factories.product(admin, reorder_level=level, status="active"))["id"]
        for level in (0, 0, 0, 10, 10, 10, 0)
    ]
    stocked = {"warehouse_id": warehouse, "transaction_type": "receipt"}
    await admin.create("inventory-transactions", {**stocked, "product_id": products[0], "quantity": 500})
    await admin.create("inventory-transactions", {**stocked, "product_id": products[4], "quantity": 10})
    await sold(admin, products[1], warehouse, 5, ago(89))  # in demand
    await sold(admin, products[2], warehouse, 5, ago(90))  # no longer
    for status in ("draft", "submitted", "confirmed", "shipped", "received", "cancelled"):
        for day in (ago(31), ago(30), ago(1), ago(0), ahead(3)):
            on_time = Line(products[5], 10, 10, promised=day, done_on=day)
            late = Line(products[5], 10, 10, promised=day, done_on=day + (ago(0) - ago(1)))
            lines = (on_time, late) if status in ("shipped", "received") else (Line(products[5], 10),)
            await purchase_order(admin, supplier, status, *lines, expected=day, order_date=ago(50))
    for status in ("draft", "confirmed", "shipped", "delivered", "cancelled"):
        for day in (ago(31), ago(30), ago(1), ago(0), ahead(3)):
            kept = Line(products[0], 4, 4, promised=day, done_on=day)
            missed = Line(products[0], 4, 4, promised=day, done_on=day + (ago(0) - ago(1)))
            lines = (kept, missed) if status in ("shipped", "delivered") else (Line(products[6], 4),)
            await sales_order(admin, None, status, *lines, expected=day, order_date=ago(50))
    await sales_order(admin, None, "confirmed", Line(products[0], 5, reserved=5), expected=ago(0))
    for kind in ("inbound", "outbound"):
        for status in ("pending", "in_transit", "delivered", "cancelled"):
            for day in (ago(1), ago(0), ahead(1)):
                await shipment(admin, status, shipment_type=kind, expected_delivery_date=f"{day}")
    theirs = (await factories.product(stranger, reorder_level=10))["id"]
    await sales_order(stranger, None, "confirmed", Line(theirs, 5), expected=ago(1))
    return admin


async def test_each_figure_is_what_sql_by_hand_counts_and_what_its_list_holds(
    business: Member, superuser: Any
) -> None:
    here = await signed_in(business)
    page = await here.get("/")
    seen = due(page) | {"Out of stock": (tiles(page)["Out of stock"][0][0], tiles(page)["Out of stock"][1])}
    assert seen.keys() == BY_HAND.keys()
    for label, sql in BY_HAND.items():
        counted = await superuser.fetchval(sql, business.organization_id, ago(0))
        number, href = seen[label]
        assert (label, number) == (label, str(counted))
        assert counted > 0, f"nothing is {label}"
        path, _, query = href.partition("?")
        filters = dict(pair.split("=") for pair in query.split("&"))
        assert len(await csv_of(here, path, **filters)) == counted, label
        listed = " ".join((await here.get(href)).text.split())
        assert f"{min(counted, 50)} of {counted}" in listed, label


async def test_lines_kept_are_counted_of_the_last_thirty_days(business: Member, superuser: Any) -> None:
    here = await signed_in(business)
    page = await here.get("/")
    for label, side, done, path, outcome in (
        ("Customer lines on time, in full", "sales", "shipped", "/sales-orders/lines", "on_time_in_full"),
        ("Supplier lines on time", "purchase", "received", "/purchase-orders/lines", "on_time"),
    ):
        sql = LINES_BY_HAND.format(side=side, done=done)
        counted, on_time, in_full = await superuser.fetchrow(sql, business.organization_id, ago(0))
        kept = in_full if side == "sales" else on_time
        assert 0 < kept < counted
        numbers, href = tiles(page)[label]
        assert numbers[0] == f"{kept / counted:.1%}"
        assert str(counted) in numbers
        assert f"of {counted}" in " ".join((await here.get(href)).text.split())
        window = {"due_from": str(ago(30)), "due_before": str(ago(0))}
        assert href == f"{path}?outcome=due&due_from={ago(30)}&due_before={ago(0)}"
        assert len(await csv_of(here, path, outcome="due", **window)) == counted
        assert len(await csv_of(here, path, outcome=outcome, **window)) == kept


async def test_the_amount_that_is_late_is_told_by_currency(admin: Member) -> None:
    product = (await factories.product(admin))["id"]
    for price in ("100.00", "20.00"):
        line = Line(product, 5, price=Decimal(price))
        await sales_order(admin, None, "confirmed", line, expected=ago(1))
    page = await (await signed_in(admin)).get("/")
    assert due(page)["Late to customers"][0] == "2"
    assert "€600" in page.text


async def test_carriers_punctuality_is_told_of_all_and_of_each(admin: Member) -> None:
    for carrier, back, late in (("DHL", 0, 0), ("DHL", 29, 2), ("DHL", 30, 0), ("Maersk", 3, 0)):
        delivered = ago(back)
        expected = ago(back + late)
        await shipment(
            admin, "delivered", delivered=delivered, carrier=carrier, expected_delivery_date=f"{expected}"
        )
    await shipment(admin, "delivered", delivered=ago(0), carrier="DHL")  # never had a date
    here = await signed_in(admin)
    for path, told in (("/shipments", ["66.7%", "3"]), ("/shipments?carrier=DHL", ["50.0%", "2"])):
        page = (await here.get(path)).text
        lead = page.partition('<p class="lead">')[2].partition("</p>")[0].partition("</a>")[2]
        assert figures(lead) == told


async def test_replenishment_says_what_to_order(admin: Member) -> None:
    warehouse = (await factories.warehouse(admin))["id"]
    supplier = (await factories.supplier(admin))["id"]
    known: dict[str, Any] = {}
    for sku, on_hand, fields in (
        ("LOW", 5, {"reorder_level": 20, "reorder_quantity": 10, "units_per_pack": 12}),
        ("COVERED", 5, {"reorder_level": 20, "reorder_quantity": 50}),
        ("ENOUGH", 21, {"reorder_level": 20}),
        ("FREE", 0, {"reorder_level": 0}),
    ):
        known[sku] = (await factories.product(admin, sku=sku, **fields))["id"]
        if on_hand:
            await admin.create(
                "inventory-transactions",
                {
                    "product_id": known[sku],
                    "warehouse_id": warehouse,
                    "transaction_type": "receipt",
                    "quantity": on_hand,
                },
            )
    await sold(admin, known["LOW"], warehouse, 45, ago(3))
    await purchase_order(admin, supplier, "confirmed", Line(known["COVERED"], 20, 2, promised=ahead(9)))
    await purchase_order(admin, supplier, "draft", Line(known["LOW"], 100))
    here = await signed_in(admin)
    rows = {row["sku"]: row for row in await csv_of(here, "/replenishment")}
    told = ("state", "available", "on_order", "demand_per_week", "cover_days", "suggested_quantity")
    assert {sku: tuple(row[name] for name in told) for sku, row in rows.items()} == {
        "LOW": ("to_reorder", "5", "0", "3.5", "10", "24"),  # 16 are missing: two packs of 12
        "COVERED": ("covered", "7", "18", "0.0", "", "0"),
        "ENOUGH": ("enough", "21", "0", "0.0", "", "0"),
    }
    assert rows["COVERED"]["next_due_on"] == f"{ahead(9)}"
    listed = {row["sku"]: row for row in (await admin.read("replenishment"))["items"]}
    assert {sku: str(row["suggested_quantity"]) for sku, row in listed.items()} == {
        sku: row["suggested_quantity"] for sku, row in rows.items()
    }
