"""Pairs of pictures that show one photograph mirrored, cropped, bordered or set a little differently.

Two steps. A picture is compared with the views of the others that lie in its cell: cells are drawn around some of the pictures,
in several tables, so that the comparisons grow as the pictures times their root, and a copy that falls into another cell in one
table is met in the next. A few numbers of each descriptor bound how alike two can be, so that few are compared whole. Pairs
that look alike are then aligned, and are copies when their middles agree.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import isqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from unlearning.data.alignment import aligned
from unlearning.data.rows import Rows
from unlearning.data.views import COSINES, VIEWS, Scale, scale, viewed, whole
from unlearning.processes import Each
from unlearning.progress import Track

LIKE = 0.7  # correlation of a picture with a view from which on the two are aligned: 470 pairs of 7,517 real faces
DETAIL, LEVELS = 0.95, 0.93  # correlations of copies once aligned; among real faces no pair's detail is at .94 to .959
TABLES = 4  # drawings of cells: 2 in 100 cropped copies are not met; with 6, half as slow again, 0 or 1 in 100
CELL = 100  # pictures in a cell, as many as there are cells among 10,000
MANY = 100_000  # pictures, of which more lie in larger cells: as many in each as there are cells
AXES, ROUNDING = 63, 1e-4  # of a head; 63 hold .8 of what descriptors of faces are, so one pair in 10,000 is compared whole
AT_ONCE = 4_000_000  # products in memory, 4 bytes each
WINDOW, ALIGNED = 512, 128  # pictures whose views are compared, and pairs that are aligned, in one task
ROWS = 2048  # descriptors in memory
SEED = 0  # of the cells


class Pairs(NamedTuple):
    """Candidates: the picture that is viewed, the picture that looks like its view, the view, and how alike they are."""

    viewed: np.ndarray
    other: np.ndarray
    view: np.ndarray
    like: np.ndarray


@dataclass(frozen=True)
class Search:
    """What a search keeps in files, so that it does not lie in memory, and processes can share it.

    Args:
        small: the small pictures (``views.shrink``).
        own: mean and spread of the pictures' coefficients.
        units: descriptors in the pictures' order.
        axes: along which descriptors differ most, float32, shape (COSINES ** 2, AXES).
    """

    small: Rows | np.ndarray
    folder: Path
    own: Scale
    units: Rows
    axes: np.ndarray

    def heads(self, table: int) -> Rows:
        """Heads of descriptors, cell after cell, so that a cell is read at once."""
        return Rows(self.folder / f"heads-{table}.part", np.float32, (AXES + 1,))

    def head(self, units: np.ndarray) -> np.ndarray:
        """Place along the axes, and length of the rest: the product of two heads is at least that of the descriptors."""
        places = units @ self.axes
        rest = np.sqrt(np.maximum(0, 1 - np.vecdot(places, places)))
        return np.column_stack([places, rest])

    def notes(self, table: int) -> Path:
        """The descriptors around which a table's cells lie, its pictures in the order of cells, and where each cell begins."""
        return self.folder / f"cells-{table}.part"

    @property
    def joined(self) -> Path:
        """A number for each picture, the same for those that belong together already."""
        return self.folder / "joined.part"


