"""Routes of jobs."""

from typing import Literal
from uuid import UUID

from litestar import get, post

from imsop.core.fields import ShortName
from imsop.core.listing import DEFAULT_PAGE, Cursor, Page, PageLimit, PageRequest
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.stewardship.jobs import actions, queries
from imsop.stewardship.jobs.events import JOB_RETRIED
from imsop.stewardship.jobs.models import Job, JobStatus


@get("/jobs", opt=allow(Permission.JOBS_READ))
async def list_jobs(
    request: TenantRequest,
    status: JobStatus | None = None,
    task: ShortName | None = None,
    sort: Literal["-created_at", "created_at"] = "-created_at",
    limit: PageLimit = DEFAULT_PAGE,
    cursor: Cursor | None = None,
) -> Page[Job]:
    """Your organization's jobs. Successful ones are kept for a week, failed ones for 90 days."""
    connection, actor = await request.begin()
    return await queries.JOBS.page(
        connection,
        actor.organization_id,
        PageRequest(sort, limit, cursor),
        status=status,
        task=task,
    )


@get("/jobs/{job_id:uuid}", opt=allow(Permission.JOBS_READ))
async def get_job(request: TenantRequest, job_id: UUID) -> Job:
    connection, actor = await request.begin()
    return await actions.get_job(connection, actor, job_id)


@post(
    "/jobs/{job_id:uuid}/retry", status_code=200, opt=allow(Permission.JOBS_WRITE, 409, emits=(JOB_RETRIED,))
)
async def retry_job(request: TenantRequest, job_id: UUID) -> Job:
    """Run a failed job again, with all its attempts."""
    connection, actor = await request.begin()
    return await actions.retry_job(connection, actor, job_id)


ROUTES = [list_jobs, get_job, retry_job]
