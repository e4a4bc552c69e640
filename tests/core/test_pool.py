"""The connection pool: exclusive checkout, and clean connections on return."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from imsop.core import pool as pools
from imsop.core.database import Connection, Pool, open_pool, transaction
from tests.conftest import TestDatabase
from tests.factories import SOON, eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[Pool]:
    async with await open_pool(database.app_dsn, min_size=1, max_size=2) as pool:
        yield pool


async def _backend(connection: Connection) -> int:
    pid: int = await connection.fetchval("SELECT pg_backend_pid()")
    return pid


async def _waiting(pool: Pool) -> asyncio.Task[Connection]:
    """Somebody who asks while all is lent, and has come as far as they can by themselves."""
    task = asyncio.create_task(pool.take())
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_each_connection_is_lent_to_one_and_who_comes_later_waits(pool: Pool) -> None:
    first, second = await pool.take(), await pool.take()
    assert await _backend(first) != await _backend(second)
    third = await _waiting(pool)
    assert not third.done()
    pool.give_back(second)
    assert await third is second
    assert pool.lent == 2


async def test_waiting_too_long_raises_timeouterror(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = await pool.take(), await pool.take()
    monkeypatch.setattr(pools, "TAKE_SECONDS", 0.05)
    with pytest.raises(TimeoutError):
        await pool.take()
    pool.give_back(first)
    assert await pool.take() is first


async def test_a_cancelled_waiter_holds_no_slot(pool: Pool) -> None:
    first, _ = await pool.take(), await pool.take()
    (await _waiting(pool)).cancel()
    pool.give_back(first)
    assert await asyncio.wait_for(pool.take(), SOON) is first


async def test_a_connection_that_the_server_closed_is_replaced(pool: Pool, superuser: Any) -> None:
    async with pool.acquire() as connection:
        lost = await _backend(connection)
    await superuser.execute("SELECT pg_terminate_backend($1)", lost)

    async def noticed() -> bool:
        return connection.is_closed()

    await eventually(noticed)
    async with pool.acquire() as connection:
        assert await _backend(connection) != lost


async def test_a_failed_connect_holds_no_slot(database: TestDatabase) -> None:
    away = True

    async def connect() -> Connection:
        if away:
            raise ConnectionRefusedError
        return await asyncpg.connect(database.app_dsn)  # noqa: TID251 - the pool closes it

    async with Pool(connect, min_size=0, max_size=1) as pool:
        for _ in range(3):
            with pytest.raises(ConnectionRefusedError):
                await pool.take()
        away = False
        pool.give_back(await pool.take())


_SLEEPS = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1"


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(10)", "BEGIN; SELECT pg_sleep(10)"])
async def test_an_aborted_connection_is_not_reused(pool: Pool, superuser: Any, statement: str) -> None:
    cut_off = await pool.take()
    backend = await _backend(cut_off)
    pool.give_back(cut_off)

    async def work() -> None:
        async with pool.acquire() as connection:
            await connection.execute(statement)

    async def sleeping() -> bool:
        return bool(await superuser.fetchval(_SLEEPS, backend))

    task = asyncio.create_task(work())
    await eventually(sleeping)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cut_off.is_closed()
    async with transaction(pool, None, read_only=True) as connection:
        assert connection is not cut_off
    await superuser.execute("SELECT pg_terminate_backend($1)", backend)  # which sleeps on beside later tests


async def test_an_unconfirmed_commit_closes_the_connection(pool: Pool) -> None:
    connection = await pool.take()
    await connection.execute("BEGIN")
    ended = asyncio.create_task(pool.end(connection, commit=True))
    await asyncio.sleep(0)  # the COMMIT is in flight
    ended.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended
    assert connection.is_closed()
    assert pool.lent == 0


async def test_a_rolled_back_connection_is_reused(pool: Pool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with transaction(pool, None) as connection:
            await connection.execute("SELECT FROM nowhere")
    assert not connection.is_closed()
    async with pool.acquire() as again:
        assert again is connection
        assert not again.is_in_transaction()


async def test_surplus_idle_connections_are_closed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await pool.take(), await pool.take()
    pool.give_back(first)
    monkeypatch.setattr(pools, "IDLE_SECONDS", -1.0)
    pool.give_back(second)
    assert (first.is_closed(), second.is_closed()) == (True, False)
    pool.give_back(await pool.take())
    assert not second.is_closed()  # the fewest stay


async def test_closing_the_pool_closes_all_connections(database: TestDatabase) -> None:
    async with await open_pool(database.app_dsn, min_size=2, max_size=2) as pool:
        lent, idle = await pool.take(), await pool.take()
        pool.give_back(idle)
    assert lent.is_closed()
    assert idle.is_closed()
    pool.give_back(lent)
