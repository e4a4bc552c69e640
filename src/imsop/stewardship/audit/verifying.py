"""Verifies the audit trail against its seals, and the seals against an anchor that was kept elsewhere."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from uuid import UUID

from msgspec import Struct

from imsop.core.database import Connection
from imsop.core.installation import Installation
from imsop.stewardship.audit import queries
from imsop.stewardship.audit.merkle import chain_of, path_of, root_of, split
from imsop.stewardship.audit.queries import Seal
from imsop.stewardship.audit.sealing import connected, reading


class Anchored(Struct, frozen=True):
    """An organization's seals at the time: the root of each, and the newest one's place in the chain."""

    roots: list[str]
    chain: str


class Anchor(Struct, frozen=True):
    """Seals by organization. Whoever keeps it elsewhere proves later what had been sealed by then."""

    organizations: dict[UUID, Anchored]


class Finding(Struct, frozen=True):
    """What is wrong, with the entry; if only the seal is known to be wrong, one for each of its entries."""

    organization_id: UUID
    seal: int
    fault: str
    entry_id: UUID | None = None

    def __str__(self) -> str:
        entry = f"entry {self.entry_id}: " if self.entry_id else ""
        return f"organization {self.organization_id}, seal {self.seal}: {entry}{self.fault}"


class Proof(Struct, frozen=True):
    """That an entry is in a seal: its leaf and path lead to the root, which anchors contain."""

    organization_id: UUID
    seal: int
    leaf: str
    path: list[tuple[str, str]]
    root: str


async def take_anchor(installation: Installation) -> Anchor:
    organizations: dict[UUID, Anchored] = {}
    async with connected(installation.operator_dsn) as operator:
        for seal in await queries.list_chains(operator):
            known = organizations.get(seal.organization_id)
            roots = known.roots if known else []
            roots += [""] * (seal.number - 1 - len(roots))  # removed, which `verify` reports
            roots.append(seal.root.hex())
            organizations[seal.organization_id] = Anchored(roots, seal.chain.hex())
    return Anchor(organizations)


async def verify(
    installation: Installation, anchor: Anchor | None, only: UUID | None = None
) -> AsyncGenerator[Finding, None]:
    """Everything that is wrong, one by one, with all organizations or one. Recomputes all hashes; trusts no
    function of the database.
    """
    anchored = anchor.organizations if anchor else {}
    async with connected(installation.operator_dsn) as operator, connected(installation.app_dsn) as reader:
        organizations = await queries.list_organizations(operator)
        for organization_id in [only] if only else sorted({*organizations, *anchored}):
            async with reading(reader, organization_id):
                async for finding in _verify_one(reader, organization_id, anchored.get(organization_id)):
                    yield finding


async def _verify_one(
    connection: Connection, organization_id: UUID, anchored: Anchored | None
) -> AsyncGenerator[Finding, None]:
    numbers = await queries.list_seal_numbers(connection, organization_id)
    newest = max([*numbers, len(anchored.roots) if anchored else 0], default=0)
    from_xid, previous = 0, b""
    for number in range(1, newest + 1):
        seal = await queries.get_seal(connection, organization_id, number)
        if seal is None:
            yield Finding(organization_id, number, "the seal was removed")
            continue
        if fault := next(_seal_faults(organization_id, seal, previous, anchored), None):
            for entry_id in seal.entry_ids:
                yield Finding(organization_id, number, fault, entry_id)
        found = {
            leaf.id: leaf.hash
            async for leaf in queries.stream_leaves(connection, organization_id, from_xid, seal.until_xid)
        }
        sealed = dict(zip(seal.entry_ids, split(seal.leaves), strict=False))
        for entry_id, fault in _entry_faults(sealed, found):
            yield Finding(organization_id, number, fault, entry_id)
        from_xid, previous = seal.until_xid, seal.chain


def _seal_faults(
    organization_id: UUID, seal: Seal, previous: bytes, anchored: Anchored | None
) -> Iterator[str]:
    leaves = split(seal.leaves)
    if len(leaves) != len(seal.entry_ids) or root_of(leaves) != seal.root:
        yield "its seal was changed: the leaves do not lead to the root"
    if chain_of(organization_id, seal.number, seal.until_xid, seal.root, previous) != seal.chain:
        yield "its seal was changed: it does not follow from the seal before"
    if anchored is None or seal.number > len(anchored.roots):
        return
    if seal.root.hex() != anchored.roots[seal.number - 1]:
        yield "its seal was rewritten: it is not the anchored one, so any of its entries may be wrong"
    if seal.number == len(anchored.roots) and seal.chain.hex() != anchored.chain:
        yield "its seal was rewritten: its place in the chain is not the anchored one"


def _entry_faults(sealed: Mapping[UUID, bytes], found: Mapping[UUID, bytes]) -> Iterator[tuple[UUID, str]]:
    for entry_id, leaf in found.items():
        if entry_id not in sealed:
            yield entry_id, "was inserted"
        elif sealed[entry_id] != leaf:
            yield entry_id, "was changed"
    yield from ((entry_id, "was removed") for entry_id in sealed if entry_id not in found)
    of_seal = [entry_id for entry_id in sealed if entry_id in found]
    of_table = [entry_id for entry_id in found if entry_id in sealed]
    for entry_id, other in zip(of_seal, of_table, strict=True):
        if entry_id != other:
            yield entry_id, "was reordered"


async def prove(installation: Installation, organization_id: UUID, entry_id: UUID) -> Proof | None:
    """The proof that an entry is sealed; None if it is not."""
    async with connected(installation.app_dsn) as reader, reading(reader, organization_id):
        seal = await queries.find_seal(reader, organization_id, entry_id)
    if seal is None:
        return None
    leaves, place = split(seal.leaves), seal.entry_ids.index(entry_id)
    path = [(side, sibling.hex()) for side, sibling in path_of(leaves, place)]
    return Proof(organization_id, seal.number, leaves[place].hex(), path, seal.root.hex())
