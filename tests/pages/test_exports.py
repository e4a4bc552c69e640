"""Exported lists: how a spreadsheet reads them, and what remains after an interrupted download."""

import io
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
from imsop.web.edge.observe import Observed
from imsop.web.pages.spreadsheet import Spreadsheet
from tests import factories
from tests.browsing import served
from tests.conftest import TestDatabase
from tests.factories import Member, eventually, pool_of
from tests.states import with_ledger


def sheets(content: bytes) -> dict[str, list[list[object]]]:
    book = python_calamine.load_workbook(io.BytesIO(content))
    return {name: list(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names}


def test_a_spreadsheet_reads_the_exported_values() -> None:
    written: list[object] = [
        *(7, -3, Decimal("12.50"), date(2026, 2, 28)),
        *("Äpfel & <Birnen> 🍐", " two  spaces ", "line\nbreak\ttab"),
        *("=1+1", "\x01 _x0041_ \r", "x" * 40_000, None, True, ["a", "b"]),
        *(date(1899, 12, 31), datetime(2026, 2, 28, 12, tzinfo=UTC), UUID(int=1), "Z is followed by AA"),
        *(["",] * 9), 26,
    ]  # fmt: skip
    sheet = Spreadsheet([f"column {number}" for number in range(len(written))])
    sheet.add(written)
    ((header, read),) = sheets(sheet.end()).values()
    assert header == [f"column {number}" for number in range(len(written))]
    assert read == [
        *(7, -3, 12.5, date(2026, 2, 28)),
        *("Äpfel & <Birnen> 🍐", " two  spaces ", "line\nbreak\ttab"),
        *("=1+1", "\x01 _x0041_ \r", "x" * 32_766 + "…", "", "true", "a; b"),
        *("1899-12-31", "2026-02-28T12:00:00+00:00", str(UUID(int=1)), "Z is followed by AA"),
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
