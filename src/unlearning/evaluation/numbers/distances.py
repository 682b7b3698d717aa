"""Distances of a model's answers to the retrained model's, of forgotten faces, augmented copies left out.

W1 is the area between the two distribution functions of predictions; the mean difference is face by face. Both give the number
of the sample first, then of each resample; resampling adds noise to both distributions alike, so the resampled W1 of two alike
models lies above the sample's.
"""

import numpy as np
from scipy.stats import wasserstein_distance

from unlearning.evaluation.ground import Comparison, Ground, Witness
from unlearning.evaluation.numbers.accuracy import mean_over, ratio
from unlearning.evaluation.numbers.attacks import FINEST

PART = "forget"


def w1(comparison: Comparison) -> np.ndarray:
    """W1 of the predictions for the forget set to those of the retrained model, in years."""
    sides = [_ascending(model) for model in (comparison.subject, comparison.other("retrained"))]
    (own, _), (retrained, _) = sides
    exact = np.array([wasserstein_distance(own, retrained)])
    if not comparison.ground.blocks.resamples:
        return exact
    return np.concatenate([exact, _resampled(comparison.ground, sides, _grid(own, retrained))[1:]])


def _ascending(model: Witness) -> tuple[np.ndarray, np.ndarray]:
    """A model's predictions for the part, ascending, and the positions of their faces."""

    def compute() -> tuple[np.ndarray, np.ndarray]:
        rows = model.ground.faces(PART)
        order = np.argsort(model.predicted[rows])
        return model.predicted[rows][order], rows[order]

    return model.once("ascending", compute)


def _grid(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """All values of two sorted samples, or quantiles of both with both largest values."""
    if len(one) + len(two) <= FINEST:
        return np.unique(np.concatenate([one, two]))
    places = np.unique(np.linspace(0, len(one) - 1, FINEST // 2).round().astype(np.int64))
    return np.unique(np.concatenate([one[places], two[places]]))


def _resampled(ground: Ground, sides: list[tuple[np.ndarray, np.ndarray]], grid: np.ndarray) -> np.ndarray:
    """W1 in every resample, which draws the same faces for both models."""
    blocks, counts = ground.blocks, []
    for values, rows in sides:
        upto = np.searchsorted(values, grid, side="right")
        codes = np.repeat(np.arange(len(grid)), np.diff(upto, prepend=0))
        counts.append(blocks.counts(rows, codes, len(grid)))
    faces = blocks.weights @ counts[0].sum(axis=1)
    gaps = np.abs(blocks.weights @ np.cumsum(counts[0] - counts[1], axis=1))
    return ratio(gaps[:, :-1] @ np.diff(grid).astype(np.float32), faces)


def difference(comparison: Comparison) -> np.ndarray:
    """Mean over the forget set of abs(f_U(x) - f_R(x)), in years."""
    rows, other = comparison.ground.faces(PART), comparison.other("retrained")
    return mean_over(comparison.ground, rows, np.abs(comparison.subject.predicted[rows] - other.predicted[rows]))
