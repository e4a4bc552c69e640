"""Health, readiness and metrics."""

import socket

import asyncpg
import pytest
from litestar.testing import RequestFactory

from imsop import migrations
from imsop.core.installation import Installation
from imsop.identity.request import carry
from imsop.web.edge.observe import Observed
from imsop.web.edge.problems import answer_to
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member, accepted, visitor


async def test_a_working_installation_is_live_and_ready(app: Observed) -> None:
    assert accepted(await visitor(app).get("/health/live")) == {"status": "ok"}
    ready = accepted(await visitor(app).get("/health/ready"))
    assert ready == {"status": "ready", "database": "reachable", "pending_migrations": 0}


async def test_without_its_database_it_is_live_but_not_ready() -> None:
    with socket.socket() as deaf:  # it occupies the port without accepting
        deaf.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://imsop_app:x@127.0.0.1:{deaf.getsockname()[1]}/imsop"
        await _lives_and_is_not_ready(Installation(nowhere, nowhere, nowhere))


async def _lives_and_is_not_ready(installation: Installation) -> None:
    async with factories.running(installation) as app:
        accepted(await visitor(app).get("/health/live"))
        ready = accepted(await visitor(app).get("/health/ready"), 503)
        assert ready == {"status": "not_ready", "database": "unreachable", "pending_migrations": 0}
        signed_in = visitor(app, Authorization="Bearer " + factories.made_up_token())
        refused = await signed_in.get("products")
        assert refused.status_code == 503, refused.text
        assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize("lost", [asyncpg.ConnectionDoesNotExistError(), asyncpg.InternalClientError()])
def test_a_connection_lost_in_the_middle_is_worth_a_retry(lost: Exception) -> None:
    """Which of the two asyncpg raises depends on the moment of the loss."""
    request = RequestFactory().get("/api/v1/products")
    carry(request.scope, "id")
    reply = answer_to(request, lost)
    assert reply.status_code == 503
    assert int(reply.headers["Retry-After"]) > 0


async def test_a_database_that_lacks_migrations_is_not_ready(app: Observed, database: TestDatabase) -> None:
    newest, one_before = migrations.revisions()[-1], migrations.revisions()[-2]
    async with factories.connected(database.owner_dsn) as owner:
        await owner.execute("UPDATE alembic_version SET version_num = $1", one_before)
        try:
            ready = accepted(await visitor(app).get("/health/ready"), 503)
        finally:
            await owner.execute("UPDATE alembic_version SET version_num = $1", newest)
    assert ready == {"status": "not_ready", "database": "reachable", "pending_migrations": 1}


async def test_metrics_count_by_route_and_not_by_row(app: Observed, admin: Member) -> None:
    product = await factories.product(admin)
    accepted(await admin.get(f"products/{product['id']}"))
    await admin.get("unicorns/42")
    reply = await visitor(app, address="127.0.0.1").get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    route = 'method="GET",route="/api/v1/products/{product_id}",status="200"'
    assert f"imsop_http_requests_total{{{route}}}" in reply.text
    assert 'route="(no route)"' in reply.text
    assert "imsop_http_request_seconds_bucket" in reply.text
    assert product["id"] not in reply.text
    assert "unicorns" not in reply.text


async def test_metrics_need_loopback_or_the_token(database: TestDatabase) -> None:
    async with factories.running(database.installation, metrics_token="s3cret") as app:
        assert (await visitor(app, address="127.0.0.1").get("/metrics")).status_code == 200
        assert (await visitor(app, address="10.0.0.1").get("/metrics")).status_code == 403
        for token, status in (("s3cret", 200), ("s3crets", 403), ("", 403)):
            reply = await visitor(app, address="10.0.0.1", Authorization=f"Bearer {token}").get("/metrics")
            assert reply.status_code == status
    async with factories.running(database.installation) as app:
        reply = await visitor(app, address="10.0.0.1", Authorization="Bearer None").get("/metrics")
        assert reply.status_code == 403
