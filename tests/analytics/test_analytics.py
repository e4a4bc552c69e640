from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests import factories
from tests.factories import Member


def named_fields(reply: Any) -> list[str]:
    return [error["field"] for error in reply.json()["errors"]]


def nested(levels: int) -> list[Any]:
    whole: list[Any] = []
    for _ in range(levels - 1):
        whole = [whole]
    return whole


async def test_an_event_is_recorded_now_under_its_senders_name(admin: Member) -> None:
    new = {
        "event_type": "price_list.imported",
        "entity_type": "supplier",
        "entity_id": "S-1",
        "metadata": {"rows": 120, "rejected": [], "file": {"name": "März.csv"}, "deep": nested(49)},
    }
    before = datetime.now(UTC)
    event = await admin.create("analytics-events", new)
    assert {field: event[field] for field in new} == new
    assert event["user_id"] == str(admin.user_id)
    assert before <= datetime.fromisoformat(event["created_at"]) <= datetime.now(UTC)
    assert (await admin.read("analytics-events"))["items"][0] == event


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "event_type"),
        ({"event_type": " "}, "event_type"),
        ({"event_type": "x", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"event_type": "x", "metadata": [1]}, "metadata"),
        ({"event_type": "x", "metadata": {"a": "\0"}}, "metadata"),
        ({"event_type": "x", "metadata": {"a\\\0": 1}}, "metadata"),
        ({"event_type": "x", "metadata": {"a": "b" * 16_400}}, "metadata"),
        ({"event_type": "x", "metadata": {"a": nested(50)}}, "metadata"),
        # 6 characters here, 309 digits in the database.
        ({"event_type": "x", "metadata": {"a": [1e308]}}, "metadata"),
        ({"event_type": "x", "metadata": {"a": 1e-300}}, "metadata"),
        ({"event_type": "x", "entity_id": "a" * 101}, "entity_id"),
    ],
)
async def test_an_invalid_event_names_its_field(admin: Member, body: dict[str, Any], field: str) -> None:
    reply = await admin.post("analytics-events", body)
    assert (reply.status_code, named_fields(reply)) == (422, [field])


