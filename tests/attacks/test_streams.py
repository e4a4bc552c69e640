"""K8: resources of a response are released when it ends, however it ends, without the garbage collector."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from imsop.core import slots
from imsop.core.slots import Slots
from imsop.web.edge import connection
from imsop.web.edge.observe import Observed
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import API, Member, eventually, litestar_of, pool_of
from tests.states import with_ledger
from tests.web.listening import asked_and_left, process_of, relay_of, served


@pytest.fixture(autouse=True)
def _without_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@asynccontextmanager
async def process(database: TestDatabase) -> AsyncIterator[tuple[Observed, str]]:
    async with process_of(database, pool_max=16) as app, served(app) as address:
        yield app, address


def exports_of(app: Observed) -> Slots:
    found: Slots = litestar_of(app).state.exports
    return found


async def until_held(held_by: Slots, number: int) -> None:
    async def held() -> bool:
        return held_by.held == number

    await eventually(held)


def reset(client: socket.socket) -> None:
    """Ends the connection with a RST, as a machine that loses power would."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


async def stalled(app: Observed, address: str, members: list[Member], path: str) -> list[socket.socket]:
    """Clients that request an export and do not read it; returns once each holds its slot."""
    clients = []
    for number, member in enumerate(members, 1):
        clients.append(asked_and_left(address, path, member))
        await until_held(exports_of(app), number)
    return clients


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_stalled_export_is_aborted_and_its_slot_released(
    database: TestDatabase, admin: Member, stranger: Member, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(connection, "STALL_SECONDS", 0.3)
    members = [await with_ledger(member) for member in (admin, stranger)]
    async with process(database) as (app, address):
        with ExitStack() as stack:
            for client in await stalled(app, address, [members[0], members[0], *members], f"/ledger.{kind}"):
                stack.enter_context(client)
            await until_held(exports_of(app), 0)
            assert pool_of(app).lent == 0
            for member in members:
                reply = await factories.elsewhere(member, app).http.get(f"/ledger.{kind}")
                assert reply.status_code == 200


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_cancelled_export_releases_its_slot_at_once(
    database: TestDatabase, admin: Member, kind: str, leave: object
) -> None:
    assert callable(leave)
    await with_ledger(admin)
    async with process(database) as (app, address):
        for client in await stalled(app, address, [admin, admin], f"/ledger.{kind}"):
            leave(client)
        await until_held(exports_of(app), 0)
        assert pool_of(app).lent == 0


async def test_one_organization_cannot_use_all_export_slots(
    database: TestDatabase, admin: Member, stranger: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.2)
    for member in (admin, stranger):
        await with_ledger(member)
    async with process(database) as (app, address):
        with ExitStack() as stack:
            for client in await stalled(app, address, [admin] * 3, "/ledger.csv"):
                stack.enter_context(client)
            assert (await factories.elsewhere(admin, app).http.get("/ledger.csv")).status_code == 429
            assert (await factories.elsewhere(stranger, app).http.get("/ledger.csv")).status_code == 200


async def test_a_head_request_of_an_export_holds_no_slot(database: TestDatabase, admin: Member) -> None:
    await with_ledger(admin)
    async with process(database) as (app, _):
        reply = await factories.elsewhere(admin, app).http.head("/ledger.csv")
        assert reply.status_code == 200
        assert (exports_of(app).held, pool_of(app).lent) == (0, 0)


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
async def test_a_cancelled_live_stream_releases_its_place_at_once(
    database: TestDatabase, admin: Member, leave: object
) -> None:
    assert callable(leave)
    async with process(database) as (app, address):
        relay = relay_of(app)

        async def joined() -> bool:
            return len(relay._listeners) == 1

        async def left() -> bool:
            return not relay._listeners

        for _ in range(3):
            client = asked_and_left(address, f"{API}/stream", admin)
            await eventually(joined)
            leave(client)
            await eventually(left)


async def test_abandoned_prints_are_not_rendered(database: TestDatabase, admin: Member) -> None:
    """More labels than threads; those whose client has disconnected release their slot unrendered."""
    product = await factories.product(admin)
    path = f"/products/{product['id']}/label.pdf?copies=500"
    async with process(database) as (app, address):
        prints: Slots = litestar_of(app).state.prints
        clients = []
        for number in range(1, 5):
            clients.append(asked_and_left(address, path, admin))
            await until_held(prints, number)
        for client in clients:
            reset(client)
        await until_held(prints, 0)
        reply = await asyncio.wait_for(factories.elsewhere(admin, app).http.get(path), 20)
        assert reply.status_code == 200
        assert prints.held == 0


async def test_prints_of_one_organization_are_bounded(
    database: TestDatabase, admin: Member, stranger: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.2)
    async with process(database) as (app, _):
        members = [factories.elsewhere(member, app) for member in (admin, stranger)]
        labels = [f"/products/{(await factories.product(member))['id']}/label.pdf" for member in members]
        asked = [members[0].http.get(f"{labels[0]}?copies=200") for _ in range(8)]
        statuses = [reply.status_code for reply in await asyncio.gather(*asked)]
        assert sorted(set(statuses)) == [200, 429], statuses
        assert (await members[1].http.get(labels[1])).status_code == 200
