"""Runs background jobs from procrastinate's queue, as imsop_operator; the tasks run as the application.

Any number of workers may run: a row lock lets one worker take a job, and a unique index lets one job of a key
run at a time. A dead worker is detected by its missing heartbeat, and its jobs are started again; one that
was wrongly presumed dead still holds the advisory lock that run_now takes.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote
from uuid import UUID

import asyncpg
import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from prometheus_client import Counter

from imsop.core.installation import Installation
from imsop.core.jobs import InstallationTask, Task, run_now

RETRY_BASE_SECONDS = 6
AT_ONCE = 3
POLL_SECONDS = 5.0
"""Maximal delay of a job whose notification was lost."""
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER_SECONDS = 20.0
GRACE_SECONDS = 5.0
"""Time for running jobs to finish when the worker stops; unfinished ones are started again elsewhere."""
RECONNECT_SECONDS = 5.0
MAX_ERROR = 2000

JOBS = Counter("imsop_jobs", "Attempts at background jobs, by how they ended", ["task", "outcome"])

log = structlog.get_logger()


async def work(
    installation: Installation, tasks: Sequence[Task], *, dead_after: float = DEAD_AFTER_SECONDS
) -> None:
    """Runs jobs until cancelled; reconnects after losing the database. Several processes may run it."""
    while True:
        try:
            await _work_once(installation, tasks, dead_after)
        except (ConnectorException, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if (me := asyncio.current_task()) and me.cancelling():
                raise  # caused by the cancellation
            log.warning("no jobs for now", error=error.__cause__ or error)
        await asyncio.sleep(RECONNECT_SECONDS)


async def _work_once(installation: Installation, tasks: Sequence[Task], dead_after: float) -> None:
    separator = "&" if "?" in installation.operator_dsn else "?"
    dsn = f"{installation.operator_dsn}{separator}options={quote('-c search_path=queue')}"
    connector = PsycopgConnector(conninfo=dsn, min_size=1, max_size=AT_ONCE + 1, timeout=10)
    app = App(connector=connector)
    running = Running()
    for task in tasks:
        _register(app, installation, task, running)
    async with app.open_async():
        await _defer_all(installation, tasks)
        reviving = asyncio.create_task(_revive(app, running, dead_after))
        try:
            await app.run_worker_async(
                queues=list(app.tasks),  # tasks of a newer version are unknown here
                concurrency=AT_ONCE,
                fetch_job_polling_interval=POLL_SECONDS,
                abort_job_polling_interval=60.0,
                shutdown_graceful_timeout=GRACE_SECONDS,
                update_heartbeat_interval=min(HEARTBEAT_SECONDS, dead_after / 4),
                stalled_worker_timeout=dead_after,
                install_signal_handlers=False,
            )
        finally:
            while not reviving.done():  # asyncio.wait_for, under the pool, may lose one cancellation
                reviving.cancel()
                await asyncio.wait([reviving], timeout=0.1)


class Running:
    """Jobs that this worker is running, by its own account."""

    def __init__(self) -> None:
        self.worker_id: int | None = None
        self.jobs: set[int | None] = set()
        self.attempts: dict[str, int] = {}
        """Allowed attempts, by task."""


def _register(app: App, installation: Installation, task: Task, running: Running) -> None:
    running.attempts[task.name] = task.attempts

    async def run(context: JobContext, /, organization_id: str | None = None, **arguments: object) -> None:
        running.worker_id = context.job.worker_id
        running.jobs.add(context.job.id)
        try:
            if isinstance(task, InstallationTask):
                await task.run(installation)
            elif organization_id is not None:
                await run_now(
                    installation,
                    task,
                    UUID(organization_id),
                    arguments,
                    attempt=context.job.attempts + 1,
                    lock=context.job.lock,
                )
        except BaseException as error:
            JOBS.labels(task.name, "failed").inc()
            await _keep_error(app, context.job, error)
            raise
        finally:
            running.jobs.discard(context.job.id)
        JOBS.labels(task.name, "succeeded").inc()

    retry = RetryStrategy(max_attempts=task.attempts - 1, exponential_wait=RETRY_BASE_SECONDS)
    app.task(name=task.name, queue=task.name, pass_context=True, retry=retry)(run)
    if task.every is not None:

        async def schedule(timestamp: int) -> None:  # noqa: ARG001 - its due time
            await _defer_all(installation, [task])

        name = f"schedule:{task.name}"
        running.attempts[name] = 1  # the next run is due soon
        app.periodic(cron=task.every)(app.task(name=name, queue=name, queueing_lock=name)(schedule))


async def _keep_error(app: App, job: Job, error: BaseException) -> None:
    stopped = isinstance(error, asyncio.CancelledError)
    text = "the process was stopped" if stopped else f"{type(error).__name__}: {error}".removesuffix(": ")
    with suppress(ConnectorException):
        await app.connector.execute_query_async(
            "UPDATE procrastinate_jobs SET error = %(error)s WHERE id = %(id)s",
            error=text.replace("\0", "")[:MAX_ERROR],
            id=job.id,
        )


async def _defer_all(installation: Installation, tasks: Sequence[Task]) -> None:
    """Enqueues one job of each scheduled task; for organization tasks, one per organization."""
    operator = await asyncpg.connect(installation.operator_dsn)
    try:
        for task in tasks:
            if task.every is None:
                continue
            if isinstance(task, InstallationTask):
                await operator.execute("SELECT defer_job(NULL, $1, '{}', '', NULL)", task.name)
                continue
            await operator.execute(
                "SELECT defer_job(o.id, $1, '{}', '', NULL) FROM organizations o WHERE o.deleted_at IS NULL",
                task.name,
            )
    finally:
        await operator.close()


async def _revive(app: App, running: Running, dead_after: float) -> None:
    """Requeues orphaned jobs: those of dead workers, and own ones whose end could not be written.

    A job that ended its worker in every attempt is marked failed.
    """
    suspects: set[int | None] = set()
    while True:
        try:
            lost = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=dead_after))
            seen = suspects
            suspects = set()
            if running.worker_id is not None:
                for job in await app.job_manager.list_jobs_async(status="doing", worker_id=running.worker_id):
                    if job.id in running.jobs:
                        continue
                    suspects.add(job.id)
                    if job.id in seen:  # twice: so its end is not just being written
                        lost.append(job)
            for job in lost:
                if job.task_name not in running.attempts:
                    continue  # a newer version's, whose workers requeue it
                log.warning("a job was left undone", task=job.task_name, job=job.id, attempts=job.attempts)
                if job.attempts + 1 < running.attempts[job.task_name]:
                    await app.job_manager.retry_job(job)
                else:
                    await _keep_error(app, job, RuntimeError("the process that ran it died"))
                    await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        except ConnectorException as error:  # another worker was first, or the database is down
            log.warning("jobs not revived", error=error.__cause__ or error)
        await asyncio.sleep(dead_after / 2)
