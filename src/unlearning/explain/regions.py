"""Regions of an aligned face: boxes as fractions of the crop, and which share of a map lies in each."""

from __future__ import annotations

import numpy as np

from unlearning.data.signals import stamp
from unlearning.explain.attributions import GRID

Box = tuple[float, float, float, float]  # top, left, bottom, right
REST = "hair and background"
MARKED = 1.25  # times its share of the picture from which on a region is named
ALIGNED, DRAWN = "aligned", "drawn"
# The first box that holds the middle of a cell has it. UTKFace's aligned and cropped faces have their eyes at .28 of the side.
BOXES: dict[str, dict[str, Box]] = {
    ALIGNED: {
        "forehead": (0.0, 0.15, 0.16, 0.85),
        "eyes": (0.16, 0.10, 0.38, 0.90),
        "nose": (0.38, 0.36, 0.60, 0.64),
        "mouth and cheeks": (0.38, 0.10, 0.80, 0.90),
        "chin": (0.80, 0.20, 1.0, 0.80),
    },
    DRAWN: {
        "forehead": (0.18, 0.20, 0.37, 0.80),
        "eyes": (0.37, 0.20, 0.56, 0.80),
        "nose": (0.56, 0.40, 0.66, 0.60),
        "mouth and cheeks": (0.56, 0.20, 0.84, 0.80),
        "chin": (0.84, 0.20, 1.0, 0.80),
    },
}
REGIONS = (*BOXES[ALIGNED], REST)


def masks(kind: str) -> dict[str, np.ndarray]:
    """By region one bool a cell; every cell is in one region."""
    middles = (np.arange(GRID) + 0.5) / GRID
    free, found = np.ones((GRID, GRID), bool), {}
    for name, (top, left, bottom, right) in BOXES[kind].items():
        found[name] = np.outer((top <= middles) & (middles < bottom), (left <= middles) & (middles < right)) & free
        free = free & ~found[name]
    return {**found, REST: free}


def shares(cells: np.ndarray, kind: str) -> dict[str, float]:
    """By region the share of a map that lies there; they add up to 1."""
    return {name: float(cells[mask].sum() / cells.sum()) for name, mask in masks(kind).items()}


def areas(kind: str) -> dict[str, float]:
    """By region its share of the picture: what a map has there that knows nothing."""
    return shares(np.ones((GRID, GRID)), kind)


def densest(cells: np.ndarray, kind: str, count: int = 2) -> list[str]:
    """The regions that carry most for their size, the first of all first; only such as carry markedly more than their area."""
    own, plain = shares(cells, kind), areas(kind)
    order = sorted(own, key=lambda name: -own[name] / plain[name])
    return [name for name in order[:count] if own[name] > MARKED * plain[name]]


def patch_box(side: int) -> np.ndarray:
    """One bool a pixel: does the injected patch lie there?"""
    box: np.ndarray = stamp(np.zeros((1, side, side, 3), np.uint8))[0].any(axis=-1)
    return box
