"""Suppliers on pages; each figure equals the number of rows it links to."""

from datetime import date
from uuid import UUID

import pytest

from tests import factories
from tests.factories import Member
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import is_empty, leaf, link, listed, table, tiles, words
from tests.states import Line, ago, ahead, purchase_order

LISTED, LINES = "Suppliers", "Lines"


@pytest.fixture
async def cipla(admin: Member) -> str:
    """A supplier with an order line in every state; returns its id."""
    supplier: str = (await factories.supplier(admin, name="Cipla Ltd", rating="4.25", lead_time_days=21))[
        "id"
    ]
    tablets, syrup = [(await factories.product(admin, name=name))["id"] for name in ("Tablets", "Syrup")]
    await purchase_order(
        admin, supplier, "received",
        *[Line(tablets, 10, 10, promised=ago(days), done_on=ago(days)) for days in (20, 19, 18, 17)],
        Line(tablets, 10, 10, promised=ago(20), expected=ago(11), done_on=ago(12)),  # late: postponed later
        Line(tablets, 10, 9, promised=ago(20), done_on=ago(21)),  # closed short
        Line(syrup, 10, 12, promised=ago(20), done_on=ago(21)),  # on time, but too much
        Line(syrup, 10, 10, expected=ago(25), done_on=ago(25)),  # promised as it was expected
        order_date=ago(30), number="PO-1", expected=ago(20), received=ago(12),
    )  # fmt: skip
    await purchase_order(
        admin, supplier, "confirmed",
        Line(syrup, 10, 3, promised=ago(1)),  # overdue
        Line(syrup, 10, 0, promised=ago(0)),  # due today, so not overdue
        Line(syrup, 10, 0, promised=ahead(9)),
        order_date=ago(10), number="PO-2", expected=ago(1),
    )  # fmt: skip
    await purchase_order(
        admin, supplier, "submitted", Line(tablets, 10, 0, expected=ago(2)), order_date=ago(9), number="PO-3"
    )
    for status in ("draft", "cancelled"):
        await purchase_order(admin, supplier, status, Line(tablets, 10, 0, promised=ago(5)), expected=ago(5))
    await purchase_order(
        admin, (await factories.supplier(admin))["id"], "received",
        Line(tablets, 10, 10, promised=ago(9), done_on=ago(3)),
    )  # fmt: skip
    return supplier


COUNTED = {
    "due": 9,
    "on_time": 6,
    "late": 3,
    "in_full": 6,
    "not_in_full": 3,
    "open": 4,
    "overdue": 2,
    "timed": 7,
}
"""Of the supplier above, by hand."""


async def lines_of(here: Browser, supplier: str, **asked: str) -> list[dict[str, str]]:
    page = await here.get(f"/suppliers/{supplier}/lines", params=asked)
    return listed(page, LINES)


@pytest.mark.parametrize("outcome", COUNTED)
async def test_lines_are_counted_as_declared(admin: Member, cipla: str, outcome: str) -> None:
    here = await signed_in(admin)
    rows = await lines_of(here, cipla, outcome=outcome)
    assert len(rows) == COUNTED[outcome]
    assert len(await csv_of(here, f"/suppliers/{cipla}/lines", outcome=outcome)) == COUNTED[outcome]
    allowed = {
        "on_time": {"On time"},
        "late": {"Late", "Short-closed", "Overdue"},
        "overdue": {"Overdue"},
        "open": {"Overdue", "Partial", "Open"},
    }
    assert {row["Status"] for row in rows} <= allowed.get(outcome, {row["Status"] for row in rows})


async def test_the_figures_of_a_supplier_are_those_of_its_lines(admin: Member, cipla: str) -> None:
    here = await signed_in(admin)
    page = await here.get(f"/suppliers/{cipla}")
    figure, href = tiles(page)["On time"]
    assert figure[:6] == ["66.7%", "6", "9", "95%", "35.4%", "87.9%"]
    assert len(table(await here.get(href), LINES)) == 9
    figure, href = tiles(page)["Not on time"]
    assert figure == ["3", "2"]
    assert len(table(await here.get(href), LINES)) == 3
    figure, href = tiles(page)["Open purchase orders"]
    assert figure == ["2", "1"]
    opened = table(await here.get(href), "Purchase orders")
    assert {row["Number"] for row in opened} == {"PO-2", "PO-3"}
    figure, href = tiles(page)["Lead time"]
    assert figure == ["11", "9", "10", "15", "7"]
    assert len(table(await here.get(href), LINES)) == 7
    assert "4.25 of 5" in page.text
    assert "21 days" in page.text


