"""What the operator's machines ask: is it alive, can it serve, how does it do."""

import asyncio
from typing import Annotated, Literal

import asyncpg
import msgspec
from litestar import MediaType, Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from imsop import migrations
from imsop.identity.guard import PUBLIC

READY_WITHIN_SECONDS = 2.0


class Health(msgspec.Struct, frozen=True):
    status: Literal["ok"]


class Readiness(msgspec.Struct, frozen=True):
    """`pending_migrations`: revisions that this version needs and the database lacks."""

    status: Literal["ready", "not_ready"]
    database: Literal["reachable", "unreachable"]
    pending_migrations: Annotated[int, msgspec.Meta(ge=0)]


@get("/health/live", opt=PUBLIC, include_in_schema=False)
async def live() -> Health:
    return Health("ok")


@get("/health/ready", opt=PUBLIC, include_in_schema=False)
async def ready(state: State) -> Response[Readiness]:
    """200 where the database answers and has every migration, else 503."""
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            version = await state.pool.fetchval("SELECT version_num FROM alembic_version")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return Response(Readiness("not_ready", "unreachable", 0), status_code=503)
    pending = len(migrations.pending(version))
    readiness = Readiness("ready" if pending == 0 else "not_ready", "reachable", pending)
    return Response(readiness, status_code=200 if pending == 0 else 503)


@get("/metrics", opt=PUBLIC, include_in_schema=False, media_type=MediaType.TEXT, sync_to_thread=False)
def metrics() -> Response[bytes]:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


ROUTES = [live, ready, metrics]
