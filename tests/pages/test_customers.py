"""Customers on pages; each figure equals the number of rows it links to."""

import pytest

from tests import factories
from tests.factories import Member
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import link, table, tiles
from tests.states import Line, ago, ahead, sales_order

LISTED, LINES = "Customers", "Lines"
COUNTED = {"due": 8, "on_time": 5, "late": 3, "open": 5, "overdue": 2}
"""Of the customer below, by hand."""


@pytest.fixture
async def sexton(admin: Member) -> str:
    """A customer with an order line in every state; returns its id."""
    customer: str = (
        await factories.customer(admin, name="Sexton Hardware", customer_number="C-17", city="Ohio")
    )["id"]
    product = (await factories.product(admin))["id"]
    await sales_order(
        admin, customer, "delivered",
        *[Line(product, 10, 10, promised=ago(days), done_on=ago(days + 1)) for days in (20, 19, 18, 17)],
        Line(product, 10, 10, promised=ago(20), expected=ago(11), done_on=ago(12)),  # late, put off meanwhile
        Line(product, 10, 10, expected=ago(20), done_on=ago(20)),  # promised as it was expected
        order_date=ago(30), number="SO-1", expected=ago(20), delivered=ago(12),
    )  # fmt: skip
    await sales_order(
        admin, customer, "confirmed",
        Line(product, 10, 3, promised=ago(1)),  # overdue
        Line(product, 10, 10, promised=ago(1)),  # shipped, not yet delivered
        Line(product, 10, 0, promised=ago(0)),  # due today, so not overdue
        Line(product, 10, 0, promised=ahead(9)),
        order_date=ago(10), number="SO-2", expected=ago(1),
    )  # fmt: skip
    await sales_order(admin, customer, "shipped", Line(product, 1, 1, promised=ahead(1)), number="SO-3")
    for status in ("draft", "cancelled"):
        await sales_order(admin, customer, status, Line(product, 10, 0, promised=ago(5)), expected=ago(5))
    await sales_order(admin, None, "confirmed", Line(product, 10, 0, promised=ago(5)), expected=ago(5))
    return customer


@pytest.mark.parametrize("outcome", COUNTED)
async def test_lines_are_counted_as_declared(admin: Member, sexton: str, outcome: str) -> None:
    here = await signed_in(admin)
    page = await here.get(f"/customers/{sexton}/lines", params={"outcome": outcome})
    assert len(table(page, LINES)) == COUNTED[outcome]
    assert len(await csv_of(here, f"/customers/{sexton}/lines", outcome=outcome)) == COUNTED[outcome]


async def test_the_figures_of_a_customer_are_those_of_its_lines(admin: Member, sexton: str) -> None:
    here = await signed_in(admin)
    page = await here.get(f"/customers/{sexton}")
    for label, figure, counted in (
        ("On time", ["62.5%", "5", "8", "95%", "30.6%", "86.3%"], 8),
        ("Not on time", ["3", "2"], 3),
        ("Open lines", ["5"], 5),
    ):
        shown, href = tiles(page)[label]
        assert shown == figure
        assert len(table(await here.get(href), LINES)) == counted
    shown, href = tiles(page)["Open orders"]
    assert shown == ["2", "1"]
    assert {row["Number"] for row in table(await here.get(href), "Sales orders")} == {"SO-2", "SO-3"}
    assert {row["Number"] for row in table(page, "Latest orders")} >= {"SO-1", "SO-2", "SO-3"}
    assert len(table(await here.get(link(page, "All 5")), "Sales orders")) == 5


async def test_customers_are_listed_with_their_orders(admin: Member, sexton: str) -> None:
    here = await signed_in(admin)
    for asked in ("sexton", "C-17"):
        page = await here.get("/customers", params={"q": asked})
        (row,) = table(page, LISTED)
        assert (row["Name"], row["Number"], row["Orders"], row["Open orders"], row["Late"]) == (
            "Sexton Hardware",
            "C-17",
            "5",
            "2",
            "1",
        )
        assert row["Last order"].startswith(f"{ago(10).day} ")
    assert len(table(await here.get(link(page, "5")), "Sales orders")) == 5
    assert len(table(await here.get(link(page, "1")), "Sales orders")) == 1


async def test_customers_are_filtered_paged_and_exported(admin: Member, stranger: Member) -> None:
    names = [f"Customer {number:03}" for number in range(55)]
    for name in names:
        await factories.customer(admin, name=name)
    await factories.customer(admin, name="-Dash", status="blocked")
    await factories.customer(stranger, name="Theirs")
    here = await signed_in(admin)
    page = await here.get("/customers?status=active&sort=-name")
    begun = [row["Name"] for row in table(page, LISTED)]
    assert begun == names[:4:-1]
    second = await here.get(link(page, "Next"))
    assert [row["Name"] for row in table(second, LISTED)] == names[4::-1]
    assert [row["Name"] for row in table(await here.get(link(second, "Previous")), LISTED)] == begun
    rows = await csv_of(here, "/customers")
    assert [row["name"] for row in rows] == ["'-Dash", *names]
    assert [row["name"] for row in await xlsx_of(here, "/customers", status="blocked")] == ["-Dash"]


async def test_nobody_sees_customers_of_others_or_without_permission(
    admin: Member, stranger: Member, sexton: str
) -> None:
    theirs = (await factories.customer(stranger))["id"]
    here = await signed_in(admin)
    for path in (f"/customers/{theirs}", f"/customers/{theirs}/lines", f"/customers/{theirs}/lines.csv"):
        assert (await here.get(path)).status_code == 404, path
    buyer = await signed_in(await factories.member_with(admin, "products:read"))
    for path in ("/customers", "/customers.csv", f"/customers/{sexton}", f"/customers/{sexton}/lines"):
        assert (await buyer.get(path)).status_code == 403, path
    narrow = await signed_in(await factories.member_with(admin, "customers:read"))
    page = await narrow.get(f"/customers/{sexton}")
    assert page.status_code == 200
    assert "SO-1" not in page.text
    assert "Open orders" not in table(await narrow.get("/customers"), LISTED)[0]
    assert (await narrow.get(f"/customers/{sexton}/lines")).status_code == 403
