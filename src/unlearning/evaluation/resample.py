"""Bootstrap over faces: how far a score would move if other faces of the same kind had been drawn.

All scores of one comparison are computed on the same resamples, so differences between models are paired face by face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unlearning.evaluation.case import Case

RESAMPLES = 2000
LEVEL = 0.95
BLOCKS = 512


def weights(count: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of ``count`` faces is drawn in each resample, over ``count``: shape (resamples, count), rows sum to 1."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)
    return drawn.astype(np.float32) / count


class Resampled:
    """Utility, Forgetting and F of several models of one forget set, on the same resamples of test and forget set."""

    def __init__(self, case: Case, seed: int = 0, resamples: int = RESAMPLES):
        self.test = weights(int(case.mask("test").sum()), resamples, seed)
        self.forget = weights(int(case.mask("forget").sum()), resamples, seed + 1)

    def utility(self, cases: tuple[Case, ...]) -> np.ndarray:
        """Mean over the seeds' cases of MAE_R / MAE_e on the test set; one value a resample."""
        ratios = [(self.test @ np.abs(c.reference_errors("test"))) / (self.test @ np.abs(c.errors("test"))) for c in cases]
        mean: np.ndarray = np.mean(ratios, axis=0)
        return mean

    def forgetting(self, cases: tuple[Case, ...], alpha: float | None = None) -> np.ndarray:
        """Mean over the seeds' cases of the mean of exp(-E / alpha) on the forget set; one value a resample."""
        values = []
        for case in cases:
            difference = np.abs(np.abs(case.reference_errors("forget")) - np.abs(case.errors("forget")))
            values.append(self.forget @ np.exp(-difference / (alpha or case.alpha)))
        mean: np.ndarray = np.mean(values, axis=0)
        return mean

    def f_score(self, cases: tuple[Case, ...]) -> np.ndarray:
        """Mean over the seeds of Utility times Forgetting; one value a resample."""
        mean: np.ndarray = np.mean([self.utility((case,)) * self.forgetting((case,)) for case in cases], axis=0)
        return mean


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The middle ``level`` of the resampled values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Blocks:
    """Resamples of all rows of a table at once, cheap at any number of rows.

    Faces are dealt into at most ``BLOCKS`` blocks (each face is its own block where there are as few), and blocks are drawn
    instead of faces. Every statistic here is a function of sums over faces, so it needs the sums of each block only; that the
    spread stays the same is the reasoning of random groups (Wolter, Introduction to Variance Estimation, chapter 2).

    Args:
        of_row: the block of each row of the table.
        weights: float32, shape (1 + resamples, blocks): how often each block counts; the first row is the sample itself, ones.
    """

    of_row: np.ndarray
    weights: np.ndarray

    @property
    def resamples(self) -> int:
        return len(self.weights) - 1

    def still(self) -> Blocks:
        """The same blocks without resamples: for numbers whose spread nobody asks for."""
        return Blocks(self.of_row, self.weights[:1])

    def totals(self, rows: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
        """Sums of columns over ``rows`` (positions; each column has one value a row): shape (1 + resamples, columns)."""
        exact = np.array([[np.sum(column, dtype=np.float64) for column in columns]])
        if not self.resamples:
            return exact
        blocks, count = self.of_row[rows], self.weights.shape[1]
        sums = np.stack([np.bincount(blocks, weights=column, minlength=count) for column in columns], axis=1)
        drawn = (self.weights @ sums.astype(np.float32)).astype(np.float64)
        drawn[0] = exact[0]
        return drawn

    def counts(self, rows: np.ndarray, codes: np.ndarray, size: int) -> np.ndarray:
        """How many faces of each block have each of ``size`` codes: float32, shape (blocks, size)."""
        flat = self.of_row[rows] * size + codes
        return np.bincount(flat, minlength=self.weights.shape[1] * size).reshape(-1, size).astype(np.float32)


def draw_blocks(clusters: np.ndarray, resamples: int, seed: int) -> Blocks:
    """Deal clusters (a whole number from 0 a row; a face, its copies and near-copies are one) into blocks, and draw them."""
    random = np.random.default_rng([seed, 0])
    count = int(clusters.max(initial=0)) + 1
    size = min(count, BLOCKS)
    dealt = np.arange(count) if count <= BLOCKS else random.permutation(np.arange(count) % size)
    drawn = random.multinomial(size, np.full(size, 1 / size), size=resamples)
    return Blocks(dealt[clusters], np.concatenate([np.ones((1, size)), drawn]).astype(np.float32))
