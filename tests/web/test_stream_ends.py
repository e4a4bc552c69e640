"""Live streams that end: of slow clients, and after access was revoked."""

import asyncio
import socket
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
import structlog

from imsop.cli.operating import set_status
from imsop.core.errors import TooManyRequests, Unavailable
from imsop.identity.credentials import queries
from imsop.identity.credentials.tokens import new_token, token_hash
from imsop.web.edge import connection
from imsop.web.edge.observe import Observed
from imsop.web.live import relay, stream
from imsop.web.live.relay import MAX_LISTENERS_OF_ONE
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import SOON, Member
from tests.web.listening import (
    STREAM,
    Ear,
    asked_and_left,
    is_told,
    listening,
    process_of,
    record_event,
    relay_of,
    served,
)

# Slow clients


async def _deaf_socket(address: str, admin: Member, app: Observed) -> socket.socket:
    deaf = asked_and_left(address, STREAM, admin)
    before = len(relay_of(app)._listeners)

    async def joined() -> bool:
        return len(relay_of(app)._listeners) > before

    await factories.eventually(joined)
    return deaf


async def _shout(admin: Member, ear: Ear, *, least_bytes: int) -> list[str]:
    """Records large events of a total size, no faster than the listener receives them; returns their ids."""
    said: list[str] = []
    while len(said) * 15_000 < least_bytes:
        async with admin.transaction() as connection:
            rows = await connection.fetch(
                "INSERT INTO analytics_events (organization_id, event_type, metadata)"
                " SELECT $1, 'loud', jsonb_build_object('text', repeat('x', 15000))"
                " FROM generate_series(1, 40) RETURNING id",
                admin.organization_id,
            )
        said += [str(row["id"]) for row in rows]
        for _ in rows:
            await ear.hear("analytics_event")
    return said


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach."""
    monkeypatch.setattr(relay, "MAX_WAITING_BYTES", 100_000)
    monkeypatch.setattr(connection, "STALL_SECONDS", 60.0)  # this limit must not interfere


@pytest.mark.usefixtures("hasty")
async def test_a_slow_client_is_disconnected_and_can_resume(database: TestDatabase, admin: Member) -> None:
    async with process_of(database) as app, served(app) as address:
        async with listening(address, admin) as ear:
            deaf = await _deaf_socket(address, admin, app)
            said = await _shout(admin, ear, least_bytes=12_000_000)
            (slow,) = [one for one in relay_of(app)._listeners if one.ended]
            assert slow.ended == "slow"
            assert not slow._waiting
        deaf.setblocking(False)
        heard = await _read_to_the_end(deaf)
        assert heard.endswith(b"0\r\n\r\n"), "a dropped stream ends as a reply does"
        last_id = heard.rpartition(b"\nid: ")[2].partition(b"\n")[0].decode()
        got = {one for one in said if one.encode() in heard}
        assert 0 < len(got) < len(said)
        left_out = len(said) - len(got)
        async with listening(address, admin, last_id) as ear:
            event = await ear.hear()
            if event.name == "reload":  # too many to send one by one
                assert left_out > relay.MAX_OF_A_KIND
            else:
                rest = {event.data["id"]} | {(await ear.hear()).data["id"] for _ in range(left_out - 1)}
                assert rest >= set(said) - got


async def _read_to_the_end(stream_socket: socket.socket) -> bytes:
    loop = asyncio.get_running_loop()
    heard = b""
    async with asyncio.timeout(SOON):
        while not heard.endswith(b"0\r\n\r\n"):
            part = await loop.sock_recv(stream_socket, 1 << 20)
            if not part:
                break
            heard += part
    stream_socket.close()
    return heard


@pytest.fixture
def output(capfd: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """What is logged. Afterwards, logs go where they went before, and none is left with a closed file."""
    before = structlog.get_config()
    yield capfd
    structlog.configure(**before)


@pytest.mark.usefixtures("hasty")
async def test_a_client_that_never_reads_is_aborted(
    database: TestDatabase,
    admin: Member,
    monkeypatch: pytest.MonkeyPatch,
    output: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(connection, "STALL_SECONDS", 3.0)  # the listener runs in this very process
    async with process_of(database) as app, served(app) as address:
        structlog.configure(**structlog.get_config() | {"cache_logger_on_first_use": False})
        async with listening(address, admin) as ear:
            deaf = await _deaf_socket(address, admin, app)
            await _shout(admin, ear, least_bytes=12_000_000)

            async def gone() -> bool:
                return len(relay_of(app)._listeners) == 1

            await factories.eventually(gone)
        deaf.setblocking(False)
        heard = await _read_to_the_end(deaf)
        assert not heard.endswith(b"0\r\n\r\n"), "what was thrown away is not passed off as the end"
    assert "ERROR" not in output.readouterr().err, "it is a listener's fault, and none of ours"


# Revoked access


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.2)


@pytest.mark.usefixtures("brisk")
async def test_a_revoked_key_ends_its_stream(address: str, admin: Member) -> None:
    made = await admin.create(
        "api-keys", {"name": "ear", "permissions": ["organization:read", "analytics:read"]}
    )
    headers = {"X-API-Key": made["key"]}
    async with (
        httpx.AsyncClient(timeout=SOON) as http,
        http.stream("GET", f"{address}{STREAM}", headers=headers) as response,
    ):
        ear = Ear(response)
        await record_event(admin)
        await ear.hear("analytics_event")
        await admin.delete(f"api-keys/{made['api_key']['id']}")
        await is_told(address, "analytics-events", 401, **headers)
        await record_event(admin)
        await ear.ended()
        assert ear.whole
        assert ear._heard.empty()


@pytest.mark.usefixtures("brisk")
async def test_suspending_an_organization_ends_its_streams(
    database: TestDatabase, address: str, admin: Member, stranger: Member
) -> None:
    async with listening(address, admin) as ear, listening(address, stranger) as other_ear:
        await set_status(database.operator_dsn, str(admin.organization_id), "suspended", None)
        await ear.ended()
        await record_event(stranger)
        await other_ear.hear("analytics_event")


@pytest.mark.usefixtures("brisk")
async def test_a_stream_ends_with_the_token_that_opened_it(address: str, admin: Member) -> None:
    token = new_token("bearer", admin.organization_id)
    async with admin.transaction() as connection:
        await queries.insert_session(
            connection, admin.organization_id, admin.user_id, "bearer", token_hash(token), None, None, 3
        )
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(timeout=SOON) as http,
        http.stream("GET", f"{address}{STREAM}", headers=headers) as response,
    ):
        ear = Ear(response)
        await ear.begun()
        await ear.ended()
        assert ear.whole


async def test_a_stream_ends_after_its_duration_and_can_be_resumed(
    database: TestDatabase, admin: Member
) -> None:
    async with (
        process_of(database, stream_seconds=3) as app,
        served(app) as address,
        listening(address, admin) as ear,
    ):
        await record_event(admin)
        await ear.hear("analytics_event")
        await ear.ended()
        assert ear.whole


async def test_a_stream_of_zero_duration_sends_new_events_and_ends(app: Observed, admin: Member) -> None:
    """For clients that cannot keep a connection open and poll instead."""
    began = await admin.get("stream")
    assert began.headers["content-type"] == "text/event-stream; charset=utf-8"
    last_id = began.text.partition("id: ")[2].strip()
    recorded = await record_event(admin)
    news = (await admin.http.get("stream", headers={"Last-Event-ID": last_id})).text
    assert news.startswith("retry: 1000\nevent: analytics_event\ndata: {")
    assert recorded["id"] in news
    assert relay_of(app)._listeners == set()


async def test_listeners_per_organization_are_limited(app: Observed, admin: Member, stranger: Member) -> None:
    relay = relay_of(app)
    heard = [await relay.join(admin.organization_id) for _ in range(MAX_LISTENERS_OF_ONE)]
    with pytest.raises(TooManyRequests):
        await relay.join(admin.organization_id)
    heard.append(await relay.join(stranger.organization_id))
    relay.leave(heard.pop(0))
    heard.append(await relay.join(admin.organization_id))
    for listener in heard:
        relay.leave(listener)


async def test_no_organizations_can_take_all_places(
    app: Observed, admin: Member, stranger: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all are taken, those with the most lose one to those with fewer, until they have as many."""
    monkeypatch.setattr("imsop.web.live.relay.MAX_LISTENERS", 8)
    relay = relay_of(app)
    made = [uuid4(), uuid4()]
    heard = [await relay.join(organization) for organization in made * 4]
    ours = [await relay.join(admin.organization_id) for _ in range(2)]
    with pytest.raises(Unavailable):
        await relay.join(admin.organization_id)
    ours.append(await relay.join(stranger.organization_id))
    left = [listener for listener in heard if not listener.ended]
    assert len(left) == 5
    assert not [listener for listener in ours if listener.ended]
    assert len(relay._listeners) == 8
    for listener in [*ours, *left]:
        relay.leave(listener)
