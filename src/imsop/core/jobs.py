"""Background jobs: how tasks are declared, enqueued and run.

Nouns declare their tasks in a `jobs.py`; `imsop.web.tasks` lists them all, `imsop.core.worker` runs them. A
job is a row inserted in the caller's transaction: it runs after the commit, or never.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from imsop.core import tenancy
from imsop.core.database import Connection, prepare_connection
from imsop.core.installation import Installation
from imsop.core.tenancy import ORIGIN, Origin, Tenant


class Busy(Exception):
    """A resource the job needs is held: by a process that was presumed dead, or by another job."""


@dataclass(frozen=True)
class Work:
    """One run of an organization's job. It has its own connection, as imsop_app."""

    organization_id: UUID
    connection: Connection
    arguments: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    is_last: bool = True
    """True if a failure will not be retried."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction of the organization. A long job uses several, each consistent in itself."""
        await tenancy.begin(self.connection, Tenant(self.organization_id))
        try:
            yield self.connection
        except BaseException:
            await self.connection.execute("ROLLBACK")
            raise
        await self.connection.execute("COMMIT")


@dataclass(frozen=True)
class OrganizationTask:
    """A task of one organization. It must be idempotent, as it may be run again at any time."""

    name: str
    label: str
    """Display name; a text of the catalogue."""
    run: Callable[[Work], Awaitable[None]]
    every: str | None = None
    """Cron expression (UTC) of its schedule for each organization; it also runs when a worker starts."""
    attempts: int = 5
    """Delay after the n-th failure: 6 s to the power of n. Five attempts take 26 minutes, seven 15 hours."""


@dataclass(frozen=True)
class InstallationTask:
    """A task of the whole installation, run as imsop_operator. It must be idempotent, too."""

    name: str
    label: str
    run: Callable[[Installation], Awaitable[None]]
    every: str | None = None
    attempts: int = 5


Task = OrganizationTask | InstallationTask


async def defer(
    connection: Connection, organization_id: UUID, task: OrganizationTask, *, key: str = "", **arguments: Any
) -> None:
    """Enqueues a job in the caller's transaction, unless an identical one is waiting already.

    Jobs of the same task, organization and `key` run one at a time. Call it after taking all other locks: it
    waits for a concurrent transaction that enqueues the same job.
    """
    await connection.execute(
        "SELECT defer_job($1, $2, $3, $4, NULL)", organization_id, task.name, arguments, key
    )


async def run_now(
    installation: Installation,
    task: OrganizationTask,
    organization_id: UUID,
    arguments: Mapping[str, Any] | None = None,
    *,
    attempt: int | None = None,
    lock: str | None = None,
) -> None:
    """Runs a task for an organization in this process, on its own connection; its exceptions propagate.

    `attempt` counts from 1; without it, this run is the last attempt (`Work.is_last`).

    Raises Busy if another session holds the advisory `lock`. The lock belongs to the connection, so it ends
    with the process however that ends.
    """
    # Not from the pool: it may take longer than a request, and must not starve requests.
    connection = await asyncpg.connect(installation.app_dsn, server_settings={"timezone": "UTC"})
    origin = ORIGIN.set(Origin(f"job:{task.name}"))
    try:
        await prepare_connection(connection)
        if lock is not None:
            await _hold(connection, lock)
        await task.run(
            Work(
                organization_id,
                connection,
                arguments or {},
                attempt or 1,
                is_last=attempt is None or attempt >= task.attempts,
            )
        )
    except BaseException:
        connection.terminate()  # aborts whatever statement is running
        raise
    finally:
        ORIGIN.reset(origin)
    await connection.close()


async def _hold(connection: Connection, lock: str) -> None:
    held: bool = await connection.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('imsop.job:' || $1::text, 0))", lock
    )
    if not held:
        raise Busy


async def run_for_all(installation: Installation, task: OrganizationTask) -> None:
    """Runs a task for each organization that is not deleted, one by one, in this process."""
    operator = await asyncpg.connect(installation.operator_dsn)
    try:
        records = await operator.fetch(
            "SELECT o.id FROM organizations o WHERE o.deleted_at IS NULL ORDER BY o.id"
        )
    finally:
        await operator.close()
    for record in records:
        await run_now(installation, task, record["id"])
