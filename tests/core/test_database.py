"""Typed rows and transactions."""

import asyncpg
import msgspec
import pytest

from imsop.core.database import Pool, fetch_all, fetch_one, transaction
from tests.factories import Member


class Pair(msgspec.Struct, frozen=True):
    left: int
    right: str


async def test_rows_come_back_typed_in_the_order_of_their_fields(pool: Pool) -> None:
    async with transaction(pool, None) as connection:
        statement = "SELECT n AS left, n::text AS right FROM generate_series(1, $1::int) n"
        assert await fetch_all(connection, Pair, statement, 2) == [Pair(1, "1"), Pair(2, "2")]
        assert await fetch_one(connection, Pair, statement, 1) == Pair(1, "1")
        assert await fetch_all(connection, Pair, statement, 0) == []
        assert await fetch_one(connection, Pair, statement, 0) is None


@pytest.mark.parametrize("columns", ["'a' AS right, 1 AS left", "1 AS left", "1 AS left, 'a' AS wrong"])
async def test_a_statement_that_gives_other_columns_is_a_fault(pool: Pool, columns: str) -> None:
    async with transaction(pool, None) as connection:
        for fetch in (fetch_all, fetch_one):
            with pytest.raises(TypeError, match="Pair has left, right"):
                await fetch(connection, Pair, f"SELECT {columns}")


async def fail_after_writing(admin: Member) -> None:
    async with admin.transaction() as connection:
        await connection.execute(
            "INSERT INTO products (organization_id, sku, name) VALUES ($1, 'A', 'A')", admin.organization_id
        )
        await connection.execute("SELECT 1 / 0")


async def test_a_transaction_that_fails_leaves_nothing(admin: Member) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail_after_writing(admin)
    async with admin.transaction() as connection:
        found = "SELECT count(*) FROM products WHERE organization_id = $1"
        assert await connection.fetchval(found, admin.organization_id) == 0


async def test_json_goes_in_and_comes_out_as_values(pool: Pool) -> None:
    value = {"ä": [1, 2.5, None, True], "nested": {"x": "y"}}
    async with transaction(pool, None) as connection:
        assert await connection.fetchval("SELECT $1::jsonb", value) == value


async def test_a_read_only_transaction_writes_nothing(admin: Member, pool: Pool) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with transaction(pool, admin.tenant, read_only=True) as connection:
            await connection.execute(
                "INSERT INTO products (organization_id, sku, name) VALUES ($1, 'A', 'A')",
                admin.organization_id,
            )
