"""Exported lists: how a spreadsheet reads them, and what remains after an interrupted download."""

import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import httpx
import psycopg
import pytest
import python_calamine

from imsop.core import slots
from imsop.core.database import Pool
from imsop.inventory.ledger.models import Movement
from imsop.web.edge.observe import Observed
from imsop.web.pages.spreadsheet import Spreadsheet
from tests import factories
from tests.browsing import served
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, eventually, pool_of
from tests.inventory.stock import post
from tests.pages.browsing import signed_in
from tests.pages.exported import csv_of, xlsx_of
from tests.states import with_ledger

NOON = datetime(2026, 2, 28, 12)  # noqa: DTZ001 - spreadsheets know no zone
THE_EVENING_BEFORE = datetime(2026, 3, 8, 22, 30)  # noqa: DTZ001 - as above


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: list(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names}


def test_a_spreadsheet_reads_the_exported_values() -> None:
    written: list[object] = [
        *(7, -3, Decimal("12.50"), date(2026, 2, 28)),
        *("Äpfel & <Birnen> 🍐", " two  spaces ", "line\nbreak\ttab"),
        *("=1+1", "\x01 _x0041_ \r", "x" * 40_000, None, True, ["a", "b"]),
        *(date(1899, 12, 31), NOON, UUID(int=1), "Z is followed by AA"),
        *(["",] * 9), 26,
    ]  # fmt: skip
    sheet = Spreadsheet([f"column {number}" for number in range(len(written))])
    sheet.add(written)
    ((header, read),) = sheets(sheet.end()).values()
    assert header == [f"column {number}" for number in range(len(written))]
    assert read == [
        *(7, -3, 12.5, date(2026, 2, 28)),
        *("Äpfel & <Birnen> 🍐", " two  spaces ", "line\nbreak\ttab"),
        *("=1+1", "\x01 _x0041_ \r", "x" * 32_766 + "…", "", True, "a; b"),
        *("1899-12-31", NOON, str(UUID(int=1)), "Z is followed by AA"),
        *([""] * 9), 26,
    ]  # fmt: skip


def test_rows_beyond_a_sheets_limit_continue_on_the_next() -> None:
    sheet = Spreadsheet(["number"], sheet_rows=3)
    for number in range(5):
        sheet.add([number])
    assert sheets(sheet.end()) == {
        "Sheet1": [["number"], [0], [1]],
        "Sheet2": [["number"], [2], [3]],
        "Sheet3": [["number"], [4]],
    }


@pytest.fixture
async def keeper(admin: Member) -> Member:
    """A member of an organization with many movements of one product."""
    return await with_ledger(admin)


