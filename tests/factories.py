"""Factories of users and rows: plain functions on the real application."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from litestar import Litestar

from imsop.core.database import Connection, Pool, transaction
from imsop.core.installation import Installation
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.actor import Actor
from imsop.identity.credentials.tokens import new_token
from imsop.identity.roles.permissions import SystemRole
from imsop.web.app import create_app
from imsop.web.edge.observe import Observed
from imsop.web.pages.identity.signing_in import DemoAccount

PASSWORD = "a long enough password"
HOST = "http://imsop.test"
API = "/api/v1"


MAIL = {"mail_from": "imsop@test.example", "smtp_url": "smtp://127.0.0.1:1"}
"""A mail server that is never contacted: mails are stored, and no job runs."""


@asynccontextmanager
async def running(
    installation: Installation, demo_accounts: Sequence[DemoAccount] = (), **settings: Any
) -> AsyncIterator[Observed]:
    """An application like that of another process, inside this one: own pool, cache and LISTEN connection.

    Its live stream ends at once, as an in-process client waits for the complete response.
    """
    usual = {"bcrypt_cost": 4, "pool_min": 0, "pool_max": 12, "stream_seconds": 0, "jobs": False} | MAIL
    app = create_app(Settings(**(usual | settings)), installation, demo_accounts)
    assert isinstance(app, Observed)
    async with litestar_of(app).lifespan():
        yield app


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    """A connection outside the application, closed however the test ends."""
    connection = await asyncpg.connect(dsn)  # noqa: TID251 - here
    try:
        yield connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()


def litestar_of(app: Observed) -> Litestar:
    assert isinstance(app.app, Litestar)
    return app.app


def pool_of(app: Observed) -> Pool:
    pool: Pool = litestar_of(app).state.pool
    return pool


def new_address() -> str:
    """An address of an unused network (/64): attempts are limited per network."""
    return str(IPv6Address((0xFD << 120) + (random.SystemRandom().getrandbits(56) << 64)))


class Visitor(httpx.AsyncClient):
    """An HTTP client with paths relative to /api/v1 unless they begin with a slash."""

    def build_request(self, method: str, url: Any, **parts: Any) -> httpx.Request:
        return super().build_request(method, f"{HOST}{url}" if str(url).startswith("/") else url, **parts)


def visitor(app: Observed, *, address: str | None = None, **headers: str) -> httpx.AsyncClient:
    """An unauthenticated client."""
    transport = httpx.ASGITransport(app, client=(address or new_address(), 4711))  # type: ignore[arg-type]
    return Visitor(transport=transport, base_url=f"{HOST}{API}/", headers=headers)


@dataclass(frozen=True)
class Member:
    """A signed-in user of an organization. `http` sends the token, as do the methods below."""

    app: Observed
    http: httpx.AsyncClient
    organization_id: UUID
    user_id: UUID
    email: str
    token: str = field(repr=False)

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.organization_id, self.user_id)

    async def actor(self) -> Actor:
        """The actor, for calling actions directly."""
        actor: Actor = await litestar_of(self.app).state.access.authenticate(self.token, "bearer")
        return actor

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A transaction as imsop_app, inside the organization."""
        return transaction(pool_of(self.app), self.tenant)

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.http.get(path, params=parameters)

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return await self.http.post(path, json=body, headers=named(headers))

    async def delete(self, path: str) -> httpx.Response:
        return await self.http.delete(path)

    async def create(self, path: str, body: Any) -> dict[str, Any]:
        """Sends a POST that must succeed; returns the new row."""
        row: dict[str, Any] = accepted(await self.post(path, body), 201)
        return row

    async def read(self, path: str, **parameters: Any) -> Any:
        """Sends a GET that must succeed."""
        return accepted(await self.get(path, **parameters))

    async def edit(self, path: str, **changes: Any) -> httpx.Response:
        """Sends a PATCH of the current version."""
        current = await self.get(path)
        accepted(current)
        return await self.http.patch(path, json=changes, headers={"If-Match": current.headers["etag"]})


def named(headers: dict[str, str]) -> dict[str, str]:
    """Renames `idempotency_key` to Idempotency-Key."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


def accepted(response: httpx.Response, status: int = 200) -> Any:
    """The body of a response that must have this status."""
    assert response.status_code == status, f"{response.status_code}: {response.text}"
    return response.json()


def new_email(name: str = "someone") -> str:
    return f"{name}-{uuid4().hex}@{name}.example"


async def sign_up(app: Observed, *, name: str | None = None, **organization: Any) -> Member:
    """A new organization, as its first administrator."""
    email = new_email("admin")
    body = {"name": name or f"Organization {uuid4().hex}", "email": email, "password": PASSWORD}
    signed_up = accepted(await visitor(app).post("organizations", json=body | organization), 201)
    return await sign_in(app, email, UUID(signed_up["organization"]["id"]), signed_up["administrator"])


async def sign_in(
    app: Observed, email: str, organization_id: UUID, user: dict[str, Any], *, password: str = PASSWORD
) -> Member:
    http = visitor(app)
    reply = await http.post("auth/token", json={"email": email, "password": password})
    token = accepted(reply)["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    return Member(app, http, organization_id, UUID(user["id"]), email, token)


async def member(admin: Member, role: SystemRole | str) -> Member:
    """A new user of the administrator's organization with the role of that name."""
    (found,) = (await admin.read("roles", name=role))["items"]
    email = new_email(role)
    user = await admin.create("users", {"email": email, "password": PASSWORD, "role_ids": [found["id"]]})
    return await sign_in(admin.app, email, admin.organization_id, user)


async def member_with(admin: Member, *permissions: str) -> Member:
    """A new user whose single role has exactly these permissions."""
    role = await admin.create("roles", {"name": f"role-{uuid4().hex}", "permissions": permissions})
    return await member(admin, role["name"])


def made_up_token() -> str:
    """A well-formed token that was never issued."""
    return new_token("bearer", uuid4())


def elsewhere(member: Member, app: Observed) -> Member:
    """The same member with the same token at another process."""
    http = visitor(app, Authorization=f"Bearer {member.token}")
    return replace(member, app=app, http=http)


def gtin(digits: str) -> str:
    """The digits with their check digit: modulo 10, weights 3 and 1 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


async def product(admin: Member, **fields: Any) -> dict[str, Any]:
    code = uuid4().hex[:12].upper()
    return await admin.create("products", {"sku": f"SKU-{code}", "name": f"Product {code}"} | fields)


async def warehouse(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("warehouses", {"name": f"Warehouse {uuid4().hex[:8]}"} | fields)


async def supplier(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("suppliers", {"name": f"Supplier {uuid4().hex[:8]}"} | fields)


async def customer(admin: Member, **fields: Any) -> dict[str, Any]:
    return await admin.create("customers", {"name": f"Customer {uuid4().hex[:8]}"} | fields)


SOON = 20.0
"""Timeout in seconds for what must happen, even on a busy machine; only a failure takes that long.

Shorter than the lifetime of cached tokens, so that expiry is not mistaken for invalidation.
"""


async def eventually(reached: Callable[[], Awaitable[bool]], *, within_seconds: float = SOON) -> None:
    """Waits for an asynchronous effect, such as in another process; fails on timeout."""
    async with asyncio.timeout(within_seconds):
        while not await reached():  # noqa: ASYNC110 - the effect is elsewhere
            await asyncio.sleep(0.01)
