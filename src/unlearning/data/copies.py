"""Pairs of pictures that show one photograph mirrored, cropped, bordered or set a little differently.

Two steps. A picture is compared with the views of the others that lie in its cell: cells are drawn around some of the pictures,
in several tables, so that the comparisons grow as the pictures times their root, and a copy that falls into another cell in one
table is met in the next. Pairs that look alike there are then aligned, and are copies when their middles agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from unlearning.data.alignment import aligned
from unlearning.data.views import COSINES, SIDE, VIEWS, Scale, scale, viewed, whole
from unlearning.progress import Track

LIKE = 0.7  # correlation of a picture with a view from which on the two are aligned: 470 pairs of 7,517 real faces
DETAIL, LEVELS = 0.95, 0.93  # correlations of copies once aligned; among real faces no pair's detail is at .94 to .959
TABLES = 4  # drawings of cells: 2 in 100 cropped copies are not met; with 6, half as slow again, 0 or 1 in 100
CELL = 100  # pictures in a cell, as many as there are cells among 10,000
AT_ONCE = 4_000_000  # products in memory, 4 bytes each
SEED = 0  # of the cells
Small = Callable[[], Iterator[np.ndarray]]


class Pairs(NamedTuple):
    """Candidates: the picture that is viewed, the picture that looks like its view, the view, and how alike they are."""

    viewed: np.ndarray
    other: np.ndarray
    view: np.ndarray
    like: np.ndarray


class Cells(NamedTuple):
    """One table: the descriptors around which its cells lie, and the pictures in each."""

    centres: np.ndarray
    members: list[np.ndarray]


def copy_pairs(small: Small, joined: np.ndarray, progress: Track) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs that are copies, each once; those that are ``joined`` already are not looked at.

    Args:
        small: gives the small pictures (``views.shrink``) anew at each call, in order, in parts that fit into memory.
        joined: a number for each picture, int, shape (n,), the same for those that are known to belong together.
        progress: wraps an iterable of known length under a title.
    """
    units: np.ndarray = np.empty((len(joined), COSINES, COSINES), np.float32)
    starts = [0]
    for part in small():
        units[starts[-1] : starts[-1] + len(part)] = whole(part)
        starts.append(starts[-1] + len(part))
    own = scale(units)
    units = units.reshape(len(joined), COSINES**2)
    for start, end in pairwise(starts):
        units[start:end] = own.unit(units[start:end].reshape(-1, COSINES, COSINES))
    tables = _tables(units)
    found = [
        _candidates(part, start, units, own, tables, joined)
        for start, part in zip(
            progress(starts[:-1], len(starts) - 1, "looking for mirrored and cropped copies"), small(), strict=True
        )
    ]
    pairs = _best_of_each(found)
    detail, levels = aligned(_taken(small, pairs.other), _taken(small, pairs.viewed), pairs.view)
    alike = (detail >= DETAIL) & (levels >= LEVELS)
    return pairs.viewed[alike], pairs.other[alike]


def _tables(units: np.ndarray) -> list[Cells]:
    """Cells around pictures that are drawn; every picture lies in the cell whose centre it is most like."""
    random = np.random.default_rng(SEED)
    tables = []
    for _ in range(TABLES if len(units) else 0):
        centres = units[random.choice(len(units), -(-len(units) // CELL), replace=False)]
        parts = [units[start : start + AT_ONCE // len(centres)] for start in range(0, len(units), AT_ONCE // len(centres))]
        tables.append(Cells(centres, _by_cell(np.concatenate([_nearest(part, centres) for part in parts]), len(centres))))
    return tables


def _nearest(units: np.ndarray, centres: np.ndarray) -> np.ndarray:
    nearest: np.ndarray = (units @ centres.T).argmax(axis=1)
    return nearest


def _by_cell(cells: np.ndarray, count: int) -> list[np.ndarray]:
    """The rows of each cell."""
    order = np.argsort(cells, kind="stable")
    return np.split(order, np.searchsorted(cells[order], np.arange(1, count)))


def _candidates(part: np.ndarray, start: int, units: np.ndarray, own: Scale, tables: list[Cells], joined: np.ndarray) -> Pairs:
    """Pictures that look like a view of one in ``part``, whose first is the picture ``start``, with that view."""
    views = own.unit(viewed(part)).reshape(len(part) * len(VIEWS), COSINES**2)
    found = [np.empty((4, 0))]
    for centres, members in tables:
        for rows, others in zip(_by_cell(_nearest(views, centres), len(centres)), members, strict=True):
            step = max(1, AT_ONCE // max(1, len(others)))
            for few in (rows[at : at + step] for at in range(0, len(rows), step)):
                products = views[few] @ units[others].T
                row, column = np.divmod(np.flatnonzero(products >= LIKE), max(1, len(others)))
                one, two = start + few[row] // len(VIEWS), others[column]
                new = joined[one] != joined[two]
                found.append(np.stack([one, two, few[row] % len(VIEWS), products[row, column]])[:, new])
    return _best_of_each([_pairs(np.concatenate(found, axis=1))])


def _pairs(columns: np.ndarray) -> Pairs:
    viewed, other, view = columns[:3].astype(int)
    return Pairs(viewed, other, view, columns[3])


def _best_of_each(found: list[Pairs]) -> Pairs:
    """Each pair once, whichever of the two is viewed, by the view that is most alike."""
    pairs = _pairs(np.concatenate([np.empty((4, 0)), *map(np.stack, found)], axis=1))
    order = np.lexsort((-pairs.like, np.maximum(pairs.viewed, pairs.other), np.minimum(pairs.viewed, pairs.other)))
    low, high = (ends(pairs.viewed, pairs.other)[order] for ends in (np.minimum, np.maximum))
    first = order[np.flatnonzero((np.diff(low, prepend=-1) != 0) | (np.diff(high, prepend=-1) != 0))]
    return Pairs(*(column[first] for column in pairs))


def _taken(small: Small, positions: np.ndarray) -> np.ndarray:
    """The small pictures at some positions, uint8, shape (len(positions), SIDE, SIDE)."""
    taken = np.empty((len(positions), SIDE, SIDE), np.uint8)
    start = 0
    for part in small():
        here = (positions >= start) & (positions < start + len(part))
        taken[here] = part[positions[here] - start]
        start += len(part)
    return taken
