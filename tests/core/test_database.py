"""Values survive the round trip between Python and PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from imsop.core.database import Connection, allow_copy, open_pool
from tests.conftest import TestDatabase

INSTANTS = [
    datetime(2026, 1, 31, 8, 30, 0, 123456, tzinfo=UTC),
    datetime(2026, 1, 31, 8, 30, 0, 120000, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]
NUMBERS = [Decimal("12.50"), Decimal("-0.0001"), Decimal(0), Decimal("99999999999999999999.9999")]


@pytest.fixture
async def connection(database: TestDatabase) -> AsyncIterator[Connection]:
    async with (
        await open_pool(database.app_dsn, min_size=1, max_size=1) as pool,
        pool.acquire() as connection,
    ):
        yield connection


@pytest.mark.anyio
async def test_timestamps_and_numbers_are_exact(connection: Connection) -> None:
    for instant in INSTANTS:
        assert await connection.fetchval("SELECT $1::timestamptz", instant) == instant
    assert await connection.fetchval("SELECT $1::timestamptz[]", [*INSTANTS, None]) == [*INSTANTS, None]
    numbers = await connection.fetchval("SELECT $1::numeric[]", [*NUMBERS, None])
    assert [str(number) for number in numbers] == [str(number) for number in [*NUMBERS, None]]


@pytest.mark.anyio
async def test_timestamps_are_returned_in_utc(connection: Connection) -> None:
    instant = datetime(2026, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    stored = await connection.fetchval("SELECT $1::timestamptz", instant)
    assert stored == instant
    assert stored.tzinfo is UTC


@pytest.mark.anyio
async def test_a_timestamp_beyond_utcs_range_is_clamped(
    connection: Connection,
) -> None:
    """If it is to be stored, a CHECK of the column refuses it and names the field."""
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-12)))
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59)))
    ends = {last: datetime.max.replace(tzinfo=UTC), first: datetime.min.replace(tzinfo=UTC)}
    for beyond, end in ends.items():
        assert await connection.fetchval("SELECT $1::timestamptz", beyond) == end


@pytest.mark.anyio
async def test_copied_values_are_read_exactly(connection: Connection) -> None:
    await connection.execute("CREATE TEMPORARY TABLE copied (number numeric, instant timestamptz)")
    rows = [(number, instant) for number in NUMBERS for instant in INSTANTS[:2]]
    await allow_copy(connection)
    await allow_copy(connection)  # idempotent: repeated for each table
    await connection.copy_records_to_table("copied", records=rows)
    copied = await connection.fetch("SELECT number, instant FROM copied")
    assert sorted(tuple(row) for row in copied) == sorted(rows)
