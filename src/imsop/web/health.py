"""Health, readiness and metrics endpoints for monitoring."""

import asyncio
import secrets
from typing import Annotated, Any, Literal

import asyncpg
import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from imsop import migrations
from imsop.core.errors import Forbidden
from imsop.core.settings import is_local
from imsop.identity.guard import PUBLIC

READY_WITHIN_SECONDS = 2.0
_METRICS = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")  # Litestar adds it to all text


class Health(msgspec.Struct, frozen=True):
    status: Literal["ok"]


class Readiness(msgspec.Struct, frozen=True):
    """`pending_migrations`: migrations that this version needs and the database lacks."""

    status: Literal["ready", "not_ready"]
    database: Literal["reachable", "unreachable"]
    pending_migrations: Annotated[int, msgspec.Meta(ge=0)]


@get("/health/live", opt=PUBLIC, include_in_schema=False)
async def live() -> Health:
    return Health("ok")


@get("/health/ready", opt=PUBLIC, include_in_schema=False)
async def ready(state: State) -> Response[Readiness]:
    """200 if the database answers and has every migration, else 503."""
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS), state.pool.acquire() as connection:
            version = await connection.fetchval("SELECT version_num FROM alembic_version")
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return Response(Readiness("not_ready", "unreachable", 0), status_code=503)
    pending = len(migrations.pending(version))
    readiness = Readiness("ready" if pending == 0 else "not_ready", "reachable", pending)
    return Response(readiness, status_code=200 if pending == 0 else 503)


@get("/metrics", opt=PUBLIC, include_in_schema=False, media_type=MediaType.TEXT, sync_to_thread=False)
def metrics(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Metrics reveal the volume of business: only for this machine, or with the token."""
    token = state.settings.metrics_token
    sent = request.headers.get("authorization", "")
    known = token and secrets.compare_digest(sent.encode(), f"Bearer {token.get_secret_value()}".encode())
    if not known and not (request.client and is_local(request.client.host)):
        raise Forbidden("set IMSOP_METRICS_TOKEN and send it as Authorization: Bearer …")
    return Response(generate_latest(), media_type=_METRICS)


ROUTES = [live, ready, metrics]
