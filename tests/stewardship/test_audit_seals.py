"""Seals of the audit trail: complete, whatever commits late; what a superuser changes is found and named."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from imsop.core import tenancy
from imsop.stewardship.audit.merkle import chain_of, path_of, root_by_path, root_of, split
from imsop.stewardship.audit.sealing import seal_audit
from imsop.stewardship.audit.verifying import Anchor, prove, take_anchor, verify
from tests import factories
from tests.conftest import TestDatabase
from tests.factories import Member

# As the superuser, of one organization ($1) and one of its entries ($2).
TAMPERING = {
    "was changed": "UPDATE audit_entries SET new = '{}' WHERE organization_id = $1 AND id = $2",
    "was removed": "DELETE FROM audit_entries WHERE organization_id = $1 AND id = $2",
    "was inserted": (
        "INSERT INTO audit_entries (id, organization_id, table_name, record_id, action, source, recorded_xid)"
        " SELECT '00000000-0000-7000-8000-000000000001', organization_id, table_name, record_id, action,"
        " source, recorded_xid FROM audit_entries WHERE organization_id = $1 AND id = $2"
    ),
}
OTHERS_SECONDS = 100.0
"""Transactions that other tests hold open on the server delay a seal: the longest loads the volume."""
INSERTED = UUID("00000000-0000-7000-8000-000000000001")


async def sealed(database: TestDatabase, superuser: Any, owner: Member) -> list[UUID]:
    """Makes and seals some entries, in two seals; the products' ids of entries."""
    for _ in range(2):
        await factories.product(owner)
        await factories.product(owner)
        await eventually_sealed(database, superuser, owner)
    found = await superuser.fetch(
        "SELECT id FROM audit_entries WHERE organization_id = $1 AND table_name = 'products' ORDER BY id",
        owner.organization_id,
    )
    return [row["id"] for row in found]


async def unsealed(superuser: Any, owner: Member) -> int:
    found: int = await superuser.fetchval(
        "SELECT count(*) FROM audit_entries e WHERE organization_id = $1 AND NOT EXISTS ("
        " SELECT FROM audit_seals s WHERE s.organization_id = $1 AND e.id = ANY (s.entry_ids))",
        owner.organization_id,
    )
    return found


async def eventually_sealed(database: TestDatabase, superuser: Any, owner: Member) -> None:
    async def is_sealed() -> bool:
        await seal_audit(database.installation, owner.organization_id)
        return await unsealed(superuser, owner) == 0

    await factories.eventually(is_sealed, within_seconds=OTHERS_SECONDS)


async def findings(
    database: TestDatabase, owner: Member, anchor: Anchor | None = None
) -> set[tuple[UUID | None, str]]:
    return {
        (finding.entry_id, finding.fault)
        async for finding in verify(database.installation, anchor, owner.organization_id)
    }


@pytest.mark.parametrize("fault", TAMPERING)
async def test_each_kind_of_tampering_is_found_and_named(
    database: TestDatabase, superuser: Any, admin: Member, fault: str
) -> None:
    products = await sealed(database, superuser, admin)
    assert await findings(database, admin) == set()
    await superuser.execute(TAMPERING[fault], admin.organization_id, products[1])
    named = INSERTED if fault == "was inserted" else products[1]
    assert await findings(database, admin) == {(named, fault)}


async def test_a_chain_that_was_recomputed_is_found_against_the_anchor(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    products = await sealed(database, superuser, admin)
    anchor = msgspec.json.decode(msgspec.json.encode(await take_anchor(database.installation)), type=Anchor)
    assert await findings(database, admin, anchor) == set()
    await superuser.execute(TAMPERING["was changed"], admin.organization_id, products[-1])
    await superuser.execute(
        "DELETE FROM audit_seals WHERE organization_id = $1 AND number ="
        " (SELECT max(number) FROM audit_seals WHERE organization_id = $1)",
        admin.organization_id,
    )
    await eventually_sealed(database, superuser, admin)
    assert await findings(database, admin) == set()
    found = await findings(database, admin, anchor)
    assert products[-1] in {entry for entry, _ in found}
    assert products[0] not in {entry for entry, _ in found}


async def test_entries_in_another_order_and_a_missing_seal_are_found(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    await sealed(database, superuser, admin)
    seal = await superuser.fetchrow(
        "SELECT * FROM audit_seals WHERE organization_id = $1 AND number = 1", admin.organization_id
    )
    ids, leaves = seal["entry_ids"], split(seal["leaves"])
    ids[0], ids[1], leaves[0], leaves[1] = ids[1], ids[0], leaves[1], leaves[0]
    root = root_of(leaves)
    await superuser.execute(
        "UPDATE audit_seals SET entry_ids = $2, leaves = $3, root = $4, chain = $5"
        " WHERE organization_id = $1 AND number = 1",
        admin.organization_id,
        ids,
        b"".join(leaves),
        root,
        chain_of(admin.organization_id, 1, seal["until_xid"], root, b""),
    )
    found = await findings(database, admin)
    assert {(ids[0], "was reordered"), (ids[1], "was reordered")} <= found
    await superuser.execute(
        "DELETE FROM audit_seals WHERE organization_id = $1 AND number = 1", admin.organization_id
    )
    assert (None, "the seal was removed") in await findings(database, admin)


async def test_a_transaction_that_commits_late_is_sealed_all_the_same(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    await factories.product(admin)
    async with factories.connected(database.app_dsn) as late:
        await tenancy.begin(late, admin.tenant)
        await late.execute("UPDATE products SET name = 'Late'")
        await factories.product(admin)
        await seal_audit(database.installation, admin.organization_id)
        await factories.product(admin)
        await late.execute("COMMIT")
    assert await unsealed(superuser, admin) > 0
    await eventually_sealed(database, superuser, admin)
    assert await findings(database, admin) == set()


async def test_one_entry_is_proved_by_a_few_hashes(
    database: TestDatabase, superuser: Any, admin: Member
) -> None:
    products = await sealed(database, superuser, admin)
    proof = await prove(database.installation, admin.organization_id, products[0])
    assert proof is not None
    anchor = await take_anchor(database.installation)
    path = [(side, bytes.fromhex(sibling)) for side, sibling in proof.path]
    root = root_by_path(bytes.fromhex(proof.leaf), path)
    assert root.hex() == anchor.organizations[admin.organization_id].roots[proof.seal - 1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 1000])
def test_every_leaf_of_a_tree_leads_to_its_root(size: int) -> None:
    leaves = [place.to_bytes(32, "big") for place in range(size)]
    for place in range(size):
        path = path_of(leaves, place)
        assert root_by_path(leaves[place], path) == root_of(leaves)
        assert len(path) <= (size - 1).bit_length()


@pytest.mark.parametrize("role", ["app", "operator"])
async def test_nobody_but_the_function_writes_seals(database: TestDatabase, role: str) -> None:
    dsn = database.app_dsn if role == "app" else database.operator_dsn
    for statement in (
        "UPDATE audit_seals SET root = root",
        "DELETE FROM audit_seals",
        "INSERT INTO audit_seals DEFAULT VALUES",
        "TRUNCATE audit_seals",
        "DELETE FROM audit_entries",
        "SELECT old FROM audit_entries"
        if role == "operator"
        else "SELECT append_audit_seal(uuidv7(), 1, '1', '{}', '', '', '')",
    ):
        async with factories.connected(dsn) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
