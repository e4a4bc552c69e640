"""Periodic maintenance of the installation: creates partitions, deletes expired rows."""

import asyncpg
import structlog

from imsop.core.database import rows_affected
from imsop.core.installation import PARTITION_MONTHS_AHEAD, Installation
from imsop.core.jobs import InstallationTask
from imsop.ui.language import N_

log = structlog.get_logger()


async def keep_house(installation: Installation) -> None:
    """Deletes expired rows and creates the partitions of the coming months.

    Idempotent, safe to run concurrently.
    """
    connection = await asyncpg.connect(installation.operator_dsn)
    try:
        # Row security lets imsop_operator delete expired rows only.
        sessions = await connection.execute("DELETE FROM sessions WHERE expires_at < now()")
        replies = await connection.execute(
            "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"
        )
        attempts = await connection.execute(
            "DELETE FROM sign_in_attempts WHERE window_started_at < now() - interval '1 day'"
        )
        jobs = await connection.execute(
            "DELETE FROM queue.procrastinate_jobs j WHERE j.created_at < now() - CASE"
            " WHEN j.status = 'succeeded' THEN interval '7 days'"
            " WHEN j.status IN ('failed', 'cancelled') THEN interval '90 days' END"
        )
        months = await connection.fetchval("SELECT ensure_partitions(0, $1)", PARTITION_MONTHS_AHEAD)
    finally:
        await connection.close()
    log.info(
        "house kept",
        sessions=rows_affected(sessions),
        replies=rows_affected(replies),
        sign_ins=rows_affected(attempts),
        jobs=rows_affected(jobs),
        partitions_made=months,
    )


HOUSEKEEPING = InstallationTask("housekeeping", N_("Housekeeping"), keep_house, every="23 3 * * *")
