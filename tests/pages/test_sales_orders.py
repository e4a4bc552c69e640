"""Sales orders on pages."""

from decimal import Decimal
from uuid import UUID

import httpx
import pytest

from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import link, listed, table
from tests.states import Line, ago, ahead, sales_order

LISTED, LINES = "Sales orders", "Lines"


def numbers(page: httpx.Response) -> list[str]:
    return [row["Number"] for row in table(page, LISTED)]


async def numbers_of(here: Browser, **asked: str) -> list[str]:
    page = await here.get("/sales-orders", params=asked)
    return [row["Number"] for row in listed(page, LISTED)]


async def test_an_order_is_listed_with_its_customer_or_as_a_counter_sale(admin: Member) -> None:
    customer = await factories.customer(admin, name="Sexton Hardware")
    product = await factories.product(admin)
    line = Line(product["id"], 10, price=Decimal("123.40"))
    await sales_order(
        admin, customer["id"], "delivered", line, line, number="SO-2", expected=ago(20), delivered=ago(22)
    )
    await sales_order(admin, None, "delivered", line, number="SO-1", currency="USD")
    here = await signed_in(admin)
    page = await here.get("/sales-orders?sort=so_number")
    counter, named = table(page, LISTED)
    assert (counter["Number"], counter["Customer"], counter["Total"]) == (
        "SO-1",
        "Counter sale",
        "US$1,234.00",
    )
    assert (named["Customer"], named["Status"], named["Lines"], named["Total"]) == (
        "Sexton Hardware",
        "Delivered",
        "2",
        "€2,468.00",
    )
    assert link(page, "Sexton Hardware") == f"/customers/{customer['id']}"
    assert await numbers_of(here, counter="true") == ["SO-1"]
    assert await numbers_of(here, customer_id=customer["id"]) == ["SO-2"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"draft", "late", "due", "away", "there", "off"}),
        ({"open": "true"}, {"late", "due", "away"}),
        ({"late": "true"}, {"late", "away"}),
        ({"status": "confirmed"}, {"late", "due"}),
        ({"status": "shipped", "late": "true"}, {"away"}),
        ({"status": "delivered", "open": "true"}, set()),
        ({"q": "lat"}, {"late"}),
    ],
)
async def test_open_and_late_orders_are_filtered(
    admin: Member, asked: dict[str, str], found: set[str]
) -> None:
    customer = (await factories.customer(admin))["id"]
    for number, status, expected in (
        ("draft", "draft", ago(5)),
        ("late", "confirmed", ago(1)),
        ("due", "confirmed", ago(0)),
        ("away", "shipped", ago(9)),
        ("there", "delivered", ago(9)),
        ("off", "cancelled", ago(9)),
    ):
        await sales_order(admin, customer, status, number=number, expected=expected)
    here = await signed_in(admin)
    assert set(await numbers_of(here, **asked)) == found
    assert {row["so_number"] for row in await csv_of(here, "/sales-orders", **asked)} == found


@pytest.mark.parametrize(
    ("sort", "first"), [("order_date", 59), ("-order_date", 0), ("so_number", 0), ("-so_number", 59)]
)
async def test_the_list_is_paged_forward_and_back(admin: Member, sort: str, first: int) -> None:
    for days in range(60):
        await sales_order(admin, None, "confirmed", number=f"SO-{days:03}", order_date=ago(days))
    here = await signed_in(admin)
    page = await here.get("/sales-orders", params={"sort": sort, "open": "true"})
    begun = numbers(page)
    assert begun[0] == f"SO-{first:03}"
    assert "50 of 60" in page.text
    second = await here.get(link(page, "Next"))
    assert sorted(begun + numbers(second)) == [f"SO-{days:03}" for days in range(60)]
    assert numbers(await here.get(link(second, "Previous"))) == begun


