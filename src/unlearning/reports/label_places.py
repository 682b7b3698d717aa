"""Where names stand in a figure with many signs: beside their own, and on no other name, sign or line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

GAP, STEP, THIN, APART = (4.0, 0.5), 4.0, 0.6, 8.0
CHOICES, ORDERS = 2500, 12


def places(
    points: np.ndarray, sizes: np.ndarray, area: np.ndarray, sign: float, lines: tuple[np.ndarray, ...] = ()
) -> np.ndarray:
    """The middle of each label, in points from the lower left corner of an area, as ``points`` and ``lines`` are.

    One label after the other goes to the free place that is nearest to its sign. That depends on who comes first: of some
    orders, always the same ones, the one with the least squared distances is taken.

    Args:
        points: the signs, shape (n, 2).
        sizes: widths and heights of the labels, shape (n, 2).
        area: width and height of the area that the labels stay in.
        sign: half the width of a sign.
        lines: corners of lines that no label should lie on, each of shape (corners, 2).
    """
    thin = np.concatenate([np.empty((0, 2)), *(_along(line) for line in lines)])
    taken = np.concatenate([points, thin])
    rooms = np.repeat([sign, THIN], [len(points), len(thin)])[:, None]
    choices = [_choices(*pair, taken, rooms, area) for pair in zip(points, sizes, strict=True)]
    random = np.random.default_rng(0)
    layouts = [_placed(random.permutation(len(points)), choices, sizes) for _ in range(ORDERS)]
    return min(layouts, key=lambda middles: float(np.sum(away(points, middles, sizes) ** 2)))


def away(points: np.ndarray, middles: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """How far each sign is from the edge of its label; 0 within it."""
    return np.hypot(*np.clip(np.abs(middles - points) - sizes / 2, 0, None).T)


def _along(line: np.ndarray) -> np.ndarray:
    """Points of a line so close to each other that no label fits between them; a line of one corner is that point."""
    parts = [np.linspace(*ends, 2 + int(np.hypot(*np.subtract(*ends)) / APART)) for ends in pairwise(line)]
    return np.concatenate([line[:1], *parts])


def _choices(point: np.ndarray, size: np.ndarray, taken: np.ndarray, rooms: np.ndarray, area: np.ndarray) -> np.ndarray:
    """The places of a label that are near to its sign: first those that touch nothing, the nearest first; shape (places, 2)."""
    sides = [np.arange(one / 2, max(whole - one / 2, one / 2 + STEP), STEP) for one, whole in zip(size, area, strict=True)]
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    near = grid[np.argsort(away(point, grid, size), kind="stable")[:CHOICES]]
    return near[np.argsort(_touches(near, taken, size / 2 + rooms), kind="stable")]


def _placed(order: np.ndarray, choices: list[np.ndarray], sizes: np.ndarray) -> np.ndarray:
    """The first choice of each label that touches none of those before it in an order; its very first where all do."""
    middles = np.zeros_like(sizes)
    for number, label in enumerate(order):
        before = order[:number]
        busy = _touches(choices[label], middles[before], (sizes[label] + sizes[before]) / 2 + GAP)
        middles[label] = choices[label][np.argmin(busy)]
    return middles


def _touches(middles: np.ndarray, others: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Is each middle nearer to one of the others than ``reach``, both across and upwards?"""
    across, upwards = (np.abs(middles[:, [side]] - others[:, side]) < reach[:, side] for side in (0, 1))
    return (across & upwards).any(axis=1)
