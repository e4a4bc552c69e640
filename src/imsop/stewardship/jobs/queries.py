"""SQL of jobs, which are rows of the queue's library (schema `queue`)."""

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
    """Lets a failed job that the role may see run again at once; False where there is none. Locks its row."""
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
    """With whose it is: an organization's name; null for the installation's."""

    organization: str | None


async def list_newest(connection: Connection, *, failed: bool, limit: int) -> list[OperatorsJob]:
    """Of the whole installation, for its operator; newest first."""
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
