"""Actions on jobs."""

from uuid import UUID

from imsop.core.database import Connection
from imsop.core.errors import Conflict, NotFound
from imsop.core.events import Named, emit
from imsop.core.said import Said
from imsop.identity.actor import Actor
from imsop.stewardship.jobs import queries
from imsop.stewardship.jobs.events import JOB_RETRIED
from imsop.stewardship.jobs.models import Job


async def get_job(connection: Connection, actor: Actor, job_id: UUID) -> Job:
    job = await queries.get_job(connection, actor.organization_id, job_id)
    if job is None:
        raise NotFound("no job with this id")
    return job


async def retry_job(connection: Connection, actor: Actor, job_id: UUID) -> Job:
    """Requeues a failed job, with all attempts again. Raises NotFound; Conflict if it has not failed."""
    job = await get_job(connection, actor, job_id)
    if not await queries.begin_again(connection, job_id):
        raise Conflict(Said("the job has not failed: it is %(status)s", status=job.status))
    await emit(connection, actor, JOB_RETRIED, job_id, Named(job.task))
    return await get_job(connection, actor, job_id)
