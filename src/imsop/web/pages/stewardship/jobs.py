"""The page of background jobs: what ran, what failed and why."""

from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from imsop.core.fields import ShortName
from imsop.core.listing import Cursor
from imsop.identity.guard import allow
from imsop.identity.request import TenantRequest
from imsop.identity.roles.permissions import Permission
from imsop.stewardship.jobs import actions, queries
from imsop.stewardship.jobs.events import JOB_RETRIED
from imsop.stewardship.jobs.models import Job, JobStatus
from imsop.ui.language import N_, DecimalMark
from imsop.ui.parts import Column
from imsop.ui.render import render
from imsop.web.edge.streamed import Streamed
from imsop.web.pages.lists import export, show
from imsop.web.tasks import TASKS

COLUMNS = (
    Column("asked", N_("Requested"), "date", sort="created_at"),
    Column("task", N_("Job")),
    Column("status", N_("Status")),
    Column("started", N_("Started"), "date"),
    Column("took", N_("Duration"), "number"),
    Column("attempts", N_("Attempts"), "number"),
    Column("error", N_("Last error")),
    Column("again", ""),
)
CELLS: dict[str, Callable[[Job], object]] = {
    "created_at": lambda row: row.created_at,
    "task": lambda row: row.task,
    "status": lambda row: row.status,
    "attempts": lambda row: row.attempts,
    "error": lambda row: row.error,
    "due_at": lambda row: row.due_at,
    "started_at": lambda row: row.started_at,
    "ended_at": lambda row: row.ended_at,
    "id": lambda row: row.id,
}
LABELS = {task.name: task.label for task in TASKS}

JobSort = Literal["created_at", "-created_at"]


@get("/jobs", opt=allow(Permission.JOBS_READ), include_in_schema=False)
async def jobs_page(
    request: TenantRequest,
    status: JobStatus | None = None,
    task: ShortName | None = None,
    sort: JobSort = "-created_at",
    cursor: Cursor | None = None,
    before: Cursor | None = None,
) -> Response[bytes]:
    connection, actor = await request.begin()
    shown = await show(
        connection, actor, queries.JOBS, COLUMNS,
        sort=sort, cursor=cursor, before=before, status=status, task=task,
    )  # fmt: skip
    return render(
        request,
        "pages/stewardship/jobs.html",
        shown=shown,
        labels=LABELS,
        may_retry=Permission.JOBS_WRITE in actor.permissions,
    )


@get(["/jobs.csv", "/jobs.xlsx"], opt=allow(Permission.JOBS_READ), include_in_schema=False)
async def export_jobs(
    request: TenantRequest,
    status: JobStatus | None = None,
    task: ShortName | None = None,
    sort: JobSort = "-created_at",
    decimal: DecimalMark | None = None,
) -> Streamed:
    return await export(request, queries.JOBS, CELLS, sort=sort, status=status, task=task, decimal=decimal)


@post(
    "/jobs/{job_id:uuid}/retry",
    opt=allow(Permission.JOBS_WRITE, emits=(JOB_RETRIED,)),
    status_code=303,
    include_in_schema=False,
)
async def retry_job(request: TenantRequest, job_id: UUID) -> Response[Any]:
    connection, actor = await request.begin()
    await actions.retry_job(connection, actor, job_id)
    return Redirect("/jobs", status_code=303)


PAGES = [jobs_page, export_jobs, retry_job]
