"""SQL of jobs, which are rows of procrastinate's schema `queue`."""

from datetime import datetime
from uuid import UUID

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.stewardship.jobs.models import Job

_JOBS = """
    SELECT j.id, j.task, j.status, j.attempts, j.error, j.created_at, j.due_at, j.started_at, j.ended_at
    FROM jobs j
    WHERE j.organization_id = $1
"""

JOBS = Listing(
    Job,
    _JOBS,
    filters={
        "status": "j.status = {}",
        "task": "j.task = {}",
    },
    sorts={"created_at": Sort("j.created_at", "created_at", datetime)},
    tiebreak="j.id",
)


async def get_job(connection: Connection, organization_id: UUID, job_id: UUID) -> Job | None:
    return await fetch_one(connection, Job, _JOBS + " AND j.id = $2", organization_id, job_id)


async def begin_again(connection: Connection, job_id: UUID) -> bool:
    """Requeues a failed job visible to the role, to run at once; False if there is none. Locks its row."""
    done: int | None = await connection.fetchval(
        """
        UPDATE queue.procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
        WHERE uid = $1 AND status = 'failed'
        RETURNING id
        """,
        job_id,
    )
    return done is not None


class OperatorsJob(Job, frozen=True):
    """A job with the name of its organization; null for jobs of the installation."""

    organization: str | None


async def list_newest(connection: Connection, *, failed: bool, limit: int) -> list[OperatorsJob]:
    """The newest jobs of the whole installation, newest first; for the operator."""
    return await fetch_all(
        connection,
        OperatorsJob,
        """
        SELECT j.id, j.task, j.status, j.attempts, j.error, j.created_at, j.due_at, j.started_at, j.ended_at,
               (SELECT o.name FROM organizations o WHERE o.id = j.organization_id) AS organization
        FROM jobs j
        WHERE NOT $1 OR j.status = 'failed'
        ORDER BY j.created_at DESC, j.id DESC LIMIT $2
        """,
        failed,
        limit,
    )
