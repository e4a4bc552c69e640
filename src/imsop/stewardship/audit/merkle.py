"""Hashes of the audit trail: leaves, Merkle trees (after RFC 6962, section 2.1), and the chain of roots."""

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

import msgspec

LEAF_BYTES = 32

_LEAF, _NODE, _CHAIN = b"\0", b"\1", b"\2"  # so that none of the three can pass for another


def leaf_of(values: Sequence[object]) -> bytes:
    """The hash of an entry's columns, in their order, by their JSON."""
    return sha256(_LEAF + msgspec.json.encode(values)).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree; leaves must not be empty. A node without a sibling goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_of(leaves: Sequence[bytes], place: int) -> list[tuple[str, bytes]]:
    """What proves the leaf at this place: on the way up, each sibling and its side (`left` or `right`)."""
    path = []
    level = list(leaves)
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(("right" if sibling > place else "left", level[sibling]))
        level = _above(level)
        place //= 2
    return path


def root_by_path(leaf: bytes, path: Sequence[tuple[str, bytes]]) -> bytes:
    """The root that a leaf and its path lead to."""
    for side, sibling in path:
        leaf = _node(leaf, sibling) if side == "right" else _node(sibling, leaf)
    return leaf


def chain_of(organization_id: UUID, number: int, until_xid: int, root: bytes, previous: bytes) -> bytes:
    """The hash of a seal and of all before it. `previous` is the last seal's, empty for the first."""
    head = organization_id.bytes + number.to_bytes(8, "big") + until_xid.to_bytes(8, "big")
    return sha256(_CHAIN + head + root + previous).digest()


def split(leaves: bytes) -> list[bytes]:
    """Leaves as they are stored, one after the other."""
    return [leaves[at : at + LEAF_BYTES] for at in range(0, len(leaves), LEAF_BYTES)]


def _above(level: list[bytes]) -> list[bytes]:
    above = [_node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return above + level[len(above) * 2 :]


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()
