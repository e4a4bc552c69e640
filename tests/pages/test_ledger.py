"""The ledger on pages and in exports."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from msgspec import structs

from imsop.inventory.ledger.models import Movement
from tests import factories
from tests.factories import Member
from tests.inventory.stock import post, receipt
from tests.pages.browsing import Browser, signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.pages.tables import link, table
from tests.pages.test_editors import shown, wrong


class Book(NamedTuple):
    product: dict[str, Any]
    north: dict[str, Any]
    south: dict[str, Any]


@pytest.fixture
async def book(admin: Member) -> Book:
    """Five movements of a product, a day apart, and one of another product."""
    book = Book(
        await factories.product(admin, name="Apples"),
        await factories.warehouse(admin, name="North"),
        await factories.warehouse(admin, name="South"),
    )
    other = await factories.product(admin, name="Pears")
    apples, north, south = (UUID(row["id"]) for row in book)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    days = [noon + timedelta(days=number) for number in range(6)]
    async with admin.transaction() as connection:
        await post(
            connection,
            admin,
            Movement(
                apples,
                north,
                90,
                "receipt",
                "goods_receipt",
                reference_id="PO-1",
                reason="a test",
                occurred_at=days[0],
            ),
            Movement(
                apples,
                north,
                -40,
                "shipment",
                "transfer_out",
                reference_id="TR-1",
                reason="a test",
                occurred_at=days[1],
            ),
            Movement(
                apples,
                south,
                40,
                "receipt",
                "transfer_in",
                reference_id="TR-1",
                reason="a test",
                occurred_at=days[2],
            ),
            Movement(
                apples,
                north,
                -3,
                "adjustment",
                "scrap",
                notes="=bruised",
                reason="a test",
                occurred_at=days[3],
            ),
            Movement(
                apples,
                south,
                -5,
                "shipment",
                "sale",
                reference_id="SO-1",
                reason="a test",
                occurred_at=days[4],
            ),
            Movement(
                UUID(other["id"]),
                south,
                6,
                "adjustment",
                "opening_balance",
                reason="a test",
                occurred_at=days[5],
            ),
        )
    return book


@pytest.fixture
async def here(admin: Member, book: Book) -> Browser:
    return await signed_in(admin)


async def _quantities(here: Browser, **asked: str) -> list[str]:
    return [row["Quantity"] for row in table(await here.get("/ledger", params=asked), "Ledger")]


async def test_movements_are_shown_newest_first(here: Browser) -> None:
    page = await here.get("/ledger")
    rows = table(page, "Ledger")
    assert [row["Quantity"] for row in rows] == ["+6", "-5", "-3", "+40", "-40", "+90"]
    assert [row["Balance after"] for row in rows] == ["6", "35", "47", "40", "50", "90"]
    assert rows[1] == {
        "Occurred": "5 Mar 2026, 12:00",
        "Product": "Apples",
        "Warehouse": "South",
        "Movement": "Sale",
        "Quantity": "-5",
        "Balance after": "35",
        "Reference": "SO-1",
        "Note": "",
    }
    assert rows[2]["Note"] == "=bruised"
    assert link(page, "SO-1") == "/search?q=SO-1"


async def test_each_filter_returns_matching_rows(here: Browser, book: Book) -> None:
    assert await _quantities(here, sort="occurred_at") == ["+90", "-40", "+40", "-3", "-5", "+6"]
    assert await _quantities(here, product_id=book.product["id"]) == ["-5", "-3", "+40", "-40", "+90"]
    assert await _quantities(here, q="ear") == ["+6"]
    assert await _quantities(here, warehouse_id=book.north["id"]) == ["-3", "-40", "+90"]
    assert await _quantities(here, transaction_type="shipment") == ["-5", "-40"]
    assert await _quantities(here, movement_kind="scrap") == ["-3"]
    assert await _quantities(here, reference="TR-1") == ["+40", "-40"]
    assert await _quantities(here, occurred_from="2026-03-04") == ["+6", "-5", "-3"]
    assert await _quantities(here, occurred_to="2026-03-02") == ["-40", "+90"]
    assert await _quantities(here, occurred_from="2026-03-03", occurred_to="2026-03-03") == ["+40"]
    both = await _quantities(here, warehouse_id=book.south["id"], transaction_type="adjustment")
    assert both == ["+6"]


async def test_a_filter_set_by_a_link_persists_and_can_be_removed(here: Browser, book: Book) -> None:
    page = await here.get("/ledger", params={"product_id": book.product["id"], "reference": "TR-1"})
    assert shown(page)["product_id"] == f"Apples - {book.product['sku']}"
    assert '<input type="hidden" name="reference" value="TR-1">' in page.text
    assert link(page, f"Product: Apples - {book.product['sku']}") == "/ledger?reference=TR-1"
    assert link(page, "TR-1") == f"/ledger?product_id={book.product['id']}"


async def test_pages_go_forward_and_back(admin: Member) -> None:
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    moved = receipt(UUID(product["id"]), UUID(warehouse["id"]), 1)
    same = datetime(2026, 3, 1, 12, tzinfo=UTC)  # all at one instant: then the order of recording decides
    async with admin.transaction() as connection:
        await post(
            connection, admin, *(structs.replace(moved, quantity=n, occurred_at=same) for n in range(1, 121))
        )
    here = await signed_in(admin)
    pages = [await here.get("/ledger")]
    for _ in range(2):
        pages.append(await here.get(link(pages[-1], "Next")))
    forth = [[row["Quantity"] for row in table(page, "Ledger")] for page in pages]
    assert [row for page in forth for row in page] == [f"+{n}" for n in range(120, 0, -1)]
    assert "20 of 120" in pages[-1].text
    back = pages[-1]
    for expected in (forth[1], forth[0]):
        back = await here.get(link(back, "Previous"))
        assert [row["Quantity"] for row in table(back, "Ledger")] == expected


async def test_an_export_equals_the_database(admin: Member, here: Browser, book: Book) -> None:
    async with admin.transaction() as connection:
        held = await connection.fetch(
            """
            SELECT t.occurred_at, p.sku, w.name, t.transaction_type, t.movement_kind, t.quantity,
                   t.balance_after, coalesce(t.reference_id, ''), t.id::text
            FROM inventory_transactions t JOIN inventory i ON i.id = t.inventory_id
            JOIN products p ON p.id = i.product_id JOIN warehouses w ON w.id = i.warehouse_id
            WHERE t.organization_id = $1 ORDER BY t.occurred_at DESC, t.id DESC
            """,
            admin.organization_id,
        )
    columns = (
        "occurred_at (UTC)", "sku", "warehouse_name", "transaction_type", "movement_kind", "quantity",
        "balance_after", "reference", "id",
    )  # fmt: skip
    expected = [(row[0].replace(tzinfo=None, microsecond=0), *row[1:]) for row in held]
    as_xlsx = await xlsx_of(here, "/ledger")
    assert [tuple(row[column] for column in columns) for row in as_xlsx] == expected
    as_csv = await csv_of(here, "/ledger")
    assert [tuple(row[column] for column in columns) for row in as_csv] == [
        tuple(map(str, row)) for row in expected
    ]
    assert [row["note"] for row in as_xlsx][2] == "=bruised"
    assert [row["note"] for row in as_csv][2] == "'=bruised"
    part = {"product_id": book.product["id"], "occurred_from": "2026-03-02", "occurred_to": "2026-03-03"}
    assert [row["quantity"] for row in await csv_of(here, "/ledger", **part)] == ["40", "-40"]


async def test_others_movements_are_neither_shown_nor_exported(stranger: Member, book: Book) -> None:
    here = await signed_in(stranger)
    for asked in ({}, {"q": "Apples"}):
        assert (await here.get("/ledger", params=asked)).status_code == 200
        assert await csv_of(here, "/ledger", **asked) == []
    for theirs in ({"product_id": book.product["id"]}, {"warehouse_id": book.north["id"]}):
        assert (await here.get("/ledger.csv", params=theirs)).status_code == 422
        page = await here.get("/ledger", params=theirs)
        assert wrong(page) == set(theirs)
        assert f"/products/{book.product['id']}" not in page.text
        assert ">North<" not in page.text


async def test_without_permission_the_page_is_forbidden(admin: Member) -> None:
    here = await signed_in(await factories.member_with(admin, "products:read"))
    for path in ("/ledger", "/ledger.csv", "/ledger.xlsx"):
        assert (await here.get(path)).status_code == 403


@pytest.mark.parametrize("asked", ["occurred_from=2026-13-01", "movement_kind=theft", "sort=quantity"])
async def test_invalid_filters_are_refused(admin: Member, asked: str) -> None:
    here = await signed_in(admin)
    assert (await here.get(f"/ledger?{asked}")).status_code == 422


@pytest.mark.parametrize(
    "days", ["occurred_from=0001-01-01&occurred_to=9999-12-31", "occurred_to=2199-12-31"]
)
async def test_the_earliest_and_latest_dates_are_accepted(here: Browser, days: str) -> None:
    assert len(table(await here.get(f"/ledger?{days}"), "Ledger")) == 6
