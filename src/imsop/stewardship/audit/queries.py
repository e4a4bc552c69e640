"""SQL of the audit trail."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection, fetch_all, fetch_one
from imsop.core.listing import Listing, Sort
from imsop.stewardship.audit.merkle import leaf_of
from imsop.stewardship.audit.models import AuditEntry

STREAMED_ROWS = 1000
"""Entries read at a time: a job may have written very many in one transaction."""


# Bounded by now(), so that empty partitions of coming months are pruned.
ENTRIES = Listing(
    AuditEntry,
    """
    SELECT e.id, e.at, e.table_name, e.record_id, e.action, e.old, e.new, e.user_id, e.credential_id,
           e.request_id, e.source, host(e.address) AS address,
           coalesce(e.recorded_xid < (
               SELECT s.until_xid FROM audit_seals s WHERE s.organization_id = $1
               ORDER BY s.number DESC LIMIT 1), false) AS sealed
    FROM audit_entries e
    WHERE e.organization_id = $1 AND e.at <= now()
    """,
    filters={
        "table": "e.table_name = {}",
        # Of one record: || '' keeps the planner from the index by table, as a record has few entries.
        "table_of_record": "e.table_name || '' = {}",
        "record_id": "e.record_id = {}",
        "user_id": "e.user_id = {}",
        "request_id": "e.request_id = {}",
        "from": "e.at >= {}",
        "to": "e.at < {}",
    },
    sorts={"at": Sort("e.at", "at", datetime)},
    tiebreak="e.id",
)


class Leaf(NamedTuple):
    """An entry's id and the hash of all its columns."""

    id: UUID
    hash: bytes


class Seal(Struct, frozen=True):
    """A sealed batch of an organization's entries."""

    number: int
    until_xid: int
    entry_ids: list[UUID]
    leaves: bytes
    root: bytes
    chain: bytes


async def stream_leaves(
    connection: Connection, organization_id: UUID, from_xid: int, until_xid: int
) -> AsyncGenerator[Leaf, None]:
    """Entries of these transactions in order of recording, `until_xid` exclusive.

    Columns are hashed as PostgreSQL's texts, which do not depend on the driver.
    """
    records = connection.cursor(
        """
        SELECT e.id, extract(epoch FROM e.at)::text, e.table_name, e.record_id, e.action, e.old::text,
               e.new::text, e.user_id, e.credential_id, e.request_id, e.source, host(e.address),
               e.recorded_xid
        FROM audit_entries e
        WHERE e.organization_id = $1 AND e.recorded_xid >= $2 AND e.recorded_xid < $3
        ORDER BY e.recorded_xid, e.id
        """,
        organization_id,
        from_xid,
        until_xid,
        prefetch=STREAMED_ROWS,
    )
    async for record in records:
        yield Leaf(record[0], leaf_of(list(record)))


async def get_last_seal(connection: Connection, organization_id: UUID) -> Seal | None:
    return await fetch_one(
        connection,
        Seal,
        """
        SELECT s.number, s.until_xid, s.entry_ids, s.leaves, s.root, s.chain FROM audit_seals s
        WHERE s.organization_id = $1 ORDER BY s.number DESC LIMIT 1
        """,
        organization_id,
    )


async def list_seal_numbers(connection: Connection, organization_id: UUID) -> list[int]:
    records = await connection.fetch(
        "SELECT s.number FROM audit_seals s WHERE s.organization_id = $1 ORDER BY s.number", organization_id
    )
    return [record[0] for record in records]


async def get_seal(connection: Connection, organization_id: UUID, number: int) -> Seal | None:
    return await fetch_one(
        connection,
        Seal,
        """
        SELECT s.number, s.until_xid, s.entry_ids, s.leaves, s.root, s.chain FROM audit_seals s
        WHERE s.organization_id = $1 AND s.number = $2
        """,
        organization_id,
        number,
    )


async def find_seal(connection: Connection, organization_id: UUID, entry_id: UUID) -> Seal | None:
    """The seal that covers the transaction of this entry."""
    return await fetch_one(
        connection,
        Seal,
        """
        SELECT s.number, s.until_xid, s.entry_ids, s.leaves, s.root, s.chain
        FROM audit_entries e JOIN audit_seals s ON s.organization_id = e.organization_id
        WHERE e.organization_id = $1 AND e.id = $2 AND s.until_xid > e.recorded_xid
        ORDER BY s.number LIMIT 1
        """,
        organization_id,
        entry_id,
    )


class Chained(Struct, frozen=True):
    """A seal's place in the chain of its organization."""

    organization_id: UUID
    number: int
    root: bytes
    chain: bytes


async def list_chains(operator: Connection) -> list[Chained]:
    """The chain of every organization, as the operator."""
    return await fetch_all(
        operator,
        Chained,
        """
        SELECT s.organization_id, s.number, s.root, s.chain FROM audit_seals s
        ORDER BY s.organization_id, s.number
        """,
    )


async def list_organizations(operator: Connection) -> list[UUID]:
    """All of them, deleted ones too, as the operator."""
    return [record[0] for record in await operator.fetch("SELECT o.id FROM organizations o ORDER BY o.id")]


async def list_unsealed(operator: Connection) -> list[UUID]:
    """Organizations with entries of ended transactions that no seal covers, as the operator."""
    records = await operator.fetch(
        """
        SELECT o.id FROM organizations o
        WHERE EXISTS (
            SELECT FROM audit_entries e
            WHERE e.organization_id = o.id AND e.recorded_xid < pg_snapshot_xmin(pg_current_snapshot())
              AND e.recorded_xid >= coalesce(
                  (SELECT s.until_xid FROM audit_seals s
                   WHERE s.organization_id = o.id ORDER BY s.number DESC LIMIT 1), '0'::xid8))
        """
    )
    return [record[0] for record in records]


async def append_seal(operator: Connection, organization_id: UUID, seal: Seal) -> None:
    await operator.execute(
        "SELECT append_audit_seal($1, $2, $3, $4, $5, $6, $7)",
        organization_id,
        seal.number,
        seal.until_xid,
        seal.entry_ids,
        seal.leaves,
        seal.root,
        seal.chain,
    )
