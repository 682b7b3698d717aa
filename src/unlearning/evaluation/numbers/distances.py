"""Distances of a model's answers to the retrained model's, of faces in a part, augmented copies left out.

W1 is the area between the two distribution functions (for as many faces of either model: the mean distance of sorted values),
KS the largest distance between them; correlation and mean difference are face by face.
Every function gives the number of the sample first, then of each resample; resampling adds noise to both distributions alike,
so the resampled distances of two alike models lie above the sample's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unlearning.evaluation.ground import Comparison, Ground, NotKnownError, Witness
from unlearning.evaluation.numbers.attacks import FINEST
from unlearning.evaluation.numbers.forgetting import ratio

VALUES: dict[str, Callable[[Witness, np.ndarray], np.ndarray]] = {
    "predictions": lambda witness, rows: witness.predicted[rows],
    "errors": lambda witness, rows: witness.errors(rows),
    "abs_errors": lambda witness, rows: np.abs(witness.errors(rows)),
}

KS_OF = "predictions"


def wasserstein(first: np.ndarray, second: np.ndarray) -> float:
    """W1 of two samples of any sizes, in the unit of the values: the integral of abs(F_a - F_b)."""
    one, two = np.sort(first), np.sort(second)
    if len(one) == len(two):
        return float(np.mean(np.abs(one - two)))
    grid = np.unique(np.concatenate([one, two]))
    return float(np.sum(np.abs(_gap(one, two, grid[:-1])) * np.diff(grid)))


def kolmogorov_smirnov(first: np.ndarray, second: np.ndarray) -> float:
    """Largest distance between the distribution functions of two samples, 0 to 1."""
    return _largest_gap(np.sort(first), np.sort(second))


def _largest_gap(one: np.ndarray, two: np.ndarray) -> float:
    """KS of two ascending samples: the distance is largest at a value of either, and to look there needs no sorting."""
    return float(max(np.max(np.abs(_gap(one, two, places))) for places in (one, two)))


def _gap(one: np.ndarray, two: np.ndarray, places: np.ndarray) -> np.ndarray:
    """F_a - F_b at some places, of two ascending samples."""
    shares = [np.searchsorted(values, places, side="right") / len(values) for values in (one, two)]
    return shares[0] - shares[1]


def distance(comparison: Comparison, part: str, kind: str, values: str) -> np.ndarray:
    """Distance to the retrained model.

    Args:
        comparison: the models.
        part: one of ``PARTS``.
        kind: ``w1`` (years), or ``ks``, of predictions only.
        values: one of ``VALUES``.
    """
    return _between(comparison.subject, comparison.other("retrained"), part, values)[kind]


def _between(first: Witness, second: Witness, part: str, values: str) -> dict[str, np.ndarray]:
    def compute() -> dict[str, np.ndarray]:
        (one, _), (two, _) = sides = [_ascending(witness, part, values) for witness in (first, second)]
        exact = {"w1": float(np.mean(np.abs(one - two))), "ks": _largest_gap(one, two) if values == KS_OF else 0.0}
        if not first.ground.blocks.resamples:
            return {name: np.array([value]) for name, value in exact.items()}
        drawn = _resampled(first.ground, sides, _grid(one, two))
        return {name: np.concatenate([[exact[name]], drawn[name][1:]]) for name in exact}

    return first.once(("distance", part, values, second.name), compute)


def _ascending(witness: Witness, part: str, values: str) -> tuple[np.ndarray, np.ndarray]:
    """A model's values for a part, ascending, and the positions of their faces (in the same order if there are resamples)."""

    def compute() -> tuple[np.ndarray, np.ndarray]:
        rows = witness.ground.faces(part)
        found = VALUES[values](witness, rows)
        if not witness.ground.blocks.resamples:
            return np.sort(found), rows
        order = np.argsort(found)
        return found[order], rows[order].astype(np.int32)

    return witness.once(("ascending", part, values), compute)


def _grid(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """All values of two sorted samples, or quantiles of both with both largest values."""
    if len(one) + len(two) <= FINEST:
        return np.unique(np.concatenate([one, two]))
    places = np.unique(np.linspace(0, len(one) - 1, FINEST // 2).round().astype(np.int64))
    return np.unique(np.concatenate([one[places], two[places]]))


def _resampled(ground: Ground, sides: list[tuple[np.ndarray, np.ndarray]], grid: np.ndarray) -> dict[str, np.ndarray]:
    """W1 and KS in every resample, which draws the same faces for both models."""
    blocks, counts = ground.blocks, []
    for values, rows in sides:
        upto = np.searchsorted(values, grid, side="right")
        codes = np.repeat(np.arange(len(grid)), np.diff(upto, prepend=0))
        counts.append(blocks.counts(rows, codes, len(grid)))
    faces = blocks.weights @ counts[0].sum(axis=1)
    gaps = np.abs(blocks.weights @ np.cumsum(counts[0] - counts[1], axis=1))
    return {"w1": ratio(gaps[:, :-1] @ np.diff(grid).astype(np.float32), faces), "ks": ratio(gaps.max(axis=1), faces)}


def normalised(comparison: Comparison, part: str) -> np.ndarray:
    """W1 of predictions to the retrained model over that of the original: 0 is retrained, 1 nothing done, above 1 worse."""
    start = _between(comparison.other("original"), comparison.other("retrained"), part, "predictions")["w1"]
    if not start[0] > 0:
        raise NotKnownError("the original predicts what the retrained model predicts")
    return ratio(distance(comparison, part, "w1", "predictions"), start)


def difference(comparison: Comparison, part: str) -> np.ndarray:
    """Mean over the faces of abs(f_U(x) - f_R(x)), in years."""
    rows, other = comparison.ground.faces(part), comparison.other("retrained")
    apart = np.abs(comparison.subject.predicted[rows] - other.predicted[rows])
    totals = comparison.ground.blocks.totals(rows, [apart, np.ones(len(rows))])
    return ratio(totals[:, 0], totals[:, 1])


def correlation(comparison: Comparison, part: str) -> np.ndarray:
    """Pearson's correlation of f_U(x) and f_R(x) over the faces; not known where either answers every face alike."""
    rows, other = comparison.ground.faces(part), comparison.other("retrained")
    x, y = (model.predicted[rows] - np.mean(model.predicted[rows]) for model in (comparison.subject, other))
    if not (np.ptp(x) > 0 and np.ptp(y) > 0):
        raise NotKnownError("a model answers every face alike")
    n, sx, sy, xx, yy, xy = comparison.ground.blocks.totals(rows, [np.ones(len(rows)), x, y, x * x, y * y, x * y]).T
    with np.errstate(invalid="ignore", divide="ignore"):
        return ratio(n * xy - sx * sy, np.sqrt(np.clip((n * xx - sx**2) * (n * yy - sy**2), 0, None)))
