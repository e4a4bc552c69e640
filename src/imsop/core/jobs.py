"""Background jobs: what they are, how a transaction asks for one, and what one works with.

Nouns declare their tasks in a `jobs.py`; `imsop.web.tasks` lists them all, `imsop.core.worker` runs them. A
job is a row that is written in the transaction of what asks for it: it runs once that is committed, or never.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from imsop.core import tenancy
from imsop.core.database import Connection, prepare_connection
from imsop.core.installation import Installation
from imsop.core.tenancy import Tenant


class Busy(Exception):
    """The same job still runs in a process that was believed dead."""


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


class Task(Protocol):
    """A kind of job. It may be begun again at any time, so what it did before must not be done twice."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def every(self) -> str | None: ...
    @property
    def attempts(self) -> int: ...


@dataclass(frozen=True)
class OrganizationTask:
    """Work for one organization."""

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
    """Work for the installation as a whole, as its operator."""

    name: str
    label: str
    run: Callable[[Installation], Awaitable[None]]
    every: str | None = None
    attempts: int = 5


async def defer(
    connection: Connection,
    organization_id: UUID | None,
    task: Task,
    *,
    key: str = "",
    not_before: datetime | None = None,
    **arguments: Any,
) -> None:
    """Asks for a job in the caller's transaction. Where the same one waits already, that one will do.

    Jobs of the same task, organization and `key` run one after the other. Call it after all other locks are
    taken: where a rival is just asking for the same, it waits for the rival's transaction.
    """
    await connection.execute(
        "SELECT defer_job($1, $2, $3, $4, $5)", organization_id, task.name, arguments, key, not_before
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
    """Runs a task for an organization in this process; without `attempt`, once.

    Raises Busy where another holds the `lock`.

    The lock is the connection's, so it ends with the process however that ends.
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
    """Runs a task for each organization, one after the other, in this process."""
    for organization_id in await list_organizations(installation):
        await run_now(installation, task, organization_id)


async def list_organizations(installation: Installation) -> list[UUID]:
    """All that are not deleted."""
    operator = await asyncpg.connect(installation.operator_dsn)
    try:
        records = await operator.fetch(
            "SELECT o.id FROM organizations o WHERE o.deleted_at IS NULL ORDER BY o.id"
        )
    finally:
        await operator.close()
    return [record["id"] for record in records]
