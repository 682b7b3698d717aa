"""Merkle trees as RFC 6962 defines them: one hash for a list, and short proofs that something is in it.

A leaf is hashed as sha256(0x00 || data) and a node as sha256(0x01 || left || right), so that no node can pass for a leaf. A
node without a partner moves up as it is, which gives the tree of the RFC for every number of leaves.
"""

import hashlib
from collections.abc import Sequence

LEFT, RIGHT = "left", "right"
LEAF, NODE = b"\x00", b"\x01"

Path = tuple[tuple[str, bytes], ...]


def leaf(data: bytes) -> bytes:
    """sha256(0x00 || data)."""
    return hashlib.sha256(LEAF + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The hash of all leaves in their order.

    Raises:
        ValueError: for no leaf.
    """
    return _levels(leaves)[-1][0]


def path(leaves: Sequence[bytes], index: int) -> Path:
    """The hashes that lead from one leaf to the root, each with the side that it stands on; ceil(log2(n)) of them at most."""
    steps = []
    for level in _levels(leaves)[:-1]:
        partner = index ^ 1
        if partner < len(level):
            steps.append((LEFT if partner < index else RIGHT, level[partner]))
        index //= 2
    return tuple(steps)


def climb(start: bytes, steps: Path) -> bytes:
    """The root that a leaf and its path lead to."""
    for side, other in steps:
        start = _node(other, start) if side == LEFT else _node(start, other)
    return start


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """From the leaves to the root."""
    if not leaves:
        raise ValueError("a Merkle tree needs a leaf")
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        pairs = [_node(*below[at : at + 2]) if at + 1 < len(below) else below[at] for at in range(0, len(below), 2)]
        levels.append(pairs)
    return levels