async def test_every_bar_and_quarter_links_to_its_lines(admin: Member, cipla: str) -> None:
    here = await signed_in(admin)
    page = await here.get(f"/suppliers/{cipla}")
    counted = 0
    for title, place, value in (("Lines due by quarter", "Quarter", None), ("Lead time", "Days", "Lines")):
        part = page.text.split(f'<caption class="visually-hidden">{title}</caption>')[1].split("</table>")[0]
        assert place in part
        for row in part.split("<tr ")[2:]:
            (href,) = [words(piece.split('"')[0]) for piece in row.split('href="')[1:]]
            values = [int(piece.split('"')[0]) for piece in row.split('data-value="')[1:]]
            found = await here.get(href)
            shown = listed(found, LINES)
            assert len(shown) == sum(values), href
            counted += sum(values)
            assert value is None or f'data-label="{value}"' in row
    assert counted == COUNTED["due"] + COUNTED["timed"]


async def test_delivered_products_link_to_their_lines(admin: Member, cipla: str) -> None:
    here = await signed_in(admin)
    page = await here.get(f"/suppliers/{cipla}")
    rows = {row["Product"].split()[0]: row for row in table(page, "Products supplied")}
    assert {name: (row["Lines due"], row["Received"]) for name, row in rows.items()} == {
        "Tablets": ("6", "59"),
        "Syrup": ("3", "25"),
    }
    assert rows["Tablets"]["On time"] == "66.7%"
    assert rows["Syrup"]["On time"] == "—", "three lines are too few to tell"
    counted = [part.split('"')[0].replace("&amp;", "&") for part in page.text.split('href="')]
    for href in (href for href in counted if "product_id=" in href):
        shown = table(await here.get(href), LINES)
        (name,) = {row["Product"].split()[0] for row in shown}
        assert len(shown) == int(rows.pop(name)["Lines due"])
    assert not rows


async def test_lines_are_filtered_and_sorted_by_date(admin: Member, cipla: str) -> None:
    here = await signed_in(admin)
    rows = await csv_of(here, f"/suppliers/{cipla}/lines", sort="due_on")
    days = [row["due_on"] for row in rows]
    assert days == sorted(days)
    assert len(days) == 14
    turned = await csv_of(here, f"/suppliers/{cipla}/lines")
    assert [row["due_on"] for row in turned] == days[::-1]
    some = await csv_of(
        here, f"/suppliers/{cipla}/lines", due_from=ago(20).isoformat(), due_before=ago(18).isoformat()
    )
    assert {date.fromisoformat(row["due_on"]) for row in some} == {ago(20), ago(19)}
    beyond = await csv_of(here, f"/suppliers/{cipla}/lines", outcome="due", due_before=ahead(99).isoformat())
    assert len(beyond) == COUNTED["due"], "what is due ends with yesterday, whatever is asked"


