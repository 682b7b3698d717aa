"""Views: a picture as it is, mirrored, and cropped at nine places, described so that a product of two tells how alike they are.

A mirrored, cropped or bordered copy has another perceptual hash than its picture, but one of the picture's views looks like
the copy, or one of the copy's views like the picture. All are of pictures of 50 x 50 grey levels.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

SIDE = 50  # pixels of a small picture
COSINES = 16  # a side: waves down to an eighth of the window, as many as the perceptual hash has
WIDTH = 0.25  # of the bell that weighs a window's pixels, in windows: borders count little, the middle tells
CROP, STEP = 0.88, 1 / 30  # size of a cropped view and distance of their centres, in sides: crops of .8 to 1 find one alike
PLACES = ((0.5, 1.0), (0.5 - STEP, CROP), (0.5, CROP), (0.5 + STEP, CROP))  # centre and size along one side
FEW, SPREAD = 50, 6000.0  # what pictures are expected to be like weighs as much as 50 of them; the spread of real faces


class View(NamedTuple):
    """A square window of a picture: its centre and size in sides, taken from the mirrored picture or not."""

    mirrored: bool
    y: float
    x: float
    size: float


WINDOWS = [(0, 0), *((y, x) for y in (1, 2, 3) for x in (1, 2, 3))]  # indices of PLACES
VIEWS = [View(False, PLACES[y][0], PLACES[x][0], PLACES[y][1]) for y, x in WINDOWS]
VIEWS += [View(True, view.y, 1 - view.x, view.size) for view in VIEWS]
MIRROR = np.resize([1, -1], COSINES).astype(np.float32)  # what mirroring does to the cosines along a row


def shrink(grey: np.ndarray) -> np.ndarray:
    """The small pictures of grey ones, uint8, shape (n, 100, 100): each pixel is the mean of four."""
    rows = grey[:, ::2].astype(np.uint16) + grey[:, 1::2]
    small: np.ndarray = ((rows[:, :, ::2] + rows[:, :, 1::2] + 2) >> 2).astype(np.uint8)
    return small


class Scale(NamedTuple):
    """Mean and spread of the coefficients of a data set's pictures, each float32 of shape (COSINES, COSINES).

    What all pictures have in common, as faces that are aligned do, says nothing about two of them.
    """

    mean: np.ndarray
    spread: np.ndarray

    def unit(self, coefficients: np.ndarray) -> np.ndarray:
        """Descriptors of length 1 (0 for a picture of one grey level): their product is the correlation of two views."""
        scaled = coefficients - self.mean
        scaled /= self.spread
        units: np.ndarray = scaled.reshape(*coefficients.shape[:-2], COSINES**2)
        units /= np.maximum(np.sqrt(np.vecdot(units, units)), 1e-6)[..., None]
        return units


def scale(parts: Iterable[np.ndarray]) -> Scale:
    """Of the whole pictures' coefficients, shape (n, COSINES, COSINES) in all; those of few are held to what faces have."""
    seen, sums, squares = 0, np.zeros((COSINES, COSINES)), np.zeros((COSINES, COSINES))
    for part in parts:  # one after the other, as a sum over all at once is taken: parts of another size change no bit
        seen += len(part)
        sums = np.concatenate([sums[None], part]).sum(axis=0)
        squares = np.concatenate([squares[None], np.square(part, dtype=np.float64)]).sum(axis=0)
    count = max(1, seen)
    own, squares = sums / count, squares / count
    share = count / (count + FEW)
    mean = share * own
    variance = share * np.maximum(squares - 2 * mean * own + mean**2, 0)
    expected = SPREAD**2 / (1 + np.add.outer(np.arange(COSINES) ** 2, np.arange(COSINES) ** 2))
    return Scale(mean.astype(np.float32), np.sqrt(variance + (1 - share) * expected).astype(np.float32))


def whole(small: np.ndarray) -> np.ndarray:
    """Coefficients of small pictures as they are: shape (n, COSINES, COSINES)."""
    rows = _rows()[:COSINES]
    return _centred(rows @ small.astype(np.float32) @ rows.T, 0, 0)


def viewed(small: np.ndarray) -> np.ndarray:
    """Coefficients of all views of small pictures: shape (n, views, COSINES, COSINES)."""
    rows = _rows()
    products = (rows @ small.astype(np.float32) @ rows.T).reshape(len(small), len(PLACES), COSINES, len(PLACES), COSINES)
    views = np.empty((len(small), 2, len(WINDOWS), COSINES, COSINES), np.float32)
    for place, (y, x) in enumerate(WINDOWS):
        views[:, 0, place] = _centred(products[:, y, :, x], y, x)
    np.multiply(views[:, 0], MIRROR, out=views[:, 1])
    return views.reshape(len(small), len(VIEWS), COSINES, COSINES)


def _centred(coefficients: np.ndarray, y: int, x: int) -> np.ndarray:
    """Without what the window's mean level gives: brightness is no likeness."""
    sums = _rows().sum(axis=1).reshape(len(PLACES), COSINES)
    flat = np.outer(sums[y], sums[x])
    centred: np.ndarray = coefficients - (coefficients[:, :1, :1] / flat[0, 0]) * flat
    return centred


@cache
def _rows() -> np.ndarray:
    """Weighted cosines along one side of each place, shape (places x COSINES, SIDE)."""
    pixels = (np.arange(SIDE) + 0.5) / SIDE
    rows = []
    for centre, size in PLACES:
        inside = (pixels - centre) / size + 0.5  # 0 to 1 within the window
        weights = np.exp(-(((inside - 0.5) / WIDTH) ** 2) / 2) * (np.abs(inside - 0.5) <= 0.5) / size
        rows.append(np.cos(np.pi * np.arange(COSINES)[:, None] * inside) * weights)
    return np.concatenate(rows).astype(np.float32)
