"""Loads a source for a test, and inspects the result."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imsop.core.bulk import LoadReport
from imsop.core.database import Connection, Pool, transaction
from imsop.core.errors import InvalidInput
from imsop.core.installation import silent
from imsop.core.settings import Settings
from imsop.core.tenancy import Tenant
from imsop.identity.signing_in import queries

SETTINGS = Settings(bcrypt_cost=4)


async def load(source: ModuleType, pool: Pool, directory: Path) -> LoadReport:
    report: LoadReport = await source.load(pool, SETTINGS, directory, silent)
    return report


@asynccontextmanager
async def organization(source: ModuleType, pool: Pool) -> AsyncIterator[Connection]:
    """A transaction of the application in the loaded organization, under row security."""
    async with transaction(pool, None, read_only=True) as connection:
        account = await queries.find_account(connection, f"admin@{source.DOMAIN}")
    assert account is not None
    async with transaction(pool, Tenant(account.organization_id), read_only=True) as connection:
        yield connection


async def rows(connection: Connection, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(record) for record in await connection.fetch(sql)]


def faults(refused: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    """Refused values: row with field, and reason."""
    return [(fault.field, fault.message) for fault in refused.value.errors]