async def test_lines_are_paged_forward_and_back(admin: Member) -> None:
    supplier, product = (await factories.supplier(admin))["id"], (await factories.product(admin))["id"]
    lines = [Line(product, number, promised=ago(number // 3)) for number in range(1, 121)]
    await purchase_order(admin, supplier, "confirmed", *lines, order_date=ago(50))
    here = await signed_in(admin)
    page = await here.get(f"/suppliers/{supplier}/lines")
    seen = [row["Ordered"] for row in table(page, LINES)]
    begun = list(seen)
    while onward := leaf(page, "next"):
        page = await here.get(onward)
        seen += [row["Ordered"] for row in table(page, LINES)]
    assert sorted(map(int, seen)) == list(range(1, 121))
    page = await here.get(leaf(page, "prev") or "")
    page = await here.get(leaf(page, "prev") or "")
    assert [row["Ordered"] for row in table(page, LINES)] == begun


async def test_suppliers_are_listed_with_their_figures(admin: Member, cipla: str) -> None:
    here = await signed_in(admin)
    page = await here.get("/suppliers?q=cip")
    (row,) = table(page, LISTED)
    figures = ("Name", "On time", "Lines due", "Open purchase orders", "Late", "Agreed lead time", "Rating")
    assert tuple(row[figure] for figure in figures) == (
        "Cipla Ltd", "66.7%", "9", "2", "1", "21 days", "4.25"
    )  # fmt: skip
    assert len(table(await here.get(link(page, "9")), LINES)) == 9
    assert len(table(await here.get(link(page, "1")), "Purchase orders")) == 1


async def test_suppliers_are_filtered_and_exported(admin: Member, stranger: Member) -> None:
    for name, status in (("=1+1", "active"), ("Blocked Ltd", "blocked"), ("Acme", "active")):
        await factories.supplier(admin, name=name, status=status, rating="3.5")
    await factories.supplier(stranger, name="Theirs")
    here = await signed_in(admin)
    assert [row["Name"] for row in table(await here.get("/suppliers"), LISTED)] == [
        "=1+1",
        "Acme",
        "Blocked Ltd",
    ]
    turned = table(await here.get("/suppliers?sort=-name"), LISTED)
    assert [row["Name"] for row in turned] == ["Blocked Ltd", "Acme", "=1+1"]
    blocked = table(await here.get("/suppliers?status=blocked"), LISTED)
    assert [row["Name"] for row in blocked] == ["Blocked Ltd"]
    rows = await csv_of(here, "/suppliers", status="active")
    assert [(row["name"], row["rating"]) for row in rows] == [("'=1+1", "3.50"), ("Acme", "3.50")]
    sheet = await xlsx_of(here, "/suppliers")
    stored = {row["id"]: row["name"] for row in (await admin.read("suppliers"))["items"]}
    assert {row["id"]: row["name"] for row in sheet} == stored


async def test_a_new_supplier_has_no_figures_yet(admin: Member) -> None:
    supplier = await factories.supplier(admin)
    here = await signed_in(admin)
    page = await here.get(f"/suppliers/{supplier['id']}")
    assert page.status_code == 200
    assert tiles(page)["On time"][0] == ["0", "0"]
    assert is_empty(page)
    assert "data-chart" not in page.text
    assert is_empty(await here.get(f"/suppliers/{supplier['id']}/lines"))


async def test_nobody_sees_suppliers_of_others_or_without_permission(
    admin: Member, stranger: Member, cipla: str
) -> None:
    theirs = (await factories.supplier(stranger))["id"]
    here = await signed_in(admin)
    for path in (f"/suppliers/{theirs}", f"/suppliers/{theirs}/lines", f"/suppliers/{theirs}/lines.csv"):
        assert (await here.get(path)).status_code == 404, path
    seller = await signed_in(await factories.member_with(admin, "products:read"))
    for path in ("/suppliers", "/suppliers.csv", f"/suppliers/{cipla}", f"/suppliers/{cipla}/lines"):
        assert (await seller.get(path)).status_code == 403, path
    narrow = await signed_in(await factories.member_with(admin, "suppliers:read"))
    page = await narrow.get(f"/suppliers/{cipla}")
    assert page.status_code == 200
    assert "PO-1" not in page.text
    assert "On time" not in table(await narrow.get("/suppliers"), LISTED)[0]
    assert (await narrow.get(f"/suppliers/{cipla}/lines")).status_code == 403


async def test_on_time_agrees_with_plain_sql(admin: Member, cipla: str) -> None:
    """Cross-check with another formulation: lines that fell due, less those that are missing or came late."""
    async with admin.transaction() as connection:
        due, on_time = await connection.fetchrow(
            """
            WITH due AS (
                SELECT i.quantity_received, i.quantity_ordered, i.actual_delivery_date AS came,
                       CASE WHEN i.promised_delivery_date IS NULL THEN i.expected_delivery_date
                            ELSE i.promised_delivery_date END AS day
                FROM purchase_order_items i
                WHERE i.organization_id = $1 AND i.purchase_order_id IN (
                    SELECT o.id FROM purchase_orders o
                    WHERE o.organization_id = $1 AND o.supplier_id = $2
                      AND o.status NOT IN ('draft', 'submitted', 'cancelled'))
            )
            SELECT count(*), count(*) - count(*) FILTER (
                WHERE quantity_received < quantity_ordered OR came IS NULL OR came > day)
            FROM due WHERE day < $3
            """,
            admin.organization_id,
            UUID(cipla),
            ago(0),
        )
    assert (due, on_time) == (COUNTED["due"], COUNTED["on_time"])
