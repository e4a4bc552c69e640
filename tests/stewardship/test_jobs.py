"""The queue of background jobs: enqueued in a transaction, run after its commit, whichever process dies."""

import asyncio
import gc
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from imsop.core import tenancy, worker
from imsop.core.database import Pool, transaction
from imsop.core.jobs import OrganizationTask, Work, defer
from imsop.core.tenancy import Tenant
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, eventually
from tests.pages.browsing import signed_in

Run = Callable[[Work], Awaitable[None]]


def task_of(name: str, run: Run) -> OrganizationTask:
    return OrganizationTask(name, name, run)


async def nothing(_: Work) -> None:
    """A job that does nothing."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)


@asynccontextmanager
async def working(
    database: TestDatabase, *tasks: OrganizationTask, dead_after: float = 20
) -> AsyncIterator[None]:
    """A worker that runs in parallel until the block ends."""
    running = asyncio.create_task(worker.work(database.installation, tasks, dead_after=dead_after))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def ask(pool: Pool, owner: Member, task: OrganizationTask, key: str = "", **arguments: Any) -> None:
    async with transaction(pool, Tenant(owner.organization_id)) as connection:
        await defer(connection, owner.organization_id, task, key=key, **arguments)


async def jobs(owner: Member, **filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = accepted(await owner.get("jobs", **filters))["items"]
    return found


def all_of(owner: Member, status: str, count: int = 1) -> Callable[[], Awaitable[bool]]:
    async def reached() -> bool:
        found = await jobs(owner)
        return len(found) == count and {job["status"] for job in found} == {status}

    return reached


async def test_a_job_runs_after_its_transaction_commits(
    database: TestDatabase, pool: Pool, admin: Member
) -> None:
    seen: list[tuple[UUID, Any, str]] = []

    async def look(work: Work) -> None:
        async with work.transaction() as connection:
            name = await connection.fetchval("SELECT o.name FROM organizations o")  # of its own alone
        seen.append((work.organization_id, work.arguments["colour"], name))

    task = task_of("look", look)
    connection = await pool.take()
    await tenancy.begin(connection, Tenant(admin.organization_id))
    await defer(connection, admin.organization_id, task, colour="red")
    await pool.end(connection, commit=False)
    assert await jobs(admin) == []
    async with working(database, task):
        await ask(pool, admin, task, colour="green")
        await eventually(all_of(admin, "succeeded"))
    name = accepted(await admin.get(f"organizations/{admin.organization_id}"))["name"]
    assert seen == [(admin.organization_id, "green", name)]
    (job,) = await jobs(admin)
    assert (job["task"], job["attempts"], job["error"]) == ("look", 1, None)
    assert job["created_at"] <= job["started_at"] <= job["ended_at"]


async def test_an_identical_waiting_job_is_not_enqueued_twice(
    database: TestDatabase, pool: Pool, admin: Member
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_: Work) -> None:
        begun.set()
        await go_on.wait()

    task = task_of("hold", hold)
    await asyncio.gather(*(ask(pool, admin, task) for _ in range(8)))
    assert len(await jobs(admin)) == 1
    await ask(pool, admin, task, key="other")
    assert len(await jobs(admin)) == 2
    async with working(database, task):
        await begun.wait()
        await eventually(lambda: _count(admin, "running", 2))
        await ask(pool, admin, task)  # the running job may have read before this was written
        assert len(await jobs(admin, status="waiting")) == 1
        go_on.set()
        await eventually(all_of(admin, "succeeded", 3))


async def _count(owner: Member, status: str, count: int) -> bool:
    return len(await jobs(owner, status=status)) == count


async def test_a_reused_waiting_job_starts_after_the_callers_commit(
    database: TestDatabase, pool: Pool, admin: Member
) -> None:
    task = task_of("after", nothing)
    await ask(pool, admin, task)
    async with transaction(pool, Tenant(admin.organization_id)) as connection:
        await defer(connection, admin.organization_id, task)
        async with working(database, task, task_of("beside", nothing)):
            await ask(pool, admin, task_of("beside", nothing))
            await eventually(lambda: _count(admin, "succeeded", 1))
            assert [job["task"] for job in await jobs(admin, status="waiting")] == ["after"]
    async with working(database, task):
        await eventually(all_of(admin, "succeeded", 2))


async def test_jobs_of_a_key_run_one_at_a_time(database: TestDatabase, pool: Pool, admin: Member) -> None:
    at_once = most = 0

    async def count(_: Work) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.05)
        at_once -= 1

    task = task_of("count", count)
    async with working(database, task), working(database, task):
        for done in range(1, 6):
            await ask(pool, admin, task)
            await eventually(partial(_begun, admin, done))
        await eventually(all_of(admin, "succeeded", 5))
    assert most == 1


async def _begun(owner: Member, count: int) -> bool:
    found = await jobs(owner)
    return len([job for job in found if job["status"] != "waiting"]) == count


async def test_a_failed_job_is_retried_then_shown_and_can_be_retried_manually(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member, stranger: Member
) -> None:
    fails = True

    async def fail(_: Work) -> None:
        if fails:
            raise ValueError("the printer is on fire")

    task = task_of("fail", fail)
    async with working(database, task):
        await ask(pool, admin, task)
        for attempt in range(1, 5):
            await eventually(partial(_tried, admin, attempt))
            (job,) = await jobs(admin)
            assert job["status"] == "waiting"
            assert job["due_at"] > job["ended_at"]
            await superuser.execute(
                "UPDATE queue.procrastinate_jobs SET scheduled_at = NULL WHERE uid = $1", UUID(job["id"])
            )
        await eventually(all_of(admin, "failed"))
        (job,) = await jobs(admin, status="failed")
        assert (job["attempts"], job["error"]) == (5, "ValueError: the printer is on fire")

        path = f"jobs/{job['id']}"
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.post(f"{path}/retry", {})).status_code == 404
        assert await jobs(stranger) == []
        fails = False
        assert accepted(await admin.post(f"{path}/retry", {}))["attempts"] == 0
        await eventually(all_of(admin, "succeeded"))
    again = await admin.post(f"{path}/retry", {})
    assert again.status_code == 409
    assert "succeeded" in again.json()["detail"]


async def test_a_failed_job_can_be_retried_on_its_page(admin: Member, pool: Pool, superuser: Any) -> None:
    await ask(pool, admin, task_of("again", nothing))
    await superuser.execute(
        "UPDATE queue.procrastinate_jobs SET status = 'failed', error = 'out of paper'"
        " WHERE organization_id = $1",
        admin.organization_id,
    )
    here = await signed_in(admin)
    page = await here.get("/jobs")
    assert "out of paper" in page.text
    (job,) = await jobs(admin)
    assert (await here.fill(page, f"/jobs/{job['id']}/retry")).status_code == 303
    assert [job["status"] for job in await jobs(admin)] == ["waiting"]


async def _tried(owner: Member, attempts: int) -> bool:
    return [job["attempts"] for job in await jobs(owner)] == [attempts]


async def test_a_job_of_a_stopped_worker_is_started_again(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "GRACE_SECONDS", 0.0)
    begun = asyncio.Event()

    async def hang(_: Work) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with working(database, task_of("hang", hang)):
        await ask(pool, admin, task_of("hang", hang))
        await begun.wait()
    (job,) = await jobs(admin)
    assert (job["status"], job["attempts"], job["error"]) == ("waiting", 1, "the process was stopped")
    await superuser.execute(
        "UPDATE queue.procrastinate_jobs SET scheduled_at = NULL WHERE uid = $1", UUID(job["id"])
    )
    async with working(database, task_of("hang", nothing)):
        await eventually(all_of(admin, "succeeded"))


async def hang_for_ever(work: Work) -> None:
    """Records in the database that it has started, and never finishes."""
    async with work.transaction() as connection:
        await connection.execute(
            "UPDATE organizations SET website = 'begun' WHERE id = $1", work.organization_id
        )
    await asyncio.Event().wait()


_PROCESS = """
import asyncio, sys
from imsop.core.installation import Installation
from imsop.core.worker import work
from tests.stewardship.test_jobs import hang_for_ever, task_of
admin, app, operator = sys.argv[1:]
asyncio.run(work(Installation(admin, app, operator), [task_of("hang", hang_for_ever)], dead_after=1))
"""


async def test_kill_9_loses_no_job(database: TestDatabase, pool: Pool, admin: Member) -> None:
    command = [sys.executable, "-c", _PROCESS, database.admin_dsn, database.app_dsn, database.operator_dsn]
    process = subprocess.Popen(command)  # noqa: ASYNC220 - started, not awaited
    try:
        await ask(pool, admin, task_of("hang", nothing))
        await eventually(lambda: _begins(admin), within_seconds=60)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    await ask(pool, admin, task_of("hang", nothing))  # of the same key: it waits for the one that died
    async with working(database, task_of("hang", nothing), dead_after=1):
        await eventually(all_of(admin, "succeeded", 2))
    assert sorted(job["attempts"] for job in await jobs(admin)) == [1, 2]


async def _begins(owner: Member) -> bool:
    return bool(accepted(await owner.get(f"organizations/{owner.organization_id}"))["website"] == "begun")


async def test_a_worker_that_was_presumed_dead_keeps_its_lock(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    runs = 0

    async def once(_: Work) -> None:
        nonlocal runs
        runs += 1
        begun.set()
        await go_on.wait()

    task = task_of("once", once)
    async with working(database, task):
        await ask(pool, admin, task)
        await begun.wait()
        await superuser.execute(
            "UPDATE queue.procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE task_name = 'once'"
        )
        async with working(database, task):
            await eventually(lambda: _failed_with(admin, "Busy"))
        go_on.set()
    assert runs == 1


async def _failed_with(owner: Member, error: str) -> bool:
    return [job["error"] for job in await jobs(owner)] == [error]


async def test_a_worker_reconnects_to_a_lost_database(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RECONNECT_SECONDS", 0.1)
    task = task_of("after_all", nothing)
    async with working(database, task):
        await ask(pool, admin, task)
        await eventually(all_of(admin, "succeeded"))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'imsop_operator' AND datname = current_database()"
        )
        await ask(pool, admin, task)
        await eventually(all_of(admin, "succeeded", 2), within_seconds=30)


async def test_a_job_whose_end_could_not_be_recorded_is_started_again(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member
) -> None:
    """The database refuses once to record the end of a job; worker and job both survive."""
    await superuser.execute(
        "CREATE SEQUENCE queue.refusals;"  # sequences also count what is rolled back
        "CREATE FUNCTION queue.no_space() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        " AS $$ BEGIN PERFORM nextval('queue.refusals');"
        " RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$"
    )
    await superuser.execute(
        "CREATE TRIGGER no_space BEFORE UPDATE ON queue.procrastinate_jobs"
        " FOR EACH ROW WHEN (NEW.status = 'succeeded') EXECUTE FUNCTION queue.no_space()"
    )
    runs = 0

    async def once_more(_: Work) -> None:
        nonlocal runs
        runs += 1

    task = task_of("no_space", once_more)
    loop = asyncio.get_running_loop()
    reporting = loop.get_exception_handler()
    refused: list[str] = []  # the library reports it to the event loop
    loop.set_exception_handler(lambda _, context: refused.append(str(context["exception"].__cause__)))
    try:
        async with working(database, task, dead_after=1):
            await ask(pool, admin, task)
            await eventually(lambda: superuser.fetchval("SELECT is_called FROM queue.refusals"))
            await superuser.execute("DROP FUNCTION queue.no_space CASCADE")
            await eventually(all_of(admin, "succeeded"))
        assert runs == 2
        gc.collect()
        assert ["no space" in error for error in refused] == [True]
    finally:
        loop.set_exception_handler(reporting)
        await superuser.execute(
            "DROP FUNCTION IF EXISTS queue.no_space CASCADE; DROP SEQUENCE queue.refusals"
        )


async def test_unknown_tasks_are_left_to_newer_workers(
    database: TestDatabase, pool: Pool, superuser: Any, admin: Member
) -> None:
    newer, older = task_of("newer", nothing), task_of("older", nothing)
    async with working(database, older):
        await ask(pool, admin, newer)
        await ask(pool, admin, older)
        await eventually(lambda: _count(admin, "succeeded", 1))
        assert [job["task"] for job in await jobs(admin, status="waiting")] == ["newer"]
    # Nor does it give up what a newer version's dead worker left behind, where it begins its own again.
    await ask(pool, admin, older)
    await superuser.execute(
        "UPDATE queue.procrastinate_jobs SET status = 'doing' WHERE organization_id = $1 AND status = 'todo'",
        admin.organization_id,
    )
    async with working(database, older, dead_after=0.4):
        await eventually(lambda: _count(admin, "succeeded", 2))  # a dead worker's, begun again
        assert [job["task"] for job in await jobs(admin, status="running")] == ["newer"]
    async with working(database, newer, dead_after=0.4):
        await eventually(all_of(admin, "succeeded", 3))
