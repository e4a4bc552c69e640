"""Structs of jobs."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant

JobStatus = Literal["waiting", "running", "succeeded", "failed", "cancelled"]


class Job(Struct, frozen=True):
    """A background job, attempted five times or more; `error` is that of the last failed attempt."""

    id: UUID
    task: str
    status: JobStatus
    attempts: int
    """Completed attempts."""
    error: str | None
    created_at: Instant
    due_at: Instant | None
    """Earliest start; null: as soon as possible."""
    started_at: Instant | None
    ended_at: Instant | None
    """Of the last attempt, as `started_at`; null while it runs."""
