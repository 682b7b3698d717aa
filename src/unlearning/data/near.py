"""Near-copies: the same photograph, saved, cropped or lit a little differently.

Two pictures are near-copies when their 256-bit perceptual hashes differ in at most ``LARGEST_DISTANCE`` bits. Among 7,638
real faces all 80 pairs of different pictures up to 40 bits show one photograph, as looking at every one of them tells; the
first two pictures of different people are 44 bits apart (``benchmarks/look_at_data.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

LARGEST_DISTANCE = 40
WORDS, WORD_BITS, WORD_FLIPS = 16, 16, 2
AT_ONCE = 2_000_000


def near_groups(hashes: list[bytes], progress: Callable[[Iterable, int, str], Iterable]) -> np.ndarray:
    """A group number for each 32-byte hash: the same for near-copies, and for near-copies of near-copies."""
    different = sorted(set(hashes))
    position = {phash: number for number, phash in enumerate(different)}
    first, second = near_pairs(different, progress)
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(len(different),) * 2)
    return connected_components(graph, directed=False)[1][[position[phash] for phash in hashes]]


def near_pairs(hashes: list[bytes], progress: Callable[[Iterable, int, str], Iterable]) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs within ``LARGEST_DISTANCE`` bits, each pair once or more, without comparing every pair.

    Multi-index hashing (Norouzi et al., 2012): of 16 words of 16 bits at least one differs in at most 2 bits when the
    hashes differ in at most 47, so only pairs that almost agree in a word are compared. Nothing is missed.
    """
    if not len(hashes):
        return np.empty(0, int), np.empty(0, int)
    words = np.frombuffer(b"".join(hashes), dtype=np.uint16).reshape(len(hashes), WORDS)
    turns = progress(range(WORDS), WORDS, "looking for near-copies")
    found = [_close(words, *candidates) for word in turns for candidates in _candidates(words[:, word])]
    return tuple(np.concatenate(side) for side in zip(*found, strict=True))


def _flips() -> np.ndarray:
    """All 16-bit masks with at most ``WORD_FLIPS`` bits."""
    bits = [1 << bit for bit in range(WORD_BITS)]
    return np.array([sum(chosen) for count in range(WORD_FLIPS + 1) for chosen in combinations(bits, count)], dtype=np.uint16)


def _candidates(values: np.ndarray):
    """Pairs of positions whose values differ in at most ``WORD_FLIPS`` bits, in portions; each pair once."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    pending, size = [], 0
    for mask in _flips():
        wanted = ordered ^ mask
        low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        for part in _portions(high - low):
            pairs = _expand(part, low[part], (high - low)[part])
            once = pairs[0] < pairs[1]
            pending.append((order[pairs[0][once]], order[pairs[1][once]]))
            size += int(once.sum())
            if size > AT_ONCE:
                yield tuple(map(np.concatenate, zip(*pending, strict=True)))
                pending, size = [], 0
    if pending:
        yield tuple(map(np.concatenate, zip(*pending, strict=True)))


def _portions(counts: np.ndarray) -> list[np.ndarray]:
    """Positions with partners, cut so that a portion has about ``AT_ONCE`` pairs: the memory does not follow the data."""
    some = np.flatnonzero(counts)
    cuts = np.flatnonzero(np.diff(np.cumsum(counts[some]) // AT_ONCE)) + 1
    return np.split(some, cuts)


def _expand(positions: np.ndarray, low: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every position paired with each of its ``counts`` partners, which start at ``low``."""
    first = np.repeat(positions, counts)
    within = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first, np.repeat(low, counts) + within


def _close(words: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    distance = np.bitwise_count(words[first].view(np.uint64) ^ words[second].view(np.uint64)).sum(axis=1)
    close = distance <= LARGEST_DISTANCE
    return first[close], second[close]
