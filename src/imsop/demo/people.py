"""Creates organizations for demonstration, whose users share a published password."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from imsop.core import errors
from imsop.core.bulk import LoadReport
from imsop.core.database import Connection, Pool, open_pool, transaction
from imsop.core.embedded import OperatorError
from imsop.core.installation import Installation
from imsop.core.jobs import run_for_all
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.organizations.models import NewOrganization
from imsop.identity.people import queries as people_queries
from imsop.identity.people.passwords import hash_password
from imsop.identity.roles.permissions import SYSTEM_ROLES, SystemRole
from imsop.identity.signing_in import queries as signing_in_queries
from imsop.identity.signing_in.actions import found_organization
from imsop.inventory.days.jobs import DAILY_STOCK

PASSWORD = "imsop-demo"  # noqa: S105 - printed by `imsop up`, which then listens on loopback only


class Founded(NamedTuple):
    """A new organization, not yet committed, in the transaction of its connection."""

    connection: Connection
    organization_id: UUID
    user_ids: dict[SystemRole, UUID]


def email_of(role: SystemRole, domain: str) -> str:
    return f"{'admin' if role == 'administrator' else role}@{domain}"


def sign_ins(domain: str) -> list[tuple[str, str]]:
    """E-mail and password of all its users."""
    return [(email_of(role, domain), PASSWORD) for role in SYSTEM_ROLES]


async def is_founded(pool: Pool, domain: str) -> bool:
    """True if the organization was loaded before; it is complete then, as all of it commits at once."""
    async with transaction(pool, None, read_only=True) as connection:
        return (
            await signing_in_queries.find_account(connection, email_of("administrator", domain)) is not None
        )


def load_organizations(
    opened: Installation, loads: Mapping[str, Callable[[Pool], Awaitable[LoadReport]]]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Runs the loads of missing organizations by domain. Returns their reports, and all sign-ins.

    Raises OperatorError with every fault of an invalid source; earlier loads are kept.
    """
    try:
        said = asyncio.run(_load_missing(opened, loads))
    except errors.DomainError as error:
        faults = [f"  {fault.field}: {fault.message}" for fault in error.errors]
        raise OperatorError("\n".join([error.detail, *faults])) from None
    return said, [sign_in for domain in loads for sign_in in sign_ins(domain)]


async def _load_missing(
    opened: Installation, loads: Mapping[str, Callable[[Pool], Awaitable[LoadReport]]]
) -> list[str]:
    pool = await open_pool(opened.app_dsn, min_size=1, max_size=1)
    said = []
    try:
        for domain, load in loads.items():
            if await is_founded(pool, domain):
                said.append(f"{domain} was loaded before and is left as it is")
            else:
                said.append(str(await load(pool)))
                await _gather_statistics(opened.owner_dsn)
                await run_for_all(opened, DAILY_STOCK)  # other jobs can wait for a worker
    except asyncpg.PostgresError as error:
        raise errors.from_database(error) or error from error
    finally:
        await pool.close()
    return said


async def _gather_statistics(owner_dsn: str) -> None:
    """ANALYZE, so that the first queries after a load are planned for the loaded data."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ANALYZE")
    finally:
        await owner.close()


@asynccontextmanager
async def founded_organization(
    pool: Pool,
    settings: Settings,
    *,
    name: str,
    domain: str,
    timezone: str,
    currency: str,
    industry: str,
    country: str,
) -> AsyncIterator[Founded]:
    """Creates an organization with one user per system role, for the block to fill; one transaction.

    Raises Conflict if the name or an address is taken.
    """
    password_hash = await hash_password(PASSWORD, cost=settings.bcrypt_cost)
    new = NewOrganization(
        name=name,
        email=email_of("administrator", domain),
        password=PASSWORD,
        first_name="Admin",
        industry=industry,
        country=country,
        timezone=timezone,
        currency=currency,
    )
    organization_id = uuid4()
    async with transaction(pool, Tenant(organization_id)) as connection:
        administrator_id, role_ids = await found_organization(connection, organization_id, new, password_hash)
        user_ids: dict[SystemRole, UUID] = {"administrator": administrator_id}
        for role in SYSTEM_ROLES:
            if role not in user_ids:
                user_ids[role] = await people_queries.insert_user(
                    connection,
                    organization_id,
                    email_of(role, domain),
                    password_hash,
                    first_name=role.capitalize(),
                )
                await people_queries.set_user_roles(
                    connection, organization_id, user_ids[role], [role_ids[role]]
                )
        yield Founded(connection, organization_id, user_ids)
