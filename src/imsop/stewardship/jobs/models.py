"""Jobs."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from imsop.core.fields import Instant

JobStatus = Literal["waiting", "running", "succeeded", "failed", "cancelled"]


class Job(Struct, frozen=True):
    """Work in the background, tried five times or more; `error` is of the last attempt that failed."""

    id: UUID
    task: str
    status: JobStatus
    attempts: int
    """Ended so far."""
    error: str | None
    created_at: Instant
    due_at: Instant | None
    """Not before then; null: as soon as possible."""
    started_at: Instant | None
    ended_at: Instant | None
    """Both of the last attempt; `ended_at` is null while it runs."""
