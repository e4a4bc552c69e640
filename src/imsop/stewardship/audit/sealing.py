"""Seals the audit trail every minute: a Merkle tree of an organization's new entries, chained to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from imsop.core import tenancy
from imsop.core.database import Connection, prepare_connection
from imsop.core.installation import Installation
from imsop.core.jobs import InstallationTask
from imsop.core.snapshot import current_snapshot
from imsop.core.tenancy import Tenant
from imsop.stewardship.audit import queries
from imsop.stewardship.audit.merkle import chain_of, root_of
from imsop.stewardship.audit.queries import Seal
from imsop.ui.language import N_


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    """A connection of its own: not from the pool, as it may take longer than a request."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC", "datestyle": "ISO"})
    try:
        await prepare_connection(connection)
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def reading(connection: Connection, organization_id: UUID) -> AsyncIterator[None]:
    """A reading transaction inside an organization, in one snapshot."""
    await tenancy.begin(connection, Tenant(organization_id), read_only=True)
    try:
        yield
    finally:
        await connection.execute("ROLLBACK")


async def seal_audit(installation: Installation, only: UUID | None = None) -> None:
    """Seals what is not yet sealed, of all organizations or one. Locks nothing; of two at once, one fails on
    the seal's number.
    """
    async with connected(installation.operator_dsn) as operator, connected(installation.app_dsn) as reader:
        for organization_id in [only] if only else await queries.list_unsealed(operator):
            async with reading(reader, organization_id):
                seal = await _next_seal(reader, organization_id)
            if seal is not None:
                await queries.append_seal(operator, organization_id, seal)


async def _next_seal(connection: Connection, organization_id: UUID) -> Seal | None:
    """The seal of all entries since the last one whose transactions have ended.

    Below the snapshot's xmin no transaction is in progress and none can begin: what is there is complete.
    """
    until_xid = (await current_snapshot(connection)).xmin
    last = await queries.get_last_seal(connection, organization_id)
    number, from_xid, previous = (last.number + 1, last.until_xid, last.chain) if last else (1, 0, b"")
    leaves = [leaf async for leaf in queries.stream_leaves(connection, organization_id, from_xid, until_xid)]
    if not leaves:
        return None
    root = root_of([leaf.hash for leaf in leaves])
    return Seal(
        number,
        until_xid,
        [leaf.id for leaf in leaves],
        b"".join(leaf.hash for leaf in leaves),
        root,
        chain_of(organization_id, number, until_xid, root, previous),
    )


SEAL_AUDIT = InstallationTask("seal_audit", N_("Seal the audit trail"), seal_audit, every="* * * * *")
