"""Builds the application: routes under /api/v1, the edge around them, and the process's resources."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from litestar import Litestar, Router
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from imsop import __version__
from imsop.analytics.events import api as events
from imsop.analytics.metrics import api as metrics
from imsop.catalog.products import api as products
from imsop.core.caches import Cache, listen
from imsop.core.database import open_pool
from imsop.core.installation import Installation
from imsop.core.logging import configure_logging
from imsop.core.settings import Settings
from imsop.core.slots import Slots
from imsop.core.worker import work
from imsop.identity.credentials import api as credentials
from imsop.identity.credentials.access import AccessCache
from imsop.identity.organizations import api as organizations
from imsop.identity.organizations.queries import ACCESS_CHANNEL
from imsop.identity.people import api as people
from imsop.identity.roles import api as roles
from imsop.identity.signing_in import api as signing_in
from imsop.inventory.ledger import api as ledger
from imsop.inventory.stock import api as stock
from imsop.inventory.warehouses import api as warehouses
from imsop.purchasing.approval_rules import api as approval_rules
from imsop.purchasing.approvals import api as approvals
from imsop.purchasing.orders import api as purchase_orders
from imsop.purchasing.receipts import api as goods_receipts
from imsop.purchasing.returns import api as supplier_returns
from imsop.purchasing.supplier_products import api as supplier_products
from imsop.purchasing.supply import api as supply
from imsop.sales.allocation import api as allocation
from imsop.sales.customers import api as customers
from imsop.sales.orders import api as sales_orders
from imsop.sales.returns import api as customer_returns
from imsop.shipping.shipments import api as shipments
from imsop.shipping.tracking import api as tracking
from imsop.stewardship.audit import api as audit
from imsop.stewardship.jobs import api as jobs
from imsop.suppliers.suppliers import api as suppliers
from imsop.ui.assets import serve_assets
from imsop.web import health, openapi, pages, search
from imsop.web.edge.middleware import EdgeMiddleware
from imsop.web.edge.observe import Observed
from imsop.web.edge.problems import HANDLERS
from imsop.web.edge.requests import StrictRequest
from imsop.web.edge.routes import prepare_routes
from imsop.web.edge.uncached import take_away_caches
from imsop.web.live import stream
from imsop.web.live.relay import Relay
from imsop.web.pages.identity.signing_in import DemoAccount
from imsop.web.pages.purchasing import mail
from imsop.web.tasks import TASKS

CONNECTIONS_PER_EXPORT = 4
"""One in so many database connections may serve an export; the rest stay free for short requests."""
PRINTS = 16
"""Documents being rendered or queued. Two are rendered at a time (imsop.ui.typesetting), in 0.3 s at most."""
PRINTS_OF_ONE = 4
CACHED_KINDS = ("product", "warehouse", "warehouse_zone", "organization")
"""Kinds of cached rows, besides actors; their tables notify on CHANGED_CHANNEL (migration 0017)."""
CHANGED_CHANNEL = "imsop_changed"

NOUNS = (
    signing_in, organizations, people, roles, credentials, products, warehouses, stock, ledger,
    purchase_orders, approvals, approval_rules, goods_receipts, supplier_returns, supplier_products, supply,
    customers, sales_orders, allocation, customer_returns, suppliers, shipments, tracking, events, metrics,
    search, stream, jobs, audit, mail,
)  # fmt: skip


def create_litestar(settings: Settings, installation: Installation) -> Litestar:
    """The Litestar application, without the outermost middleware `Observed`."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        pool = await open_pool(installation.app_dsn, min_size=settings.pool_min, max_size=settings.pool_max)
        async with pool:
            app.state.pool = pool
            app.state.access = AccessCache(pool)
            app.state.caches = {kind: Cache(kind) for kind in CACHED_KINDS}
            app.state.relay = Relay(installation.operator_dsn)
            exports = max(1, settings.pool_max // CONNECTIONS_PER_EXPORT)
            app.state.exports = Slots(exports, each=max(1, exports - 1))
            app.state.prints = Slots(PRINTS, each=PRINTS_OF_ONE)
            tasks = [
                asyncio.create_task(
                    listen(
                        installation.app_dsn,
                        {ACCESS_CHANNEL: _forget_actors(app), CHANGED_CHANNEL: _forget_rows(app)},
                        [app.state.access.cache, *app.state.caches.values()],
                    )
                ),
            ]
            if settings.jobs:
                tasks.append(asyncio.create_task(work(installation, TASKS)))
            yield
            await app.state.relay.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    api = Router(
        "/api/v1",
        route_handlers=[route for noun in NOUNS for route in noun.ROUTES],
        middleware=[EdgeMiddleware],
        security=[{"bearer": []}, {"apiKey": []}],
    )
    app = Litestar(
        [
            api,
            Router("/", route_handlers=pages.ROUTES, middleware=[EdgeMiddleware]),
            *health.ROUTES,
            *openapi.ROUTES,
            serve_assets,
        ],
        request_class=StrictRequest,
        exception_handlers=HANDLERS,
        lifespan=[lifespan],
        logging_config=None,  # configured by imsop.core.logging
        openapi_config=OpenAPIConfig(
            title="IMSOP",
            version=__version__,
            openapi_router=Router(
                "/api/litestar-schema", route_handlers=[], include_in_schema=False, guards=[_closed]
            ),
            render_plugins=[],
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer"),
                    "apiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                }
            ),
        ),
    )
    app.state.settings = settings
    app.state.installation = installation
    app.state.navigation, app.state.offered = pages.NAVIGATION, pages.OFFERED
    prepare_routes(app, max_json_bytes=settings.max_body_bytes)
    take_away_caches(app)
    return app


def _forget_actors(app: Litestar) -> Callable[[str], None]:
    return lambda payload: app.state.access.forget(UUID(payload))


def _forget_rows(app: Litestar) -> Callable[[str], None]:
    def forget(payload: str) -> None:
        """The payload is a kind, with the id of one organization or, without one, for all of them."""
        kind, _, organization = payload.partition(" ")
        if (cache := app.state.caches.get(kind)) is None:
            return
        if organization:
            cache.forget(UUID(organization))
        else:
            cache.forget_all()

    return forget


def _closed(*_: object) -> None:
    """Disables Litestar's own inexact OpenAPI document; ours is in imsop.web.openapi."""
    raise NotFoundException


def create_app(
    settings: Settings, installation: Installation, demo_accounts: Sequence[DemoAccount] = ()
) -> ASGIApp:
    """The ASGI application to serve.

    The sign-in page offers the `demo_accounts`; only `imsop up` knows any, of what it has just loaded.
    `Observed` is outermost, so that it also records Litestar's own 404 and 405.
    """
    configure_logging(level=settings.log_level, as_json=settings.log_json)
    app = create_litestar(settings, installation)
    app.state.demo_accounts = demo_accounts
    return Observed(app)
