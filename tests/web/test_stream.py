"""The live stream on a real server on loopback: who receives what, and when."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from imsop.shipping.tracking import queries
from imsop.shipping.tracking.models import NewPosition
from imsop.web.edge.observe import Observed
from imsop.web.live import relay, stream
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, pool_of
from tests.shipping.announced import an_hour_ago, shipment
from tests.web.listening import (
    Ear,
    is_told,
    listening,
    process_of,
    record_event,
    served,
)


async def _position(member: Member, made: dict[str, Any], location: str = "Kiel") -> Any:
    body = {"timestamp": an_hour_ago(), "location": location, "latitude": "54.32", "longitude": "10.14"}
    return await member.create(f"shipments/{made['id']}/tracking", body)


async def test_recorded_events_are_streamed_in_the_apis_format(address: str, admin: Member) -> None:
    made = await shipment(admin)
    async with listening(address, admin) as ear:
        position = await _position(admin, made)
        assert (await ear.hear("position")).data == position
        path = f"shipments/{made['id']}/events"
        happened = await admin.create(path, {"event_type": "delayed", "occurred_at": an_hour_ago()})
        assert (await ear.hear("shipment_event")).data == happened
        recorded = await record_event(admin, seen="twice")
        assert (await ear.hear("analytics_event")).data == recorded
        await ear.hears_nothing()


async def test_late_commits_are_streamed_after_later_events(address: str, admin: Member) -> None:
    made = await shipment(admin)
    async with listening(address, admin) as ear:
        async with admin.transaction() as late:
            at_sea = NewPosition(datetime.now(UTC), location="late")
            await queries.record_position(late, admin.organization_id, UUID(made["id"]), at_sea)
            for _ in range(3):
                await record_event(admin)
                await ear.hear("analytics_event")
            await ear.hears_nothing()
        assert (await ear.hear("position")).data["location"] == "late"


async def test_a_stream_resumes_where_it_broke(address: str, admin: Member) -> None:
    made = await shipment(admin)
    async with admin.transaction() as late:
        at_sea = NewPosition(datetime.now(UTC), location="late")
        await queries.record_position(late, admin.organization_id, UUID(made["id"]), at_sea)
        async with listening(address, admin) as ear:
            await record_event(admin, "heard")
            last_id = (await ear.hear("analytics_event")).id
    await record_event(admin, "missed")
    async with listening(address, admin, last_id) as ear:
        missed = [await ear.hear(), await ear.hear()]
        assert {event.data.get("event_type", event.data.get("location")) for event in missed} == {
            "missed",
            "late",
        }
        assert [event.id is None for event in missed] == [True, False]
        await ear.hears_nothing()
        await record_event(admin, "new")
        assert (await ear.hear()).data["event_type"] == "new"


async def test_reconnecting_clients_miss_nothing_among_many_writers(address: str, admin: Member) -> None:
    """Commits in any order, some long after their statements, with streams that disconnect and resume."""
    written: set[str] = set()
    heard: set[str] = set()
    begun, done = asyncio.Event(), asyncio.Event()
    rng = random.Random(8)

    async def write() -> None:
        for _ in range(12):
            async with admin.transaction() as connection:
                record_id = await connection.fetchval(
                    "INSERT INTO analytics_events (organization_id, event_type) VALUES ($1, 'x')"
                    " RETURNING id",
                    admin.organization_id,
                )
                await asyncio.sleep(rng.choice([0, 0, 0.02, 0.3]))
            written.add(str(record_id))

    async def listen() -> None:
        last_id = None
        while not (done.is_set() and heard >= written):
            async with listening(address, admin, last_id) as ear:
                last_id = last_id or ear.id
                begun.set()
                wanted, got_id = rng.randint(0, 30), True
                with suppress(TimeoutError):
                    # Events of one poll have one id, at the end: a client that always disconnected before it
                    # would make no progress.
                    while wanted > 0 or not got_id:
                        event = await ear.hear("analytics_event", within_seconds=0.5)
                        heard.add(event.data["id"])
                        wanted, got_id = wanted - 1, event.id is not None
                        last_id = event.id or last_id

    with suppress(TimeoutError):
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(listen())
            await begun.wait()
            await asyncio.gather(*(write() for _ in range(8)))
            done.set()
    assert heard == written
    assert len(written) == 96


async def test_organizations_receive_only_their_own_events(
    address: str, admin: Member, stranger: Member
) -> None:
    theirs, ours = await shipment(stranger), await shipment(admin)
    async with listening(address, admin) as ear, listening(address, stranger) as other_ear:
        await asyncio.gather(
            *(_position(stranger, theirs) for _ in range(5)), *(_position(admin, ours) for _ in range(5))
        )
        for listener, made in ((ear, ours), (other_ear, theirs)):
            heard = [(await listener.hear("position")).data["shipment_id"] for _ in range(5)]
            assert heard == [made["id"]] * 5
            await listener.hears_nothing()
        last_id = ear.id
    await _position(stranger, theirs)
    async with listening(address, admin, last_id) as ear:
        await ear.hears_nothing()


async def test_events_are_limited_to_the_readers_permissions(address: str, admin: Member) -> None:
    made = await shipment(admin)
    clerk = await factories.member_with(admin, "organization:read", "shipments:read")
    async with listening(address, clerk) as ear:
        await record_event(admin)
        await _position(admin, made)
        await ear.hear("position")
        await record_event(admin)
        await ear.hears_nothing()
        last_id = ear.id
    await record_event(admin)
    async with listening(address, clerk, last_id) as ear:
        await ear.hears_nothing()


async def test_a_revoked_permission_applies_to_the_open_stream(address: str, admin: Member) -> None:
    made = await shipment(admin)
    clerk = await factories.member_with(admin, "organization:read", "shipments:read", "analytics:read")
    (role_id,) = (await admin.read(f"users/{clerk.user_id}"))["role_ids"]
    async with listening(address, clerk) as ear:
        await _position(admin, made)
        await ear.hear("position")
        accepted(await admin.edit(f"roles/{role_id}", permissions=["organization:read", "analytics:read"]))
        await is_told(address, "shipments", 403, Authorization=f"Bearer {clerk.token}")
        await _position(admin, made)
        await record_event(admin)
        await ear.hear("analytics_event")


async def test_the_stream_needs_authentication_and_a_valid_id(app: Observed, admin: Member) -> None:
    outsider = await factories.member_with(admin, "shipments:read")
    accepted(await outsider.get("stream"), 403)
    for last_id in ("", "x", "1", "5:3:", "1:5:7", "1:9:3,2", "1:9:3,3", f"1:{2**63}:", "1:5:" + "3," * 9000):
        refused = await admin.http.get("stream", headers={"Last-Event-ID": last_id})
        problem = accepted(refused, 422)
        assert [error["field"] for error in problem["errors"]] == ["Last-Event-ID"], last_id
    odd = httpx.Headers([(b"Last-Event-ID", "\N{FULLWIDTH DIGIT ONE}:5:".encode())])
    accepted(await admin.http.get("stream", headers=odd), 422)
    accepted(await admin.http.get("stream", params={"kind": "position"}), 422)


async def test_an_id_of_another_server_is_answered_with_reload(address: str, admin: Member) -> None:
    async with listening(address, admin, f"1:{2**62}:") as ear:
        assert (await ear.hear("reload")).id is not None
        await record_event(admin)
        await ear.hear("analytics_event")


async def test_too_many_events_at_once_become_reload(address: str, admin: Member) -> None:
    made = await shipment(admin)
    positions = [{"timestamp": an_hour_ago(), "location": f"at {n}"} for n in range(relay.MAX_OF_A_KIND + 1)]
    async with listening(address, admin) as ear:
        first_id = ear.id
        await admin.post(f"shipments/{made['id']}/tracking-batches", {"positions": positions})
        await ear.hear("reload")
        await record_event(admin)
        await ear.hear("analytics_event")
    async with listening(address, admin, first_id) as ear:
        await ear.hear("reload")
        await ear.hears_nothing()


async def test_a_quiet_stream_sends_heartbeats_with_new_ids(
    address: str, admin: Member, stranger: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.1)
    clerk = await factories.member_with(admin, "organization:read")
    async with listening(address, admin) as ear, listening(address, clerk) as deaf:
        first_ids = ear.id, deaf.id
        await record_event(stranger)

        async def show_life_and_move_on() -> bool:
            return min(ear.beats, deaf.beats) >= 2 and ear.id != first_ids[0] and deaf.id != first_ids[1]

        await factories.eventually(show_life_and_move_on)
        await ear.hears_nothing()
        deaf_id = deaf.id
        await record_event(admin)
        await ear.hear("analytics_event")
        await factories.eventually(lambda: _moved_on(deaf, deaf_id))
        await deaf.hears_nothing()


async def _moved_on(ear: Ear, since: str | None) -> bool:
    return ear.id != since


async def test_a_stream_holds_neither_a_transaction_nor_a_connection(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    async with process_of(database, pool_max=2) as app, served(app) as address:
        await record_event(admin)
        async with listening(address, admin) as first:
            last_id = first.id
            await record_event(admin)
            async with (
                listening(address, admin, last_id),
                listening(address, admin, last_id),
                listening(address, admin, last_id),
            ):
                pool = pool_of(app)
                assert pool.lent == 0

                async def none_is_in_a_transaction() -> bool:  # one of an earlier test may still be ending
                    idle = await superuser.fetchval(
                        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                        " AND state = 'idle in transaction' AND usename = 'imsop_app'"
                    )
                    return bool(idle == 0)

                await factories.eventually(none_is_in_a_transaction)


async def test_the_relay_stops_without_listeners(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    async def readers() -> int:
        count: int = await superuser.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = 'imsop_operator'"
        )
        return count

    async def none() -> bool:
        return await readers() == 0

    async def one() -> bool:
        return await readers() == 1

    async with process_of(database) as app, served(app) as address:
        await factories.eventually(none)  # housekeeping polls first
        async with listening(address, admin), listening(address, admin):
            await factories.eventually(one)
        await factories.eventually(none)


async def test_streams_end_and_resume_after_a_lost_database_connection(
    superuser: Any, address: str, admin: Member
) -> None:
    async with listening(address, admin) as ear:
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'imsop_operator'"
        )
        await ear.ended()
        assert ear.whole
        last_id = ear.id
    await record_event(admin)
    async with listening(address, admin, last_id) as ear:
        await ear.hear("analytics_event")
