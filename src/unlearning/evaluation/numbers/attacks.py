"""Attacks that guess from scores who was trained on: pure functions of arrays. The larger a score, the likelier a member.

The AUC is a function of how many members and others have each value of a score, in ascending order: shape (..., values). So
one formula serves for the sample (every value by itself) and for thousands of resamples (values thinned out to ``FINEST``).
"""

import numpy as np

from unlearning.evaluation.numbers.accuracy import ratio
from unlearning.evaluation.resample import Blocks

FINEST = 200
LEVELS = np.concatenate([np.linspace(0, 0.05, 50), np.linspace(0.05, 0.95, 101)[1:], np.linspace(0.95, 1, 51)[1:]])
RIDGE = 1e-3  # so that a fit also ends where a line separates the labels
SMALLEST_SPREAD = 0.1
YEARS_ADDED = 1e-2
FEWEST_IN_BIN = 20

Counts = tuple[np.ndarray, np.ndarray]  # how many members, and others, have each value of a score: shape (..., values)


def count(members: np.ndarray, others: np.ndarray) -> Counts:
    """Count the scores of a sample, without thinning: shapes (1, values)."""
    grid, codes = np.unique(np.concatenate([members, others]), return_inverse=True)
    known, unknown = (np.bincount(part, minlength=len(grid))[None].astype(float) for part in np.split(codes, [len(members)]))
    return known, unknown


def resample(blocks: Blocks, rows: tuple[np.ndarray, np.ndarray], scores: tuple[np.ndarray, np.ndarray]) -> Counts:
    """Count the scores of members and others in every resample: shapes (1 + resamples, at most ``FINEST`` values)."""
    grid = thin(np.concatenate(scores))
    codes = [np.searchsorted(grid, part) for part in scores]
    known, unknown = (blocks.weights @ blocks.counts(own, code, len(grid)) for own, code in zip(rows, codes, strict=True))
    return known.astype(np.float64), unknown.astype(np.float64)


def thin(values: np.ndarray) -> np.ndarray:
    """All different values ascending, or, of more than ``FINEST``, quantiles that lie closer in both tails."""
    grid = np.unique(values)
    return grid if len(grid) <= FINEST else np.unique(np.quantile(values, LEVELS, method="higher"))


def auc(counts: Counts) -> np.ndarray:
    """P(member > other) + P(member = other) / 2: .5 for a guess, 1 where every member scores above every other."""
    members, others = counts
    below = np.cumsum(others, axis=-1) - others / 2
    return ratio(np.sum(members * below, axis=-1), members.sum(axis=-1) * others.sum(axis=-1))


def rightly_told(members: np.ndarray, others: np.ndarray, splits: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often a logistic regression, fitted to the other half of the pairs, tells each right: two arrays of shares.

    Both are features, shape (pairs, k); ``splits`` is how often the pairs are halved at random.
    """
    from sklearn import config_context  # only here: the other numbers need not wait for it
    from sklearn.linear_model import LogisticRegression

    features = np.stack([members, others])
    random, labels = np.random.default_rng([seed, 2]), np.repeat([1, 0], len(members) // 2)
    right, judged = np.zeros((2, len(members))), np.zeros(len(members))
    attack = LogisticRegression(C=1 / (RIDGE * len(labels)), solver="newton-cholesky")  # few features: three steps or so
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for _ in range(splits):
            fitted = np.zeros(len(members), dtype=bool)
            fitted[random.permutation(len(members))[: len(members) // 2]] = True
            seen = features[:, fitted].reshape(len(labels), -1)
            mean, spread = seen.mean(axis=0), seen.std(axis=0)
            spread[spread == 0] = 1.0
            attack.fit((seen - mean) / spread, labels)
            for row, label in enumerate((1, 0)):
                right[row, ~fitted] += attack.predict((features[row, ~fitted] - mean) / spread) == label
            judged += ~fitted
    shares = np.where(judged > 0, right / np.maximum(judged, 1), 0.5)
    return shares[0], shares[1]


def age_bins(ages: np.ndarray) -> np.ndarray:
    """First ages, in years, of bins that hold at least ``FEWEST_IN_BIN`` of the ages each."""
    found, numbers = np.unique(np.floor(ages), return_counts=True)
    starts, held = [], FEWEST_IN_BIN
    for age, number in zip(found, numbers, strict=True):
        if held >= FEWEST_IN_BIN:
            starts.append(age)
            held = 0
        held += number
    return np.array(starts[:-1] if held < FEWEST_IN_BIN and len(starts) > 1 else starts)


def conditioned(
    errors: np.ndarray, partners: np.ndarray, bins: np.ndarray, known: np.ndarray, known_bins: np.ndarray
) -> np.ndarray:
    """Minus how unusual errors are for their age: -(log(r + .01) - m) / s, with m and s from the non-members of the age bin.

    A non-member that helped to make m and s looks less unusual than a member, so a pair is judged without the partner.

    Args:
        errors: absolute errors of some faces, in years, one a pair: of the members, or of the partners themselves.
        partners: absolute errors of the partners, who are non-members.
        bins: bin of every pair.
        known: absolute errors of all non-members, the partners among them.
        known_bins: their bins.
    """
    size, own = int(known_bins.max()) + 1, np.log(partners + YEARS_ADDED)
    values = np.log(known + YEARS_ADDED)
    sums = [np.bincount(known_bins, weights=values**power, minlength=size)[bins] - own**power for power in (0, 1, 2)]
    mean = sums[1] / sums[0]
    spread = np.sqrt(np.maximum((sums[2] - sums[0] * mean**2) / (sums[0] - 1), 0))
    scores: np.ndarray = (mean - np.log(errors + YEARS_ADDED)) / np.maximum(spread, SMALLEST_SPREAD)
    return scores