async def _record(admin: Member, event_type: str, created_at: datetime, entity_id: str | None = None) -> None:
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO analytics_events (organization_id, event_type, entity_type, entity_id, created_at)
            VALUES ($1, $2, $3, $4, $5)
            """,
            admin.organization_id,
            event_type,
            "order" if entity_id else None,
            entity_id,
            created_at,
        )


async def test_events_are_found_by_type_entity_and_time_across_months(admin: Member) -> None:
    now = datetime.now(UTC)
    start_of_month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last_month = start_of_month - timedelta(microseconds=1)
    await _record(admin, "order.confirmed", last_month, "7")
    await _record(admin, "order.shipped", start_of_month, "7")
    await _record(admin, "order.confirmed", now, "8")
    await _record(admin, "late.clock", now + timedelta(days=20))

    async def found(**asked: object) -> list[tuple[str, str]]:
        page = await admin.read("analytics-events", **asked)
        return [
            (row["event_type"].removeprefix("order."), row["entity_id"])
            for row in page["items"]
            if row["entity_type"] == "order"
        ]

    assert await found() == [("confirmed", "8"), ("shipped", "7"), ("confirmed", "7")]
    assert await found(sort="created_at") == [("confirmed", "7"), ("shipped", "7"), ("confirmed", "8")]
    assert await found(event_type="order.confirmed") == [("confirmed", "8"), ("confirmed", "7")]
    assert await found(entity_type="order", entity_id="7") == [("shipped", "7"), ("confirmed", "7")]
    both = {"entity_type": "order", "entity_id": "7", "event_type": "order.shipped"}
    assert await found(**both) == [("shipped", "7")]
    instant = start_of_month.isoformat()
    assert await found(created_from=instant) == [("confirmed", "8"), ("shipped", "7")]
    assert await found(created_to=instant) == [("confirmed", "7")]

    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(2):
        page = await admin.read("analytics-events", limit=1, event_type="order.confirmed", **cursor)
        seen += [row["created_at"] for row in page["items"]]
        cursor = {"cursor": page["next_cursor"]}
    assert cursor == {"cursor": None}
    assert [datetime.fromisoformat(instant) for instant in seen] == [now, last_month]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"entity_type": "order"}, "entity_id"),
        ({"entity_id": "7"}, "entity_type"),
        ({"created_from": "2026-03-01"}, "created_from"),
    ],
)
async def test_a_filter_that_needs_another_names_it(admin: Member, asked: dict[str, str], field: str) -> None:
    reply = await admin.get("analytics-events", **asked)
    assert (reply.status_code, named_fields(reply)) == (422, [field])


async def test_metrics_are_found_by_name_category_and_day(admin: Member) -> None:
    async with admin.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO analytics_metrics (organization_id, metric_name, metric_value, dimension_date,
                                           dimension_category, rule)
            SELECT $1, name, 12.5, day::date, category, 'test, v1'
            FROM unnest(ARRAY['otif', 'fill_rate']) AS name, unnest(ARRAY['', 'tools']) AS category,
                 generate_series(timestamp '2026-01-01', '2026-01-03', '1 day') AS day
            """,
            admin.organization_id,
        )

    async def days(**asked: object) -> list[int]:
        rows = (await admin.read("analytics-metrics", **asked))["items"]
        return [date.fromisoformat(row["dimension_date"]).day for row in rows]

    assert await days() == [3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1]
    assert await days(metric_name="otif", sort="dimension_date") == [1, 1, 2, 2, 3, 3]
    assert await days(metric_name="otif", dimension_category="tools") == [3, 2, 1]
    assert await days(metric_name="otif", dimension_category="") == [3, 2, 1]
    asked = {"dimension_date_from": "2026-01-02", "dimension_date_to": "2026-01-02"}
    assert await days(**asked) == [2, 2, 2, 2]
    (first, *_) = (await admin.read("analytics-metrics", limit=1))["items"]
    assert (first["metric_value"], first["rule"]) == ("12.5000", "test, v1")
    reply = await admin.get("analytics-metrics", dimension_category="tools")
    assert (reply.status_code, named_fields(reply)) == (422, ["metric_name"])


async def test_a_stranger_sees_neither_events_nor_metrics_of_ours(admin: Member, stranger: Member) -> None:
    ours = await admin.create("analytics-events", {"event_type": "ours"})
    theirs = [event["id"] for event in (await stranger.read("analytics-events"))["items"]]
    assert ours["id"] not in theirs
    assert (await admin.read("analytics-events"))["items"][0] == ours
    assert (await stranger.read("analytics-metrics"))["items"] == []


async def test_an_analyst_may_record_events_and_a_viewer_may_not(admin: Member) -> None:
    viewer, analyst = await factories.member(admin, "viewer"), await factories.member(admin, "analyst")
    assert (await viewer.post("analytics-events", {"event_type": "x"})).status_code == 403
    await analyst.create("analytics-events", {"event_type": "x"})
    assert len((await viewer.read("analytics-events", event_type="x"))["items"]) == 1


async def test_an_escaped_backslash_before_u0000_is_no_nul(admin: Member) -> None:
    metadata = {"path": "C:\\u0000"}
    recorded = await admin.create("analytics-events", {"event_type": "x", "metadata": metadata})
    assert recorded["metadata"] == metadata


async def test_an_event_and_a_figure_are_found_by_their_ids(admin: Member, stranger: Member) -> None:
    event = await admin.create("analytics-events", {"event_type": "x"})
    assert await admin.read(f"analytics-events/{event['id']}") == event
    async with admin.transaction() as connection:
        await connection.execute(
            "INSERT INTO analytics_metrics (organization_id, metric_name, metric_value, dimension_date, rule)"
            " VALUES ($1, 'm', 1, '2026-03-01', 'r')",
            admin.organization_id,
        )
    (metric,) = (await admin.read("analytics-metrics"))["items"]
    assert await admin.read(f"analytics-metrics/{metric['id']}") == metric
    for path in (f"analytics-events/{event['id']}", f"analytics-metrics/{metric['id']}"):
        assert (await stranger.get(path)).status_code == 404
