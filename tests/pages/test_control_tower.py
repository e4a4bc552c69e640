"""The control tower: each figure equals the list that it leads to, and nobody sees more than they may."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests import factories, states
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of
from tests.pages.tables import due, figures, link, table, tiles
from tests.states import Line, ago, ahead, purchase_order, sales_order, shipment


async def stocked(admin: Member, quantity: int, **fields: object) -> dict[str, object]:
    """A product that was received, and shipped again unless some stock is to remain."""
    product = await factories.product(admin, unit_cost="2.50", **fields)
    warehouse = await factories.warehouse(admin)
    where = {"product_id": product["id"], "warehouse_id": warehouse["id"]}
    moved = {**where, "transaction_type": "receipt", "quantity": quantity or 1}
    await admin.create("inventory-transactions", moved)
    if not quantity:
        await admin.create(
            "inventory-transactions", {**where, "transaction_type": "shipment", "quantity": -1}
        )
    return product


async def test_what_is_late_short_or_gone_needs_attention(admin: Member) -> None:
    here = await signed_in(admin)
    late = await shipment(admin, "in_transit", reference_id="ASN-FOG", expected_delivery_date=f"{ago(3)}")
    await admin.create(
        f"shipments/{late['id']}/events",
        {
            "event_type": "delayed",
            "occurred_at": f"{datetime.now(UTC) - timedelta(hours=1)}",
            "payload": {"reason": "Fog on the Elbe"},
        },
    )
    product = await factories.product(admin)
    order = await admin.create(
        "sales-orders",
        {
            "so_number": "SO-4711",
            "order_date": f"{ago(0)}",
            "items": [{"product_id": product["id"], "quantity_ordered": 1234, "unit_price": "1.00"}],
        },
    )
    await states.in_state(admin, "sales_orders", order["id"], "confirmed")
    await states.move_first_line(admin, order["id"], product["id"], shipped=34)
    page = await here.get("/")
    groups = ("Late shipments", "Unallocated orders")
    reasons = {row["Item"]: row["Details"] for group in groups for row in table(page, group)}
    assert figures(reasons["ASN-FOG"]) == ["3"]
    assert reasons["ASN-FOG"].endswith("Fog on the Elbe")
    assert figures(reasons["SO-4711"]) == ["1,200"]
    assert link(page, "SO-4711") == f"/sales-orders/{order['id']}"


async def test_every_group_that_needs_attention_links_to_its_full_list(
    admin: Member, stranger: Member
) -> None:
    product = await stocked(admin, 0)
    await stocked(admin, 0, reorder_level=10)
    late = await shipment(admin, "in_transit", reference_id="ASN-LATE", expected_delivery_date=f"{ago(1)}")
    await shipment(admin, "in_transit", expected_delivery_date=f"{ahead(1)}")
    orders = {}
    for member, number, ordered, reserved in (
        (admin, "SO-1", 5, 4),
        (admin, "SO-2", 5, 5),
        (stranger, "SO-3", 5, 0),
    ):
        theirs = product if member is admin else await factories.product(member)
        orders[number] = await member.create(
            "sales-orders",
            {"so_number": number, "order_date": f"{ago(0)}",
             "items": [{"product_id": theirs["id"], "quantity_ordered": ordered, "unit_price": "1.00"}]},
        )  # fmt: skip
        await states.in_state(member, "sales_orders", orders[number]["id"], "confirmed")
        await states.move_first_line(member, orders[number]["id"], theirs["id"], reserved=reserved)
    here = await signed_in(admin)
    page = await here.get("/")
    shipments = await here.get(link(page, "Late shipments · 1"))
    assert len(table(shipments, "Shipments")) == 1
    assert link(shipments, "ASN-LATE") == f"/shipments/{late['id']}"
    (short,) = table(await here.get(link(page, "Unallocated orders · 1")), "Sales orders")
    assert short["Number"] == "SO-1"
    assert len(table(await here.get(link(page, "Out of stock · 1")), "Products")) == 1
    assert "Late from suppliers ·" not in page.text
    exported = await here.get("/sales-orders.csv?short=true")
    assert "SO-1" in exported.text
    assert "SO-2" not in exported.text


async def test_stock_without_a_cost_has_no_value_rather_than_zero(admin: Member) -> None:
    here = await signed_in(admin)
    await stocked(admin, 10)
    product = await factories.product(admin, unit_cost=None)
    warehouse = await factories.warehouse(admin)
    where = {"product_id": product["id"], "warehouse_id": warehouse["id"]}
    await admin.create("inventory-transactions", {**where, "transaction_type": "receipt", "quantity": 7})
    assert tiles(await here.get("/"))["Stock value"][0] == ["US$25", "1"]


async def test_stock_of_unknown_cost_has_an_unknown_value(admin: Member) -> None:
    product = await factories.product(admin, unit_cost=None)
    warehouse = await factories.warehouse(admin)
    where = {"product_id": product["id"], "warehouse_id": warehouse["id"]}
    await admin.create("inventory-transactions", {**where, "transaction_type": "receipt", "quantity": 7})
    here = await signed_in(admin)
    assert tiles(await here.get("/"))["Stock value"][0] == ["1"]
    assert tiles(await here.get(f"/warehouses/{warehouse['id']}"))["Stock value"][0] == ["1"]
    assert (await csv_of(here, "/warehouses"))[0]["value"] == ""


async def test_a_new_organization_sees_what_to_do_first(admin: Member) -> None:
    here = await signed_in(admin)
    page = await here.get("/")
    assert tiles(page) == {}
    assert link(page, "New product") == "/products/new"
    await factories.product(admin)
    page = await here.get("/")
    assert 'href="/products/new"' not in page.text
    assert link(page, "New supplier") == "/suppliers/new"
    await shipment(admin, "pending")
    page = await here.get("/")
    assert "In transit" in tiles(page)
    assert "map-markers" not in page.text


@pytest.mark.parametrize(
    ("role", "first", "group"),
    [
        ("administrator", "To ship today", "Late to customers"),
        ("warehouse", "Arriving today", "Late shipments"),
        ("buyer", "Late from suppliers", "Late from suppliers"),
        ("sales", "Late to customers", "Late to customers"),
    ],
)
async def test_what_concerns_a_role_comes_first(admin: Member, role: str, first: str, group: str) -> None:
    product = (await factories.product(admin))["id"]
    await sales_order(admin, None, "confirmed", Line(product, 5), expected=ago(1))
    supplier = (await factories.supplier(admin))["id"]
    await purchase_order(admin, supplier, "submitted", Line(product, 5), expected=ago(1))
    await shipment(admin, "in_transit", expected_delivery_date=f"{ago(1)}")
    page = await (await signed_in(await factories.member(admin, role))).get("/")
    assert next(iter(due(page))) == first
    assert _GROUP.findall(page.text)[0] == group


_GROUP = re.compile(r"<h3><a [^>]*>([^·<]*) · ")


async def test_the_map_and_the_news_show_later_events(admin: Member, stranger: Member) -> None:
    here = await signed_in(admin)
    moving = await shipment(admin, "in_transit", reference_id="ASN-1")
    theirs = await shipment(stranger, "in_transit", reference_id="ASN-2")
    seen = {"timestamp": f"{datetime.now(UTC)}", "latitude": "54.5", "longitude": "13.82"}
    happened = {"event_type": "departed", "occurred_at": f"{datetime.now(UTC)}"}
    for member, row in ((admin, moving), (stranger, theirs)):
        await member.create(f"shipments/{row['id']}/tracking", seen)
        await member.create(f"shipments/{row['id']}/events", happened)
        await member.create("analytics-events", {"event_type": f"<i>{row['reference_id']}"})
    for path in ("/", "/control-tower/markers"):
        page = await here.get(path)
        assert f'id="marker-{moving["id"]}"' in page.text
        assert theirs["id"] not in page.text
    for path in ("/", "/control-tower/news"):
        page = await here.get(path)
        assert "ASN-1: Departed" in page.text
        assert "&lt;i&gt;ASN-1" in page.text
        assert "ASN-2" not in page.text


async def test_a_position_without_coordinates_keeps_the_marker_on_the_map(admin: Member) -> None:
    moving = await shipment(admin, "in_transit")
    now = datetime.now(UTC)
    for minutes, seen in (
        (3, {"latitude": "54.5", "longitude": "13.82"}),
        (2, {"latitude": "55.25", "longitude": "14.75"}),
        (1, {"location": "At customs"}),
    ):
        when = {"timestamp": f"{now - timedelta(minutes=minutes)}"}
        await admin.create(f"shipments/{moving['id']}/tracking", seen | when)
    never_placed = await shipment(admin, "in_transit")
    await admin.create(
        f"shipments/{never_placed['id']}/tracking", {"timestamp": f"{now}", "location": "Kiel"}
    )
    page = await (await signed_in(admin)).get("/control-tower/markers")
    assert 'data-longitude="14.75" data-latitude="55.25"' in page.text
    assert "At customs" in page.text
    assert never_placed["id"] not in page.text


async def test_figures_are_limited_to_the_readers_permissions(admin: Member) -> None:
    row = await shipment(admin, "in_transit", reference_id="ASN-1")
    await admin.create("analytics-events", {"event_type": "something.happened"})
    clerk = await signed_in(await factories.member_with(admin, "organization:read", "inventory:read"))
    page = await clerk.get("/")
    assert set(tiles(page)) == {"Stock value", "Units on hand", "Out of stock"}
    assert '<nav class="due"' not in page.text
    assert row["id"] not in page.text
    assert "something.happened" not in page.text
    assert "something.happened" not in (await clerk.get("/control-tower/news")).text
    assert (await clerk.get("/control-tower/markers")).status_code == 403
    assert (await clerk.get("/events")).status_code == 403
