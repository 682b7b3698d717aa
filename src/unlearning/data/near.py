"""Near-copies: the same photograph, saved, lit, mirrored, cropped or bordered a little differently.

Two pictures are near-copies when their 256-bit perceptual hashes differ in at most ``LARGEST_DISTANCE`` bits, or when a view of
one (mirrored, cropped) lies on the other as a copy does (``copies``). Among 7,643 real faces all pairs of either kind show one
photograph, as looking at every one of them tells (``benchmarks/look_at_data.py``); how many of planted copies are found is
measured by ``benchmarks/near_copies.py``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from unlearning.data.copies import Small, copy_pairs
from unlearning.progress import Track

LARGEST_DISTANCE, BITS = 40, 256
AT_ONCE = 4_000_000  # pairs that are compared at once, 4 bytes each: the memory does not follow the data


def near_groups(hashes: list[bytes], small: Small, progress: Track) -> np.ndarray:
    """A group number for each picture: the same for near-copies, and for near-copies of near-copies.

    Args:
        hashes: 32-byte perceptual hash of each picture.
        small: gives the small pictures in the same order, as ``copy_pairs`` takes them.
        progress: wraps an iterable of known length under a title.
    """
    codes, different = pd.factorize(np.array(hashes, dtype=object))
    groups = _joined(len(different), *near_pairs(list(different), progress))[codes]
    one, two = copy_pairs(small, groups, progress)
    joined: np.ndarray = _joined(len(different), groups[one], groups[two])[groups]
    return joined


def _joined(count: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A number for each of ``count``, the same for those that pairs join, also in a chain."""
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    groups: np.ndarray = connected_components(graph, directed=False)[1]
    return groups


def near_pairs(hashes: list[bytes], progress: Track) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs within ``LARGEST_DISTANCE`` bits, the smaller first, each pair once.

    With bits as 1 and -1 the product of two hashes is the number of bits that agree less that of those that differ, exact in
    float32: one product of matrices compares many pairs, sooner than an index of the hashes finds those worth comparing.
    """
    bits = np.unpackbits(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, BITS // 8), axis=1)
    signs = 2 * bits.astype(np.float32) - 1
    starts = range(0, len(hashes), max(1, AT_ONCE // max(1, len(hashes))))
    first, second = [np.empty(0, int)], [np.empty(0, int)]
    for start in progress(starts, len(starts), "looking for near-copies"):
        products = signs[start : start + starts.step] @ signs[start:].T
        rows, columns = np.nonzero(products >= BITS - 2 * LARGEST_DISTANCE)
        once = rows < columns
        first.append(start + rows[once])
        second.append(start + columns[once])
    return np.concatenate(first), np.concatenate(second)
