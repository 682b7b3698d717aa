"""Attacks that guess from scores who was trained on: pure functions of arrays. The larger a score, the likelier a member.

Most are functions of how many members and others have each value of a score, in ascending order: shape (..., values). So one
formula serves for the sample (every value by itself) and for thousands of resamples (values thinned out to ``FINEST``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unlearning.evaluation.resample import Blocks

FINEST = 200
LEVELS = np.concatenate([np.linspace(0, 0.05, 50), np.linspace(0.05, 0.95, 101)[1:], np.linspace(0.95, 1, 51)[1:]])
RIDGE = 1e-3
STEPS = 25
SMALLEST_SPREAD = 0.1
YEARS_ADDED = 1e-2
FEWEST_IN_BIN = 20


@dataclass(frozen=True)
class Counts:
    """How many members and how many others have each value of a score, ascending: two arrays of shape (..., values)."""

    members: np.ndarray
    others: np.ndarray


def count(members: np.ndarray, others: np.ndarray) -> Counts:
    """Count the scores of a sample, without thinning: shapes (1, values)."""
    grid, codes = np.unique(np.concatenate([members, others]), return_inverse=True)
    found = [np.bincount(part, minlength=len(grid))[None].astype(np.float64) for part in np.split(codes, [len(members)])]
    return Counts(*found)


def resample(blocks: Blocks, rows: tuple[np.ndarray, np.ndarray], scores: tuple[np.ndarray, np.ndarray]) -> Counts:
    """Count the scores of members and others in every resample: shapes (1 + resamples, at most ``FINEST`` values)."""
    grid = thin(np.concatenate(scores))
    codes = [np.searchsorted(grid, part) for part in scores]
    found = [blocks.weights @ blocks.counts(own, code, len(grid)) for own, code in zip(rows, codes, strict=True)]
    return Counts(*(part.astype(np.float64) for part in found))


def thin(values: np.ndarray) -> np.ndarray:
    """All different values ascending, or, of more than ``FINEST``, quantiles that lie closer in both tails."""
    grid = np.unique(values)
    return grid if len(grid) <= FINEST else np.unique(np.quantile(values, LEVELS, method="higher"))


def auc(counts: Counts) -> np.ndarray:
    """P(member > other) + P(member = other) / 2: .5 for a guess, 1 where every member scores above every other."""
    below = np.cumsum(counts.others, axis=-1) - counts.others / 2
    return _divide(np.sum(counts.members * below, axis=-1), counts.members.sum(axis=-1) * counts.others.sum(axis=-1))


def true_positives(counts: Counts, false_positives: float) -> np.ndarray:
    """Largest share of members that a threshold calls members, while it calls at most ``false_positives`` of the others so."""
    true, false = (_divide(_from_above(part), part.sum(axis=-1, keepdims=True)) for part in (counts.members, counts.others))
    best = np.max(np.where(false <= false_positives + 1e-9, true, 0.0), axis=-1)
    return np.where(np.isnan(true[..., 0] + false[..., 0]), np.nan, best)


def others_below(counts: Counts, share: float) -> np.ndarray:
    """Share of others among the lowest ``share`` of all scores, members and others weighing alike: .5 for a guess.

    Of a value on the edge, so large a part counts that exactly ``share`` is reached.
    """
    members, others = (_divide(part, 2 * part.sum(axis=-1, keepdims=True)) for part in (counts.members, counts.others))
    mass = members + others
    room = np.clip(share - (np.cumsum(mass, axis=-1) - mass), 0, mass)
    return np.sum(_divide(room, mass, 0.0) * others, axis=-1) / share


def _from_above(part: np.ndarray) -> np.ndarray:
    return np.cumsum(part[..., ::-1], axis=-1)[..., ::-1]


def _divide(above: np.ndarray, below: np.ndarray, otherwise: float = np.nan) -> np.ndarray:
    filled = np.full(np.broadcast_shapes(above.shape, below.shape), otherwise)
    return np.divide(above, below, out=filled, where=below != 0)


def threshold(members: np.ndarray, others: np.ndarray) -> float:
    """The score from which on to call somebody a member, so that the balanced accuracy is largest."""
    counts = count(members, others)
    gain = _from_above(counts.members[0]) / len(members) - _from_above(counts.others[0]) / len(others)
    return float(np.unique(np.concatenate([members, others]))[np.argmax(gain)])


def judged_by_the_other_half(members: np.ndarray, others: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Is each judged rightly by the threshold that is best for the half it is not in? One bool a member, one an other.

    The best threshold of the same faces reads .53 without any signal, at 200 faces.
    """
    limits = np.array([threshold(members[half != side], others[half != side]) for side in (0, 1)])[half]
    return members >= limits, others < limits


def fit_logistic(features: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Logistic regression by Newton's method: a function from features, shape (n, k), to log-odds of label 1.

    Maximises the mean log-likelihood minus ``RIDGE`` / 2 times the squared weights of the standardised features (the constant
    is free), so that it also ends where a line separates the labels.
    """
    centre, scale = features.mean(axis=0), features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)

    def design(some: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(some)), (some - centre) / scale])

    inputs, penalty = design(features), np.diag([0.0, *[RIDGE] * features.shape[1]])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -500, 500)))
        slope = inputs.T @ (labels - chance) / len(labels) - penalty @ weights
        curve = (inputs * (chance * (1 - chance))[:, None]).T @ inputs / len(labels) + penalty
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        weights = weights + step
        if np.max(np.abs(step)) < 1e-10:
            break
    return lambda some: design(some) @ weights


def rightly_told(members: np.ndarray, others: np.ndarray, splits: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often a logistic regression, fitted to the other half of the pairs, tells each right: two arrays of shares.

    Args:
        members: features, shape (pairs, k).
        others: features of the partners.
        splits: random halvings of the pairs.
        seed: of the halvings.
    """
    random = np.random.default_rng([seed, 2])
    right, judged = np.zeros((2, len(members))), np.zeros(len(members))
    for _ in range(splits):
        fitted = np.zeros(len(members), dtype=bool)
        fitted[random.permutation(len(members))[: len(members) // 2]] = True
        both = np.concatenate([members[fitted], others[fitted]])
        odds = fit_logistic(both, np.repeat([1.0, 0.0], fitted.sum()))
        for row, (faces, is_member) in enumerate(((members, True), (others, False))):
            right[row, ~fitted] += (odds(faces[~fitted]) > 0) == is_member
        judged += ~fitted
    return tuple(_divide(row, judged, 0.5) for row in right)


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


def conditioned(errors: np.ndarray, partners: np.ndarray, bins: np.ndarray, known: np.ndarray, known_bins: np.ndarray):
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
    return -(np.log(errors + YEARS_ADDED) - mean) / np.maximum(spread, SMALLEST_SPREAD)
