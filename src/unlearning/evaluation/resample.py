"""Bootstrap over faces and over seeds: how far a score would move if others of the same kind had been drawn.

All scores of one comparison are computed on the same resamples, so differences between models are paired face by face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

RESAMPLES = 2000
LEVEL = 0.95
BLOCKS = 512


def draw_seeds(seeds: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of some trained seeds counts: shape (1 + resamples, seeds); the first row is the sample itself, ones.

    One seed fewer is drawn than there are, so that their mean spreads as the mean of all does (Rao and Wu, Resampling Inference
    With Complex Survey Data, 1988): drawing all three of three would give .82 of it.
    """
    random = np.random.default_rng([seed, 1])
    drawn = random.multinomial(max(1, seeds - 1), np.full(seeds, 1 / seeds), size=resamples)
    return np.concatenate([np.ones((1, seeds)), drawn])


def interval_of_seeds(both: np.ndarray, faces: np.ndarray, seeds: int) -> tuple[float, float]:
    """Where a number lies if other seeds and other faces had been drawn: t interval around the sample's value.

    What few seeds say of their own spread is itself uncertain, of three by t with 2 degrees of freedom; faces are many. Their
    share of the variance decides (Satterthwaite, 1946): df = (seeds - 1) * (V / V_seeds)^2.

    Args:
        both: the number in resamples of seeds and faces, shape (1 + resamples,), the sample's value first.
        faces: the same where faces alone are resampled.
        seeds: how many there are; of one nothing is known but what its faces say.
    """
    variance = both[1:].var()
    of_seeds = max(0.0, variance - faces[1:].var())
    degrees = (seeds - 1) * (variance / of_seeds) ** 2 if of_seeds and seeds > 1 else np.inf
    reach = stdtrit(degrees, (1 + LEVEL) / 2) * np.sqrt(variance)
    return float(both[0] - reach), float(both[0] + reach)


def mean_of_seeds(values: np.ndarray) -> tuple[float, float, float]:
    """Mean of what is known of the seeds, and the ends of its interval by Student's t; NaN for the ends where one seed is."""
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else np.nan
    if len(known) < 2:
        return mean, np.nan, np.nan
    reach = float(stdtrit(len(known) - 1, (1 + LEVEL) / 2) * known.std(ddof=1) / np.sqrt(len(known)))
    return mean, mean - reach, mean + reach


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
    """

    of_row: np.ndarray  # the block of each row of the table
    # float32, shape (1 + resamples, blocks): how often each block counts; the first row is the sample itself, ones
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
