"""Caches: hits without the database, and no stale rows."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import generate_latest

from imsop.core.caches import LOOKUPS, Cache
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, eventually

EDITED = {
    "products": {"name": "Other"},
    "warehouses": {"name": "Other"},
    "warehouse-zones": {"name": "Other"},
    "organizations": {"description": "Other"},
}


def kind_of(noun: str) -> str:
    return noun.removesuffix("s").replace("-", "_")


def test_every_kind_that_is_remembered_is_changed_here(app: Observed) -> None:
    assert factories.litestar_of(app).state.caches.keys() == {kind_of(noun) for noun in EDITED}


async def made(admin: Member, noun: str) -> str:
    """The path of a row of that kind."""
    if noun == "organizations":
        return f"organizations/{admin.organization_id}"
    if noun == "products":
        return f"products/{(await factories.product(admin))['id']}"
    warehouse = (await factories.warehouse(admin))["id"]
    if noun == "warehouses":
        return f"warehouses/{warehouse}"
    zone = {"warehouse_id": warehouse, "code": "Z", "name": "High racks", "zone_type": "storage"}
    return f"warehouse-zones/{(await admin.create('warehouse-zones', zone))['id']}"


def found(kind: str) -> float:
    value: float = LOOKUPS.labels(kind, "found")._value.get()
    return value


async def remembers(app: Observed) -> bool:
    kept: dict[str, Cache[object]] = factories.litestar_of(app).state.caches
    return all(cache.is_listening for cache in kept.values())


@pytest.mark.parametrize("noun", EDITED)
async def test_a_row_is_cached_until_changed_in_any_process(
    database: TestDatabase, app: Observed, admin: Member, noun: str
) -> None:
    path, kind = await made(admin, noun), kind_of(noun)
    async with factories.running(database.installation) as other:
        there = factories.elsewhere(admin, other)
        await eventually(lambda: remembers(app))
        await eventually(lambda: remembers(other))
        for member in (admin, there):
            first = await member.get(path)
            before = found(kind)
            again = await member.get(path)
            assert found(kind) == before + 1
            assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
        (changed,) = EDITED[noun].items()
        accepted(await admin.edit(path, **EDITED[noun]))
        assert accepted(await admin.get(path))[changed[0]] == changed[1]  # by its own writer at once

        async def seen() -> bool:
            return bool(accepted(await there.get(path))[changed[0]] == changed[1])

        await eventually(seen, within_seconds=1)


async def test_cache_hits_are_in_the_metrics(app: Observed, admin: Member) -> None:
    path = await made(admin, "products")
    await eventually(lambda: remembers(app))
    for _ in range(2):
        accepted(await admin.get(path))
    shown = generate_latest().decode()  # the response of /metrics
    for line in (
        r'imsop_cache_lookups_total{cache="product",outcome="found"} [1-9]',
        r'imsop_cache_lookups_total{cache="product",outcome="missed"} [1-9]',
        r'imsop_cache_entries{cache="product"} [1-9]',
    ):
        assert re.search(line, shown), line


async def test_changes_by_direct_sql_are_seen(app: Observed, admin: Member, superuser: Any) -> None:
    product = await factories.product(admin)
    await eventually(lambda: remembers(app))
    accepted(await admin.get(f"products/{product['id']}"))
    await superuser.execute("UPDATE products SET name = 'By hand' WHERE id = $1", UUID(product["id"]))

    async def seen() -> bool:
        return bool(accepted(await admin.get(f"products/{product['id']}"))["name"] == "By hand")

    await eventually(seen)


async def test_deleted_and_foreign_rows_are_not_found(app: Observed, admin: Member, stranger: Member) -> None:
    path = f"products/{(await factories.product(admin))['id']}"
    await eventually(lambda: remembers(app))
    accepted(await admin.get(path))
    accepted(await admin.get(path))
    assert (await stranger.get(path)).status_code == 404
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_writers_and_readers_of_two_processes_converge(
    database: TestDatabase, app: Observed, admin: Member
) -> None:
    """A writer reads its own write at once; in the end nobody has a stale row."""
    path = f"products/{(await factories.product(admin))['id']}"
    async with factories.running(database.installation) as other:
        members = [admin, factories.elsewhere(admin, other)]
        await eventually(lambda: remembers(other))
        done = asyncio.Event()

        async def read(member: Member) -> None:
            while not done.is_set():
                accepted(await member.get(path))
                await asyncio.sleep(0.001)  # cache hits never await

        async def write(member: Member, number: int) -> None:
            for turn in range(15):
                name = f"{number}-{turn}"
                while (reply := await member.edit(path, name=name)).status_code == 412:
                    pass
                version = accepted(reply)["updated_at"]
                assert accepted(await member.get(path))["updated_at"] >= version

        readers = [asyncio.create_task(read(member)) for member in members * 2]
        try:
            await asyncio.gather(*(write(member, number) for number, member in enumerate(members)))
        finally:
            done.set()
        await asyncio.gather(*readers)

        async def agree() -> bool:
            first, second = [accepted(await member.get(path)) for member in members]
            return bool(first == second)

        await eventually(agree, within_seconds=1)
        async with admin.transaction() as connection:
            name = await connection.fetchval(
                "SELECT p.name FROM products p WHERE p.organization_id = $1 AND p.id = $2",
                admin.organization_id,
                UUID(path.rpartition("/")[2]),
            )
        assert accepted(await admin.get(path))["name"] == name


async def test_a_lost_connection_clears_the_caches(
    database: TestDatabase, admin: Member, superuser: Any
) -> None:
    path = f"products/{(await factories.product(admin))['id']}"
    listening = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()"
    before = {row["pid"] for row in await superuser.fetch(listening)}
    async with factories.running(database.installation) as other:
        there = factories.elsewhere(admin, other)
        await eventually(lambda: remembers(other))
        accepted(await there.get(path))
        products: Cache[object] = factories.litestar_of(other).state.caches["product"]
        assert len(products) == 1
        (pid,) = {row["pid"] for row in await superuser.fetch(listening)} - before
        await superuser.execute("SELECT pg_terminate_backend($1)", pid)

        async def emptied() -> bool:
            return len(products) == 0

        await eventually(emptied)
        await superuser.execute("UPDATE products SET name = 'Meanwhile' WHERE id = $1", UUID(path[9:]))
        assert accepted(await there.get(path))["name"] == "Meanwhile"
        await eventually(lambda: remembers(other))


async def _of(value: int) -> int:
    return value


async def test_a_cache_is_bounded_and_evicts_by_organization() -> None:
    kept: Cache[int] = Cache("test", most=3)
    first, second = uuid4(), uuid4()
    assert await kept.read(first, 1, lambda: _of(1)) == 1
    assert len(kept) == 0  # until changes are heard of
    kept.is_listening = True
    for key in range(3):
        await kept.read(first, key, lambda: _of(1))
    assert len(kept) == 3
    await kept.read(second, 1, lambda: _of(2))
    assert len(kept) == 1
    assert await kept.read(second, 1, lambda: _of(3)) == 2
    kept.forget(first)
    assert await kept.read(second, 1, lambda: _of(3)) == 2
    kept.forget(second)
    assert await kept.read(second, 1, lambda: _of(3)) == 3
    assert await kept.read(second, 2, lambda: _of(4), seconds=lambda _: -1) == 4
    assert await kept.read(second, 2, lambda: _of(5)) == 5  # it was over before it was kept


async def test_a_row_read_before_a_notification_is_not_cached_after_it() -> None:
    kept: Cache[int] = Cache("test")
    kept.is_listening = True
    organization = uuid4()

    async def old() -> int:
        kept.forget(organization)  # the notification, at the worst moment
        return 1

    assert await kept.read(organization, 1, old) == 1
    assert await kept.read(organization, 1, lambda: _of(2)) == 2
