"""Near-copies: the same photograph, saved, lit, mirrored, cropped or bordered a little differently.

Two pictures are near-copies when their 256-bit perceptual hashes differ in at most ``LARGEST_DISTANCE`` bits, or when a view of
one (mirrored, cropped) lies on the other as a copy does (``copies``). Among 7,643 real faces all pairs of either kind show one
photograph, as looking at every one of them tells (``benchmarks/look_at_data.py``); how many of planted copies are found is
measured by ``benchmarks/near_copies.py``.
"""

from functools import partial
from math import isqrt
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from unlearning.data.copies import copy_pairs
from unlearning.data.rows import Rows
from unlearning.processes import Each
from unlearning.progress import Track

LARGEST_DISTANCE, BITS = 40, 256
HALF = BITS // 16  # bytes: two hashes of which these differ in more bits are no near-copies, whatever the others are
AT_ONCE = 1_000_000  # pairs that are compared at once, 4 bytes each: the memory does not follow the data
HASHES = "hashes.part"


def near_groups(hashes: np.ndarray, small: Rows | np.ndarray, folder: Path, progress: Track, each: Each = map) -> np.ndarray:
    """A group number for each picture: the same for near-copies, and for near-copies of near-copies.

    All but ``hashes`` is what ``copy_pairs`` takes, in the same order.

    Args:
        hashes: perceptual hash of each picture, uint8, shape (n, 32).
    """
    known, codes = np.unique(hashes.view(f"S{BITS // 8}").ravel(), return_inverse=True)
    (folder / HASHES).write_bytes(known.tobytes())
    different = Rows(folder / HASHES, np.uint8, (BITS // 8,))
    groups = _joined(len(known), *near_pairs(different, progress, each))[codes]
    (folder / HASHES).unlink()
    one, two = copy_pairs(small, groups, folder, progress, each)
    joined: np.ndarray = _joined(len(known), groups[one], groups[two])[groups]
    return joined


def _joined(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A number for each of ``count``, the same for those that pairs join, also in a chain."""
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    groups: np.ndarray = connected_components(graph, directed=False)[1]
    return groups


def near_pairs(hashes: Rows | np.ndarray, progress: Track, each: Each = map) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs within ``LARGEST_DISTANCE`` bits, the smaller first, each pair once.

    With bits as 1 and -1 the product of two hashes is the number of bits that agree less that of those that differ, exact in
    float32: one product of matrices compares half of the bits of many pairs, sooner than an index of the hashes finds those
    worth comparing, and all bits are compared of the few pairs that are near by this half.
    """
    starts = range(0, len(hashes), max(1, isqrt(AT_ONCE)))
    found = each(partial(_pairs_from, hashes, starts.step), progress(starts, len(starts), "looking for near-copies"))
    pairs = [np.empty((2, 0), int), *found]
    first, second = np.concatenate(pairs, axis=1)
    return first, second


def _pairs_from(hashes: Rows | np.ndarray, count: int, start: int) -> np.ndarray:
    """The pairs whose first is one of ``count`` hashes from ``start`` on: shape (2, pairs)."""
    some, pairs = hashes[start : start + count], []
    signs = _signs(some)
    for other in range(start, len(hashes), count):
        others = hashes[other : other + count]
        near = np.flatnonzero(signs @ _signs(others).T >= 8 * HALF - 2 * LARGEST_DISTANCE)
        rows, columns = np.divmod(near, len(others))
        differ = np.bitwise_count(some[rows] ^ others[columns]).sum(axis=1)
        found = np.stack([start + rows, other + columns])
        pairs.append(found[:, (differ <= LARGEST_DISTANCE) & (found[0] < found[1])])
    return np.concatenate(pairs, axis=1)


def _signs(hashes: np.ndarray) -> np.ndarray:
    """The later half of the bits: faces differ more in their finer waves."""
    signs: np.ndarray = 2 * np.unpackbits(hashes[:, -HALF:], axis=1).astype(np.float32) - 1
    return signs
