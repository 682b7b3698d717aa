"""Near-copies: the same photograph, saved, cropped or lit a little differently.

Two pictures are near-copies when their 256-bit perceptual hashes differ in at most ``LARGEST_DISTANCE`` bits. Among 7,638
real faces all 80 pairs of different pictures up to 40 bits show one photograph, as looking at every one of them tells; the
first two pictures of different people are 44 bits apart (``benchmarks/look_at_data.py``).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from unlearning.progress import Track

LARGEST_DISTANCE, BITS = 40, 256
AT_ONCE = 4_000_000  # pairs that are compared at once, 4 bytes each: the memory does not follow the data


def near_groups(hashes: list[bytes], progress: Track) -> np.ndarray:
    """A group number for each 32-byte hash: the same for near-copies, and for near-copies of near-copies."""
    different = sorted(set(hashes))
    position = {phash: number for number, phash in enumerate(different)}
    first, second = near_pairs(different, progress)
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(different),) * 2)
    groups: np.ndarray = connected_components(graph, directed=False)[1]
    return groups[[position[phash] for phash in hashes]]


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