def copy_pairs(
    small: Rows | np.ndarray, joined: np.ndarray, folder: Path, progress: Track, each: Each = map
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of all pairs that are copies, each once; those that are ``joined`` already are not looked at.

    Args:
        small: the small pictures (``views.shrink``), uint8, shape (n, SIDE, SIDE).
        joined: a number for each picture, int, shape (n,), the same for those that are known to belong together.
        folder: for files of the search, which are gone when it is done.
        progress: wraps an iterable of known length under a title.
        each: ``map``, or that of a pool of processes.
    """
    starts = range(0, len(small), WINDOW)
    with _searched(small, joined, folder, each) as search:
        windows = progress(starts, len(starts), "looking for mirrored and cropped copies")
        pairs = _best_of_each(list(each(partial(_candidates, search), windows)))
        parts = [Pairs(*(column[at : at + ALIGNED] for column in pairs)) for at in range(0, len(pairs.like), ALIGNED)]
        alike = np.concatenate([np.empty(0, bool), *each(partial(_are_copies, small), parts)])
    return pairs.viewed[alike], pairs.other[alike]


@contextmanager
def _searched(small: Rows | np.ndarray, joined: np.ndarray, folder: Path, each: Each) -> Iterator[Search]:
    """The search with its files: pictures that are drawn are centres, and every picture lies in the cell it is most like."""
    own = scale(whole(part) for part in _parts(small))
    units = Rows(folder / "units.part", np.float32, (COSINES**2,))
    try:
        _write(units, (own.unit(whole(part)) for part in _parts(small)))
        search = Search(small, folder, own, units, _axes(units))
        _save(search.joined, joined)
        random, count = np.random.default_rng(SEED), len(small)
        cells = -(-count // (CELL if count <= MANY else isqrt(count)))
        drawn = [(table, random.choice(count, cells, replace=False)) for table in range(TABLES if count else 0)]
        deque(each(partial(_draw_cells, search), drawn), maxlen=0)
        yield search
    finally:
        for name in ("units", "joined", "cells-*", "heads-*"):
            for path in folder.glob(f"{name}.part"):
                path.unlink()


def _axes(units: Rows) -> np.ndarray:
    """The main axes of the descriptors."""
    spread = sum((part.T @ part for part in _parts(units)), np.zeros((COSINES**2, COSINES**2)))
    axes: np.ndarray = np.linalg.eigh(spread)[1][:, -AXES:].astype(np.float32)
    return axes


def _draw_cells(search: Search, drawn: tuple[int, np.ndarray]) -> None:
    """Write the files of a table whose centres are those that were drawn for it."""
    (table, places), units = drawn, search.units
    centres = units[places]
    cells = _nearest(units, centres)
    order = np.argsort(cells, kind="stable")
    _save(search.notes(table), centres, order, np.searchsorted(cells[order], np.arange(len(centres) + 1)))
    _write(search.heads(table), (search.head(units[part]) for part in _parts(order, ROWS)))


def _parts(rows: Rows | np.ndarray, count: int = WINDOW) -> Iterator[np.ndarray]:
    return (rows[at : at + count] for at in range(0, len(rows), count))


def _write(rows: Rows, parts: Iterator[np.ndarray]) -> None:
    with rows.path.open("wb") as file:
        for part in parts:
            file.write(part.tobytes())


def _save(path: Path, *arrays: np.ndarray) -> None:
    with path.open("wb") as file:
        for array in arrays:
            np.save(file, array)


def _load(path: Path, count: int) -> list[np.ndarray]:
    with path.open("rb") as file:
        return [np.load(file) for _ in range(count)]


def _nearest(units: Rows | np.ndarray, centres: np.ndarray) -> np.ndarray:
    return np.concatenate([(part @ centres.T).argmax(axis=1) for part in _parts(units, ROWS)])


def _by_cell(cells: np.ndarray, count: int) -> list[np.ndarray]:
    """The rows of each cell."""
    order = np.argsort(cells, kind="stable")
    return np.split(order, np.searchsorted(cells[order], np.arange(1, count)))


def _candidates(search: Search, start: int) -> Pairs:
    """Pictures that look like a view of one of those from ``start`` on, with that view."""
    part, [joined] = search.small[start : start + WINDOW], _load(search.joined, 1)
    views = search.own.unit(viewed(part)).reshape(len(part) * len(VIEWS), COSINES**2)
    met = np.unique(np.concatenate([np.empty(0, int), *_met(search, views, joined, start)]))
    found = [np.empty((4, 0))]
    for few in _parts(met, ROWS):
        other, row = np.divmod(few, len(views))
        names, which = np.unique(other, return_inverse=True)
        like = np.vecdot(views[row], search.units[names][which])
        found.append(np.stack([start + row // len(VIEWS), other, row % len(VIEWS), like])[:, like >= LIKE])
    return _best_of_each([_pairs(np.concatenate(found, axis=1))])


def _met(search: Search, views: np.ndarray, joined: np.ndarray, start: int) -> Iterator[np.ndarray]:
    """Pictures in the cell of a view that may be like it, each as its position times the number of views plus the view's."""
    heads = search.head(views)
    for table in range(TABLES):
        centres, order, bounds = _load(search.notes(table), 3)
        members = search.heads(table)
        for cell, rows in enumerate(_by_cell(_nearest(views, centres), len(centres))):
            inside = slice(bounds[cell], bounds[cell + 1])
            if not len(rows) or inside.start == inside.stop:
                continue
            others, there = order[inside], members[inside].T
            for few in _parts(rows, max(1, AT_ONCE // len(others))):
                row, column = np.divmod(np.flatnonzero(heads[few] @ there >= LIKE - ROUNDING), len(others))
                new = joined[start + few[row] // len(VIEWS)] != joined[others[column]]
                yield others[column[new]] * len(views) + few[row[new]]


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


def _are_copies(small: Rows | np.ndarray, pairs: Pairs) -> np.ndarray:
    """Does each pair agree once it is aligned?"""
    detail, levels = aligned(small[pairs.other], small[pairs.viewed], pairs.view)
    alike: np.ndarray = (detail >= DETAIL) & (levels >= LEVELS)
    return alike
