"""Purchase orders on pages."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests import factories, states
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import leaf, link, listed, table
from tests.states import Line, ago, ahead, purchase_order

LISTED, LINES = "Purchase orders", "Lines"


def numbers(page: httpx.Response) -> list[str]:
    return [row["Number"] for row in table(page, LISTED)]


async def numbers_of(here: Browser, **asked: str) -> list[str]:
    page = await here.get("/purchase-orders", params=asked)
    return [row["Number"] for row in listed(page, LISTED)]


async def test_an_order_is_listed_with_its_supplier_dates_and_value(admin: Member) -> None:
    supplier = await factories.supplier(admin, name="Cipla Ltd")
    product = await factories.product(admin)
    line = Line(product["id"], 10, price=Decimal("123.40"))
    await purchase_order(
        admin, supplier["id"], "received", line, line,
        number="PO-7", order_date=ago(40), expected=ago(20), received=ago(22),
    )  # fmt: skip
    here = await signed_in(admin)
    page = await here.get("/purchase-orders")
    (row,) = table(page, LISTED)
    assert (row["Number"], row["Supplier"], row["Status"], row["Lines"]) == (
        "PO-7",
        "Cipla Ltd",
        "Received",
        "2",
    )
    assert row["Total"] == "€2,468.00"
    for label, day in (("Ordered", ago(40)), ("Expected", ago(20)), ("Received on", ago(22))):
        assert row[label].startswith(f"{day.day} "), label
        assert row[label].endswith(str(day.year)), label
    assert link(page, "Cipla Ltd") == f"/suppliers/{supplier['id']}"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"draft", "late", "due", "asked", "here", "off"}),
        ({"open": "true"}, {"late", "due", "asked"}),
        ({"late": "true"}, {"late", "asked"}),
        ({"status": "confirmed"}, {"late"}),
        ({"status": "confirmed", "late": "true"}, {"late"}),
        ({"status": "received", "open": "true"}, set()),
    ],
)
async def test_open_and_late_orders_are_filtered(
    admin: Member, asked: dict[str, str], found: set[str]
) -> None:
    """A day is over when the next one has begun: an order expected today is not late."""
    supplier = (await factories.supplier(admin))["id"]
    for number, status, expected in (
        ("draft", "draft", ago(5)),
        ("late", "confirmed", ago(1)),
        ("due", "shipped", ago(0)),
        ("asked", "submitted", ago(9)),
        ("here", "received", ago(9)),
        ("off", "cancelled", ago(9)),
    ):
        await purchase_order(admin, supplier, status, number=number, expected=expected)
    here = await signed_in(admin)
    assert set(await numbers_of(here, **asked)) == found
    late = [
        row["Number"]
        for row in table(await here.get("/purchase-orders"), LISTED)
        if row["Status"].endswith("Late")
    ]
    assert set(late) == {"late", "asked"}
    rows = await csv_of(here, "/purchase-orders", **asked)
    assert {row["po_number"] for row in rows} == found


async def test_orders_of_one_supplier_and_by_part_of_their_number(admin: Member) -> None:
    ours, other = [(await factories.supplier(admin))["id"] for _ in range(2)]
    for number, supplier in (("AB-1000", ours), ("AB-2000", ours), ("CD-1000", other)):
        await purchase_order(admin, supplier, "confirmed", number=number)
    here = await signed_in(admin)
    assert set(await numbers_of(here, supplier_id=ours)) == {"AB-1000", "AB-2000"}
    assert set(await numbers_of(here, q="-1000")) == {"AB-1000", "CD-1000"}
    assert set(await numbers_of(here, q="-1000", supplier_id=other)) == {"CD-1000"}
    assert await numbers_of(here, q="nothing") == []


@pytest.mark.parametrize(
    ("sort", "first"), [("order_date", 59), ("-order_date", 0), ("po_number", 0), ("-po_number", 59)]
)
async def test_the_list_is_paged_forward_and_back(admin: Member, sort: str, first: int) -> None:
    supplier = (await factories.supplier(admin))["id"]
    for days in range(60):
        await purchase_order(admin, supplier, "draft", number=f"PO-{days:03}", order_date=ago(days))
    here = await signed_in(admin)
    page = await here.get("/purchase-orders", params={"sort": sort})
    begun = numbers(page)
    assert begun[0] == f"PO-{first:03}"
    assert "50 of 60" in page.text
    second = await here.get(link(page, "Next"))
    assert sorted(begun + numbers(second)) == [f"PO-{days:03}" for days in range(60)]
    assert numbers(await here.get(link(second, "Previous"))) == begun


async def test_the_export_equals_the_database(admin: Member) -> None:
    supplier = await factories.supplier(admin, name="=HYPERLINK(1)")
    product = (await factories.product(admin))["id"]
    for number, worth in (("PO-1", "0.10"), ("PO-2", "1234.56")):
        await purchase_order(
            admin, supplier["id"], "shipped", Line(product, 1, price=Decimal(worth)), number=number,
            expected=ahead(3),
        )  # fmt: skip
    await purchase_order(admin, supplier["id"], "draft", number="PO-3")
    async with admin.transaction() as connection:
        stored = await connection.fetch(
            "SELECT po_number, order_date, total_amount, id FROM purchase_orders"
            " WHERE organization_id = $1 AND status = 'shipped' ORDER BY po_number",
            admin.organization_id,
        )
    here = await signed_in(admin)
    rows = await csv_of(here, "/purchase-orders", open="true", sort="po_number")
    assert [(r["po_number"], r["order_date"], Decimal(r["total_amount"]), UUID(r["id"])) for r in rows] == [
        (number, day.isoformat(), total, id_) for number, day, total, id_ in stored
    ]
    assert {row["supplier"] for row in rows} == {"'=HYPERLINK(1)"}
    sheet = await xlsx_of(here, "/purchase-orders", open="true", sort="po_number")
    assert [(r["po_number"], r["order_date"], r["total_amount"], r["lines"]) for r in sheet] == [
        (number, day, float(total), 1) for number, day, total, _ in stored
    ]
    assert {row["supplier"] for row in sheet} == {"=HYPERLINK(1)"}


async def test_a_document_shows_its_lines_and_their_state(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    products = [await factories.product(admin, name=f"Bolt {number}") for number in range(6)]
    ids = [product["id"] for product in products]
    order_id = await purchase_order(
        admin, supplier["id"], "shipped",
        Line(ids[0], 10, 10, promised=ago(5), done_on=ago(5)),
        Line(ids[1], 10, 12, promised=ago(5), done_on=ago(4)),
        Line(ids[2], 10, 4, promised=ago(1)),
        Line(ids[3], 10, 4, promised=ahead(1)),
        Line(ids[4], 10, 0, expected=ago(1), promised=ahead(4)),
        Line(ids[5], 7, 0),
        expected=ahead(10),
    )  # fmt: skip
    here = await signed_in(admin)
    page = await here.get(f"/purchase-orders/{order_id}")
    rows = table(page, LINES)
    assert [row["Status"] for row in rows] == ["On time", "Late", "Overdue", "Partial", "Open", "Open"]
    assert [(row["Ordered"], row["Received"]) for row in rows][:3] == [
        ("10", "10"),
        ("10", "12"),
        ("10", "4"),
    ]
    assert rows[5]["Total"] == "€17.50"
    assert rows[0]["Product"] == f"Bolt 0 {products[0]['sku']}"
    assert link(page, "Bolt 0") == f"/products/{ids[0]}"
    assert "30 of 57" in page.text  # units
    assert "4 of 6" in page.text  # lines open
    assert "€142.50" in page.text


async def test_short_closed_and_cancelled_orders_are_marked(admin: Member) -> None:
    supplier, product = (await factories.supplier(admin))["id"], (await factories.product(admin))["id"]
    closed = await purchase_order(
        admin, supplier, "received", Line(product, 10, 8, promised=ago(3), done_on=ago(4))
    )
    off = await purchase_order(admin, supplier, "cancelled", Line(product, 10, promised=ago(3)))
    here = await signed_in(admin)
    assert table(await here.get(f"/purchase-orders/{closed}"), LINES)[0]["Status"] == "Short-closed"
    assert table(await here.get(f"/purchase-orders/{off}"), LINES)[0]["Status"] == ""


async def test_a_long_document_is_paged(admin: Member) -> None:
    supplier, product = (await factories.supplier(admin))["id"], (await factories.product(admin))["id"]
    order_id = await purchase_order(
        admin, supplier, "confirmed", *(Line(product, number) for number in range(1, 121))
    )
    here = await signed_in(admin)
    page = await here.get(f"/purchase-orders/{order_id}")
    seen = [row["Ordered"] for row in table(page, LINES)]
    while onward := leaf(page, "next"):
        page = await here.get(onward)
        seen += [row["Ordered"] for row in table(page, LINES)]
    assert seen == [str(number) for number in range(1, 121)]
    assert [row["Ordered"] for row in table(await here.get(link(page, "Previous")), LINES)] == seen[50:100]


async def test_a_document_tells_who_did_what_and_what_was_sent(superuser: Any, admin: Member) -> None:
    supplier, product = (await factories.supplier(admin))["id"], (await factories.product(admin))["id"]
    order_id = await purchase_order(admin, supplier, "submitted", Line(product))
    other = await purchase_order(admin, supplier, "shipped", Line(product))
    async with admin.transaction() as connection:
        item = await connection.fetchval(
            "SELECT id FROM purchase_order_items WHERE organization_id = $1 AND purchase_order_id = $2",
            admin.organization_id,
            order_id,
        )
    for number, order in (("ASN-1", order_id), ("ASN-2", other)):
        await admin.create(
            "shipments",
            {"shipment_type": "inbound", "reference_id": number, "purchase_order_id": str(order)},
        )
    await admin.create(
        "shipments",
        {"shipment_type": "inbound", "reference_id": "ASN-3", "supplier_id": supplier,
         "items": [{"product_id": product, "quantity": 1, "purchase_order_item_id": str(item)}]},
    )  # fmt: skip
    async with admin.transaction() as connection:
        told = "By telephone"
        await states.advance(connection, admin, "purchase_orders", order_id, "cancelled", reason=told)
    at = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
    await states.happened(superuser, admin, "purchase_orders", order_id, cancelled=at)
    here = await signed_in(admin)
    page = await here.get(f"/purchase-orders/{order_id}")
    assert {row["Number"] for row in table(page, "Shipments")} == {"ASN-1", "ASN-3"}
    assert "4 Mar 2026, 12:30" in page.text
    assert "By telephone" in page.text
    assert admin.email in page.text


async def test_nobody_sees_orders_of_others_or_without_permission(admin: Member, stranger: Member) -> None:
    theirs = await purchase_order(
        stranger, (await factories.supplier(stranger))["id"], "confirmed", number="PO-THEIRS"
    )
    ours = await purchase_order(admin, (await factories.supplier(admin))["id"], "confirmed", number="PO-OURS")
    here = await signed_in(admin)
    assert await numbers_of(here) == ["PO-OURS"]
    assert [row["po_number"] for row in await csv_of(here, "/purchase-orders")] == ["PO-OURS"]
    assert (await here.get(f"/purchase-orders/{theirs}")).status_code == 404
    assert (await here.get(f"/purchase-orders/{uuid4()}")).status_code == 404
    seller = await signed_in(await factories.member_with(admin, "products:read"))
    for path in ("/purchase-orders", "/purchase-orders.csv", f"/purchase-orders/{ours}"):
        assert (await seller.get(path)).status_code == 403, path
    alone = await signed_in(await factories.member_with(admin, "purchase_orders:read"))
    page = await alone.get(f"/purchase-orders/{ours}")
    assert page.status_code == 200
    for address in ("/suppliers/", "/shipments", "/products/"):
        assert f'href="{address}' not in page.text, address


async def test_an_invalid_filter_is_refused(admin: Member) -> None:
    here = await signed_in(admin)
    for asked in ({"late": "false"}, {"open": "1"}, {"status": "lost"}, {"sort": "total"}, {"supplier": "x"}):
        assert (await here.get("/purchase-orders", params=asked)).status_code == 422, asked