@asynccontextmanager
async def begun(member: Member, kind: str) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[bytes]]]:
    """An export of the ledger over a real connection, after its first bytes have arrived."""
    async with (
        served(member.app) as address,
        httpx.AsyncClient(headers={"Authorization": f"Bearer {member.token}"}) as client,
        client.stream("GET", f"{address}/ledger.{kind}") as reply,
    ):
        assert reply.status_code == 200
        rest = reply.aiter_raw()
        assert await anext(rest)
        yield reply, rest


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_client_that_disconnects_leaves_no_connection_or_slot(
    keeper: Member, pool: Pool, kind: str
) -> None:
    async with begun(keeper, kind) as (reply, _):
        assert pool.lent == 1
        await reply.aclose()

        async def none_is_lent() -> bool:
            return pool.lent == 0

        await eventually(none_is_lent)
    assert (await keeper.get("products")).status_code == 200


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_interrupted_export_cannot_be_mistaken_for_complete(
    keeper: Member, pool: Pool, database: TestDatabase, kind: str
) -> None:
    async with begun(keeper, kind) as (_, rest):
        with psycopg.connect(database.admin_dsn) as connection:
            connection.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'imsop_app'
                  AND query LIKE '%t.movement_kind, t.quantity%'
                """
            )
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            async for _ in rest:
                pass
    assert pool.lent == 0
    assert (await keeper.get("products")).status_code == 200


async def _asked(member: Member, app: Observed, path: str = "/ledger.csv") -> httpx.Response:
    return await factories.elsewhere(member, app).http.get(path)


async def test_an_export_uses_only_the_connection_of_its_request(
    keeper: Member, database: TestDatabase
) -> None:
    async with factories.running(database.installation, pool_min=0, pool_max=1) as app:
        reply = await _asked(keeper, app, "/ledger.csv?q=bolt")
        assert reply.status_code == 200
        assert pool_of(app).lent == 0


async def test_exports_leave_connections_to_others(
    keeper: Member, stranger: Member, database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.02)
    async with factories.running(database.installation, pool_max=4) as app:
        async with begun(factories.elsewhere(keeper, app), "csv"):
            for member, status in ((keeper, 429), (stranger, 503)):
                refused = await _asked(member, app)
                assert (refused.status_code, refused.headers["retry-after"]) == (status, "5")
                assert "content-disposition" not in refused.headers
            assert (await factories.elsewhere(keeper, app).get("products")).status_code == 200
        assert (await _asked(keeper, app)).status_code == 200


@pytest.mark.parametrize(
    ("asked", "locale", "delimiter", "cost"),
    [
        ({}, "en", ",", "1234.5"),
        ({}, "de", ";", "1234,5"),
        ({"decimal": "point"}, "de", ",", "1234.5"),
        ({"decimal": "comma"}, "en", ";", "1234,5"),
    ],
)
async def test_numbers_in_csv_are_written_as_the_reader_reads_them(
    admin: Member, asked: dict[str, str], locale: str, delimiter: str, cost: str
) -> None:
    await factories.product(
        admin, sku="A-1", name="Öl; Fass, 200 l", unit_cost="1234.5", selling_price="0.000001"
    )
    me = f"users/{admin.user_id}"
    accepted(await admin.edit(me, locale=locale))
    here = await signed_in(admin)
    (row,) = await csv_of(here, "/products", delimiter=delimiter, **asked)
    assert (row["name"], row["unit_cost"]) == ("Öl; Fass, 200 l", cost)
    assert row["selling_price"] == cost.replace("1234", "0").replace("5", "000001")
    (typed,) = await xlsx_of(here, "/products")
    assert (typed["unit_cost"], typed["selling_price"]) == (1234.5, 0.000001)
    refused = await here.get("/products.csv?decimal=dot")
    assert refused.status_code == 422


async def test_the_menu_offers_both_marks_the_readers_first(admin: Member) -> None:
    accepted(await admin.edit(f"users/{admin.user_id}", locale="de"))
    page = await (await signed_in(admin)).get("/products?q=bolt")
    assert re.findall(r'href="(/products\.[^"]+)"', page.text) == [
        *("/products.csv?q=bolt&amp;decimal=comma", "/products.csv?q=bolt&amp;decimal=point"),
        "/products.xlsx?q=bolt",
    ]


async def test_exported_times_are_those_on_the_organizations_clocks(app: Observed) -> None:
    admin = await factories.sign_up(app, timezone="America/Chicago")
    product, warehouse = await factories.product(admin), await factories.warehouse(admin)
    async with admin.transaction() as connection:
        await post(
            connection, admin,
            Movement(
                UUID(product["id"]), UUID(warehouse["id"]), 1, "receipt", "goods_receipt", reason="a test",
                occurred_at=datetime(2026, 3, 9, 3, 30, tzinfo=UTC),
            ),
        )  # fmt: skip
    here = await signed_in(admin)
    ((plain,), (typed,)) = await csv_of(here, "/ledger"), await xlsx_of(here, "/ledger")
    header = "occurred_at (America/Chicago)"
    assert (plain[header], typed[header]) == ("2026-03-08 22:30:00", THE_EVENING_BEFORE)
