"""Helpers for two transactions on one row in a controlled order."""

import asyncio

from imsop.core.database import Connection


async def somebody_waits_for(connection: Connection) -> None:
    """Returns once another transaction waits for a lock of this connection's transaction."""
    while True:
        if await connection.fetchval(
            "SELECT true FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        ):
            return
        await asyncio.sleep(0.01)
