"""One transaction per request: committed just before the response is sent, or rolled back."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, pool_of
from tests.rivals import somebody_waits_for


@asynccontextmanager
async def commit_refused(database: TestDatabase, sku: str, error: str) -> AsyncIterator[None]:
    """A deferred constraint that fails at commit for products of this SKU."""
    name = f"refuse_{uuid4().hex}"
    async with factories.connected(database.owner_dsn) as owner:
        await owner.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'refused at commit' USING ERRCODE = '{error}'; END $$;"
            f" CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON products DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW WHEN (NEW.sku = '{sku}') EXECUTE FUNCTION {name}()"
        )
        try:
            yield
        finally:
            await owner.execute(f"DROP TRIGGER {name} ON products; DROP FUNCTION {name}()")


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
@pytest.mark.parametrize(("error", "status"), [("40001", 409), ("XX000", 500)])
async def test_a_failed_commit_becomes_the_response(
    admin: Member, database: TestDatabase, headers: dict[str, str], error: str, status: int
) -> None:
    sku = uuid4().hex
    body = {"sku": sku, "name": "Bolt"}
    async with commit_refused(database, sku, error):
        reply = await admin.http.post("products", json=body, headers=headers)
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["request_id"] == reply.headers["x-request-id"]
    assert "location" not in reply.headers
    assert (await admin.read("products"))["items"] == []
    again = await admin.http.post("products", json=body, headers=headers)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers


async def test_an_error_after_a_write_rolls_back(admin: Member) -> None:
    """Inserts the role, then finds that its permissions are not allowed, in one transaction."""
    clerk = await factories.member_with(admin, "users:read", "users:write")
    (stronger,) = (await admin.read("roles", name="buyer"))["items"]
    before = await admin.read("users")
    refused = await clerk.edit(f"users/{clerk.user_id}", first_name="Changed", role_ids=[stronger["id"]])
    accepted(refused, 403)
    assert await admin.read("users") == before


async def test_read_requests_cannot_write(admin: Member) -> None:
    """Safe methods run in a read-only transaction."""
    from imsop.web.edge.middleware import UnitOfWork  # noqa: PLC0415

    unit = UnitOfWork(pool_of(admin.app), await admin.actor(), admin.actor, read_only=True)
    connection = await unit.connection()
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.execute("DELETE FROM products WHERE organization_id = $1", admin.organization_id)
    await unit.end(commit=False)


async def test_connections_are_returned_whatever_happens(app: Observed, admin: Member) -> None:
    pool = pool_of(app)
    product = await factories.product(admin)
    await asyncio.gather(
        *(admin.get("products") for _ in range(10)),
        *(admin.post("products", {"sku": product["sku"], "name": "x"}) for _ in range(10)),
        *(admin.get("products", colour="red") for _ in range(10)),
        *(admin.get(f"products/{uuid4()}") for _ in range(10)),
    )
    assert pool.lent == 0
    async with pool.acquire() as connection:
        assert not connection.is_in_transaction()


async def test_a_request_leaves_no_reference_cycles(admin: Member) -> None:
    from imsop.web.edge.middleware import UnitOfWork  # noqa: PLC0415

    await admin.read("products")
    gc.collect()
    gc.disable()
    try:
        await admin.read("products")
        await factories.product(admin)
        assert [left for left in gc.get_objects() if isinstance(left, UnitOfWork)] == []
    finally:
        gc.enable()


async def test_a_cancelled_request_holds_no_connection(app: Observed, admin: Member, superuser: Any) -> None:
    async with admin.transaction() as rival:
        await rival.execute(
            "INSERT INTO products (organization_id, sku, name) VALUES ($1, 'BOLT', 'rival')",
            admin.organization_id,
        )
        posted = asyncio.create_task(admin.post("products", {"sku": "BOLT", "name": "given up"}))

        await somebody_waits_for(rival)
        posted.cancel()
        with pytest.raises(asyncio.CancelledError):
            await posted
    assert [row["name"] for row in (await admin.read("products"))["items"]] == ["rival"]

    async def all_idle() -> bool:
        open_still = await superuser.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'imsop_app'"
            " AND datname = current_database() AND state <> 'idle'"
        )
        return bool(open_still == 0)

    await factories.eventually(all_idle)


async def test_requests_beyond_the_pool_wait_their_turn(database: TestDatabase) -> None:
    async with factories.running(database.installation, pool_max=2) as app:
        admin = await factories.sign_up(app)
        replies = await asyncio.gather(*(admin.get("products") for _ in range(30)))
    assert {reply.status_code for reply in replies} == {200}
