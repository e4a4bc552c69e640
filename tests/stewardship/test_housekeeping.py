import hashlib
from typing import Any

from imsop.stewardship.housekeeping import keep_house
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted


async def test_expired_rows_are_deleted_and_others_kept(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    warehouse = {"name": "Kept"}
    accepted(await admin.post("warehouses", warehouse, idempotency_key="old-key"), 201)
    accepted(await admin.post("warehouses", warehouse, idempotency_key="new-key"), 201)
    old, new = (hashlib.sha256(key).hexdigest() for key in (b"old-key", b"new-key"))
    await superuser.execute(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE organization_id = $1"
        " AND key = $2",
        admin.organization_id,
        old,
    )
    await superuser.execute(
        "INSERT INTO sessions (organization_id, user_id, kind, token_hash, expires_at)"
        " VALUES ($1, $2, 'bearer', 'over', now() - interval '1 second')",
        admin.organization_id,
        admin.user_id,
    )

    async def left() -> tuple[list[str], int]:
        keys = await superuser.fetch(
            "SELECT key FROM idempotency_keys WHERE organization_id = $1", admin.organization_id
        )
        sessions = await superuser.fetchval(
            "SELECT count(*) FROM sessions WHERE organization_id = $1", admin.organization_id
        )
        return [record["key"] for record in keys], sessions

    await keep_house(database.installation)
    assert await left() == ([new], 1)
    assert (await admin.get("warehouses")).status_code == 200


async def test_jobs_are_kept_for_their_retention_period(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    for status, days in (("succeeded", 6), ("succeeded", 8), ("failed", 89), ("failed", 91), ("todo", 400)):
        await superuser.execute(
            "INSERT INTO queue.procrastinate_jobs (queue_name, task_name, status, args, created_at)"
            " VALUES ('none', $1, $2::text::queue.procrastinate_job_status,"
            " jsonb_build_object('organization_id', $3::text), now() - make_interval(days => $4))",
            f"{status} {days}",
            status,
            str(admin.organization_id),
            days,
        )
    await keep_house(database.installation)
    left = {job["task"] for job in accepted(await admin.get("jobs"))["items"]}
    assert left == {"succeeded 6", "failed 89", "todo 400"}


async def test_the_operator_cannot_delete_unexpired_rows(database: TestDatabase, admin: Member) -> None:
    async with factories.connected(database.operator_dsn) as operator:
        assert await operator.execute("DELETE FROM sessions WHERE expires_at > now()") == "DELETE 0"
    assert (await admin.get("warehouses")).status_code == 200


async def test_missing_partitions_of_coming_months_are_created(database: TestDatabase) -> None:
    async with factories.connected(database.owner_dsn) as owner:
        newest = "SELECT max(relname) FROM pg_class WHERE relname ~ '^analytics_events_[0-9]{4}_[0-9]{2}$'"
        name = await owner.fetchval(newest)
        await owner.execute(f"DROP TABLE {name}")

        await keep_house(database.installation)
        assert await owner.fetchval("SELECT to_regclass($1) IS NOT NULL", name)


async def test_sign_up_can_be_closed(database: TestDatabase) -> None:
    async with factories.running(database.installation, sign_up=False) as closed:
        reply = await factories.visitor(closed).post(
            "organizations",
            json={"name": "Late", "email": "late@late.example", "password": factories.PASSWORD},
        )
    assert reply.status_code == 403
