import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from imsop.core.listing import PageRequest
from imsop.shipping.tracking import actions
from imsop.shipping.tracking.models import NewPosition
from tests import rivals
from tests.factories import Member, accepted
from tests.shipping.announced import PATH, shipment

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)


def _at(hours: int) -> str:
    return (NOON + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def _named(problem: dict[str, Any]) -> list[str]:
    return [error["field"] for error in problem["errors"]]


async def _last(admin: Member, made: dict[str, Any]) -> tuple[str, str]:
    row = await admin.read(f"{PATH}/{made['id']}")
    return row["location"], row["timestamp"]


async def _record(admin: Member, made: dict[str, Any], hours: int, **fields: Any) -> dict[str, Any]:
    body = {"timestamp": _at(hours), "location": f"at {hours}"}
    return await admin.create(f"{PATH}/{made['id']}/tracking", body | fields)


async def test_a_position_is_stored_as_sent(admin: Member) -> None:
    made = await shipment(admin)
    position = await _record(admin, made, 0, latitude="0", longitude="-179.99999999", status="sailing")
    assert position == {
        "id": position["id"],
        "shipment_id": made["id"],
        "location": "at 0",
        "latitude": "0.00000000",
        "longitude": "-179.99999999",
        "status": "sailing",
        "timestamp": _at(0),
    }
    assert (await admin.read(f"{PATH}/{made['id']}/tracking"))["items"] == [position]


async def test_recording_a_position_is_one_statement(admin: Member) -> None:
    made = await shipment(admin)
    actor = await admin.actor()
    statements: list[object] = []
    async with admin.transaction() as connection:
        with connection.query_logger(statements.append):
            await actions.record_position(connection, actor, UUID(made["id"]), NewPosition(NOON), NOON)
    assert len(statements) == 1


async def test_out_of_order_positions_keep_the_newest_as_latest(admin: Member) -> None:
    made = await shipment(admin)
    for hours in (3, 7, 1, 7, 5):
        await _record(admin, made, hours)
    assert await _last(admin, made) == ("at 7", _at(7))
    listed = (await admin.read(f"{PATH}/{made['id']}/tracking"))["items"]
    assert [row["timestamp"] for row in listed] == [_at(hours) for hours in (7, 5, 3, 1)]


@pytest.mark.parametrize(("first", "second"), [(5, 3), (3, 5)])
async def test_of_two_concurrent_positions_the_newer_is_the_latest(
    admin: Member, first: int, second: int
) -> None:
    made = await shipment(admin)
    await _record(admin, made, 1)
    actor = await admin.actor()
    async with admin.transaction() as connection:
        await actions.record_position(
            connection,
            actor,
            UUID(made["id"]),
            NewPosition(NOON + timedelta(hours=first), location=f"at {first}"),
            NOON,
        )
        rival = asyncio.create_task(_record(admin, made, second))
        await rivals.somebody_waits_for(connection)
    await rival
    assert await _last(admin, made) == ("at 5", _at(5))


async def test_concurrent_first_positions_keep_the_newest_as_latest(admin: Member) -> None:
    made = await shipment(admin)
    hours = list(range(8))
    random.Random(3).shuffle(hours)
    start = asyncio.Barrier(len(hours))

    async def record(hour: int) -> None:
        await start.wait()
        await _record(admin, made, hour)

    await asyncio.gather(*(record(hour) for hour in hours))
    assert await _last(admin, made) == ("at 7", _at(7))
    assert len((await admin.read(f"{PATH}/{made['id']}/tracking"))["items"]) == 8


async def test_positions_are_listed_in_pages_newest_first(admin: Member) -> None:
    made = await shipment(admin)
    batch = {"positions": [{"timestamp": _at(-hours // 2)} for hours in range(0, 3000, 600)]}
    accepted(await admin.post(f"{PATH}/{made['id']}/tracking-batches", batch))
    path = f"{PATH}/{made['id']}/tracking"
    first = await admin.read(path, limit=3)
    second = await admin.read(path, limit=3, cursor=first["next_cursor"])
    listed = [row["timestamp"] for row in first["items"] + second["items"]]
    assert listed == [_at(-hours // 2) for hours in range(0, 3000, 600)]
    assert second["next_cursor"] is None
    assert [row["timestamp"] for row in (await admin.read(path, sort="timestamp"))["items"]] == listed[::-1]


async def test_partitions_of_coming_months_are_pruned(admin: Member) -> None:
    """Except the next month on a month's last day, as a clock may be ahead by that much."""
    made = await shipment(admin)
    actor = await admin.actor()
    months = [datetime.now(UTC).replace(day=1, hour=0, minute=0)]
    for _ in range(2):
        months.append((months[-1] + timedelta(days=31)).replace(day=1))
    for now, looked_into in ((months[0], 1), (months[1] - timedelta(hours=1), 2)):
        statements: list[Any] = []
        async with admin.transaction() as connection:
            with connection.query_logger(statements.append):
                await actions.list_positions(
                    connection, actor, UUID(made["id"]), PageRequest("-timestamp"), now
                )
        _, listing = statements
        async with admin.transaction() as connection:
            plan = str(await connection.fetch("EXPLAIN " + listing.query, *listing.args))
        named = [f"shipment_tracking_{month:%Y_%m}" in plan for month in months]
        assert named == [place < looked_into for place in range(3)], now


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"timestamp": "1999-01-01T00:00:00Z"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, "timestamp"),
        ({"timestamp": "9999-12-31T23:59:59Z"}, "timestamp"),
        ({"timestamp": "2026-03-02T12:00:00"}, "timestamp"),
        ({"latitude": "1"}, "longitude"),
        ({"longitude": "1"}, "latitude"),
        ({"latitude": "90.00000001", "longitude": "1"}, "latitude"),
        ({"latitude": "1", "longitude": "-180.1"}, "longitude"),
        ({"latitude": "1.123456789", "longitude": "1"}, "latitude"),
        ({"latitude": 1.5, "longitude": "1"}, "latitude"),
        ({"location": "a\0b"}, "location"),
        ({"speed": 3}, "speed"),
    ],
)
async def test_an_invalid_position_names_its_field(admin: Member, fields: dict[str, Any], named: str) -> None:
    made = await shipment(admin)
    reply = await admin.post(f"{PATH}/{made['id']}/tracking", {"timestamp": _at(0)} | fields)
    assert _named(accepted(reply, 422)) == [named]
    assert (await admin.read(f"{PATH}/{made['id']}"))["timestamp"] is None


async def test_a_clock_may_be_ahead_by_hours_but_not_by_days(admin: Member) -> None:
    made = await shipment(admin)
    now = datetime.now(UTC)
    path = f"{PATH}/{made['id']}/tracking"
    await admin.create(path, {"timestamp": (now + timedelta(hours=23)).isoformat()})
    late = await admin.post(path, {"timestamp": (now + timedelta(hours=25)).isoformat()})
    assert _named(accepted(late, 422)) == ["timestamp"]
    assert len((await admin.read(path))["items"]) == 1


async def test_a_clock_that_is_ahead_keeps_no_position_current(admin: Member) -> None:
    made = await shipment(admin)
    now = datetime.now(UTC)
    path = f"{PATH}/{made['id']}/tracking"
    ahead = {"timestamp": (now + timedelta(hours=23)).isoformat(), "location": "Ahead"}
    await admin.create(path, ahead)
    assert (await admin.read(f"{PATH}/{made['id']}"))["location"] == "Ahead"
    await admin.create(path, {"timestamp": (now - timedelta(minutes=5)).isoformat(), "location": "Late"})
    assert (await admin.read(f"{PATH}/{made['id']}"))["location"] == "Ahead"
    batch = {"positions": [{"timestamp": datetime.now(UTC).isoformat(), "location": "Kiel"}]}
    accepted(await admin.post(f"{PATH}/{made['id']}/tracking-batches", batch))
    assert (await admin.read(f"{PATH}/{made['id']}"))["location"] == "Kiel"


async def test_a_report_without_a_place_changes_no_position(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    await admin.create(f"{path}/tracking", {"timestamp": _at(1), "location": "Kiel"})
    await admin.create(f"{path}/tracking", {"timestamp": _at(2), "status": "under way"})
    batch = {"positions": [{"timestamp": _at(3)}, {"timestamp": _at(4), "status": "stopped"}]}
    accepted(await admin.post(f"{path}/tracking-batches", batch))
    stored = await admin.read(path)
    assert (stored["location"], len((await admin.read(f"{path}/tracking"))["items"])) == ("Kiel", 4)


async def test_the_same_report_again_is_recorded_once(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    report = {"timestamp": _at(1), "location": "Kiel", "latitude": "54.3", "longitude": "10.1"}
    first = await admin.create(f"{path}/tracking", report)
    assert await admin.create(f"{path}/tracking", report | {"latitude": "54.30"}) == first
    other = report | {"status": "moored"}
    result = accepted(await admin.post(f"{path}/tracking-batches", {"positions": [report, other, other]}))
    assert result == {"accepted": 3, "recorded": 1}
    assert len((await admin.read(f"{path}/tracking"))["items"]) == 2


async def test_coordinates_of_a_device_without_a_fix_are_refused(admin: Member) -> None:
    made = await shipment(admin)
    nowhere = {"timestamp": _at(1), "latitude": "0", "longitude": "0.00"}
    refused = await admin.post(f"{PATH}/{made['id']}/tracking", nowhere)
    assert _named(accepted(refused, 422)) == ["latitude"]
    await admin.create(f"{PATH}/{made['id']}/tracking", nowhere | {"longitude": "8.5"})


# Batches


async def test_a_batch_keeps_the_newest_position_as_latest(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}/tracking-batches"

    async def record(*hours: int) -> None:
        positions = [{"timestamp": _at(hour), "location": f"at {hour}"} for hour in hours]
        result = accepted(await admin.post(path, {"positions": positions}))
        assert result == {"accepted": len(hours), "recorded": len(hours)}

    await record(2, 6, 4)
    assert await _last(admin, made) == ("at 6", _at(6))
    await record(5, 3)
    assert await _last(admin, made) == ("at 6", _at(6))
    await record(7, 9, 8)
    assert await _last(admin, made) == ("at 9", _at(9))


async def test_a_batch_names_every_invalid_position_and_records_none(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    positions = [
        {"timestamp": _at(0)},
        {"timestamp": "1999-01-01T00:00:00Z", "latitude": "1"},
        {"timestamp": "9999-01-01T00:00:00Z"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": _at(1)},
    ]
    problem = accepted(await admin.post(f"{path}/tracking-batches", {"positions": positions}), 422)
    assert sorted(_named(problem)) == [
        "positions[1].longitude",
        "positions[1].timestamp",
        "positions[2].timestamp",
        "positions[3].timestamp",
    ]
    assert (await admin.read(f"{path}/tracking"))["items"] == []


async def test_a_batch_names_every_malformed_position(admin: Member) -> None:
    made = await shipment(admin)
    positions = [
        {"timestamp": _at(0), "latitude": 1.5},
        {"timestamp": _at(0)},
        {"location": "somewhere"},
        7,
        {"timestamp": "2026-02-30T00:00:00Z"},
    ]
    reply = await admin.post(f"{PATH}/{made['id']}/tracking-batches", {"positions": positions})
    assert _named(accepted(reply, 422)) == [
        "positions[0].latitude",
        "positions[2].timestamp",
        "positions[3]",
        "positions[4].timestamp",
    ]


@pytest.mark.parametrize("number", [0, 1001])
async def test_a_batch_holds_up_to_a_thousand_positions(admin: Member, number: int) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}/tracking-batches"
    too_many = {"positions": [{"timestamp": _at(0)}] * number}
    assert _named(accepted(await admin.post(path, too_many), 422)) == ["positions"]
    full = {"positions": [{"timestamp": _at(0), "location": f"{place}"} for place in range(1000)]}
    assert accepted(await admin.post(path, full)) == {"accepted": 1000, "recorded": 1000}


async def test_a_dry_run_checks_and_records_nothing(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    dry = f"{path}/tracking-batches?dry_run=true"
    good = {"positions": [{"timestamp": _at(0)}]}
    assert accepted(await admin.post(dry, good)) == {"accepted": 1, "recorded": 0}
    bad = {"positions": [{"timestamp": "1999-01-01T00:00:00Z"}]}
    assert _named(accepted(await admin.post(dry, bad), 422)) == ["positions[0].timestamp"]
    assert (await admin.read(f"{path}/tracking"))["items"] == []


# Events


async def test_events_are_listed_in_order_of_occurrence(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}/events"
    departed = {"event_type": "departed", "occurred_at": _at(2), "location": "Santos", "source": "Seaways"}
    payload = {"vessel": "Aurora", "seals": ["A1", None], "draught_m": 12.5}
    first = await admin.create(path, departed | {"payload": payload})
    assert first == departed | {
        "id": first["id"],
        "shipment_id": made["id"],
        "payload": payload,
        "created_at": first["created_at"],
    }
    earlier = await admin.create(path, {"event_type": "picked_up", "occurred_at": _at(1)})
    assert (await admin.read(path))["items"] == [first, earlier]
    page = await admin.read(path, sort="occurred_at", limit=1)
    assert page["items"] == [earlier]
    assert (await admin.read(path, sort="occurred_at", cursor=page["next_cursor"]))["items"] == [first]


async def test_an_event_that_tells_of_no_state_changes_nothing(admin: Member) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}"
    await admin.create(f"{path}/events", {"event_type": "delayed", "occurred_at": _at(0)})
    assert await admin.read(path) == made
    assert (await admin.read("inventory-transactions"))["items"] == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"event_type": "sunk"}, "event_type"),
        ({"occurred_at": "9999-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00Z"}, "occurred_at"),
        ({"payload": {"note": "a\0b"}}, "payload"),
        ({"payload": {"a\0b": 1}}, "payload"),
        ({"payload": []}, "payload"),
    ],
)
async def test_an_invalid_event_names_its_field(admin: Member, fields: dict[str, Any], named: str) -> None:
    made = await shipment(admin)
    path = f"{PATH}/{made['id']}/events"
    reply = await admin.post(path, {"event_type": "arrived", "occurred_at": _at(0)} | fields)
    assert _named(accepted(reply, 422)) == [named]
    assert (await admin.read(path))["items"] == []


async def test_events_of_unknown_shipments_are_not_recorded(admin: Member) -> None:
    path = f"{PATH}/{uuid4()}"
    assert (await admin.post(f"{path}/tracking", {"timestamp": _at(0)})).status_code == 404
    event = {"event_type": "arrived", "occurred_at": _at(0)}
    assert (await admin.post(f"{path}/events", event)).status_code == 404
    batch = {"positions": [{"timestamp": _at(0)}]}
    assert (await admin.post(f"{path}/tracking-batches", batch)).status_code == 404


async def test_positions_of_many_shipments_are_recorded_at_once(admin: Member, stranger: Member) -> None:
    first, second = [await shipment(admin), await shipment(admin)]
    by_number = {"tracking_number": first["tracking_number"], "timestamp": _at(1), "location": "Kiel"}
    by_id = {"shipment_id": second["id"], "timestamp": _at(1), "location": "Oslo"}
    later = by_number | {"timestamp": _at(2), "location": "Malmö"}
    body = {"positions": [later, by_id, by_number, by_number]}
    assert accepted(await admin.post("tracking?dry_run=true", body)) == {"accepted": 4, "recorded": 0}
    assert accepted(await admin.post("tracking", body)) == {"accepted": 4, "recorded": 3}
    assert accepted(await admin.post("tracking", body)) == {"accepted": 4, "recorded": 0}
    assert (await admin.read(f"{PATH}/{first['id']}"))["location"] == "Malmö"
    assert (await admin.read(f"{PATH}/{second['id']}"))["location"] == "Oslo"
    assert (await stranger.post("tracking", body)).status_code == 422


async def test_each_bad_position_of_a_bulk_is_named_and_none_is_recorded(admin: Member) -> None:
    one, twin = await shipment(admin, tracking_number="TWIN"), await shipment(admin, tracking_number="TWIN")
    good = {"shipment_id": one["id"], "timestamp": _at(1), "location": "Kiel"}
    bad = [
        good | {"shipment_id": str(uuid4())},
        good | {"shipment_id": None},
        good | {"tracking_number": "TWIN"},
        good | {"shipment_id": None, "tracking_number": "TWIN"},
        good | {"shipment_id": None, "tracking_number": "NONE"},
        good | {"timestamp": "9999-01-01T00:00:00Z"},
    ]
    refused = await admin.post("tracking", {"positions": [good, *bad]})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [
        "positions[2].shipment_id",
        "positions[3].shipment_id",
        "positions[4].tracking_number",
        "positions[5].tracking_number",
        "positions[6].timestamp",
        "positions[1].shipment_id",
    ]
    assert (await admin.read(f"{PATH}/{one['id']}/tracking"))["items"] == []
    assert (await admin.post("tracking", {"positions": []})).status_code == 422
    assert twin["tracking_number"] == "TWIN"
