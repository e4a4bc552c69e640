"""Records the statements that the application sends for a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from imsop.core.installation import Installation
from imsop.web.edge.observe import Observed
from tests import factories
from tests.factories import pool_of


class Statement(NamedTuple):
    """One message to the database, as a single line."""

    sql: str
    arguments: tuple[Any, ...]


@dataclass
class Recorder:
    """An application with a single connection, and its messages."""

    app: Observed
    heard: list[Any] = field(default_factory=list)

    async def taken(self) -> list[Statement]:
        """Messages since the last call, without asyncpg's own type lookups."""
        await asyncio.sleep(0)  # asyncpg reports messages in the next iteration of the loop
        said = [Statement(" ".join(one.query.split()), tuple(one.args)) for one in self.heard]
        self.heard.clear()
        return [one for one in said if "pg_catalog.pg_type" not in one.sql and "'jit'" not in one.sql]


@asynccontextmanager
async def recording(installation: Installation) -> AsyncIterator[Recorder]:
    """A separate application, beside whatever else runs on the installation."""
    async with factories.running(installation, pool_min=1, pool_max=1) as app:
        recorder = Recorder(app)
        async with pool_of(app).acquire() as connection:
            connection.add_query_logger(recorder.heard.append)
        yield recorder
        async with pool_of(app).acquire() as connection:
            connection.remove_query_logger(recorder.heard.append)
