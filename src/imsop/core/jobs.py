"""Background jobs: what they are, how a transaction asks for one, and what one works with.

Nouns declare their tasks in a `jobs.py`; `imsop.web.tasks` lists them all, `imsop.core.worker` runs them. A
job is a row that is written in the transaction of what asks for it: it runs once that is committed, or never.
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
from imsop.core.tenancy import Tenant


class Busy(Exception):
    """What the job needs for itself is in use: by a process that was believed dead, or by another job."""


@dataclass(frozen=True)
class Work:
    """One run of an organization's job: a connection of its own, as the application in that organization."""

    organization_id: UUID
    connection: Connection
    arguments: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    is_last: bool = True
    """Whether nothing follows if it fails."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Committed at the end, rolled back on any exception. A long job takes several, each complete."""
        await tenancy.begin(self.connection, Tenant(self.organization_id))
        try:
            yield self.connection
        except BaseException:
            await self.connection.execute("ROLLBACK")
            raise
        await self.connection.execute("COMMIT")


@dataclass(frozen=True)
class OrganizationTask:
    """Work for one organization. It may be begun again at any time: what it did must not be done twice."""

    name: str
    label: str
    """What people call it; of the catalogue of texts."""
    run: Callable[[Work], Awaitable[None]]
    every: str | None = None
    """When each organization's is due, as cron (UTC); it runs at the start of a worker, too."""
    attempts: int = 5
    """After the n-th that failed it waits 6 s to the power of n: five take 26 minutes, seven 15 hours."""


@dataclass(frozen=True)
class InstallationTask:
    """Work for the installation as a whole, as its operator; it, too, may be begun again at any time."""

    name: str
    label: str
    run: Callable[[Installation], Awaitable[None]]
    every: str | None = None
    attempts: int = 5


Task = OrganizationTask | InstallationTask


async def defer(
    connection: Connection, organization_id: UUID, task: OrganizationTask, *, key: str = "", **arguments: Any
) -> None:
    """Asks for a job in the caller's transaction. Where the same one waits already, that one will do.

    Jobs of the same task, organization and `key` run one after the other. Call it after all other locks are
    taken: where a rival is just asking for the same, it waits for the rival's transaction.
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
    """Runs a task for an organization in this process; without `attempt`, it is the only one.

    Raises Busy where another holds the `lock`, which is the connection's: it ends with the process, however
    that ends.
    """
    # Not of the pool: it may take longer than a request, and shares nothing with requests.
    connection = await asyncpg.connect(installation.app_dsn, server_settings={"timezone": "UTC"})
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
        connection.terminate()  # whatever it was doing is not to go on
        raise
    await connection.close()


async def _hold(connection: Connection, lock: str) -> None:
    held: bool = await connection.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('imsop.job:' || $1::text, 0))", lock
    )
    if not held:
        raise Busy


async def run_for_all(installation: Installation, task: OrganizationTask) -> None:
    """Runs a task for each organization that is not deleted, one after the other, in this process."""
    operator = await asyncpg.connect(installation.operator_dsn)
    try:
        records = await operator.fetch(
            "SELECT o.id FROM organizations o WHERE o.deleted_at IS NULL ORDER BY o.id"
        )
    finally:
        await operator.close()
    for record in records:
        await run_now(installation, task, record["id"])