async def test_the_export_equals_the_database(admin: Member) -> None:
    customer = await factories.customer(admin, name="@SUM(A1)")
    product = (await factories.product(admin))["id"]
    for number, worth in (("SO-1", "0.10"), ("SO-2", "1234.56")):
        await sales_order(
            admin, customer["id"], "shipped", Line(product, 1, price=Decimal(worth)), number=number
        )
    await sales_order(admin, None, "delivered", number="SO-3")
    async with admin.transaction() as connection:
        stored = await connection.fetch(
            "SELECT so_number, order_date, total_amount, id FROM sales_orders"
            " WHERE organization_id = $1 ORDER BY so_number",
            admin.organization_id,
        )
    here = await signed_in(admin)
    rows = await csv_of(here, "/sales-orders", sort="so_number")
    assert [(r["so_number"], r["order_date"], Decimal(r["total_amount"]), UUID(r["id"])) for r in rows] == [
        (number, day.isoformat(), total, id_) for number, day, total, id_ in stored
    ]
    assert [row["customer"] for row in rows] == ["'@SUM(A1)", "'@SUM(A1)", ""]
    sheet = await xlsx_of(here, "/sales-orders", sort="so_number")
    assert [(row["so_number"], row["order_date"], row["total_amount"]) for row in sheet] == [
        (number, day, float(total)) for number, day, total, _ in stored
    ]


async def test_a_document_shows_reserved_shipped_and_short_quantities(admin: Member) -> None:
    customer = await factories.customer(admin, name="Sexton Hardware")
    ids = [(await factories.product(admin, name=f"Bolt {number}"))["id"] for number in range(5)]
    order_id = await sales_order(
        admin, customer["id"], "confirmed",
        Line(ids[0], 10, 10, promised=ago(5), done_on=ago(6), returned=2),
        Line(ids[1], 10, 10, promised=ahead(1)),
        Line(ids[2], 10, 3, promised=ago(1), reserved=2),
        Line(ids[3], 10, 0, promised=ahead(1), reserved=10),
        Line(ids[4], 1000, 999, promised=ahead(1)),
    )  # fmt: skip
    here = await signed_in(admin)
    page = await here.get(f"/sales-orders/{order_id}")
    rows = table(page, LINES)
    figures = ("Ordered", "Reserved", "Shipped", "Short", "Status")
    assert [tuple(row[figure] for figure in figures) for row in rows] == [
        ("10", "0", "10", "0", "On time"),
        ("10", "0", "10", "0", "Shipped"),
        ("10", "2", "3", "5", "Overdue"),
        ("10", "10", "0", "0", "Open"),
        ("1,000", "0", "999", "1", "Partial"),
    ]
    assert "1,022 of 1,040" in page.text
    assert link(page, "Sexton Hardware") == f"/customers/{customer['id']}"


async def test_closed_orders_have_no_short_quantities(admin: Member) -> None:
    product = (await factories.product(admin))["id"]
    here = await signed_in(admin)
    for status, sent in (("draft", 0), ("cancelled", 0), ("delivered", 4)):
        order_id = await sales_order(admin, None, status, Line(product, 10, sent, promised=ago(3)))
        page = await here.get(f"/sales-orders/{order_id}")
        (row,) = table(page, LINES)
        assert row["Short"] == "0", status
        assert row["Status"] == ("Short-closed" if status == "delivered" else ""), status
        assert "Counter sale" in page.text


async def test_a_document_lists_its_shipments(admin: Member) -> None:
    product = (await factories.product(admin))["id"]
    order_id = await sales_order(admin, None, "shipped", Line(product))
    other = await sales_order(admin, None, "shipped", Line(product))
    for number, order in (("DN-1", order_id), ("DN-2", other)):
        await admin.create(
            "shipments",
            {"shipment_type": "outbound", "reference_id": number, "sales_order_id": str(order)},
        )
    here = await signed_in(admin)
    page = await here.get(f"/sales-orders/{order_id}")
    assert [row["Number"] for row in table(page, "Shipments")] == ["DN-1"]


async def test_nobody_sees_orders_of_others_or_without_permission(admin: Member, stranger: Member) -> None:
    theirs = await sales_order(stranger, None, "confirmed", number="SO-THEIRS")
    ours = await sales_order(admin, None, "confirmed", number="SO-OURS")
    here = await signed_in(admin)
    assert await numbers_of(here) == ["SO-OURS"]
    assert [row["so_number"] for row in await csv_of(here, "/sales-orders")] == ["SO-OURS"]
    assert (await here.get(f"/sales-orders/{theirs}")).status_code == 404
    buyer = await signed_in(await factories.member_with(admin, "purchase_orders:read"))
    for path in ("/sales-orders", "/sales-orders.xlsx", f"/sales-orders/{ours}"):
        assert (await buyer.get(path)).status_code == 403, path
