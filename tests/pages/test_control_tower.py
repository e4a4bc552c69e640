"""The control tower: each figure equals the list that it leads to, and nobody sees more than they may."""

from datetime import UTC, date, datetime, timedelta

from imsop.shipping.punctuality.queries import Punctuality, list_punctuality
from imsop.web.pages.analytics.figures import on_time_share
from tests import factories, states
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.tables import figures, is_empty, link, table, tiles
from tests.states import ago, ahead, shipment

ATTENTION = "Needs attention"


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


async def test_every_figure_equals_the_list_it_leads_to(admin: Member, stranger: Member) -> None:
    await stocked(admin, 100, reorder_level=10)
    low = await stocked(admin, 5, reorder_level=10)
    gone = await stocked(admin, 0, reorder_level=10)
    await stocked(stranger, 1000)
    supplier = await factories.supplier(admin)
    for number, status, expected in (
        ("PO-1", "submitted", ago(1)), ("PO-2", "confirmed", ago(0)), ("PO-3", "received", ago(1)),
    ):  # fmt: skip
        order = await admin.create(
            "purchase-orders",
            {
                "supplier_id": supplier["id"],
                "po_number": number,
                "order_date": f"{ago(1)}",
                "expected_delivery_date": f"{expected}",
                "items": [{"product_id": low["id"], "quantity_ordered": 1, "unit_price": "1.00"}],
            },
        )
        await states.in_state(admin, "purchase_orders", order["id"], status)
    await shipment(admin, "in_transit", expected_delivery_date=f"{ago(1)}")
    await shipment(admin, "in_transit", expected_delivery_date=f"{ahead(1)}")
    await shipment(admin, "delivered", delivered=ago(0), expected_delivery_date=f"{ago(0)}")
    await shipment(admin, "delivered", delivered=ago(0))  # had no expected date: neither on time nor late
    await shipment(admin, "delivered", delivered=ahead(1), expected_delivery_date=f"{ago(0)}")
    here = await signed_in(admin)
    page = await here.get("/")
    seen = tiles(page)
    expected_figures = {
        "Out of stock": "1", "Below reorder level": "1", "Open purchase orders": "2",
        "Late purchase orders": "1", "In transit": "2",
    }  # fmt: skip
    for label, figure in expected_figures.items():
        shown, href = seen[label]
        assert shown[0] == figure, label
        listed = await here.get(href)
        assert f"{figure} of {figure}" in " ".join(listed.text.split()), label
    assert seen["Units on hand"][0][0] == "105"
    assert seen["On-time delivery"][0][0] == "100.0%"
    assert "1 of 1" in " ".join((await here.get(seen["On-time delivery"][1])).text.split())
    wanting = {row["Subject"] for row in table(page, ATTENTION)}
    assert "PO-1" in wanting
    assert "PO-2" not in wanting
    assert any(str(gone["sku"]) in subject for subject in wanting)


async def test_what_is_late_short_or_gone_needs_attention(admin: Member) -> None:
    here = await signed_in(admin)
    assert f"{ATTENTION}</caption>" not in (await here.get("/")).text
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
    reasons = {row["Subject"]: row["Reason"] for row in table(page, ATTENTION)}
    assert figures(reasons["ASN-FOG"]) == ["3"]
    assert reasons["ASN-FOG"].endswith("Fog on the Elbe")
    assert figures(reasons["SO-4711"]) == ["1,200"]
    assert link(page, "SO-4711") == f"/sales-orders/{order['id']}"


async def test_every_group_that_needs_attention_links_to_its_full_list(
    admin: Member, stranger: Member
) -> None:
    product = await stocked(admin, 0)
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
    shipments = await here.get(link(page, "Late shipments"))
    assert len(table(shipments, "Shipments")) == 1
    assert link(shipments, "ASN-LATE") == f"/shipments/{late['id']}"
    assert is_empty(await here.get(link(page, "Late purchase orders")))
    (short,) = table(await here.get(link(page, "Short sales orders")), "Sales orders")
    assert short["Number"] == "SO-1"
    assert len(table(await here.get(link(page, "Out of stock")), "Inventory")) == 1
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
    assert set(tiles(page)) == {"Stock value", "Units on hand", "Out of stock", "Below reorder level"}
    assert row["id"] not in page.text
    assert "something.happened" not in page.text
    assert "something.happened" not in (await clerk.get("/control-tower/news")).text
    assert (await clerk.get("/control-tower/markers")).status_code == 403
    assert (await clerk.get("/events")).status_code == 403


async def test_punctuality_counts_deliveries_of_each_period(admin: Member) -> None:
    for back, expected in ((0, 0), (0, 1), (9, 0), (10, 0), (29, 5), (30, 0)):
        delivered = ago(back)
        due = delivered - timedelta(days=expected)
        await shipment(admin, "delivered", delivered=delivered, expected_delivery_date=f"{due}")
    await shipment(admin, "delivered", delivered=ago(0))
    async with admin.transaction() as connection:
        stretches = await list_punctuality(connection, admin.organization_id, ago(0), 10, 3)
    assert [(s.first, s.delivered, s.on_time) for s in stretches] == [
        (ago(29), 1, 0),
        (ago(19), 1, 1),
        (ago(9), 3, 2),
    ]


def test_a_share_of_zero_rows_is_none() -> None:
    day = date(2026, 3, 1)
    assert on_time_share([Punctuality(day, 0, 0)]) is None
    assert on_time_share([Punctuality(day, 3, 3), Punctuality(day, 1, 0)]) == 0.75
