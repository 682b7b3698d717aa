"""Forgetting quality: how well can anyone tell, from one model's answer, an unlearned model from a retrained one?

The score of the NeurIPS 2023 unlearning competition (Triantafillou et al. 2024, https://arxiv.org/abs/2406.09073), for
regression: the output is the predicted age. For every forgotten face an attacker sees N answers of unlearned and N of
retrained models, which differ in their seed, and looks for the rule that tells them apart best. Of the rule's false
positive and false negative rate follows a privacy loss, with d = 1e-5::

    eps = max(ln(1 - d - FPR) - ln FNR, ln(1 - d - FNR) - ln FPR, 0)

and of it the face's points: 1 for eps in [0, .5), 1/2 in [.5, 1), 1/4 in [1, 1.5), ...; nothing from ceil(ln(N - 1)) on.
The score is the mean of the points over faces, from 0 to 1, without a unit; higher is better. With few models even two sets
of retrained models are told apart by chance, so a score means something beside its ceiling alone: see ``quality``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from unlearning.errors import InputError
from unlearning.naming import by_name, choose

DELTA = 1e-5
CAP = 50.0
BUCKET = 0.5
FEWEST = 3
PER_UNIT, BUFFER, PEAKED = 100, 2.0, 0.01
STEPS = int(2 * BUFFER * PER_UNIT)
SIMULATED = 2000


@dataclass(frozen=True)
class Quality:
    """A forgetting quality with what is needed to read it.

    Args:
        value: the score, 0 to 1; higher is better.
        ceiling: the same score of retrained models, which never saw the forgotten faces: what can be reached at best.
        compared: the score with as many models as the ceiling was measured with; the ceiling is to be compared with it.
        measured: where the ceiling is from: ``second set``, ``halves`` of the retrained models, or ``simulated``.
        models: N of ``value``.
        ceiling_models: N of ``ceiling`` and ``compared``.
    """

    value: float
    ceiling: float
    compared: float
    measured: str
    models: int
    ceiling_models: int

    @property
    def share(self) -> float:
        """``compared`` over ``ceiling``: 1 where unlearning is as good as retraining, 0 where everybody sees it."""
        return self.compared / self.ceiling if self.ceiling else math.nan


def quality(
    unlearned: np.ndarray, retrained: np.ndarray, second: np.ndarray | None = None, form: str = "holdout", seed: int = 0
) -> Quality:
    """The forgetting quality and its ceiling.

    Args:
        unlearned: predictions in years, shape (models, faces).
        retrained: the same of retrained models.
        second: the same of further retrained models, which measure the ceiling. Without them the halves of ``retrained`` do
            (six models or more), and with fewer models outputs drawn from one normal distribution.
        form: ``official``: the competition's, whose attacker fits and judges a rule on the same models; ``holdout``: the rule
            is chosen on one half of the models and judged on the other, which does not flatter the attacker.
        seed: of the halves and of the simulation.

    Raises:
        InputError: fewer than three models, predictions of other faces or none, or an unknown form.
    """
    value = score(unlearned, retrained, form, seed)
    count = min(len(unlearned), len(retrained))
    if second is not None:
        few = min(count, len(second))
        ceiling, compared = score(second[:few], retrained, form, seed), score(unlearned[:few], retrained, form, seed)
        return Quality(value, ceiling, compared, "second set", count, few)
    if count < 2 * FEWEST:
        return Quality(value, simulated_ceiling(count, form, seed), value, "simulated", count, count)
    (first, other), (own, _) = _halves(retrained, seed, 1), _halves(unlearned, seed, 2)
    ceiling, compared = score(first, other, form, seed), score(own, other, form, seed)
    return Quality(value, ceiling, compared, "halves", count, min(len(own), len(first)))


def score(unlearned: np.ndarray, retrained: np.ndarray, form: str = "holdout", seed: int = 0) -> float:
    """The mean over faces of their points, 0 to 1; higher is better. Arguments and errors as of ``quality``.

    ``official`` does not depend on the order of the models; ``holdout`` depends on it and on the seed, by the halves.
    """
    eps = epsilons(unlearned, retrained, form, seed)
    return float(points(eps, min(len(unlearned), len(retrained))).mean())


def epsilons(unlearned: np.ndarray, retrained: np.ndarray, form: str = "holdout", seed: int = 0) -> np.ndarray:
    """The privacy loss of every face, 0 to 50, shape (faces,); lower is better. Arguments and errors as of ``quality``."""
    attack = choose(FORMS, form, "form of forgetting quality").attack
    _check(unlearned, retrained)
    return attack(np.asarray(unlearned, np.float64), np.asarray(retrained, np.float64), seed)


def points(eps: np.ndarray, models: int) -> np.ndarray:
    """2 to the minus k for eps in [k/2, (k+1)/2), as long as that ends by ceil(ln(models - 1)); beyond, 0."""
    bucket = np.floor(eps / BUCKET)
    return np.where(bucket < math.ceil(math.log(models - 1)) / BUCKET, 0.5**bucket, 0.0)


def final_score(value: float, retain: tuple[float, float], test: tuple[float, float]) -> float:
    """The competition's final score: the forgetting quality times the accuracy that is left; higher is better.

    F * (MAE_R / MAE_U on the retain set) * (MAE_R / MAE_U on the test set); the ratios of errors stand for the ratios of
    accuracies, and above 1 the model is better than the retrained one. Not a number where MAE_U is 0.

    Args:
        value: F, 0 to 1.
        retain: MAE of the retrained and of the unlearned model on the retain set, in years.
        test: the same on the test set.
    """
    (retain_reference, retain_own), (test_reference, test_own) = retain, test
    if not retain_own or not test_own:
        return math.nan
    return value * (retain_reference / retain_own) * (test_reference / test_own)


@cache
def simulated_ceiling(models: int, form: str = "holdout", seed: int = 0) -> float:
    """The score of two sets of so many models whose outputs come from one normal distribution; standard error about .01."""
    first, second = np.random.default_rng(seed).normal(size=(2, models, SIMULATED))
    return score(first, second, form, seed)


def _check(unlearned: np.ndarray, retrained: np.ndarray) -> None:
    few = min(len(unlearned), len(retrained))
    if few < FEWEST:
        raise InputError(f"{few} models of a kind cannot give a forgetting quality; legal: {FEWEST} or more, one a seed")
    if np.ndim(unlearned) != 2 or np.shape(unlearned)[1:] != np.shape(retrained)[1:] or not np.size(unlearned):
        raise InputError(f"outputs of shape {np.shape(unlearned)} and {np.shape(retrained)}: legal is (models, the same faces)")
    if not (np.isfinite(unlearned).all() and np.isfinite(retrained).all()):
        raise InputError("some outputs are not finite: a model that diverged has no forgetting quality")


def _halves(outputs: np.ndarray, seed: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """The models in two halves, drawn at random."""
    order = np.random.default_rng([seed, stream]).permutation(len(outputs))
    half = len(outputs) // 2
    return outputs[order[:half]], outputs[order[half:]]


@cache
def _losses(positives: int, negatives: int, smoothed: bool) -> np.ndarray:
    """eps of a rule that calls a of the positives and b of the negatives positive, shape (positives + 1, negatives + 1).

    Plain rates: 50 where both sorts of errors are absent, and minus infinity (discarded) where one of them is. Smoothed ones
    are Jeffreys': (k + 1/2) / (n + 1).
    """
    hits, alarms = np.ogrid[: positives + 1, : negatives + 1]
    half, one = (0.5, 1) if smoothed else (0, 0)
    missed = np.broadcast_to((positives - hits + half) / (positives + one), (positives + 1, negatives + 1))
    false = np.broadcast_to((alarms + half) / (negatives + one), missed.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (np.log(1 - DELTA - a) - np.log(b) for a, b in ((false, missed), (missed, false)))
        loss = np.fmax(np.fmax(first, second), 0.0)
    loss = np.where(missed * false == 0, -np.inf, loss)
    return np.where(missed + false == 0, CAP, np.minimum(loss, CAP))


class _Line:
    """Per face, the outputs of both kinds in one ascending order, and how many of each lie below every cut.

    Cut k lies above the first k outputs: shape of ``own`` and ``other`` (faces, outputs + 1).
    """

    def __init__(self, unlearned: np.ndarray, retrained: np.ndarray):
        both = np.concatenate([unlearned, retrained]).T
        order = np.argsort(both, axis=1, kind="stable")
        self.values = np.take_along_axis(both, order, axis=1)
        self.own = np.pad(np.cumsum(order < len(unlearned), axis=1), ((0, 0), (1, 0)))
        self.other = np.arange(both.shape[1] + 1) - self.own

    def inside(self, right: int) -> tuple[np.ndarray, np.ndarray]:
        """How many of each kind lie between every cut up to ``right`` and it, shape (faces, right + 1)."""
        return tuple(below[:, [right]] - below[:, : right + 1] for below in (self.own, self.other))


def _official(unlearned: np.ndarray, retrained: np.ndarray, seed: int) -> np.ndarray:
    spreads = np.ptp(unlearned, axis=0), np.ptp(retrained, axis=0)
    medians = np.median(unlearned, axis=0), np.median(retrained, axis=0)
    scale = np.sqrt((unlearned.var(axis=0, ddof=1) + retrained.var(axis=0, ddof=1)) / 2)
    peaked = np.minimum(*spreads) < PEAKED * np.maximum(*spreads)
    scale = np.where(scale > 0, scale, 1.0)
    line = _Line(unlearned / scale, retrained / scale)
    upper = medians[0] >= medians[1]
    single = _single_thresholds(line, upper)
    peakier = np.where(upper, spreads[0] < spreads[1], spreads[0] <= spreads[1])
    lowest = np.where(peakier, unlearned.min(axis=0), retrained.min(axis=0)) / scale
    double = _double_thresholds(line, peakier, lowest, np.minimum(*spreads) / scale)
    still = (np.maximum(*spreads) == 0) & (medians[0] != medians[1])
    return np.where(peaked | still, CAP, np.maximum(np.maximum(single, double), 0.0))


def _loss_of(line: _Line, positive: np.ndarray, own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """eps of calling so many of each kind positive, where ``positive`` tells for each face whether the unlearned are."""
    counts = line.own[0, -1], line.other[0, -1]
    direct, swapped = _losses(*counts, False)[own, other], _losses(*counts[::-1], False)[other, own]
    return np.where(positive[:, None], direct, swapped)


def _single_thresholds(line: _Line, upper: np.ndarray) -> np.ndarray:
    """The best of 100 thresholds a unit over the joint range: what lies at or above is of the kind with the larger median."""
    low, span = line.values[:, :1], line.values[:, -1:] - line.values[:, :1]
    last = np.maximum(np.ceil(span * PER_UNIT) - 1, 1)
    first, final = _reached_from_below(line, low, np.where(span > 0, span, 1.0) / last, last)
    loss = _loss_of(line, upper, line.own[:, -1:] - line.own, line.other[:, -1:] - line.other)
    return np.where(first <= final, loss, -np.inf).max(axis=1)


def _double_thresholds(line: _Line, positive: np.ndarray, lowest: np.ndarray, width: np.ndarray) -> np.ndarray:
    """The best interval of the competition's grid: what lies inside is of the kind whose outputs spread less.

    Its right end takes 400 places up to 2 units around the largest output of that kind; for each, its left end takes 400
    places up to 2 units around one spread to the left. So all left ends lie on one grid of 799 places, and two cuts are
    reached when some left end p and right end k that stand for them have k <= p < k + 400.
    """
    step, start = 2 * BUFFER / (STEPS - 1), (lowest - 2 * BUFFER)[:, None]
    left_first, left_last = _reached_from_below(line, start, step, 2 * STEPS - 2)
    right_first, right_last = _reached_from_above(line, start + width[:, None] + BUFFER, step, STEPS - 1)
    best = np.full(len(lowest), -np.inf)
    for right in range(line.own.shape[1]):
        first, last = right_first[:, [right]], right_last[:, [right]]
        lefts = left_first[:, : right + 1], left_last[:, : right + 1]
        reached = (first <= last) & (np.maximum(lefts[0], first) <= np.minimum(lefts[1], last + STEPS - 1))
        loss = np.where(reached, _loss_of(line, positive, *line.inside(right)), -np.inf)
        best = np.maximum(best, loss.max(axis=1))
    return best


def _reached_from_below(line: _Line, start, step, last) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of a grid that lies above the outputs below each cut, and not above the next one."""
    at = np.floor((line.values - start) / step + 1e-9)
    edge = np.full((len(at), 1), -1.0)
    return np.maximum(np.hstack([edge, at]) + 1, 0), np.minimum(np.hstack([at, edge + np.inf]), last)


def _reached_from_above(line: _Line, start, step, last) -> tuple[np.ndarray, np.ndarray]:
    """First and last place of a grid that does not lie below the outputs below each cut, and lies below the next one."""
    at = np.ceil((line.values - start) / step - 1e-9)
    edge = np.full((len(at), 1), 0.0)
    return np.maximum(np.hstack([edge, at]), 0), np.minimum(np.hstack([at, edge + np.inf]) - 1, last)


def _holdout(unlearned: np.ndarray, retrained: np.ndarray, seed: int) -> np.ndarray:
    own, other = _halves(unlearned, seed, 1), _halves(retrained, seed, 2)
    return (_judged(own[0], other[0], own[1], other[1]) + _judged(own[1], other[1], own[0], other[0])) / 2


def _judged(unlearned: np.ndarray, retrained: np.ndarray, unseen: np.ndarray, unseen_retrained: np.ndarray) -> np.ndarray:
    """eps, on models that were not seen, of the best interval for those that were; both kinds are tried as its owner."""
    low, high, direct = _best_intervals(_Line(unlearned, retrained))
    inside = [((low <= outputs) & (outputs <= high)).sum(axis=0) for outputs in (unseen, unseen_retrained)]
    counts = len(unseen), len(unseen_retrained)
    return np.where(direct, _losses(*counts, True)[inside[0], inside[1]], _losses(*counts[::-1], True)[inside[1], inside[0]])


def _best_intervals(line: _Line) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per face the ends of the interval with the largest eps, and whether what lies inside is called unlearned."""
    faces, counts = np.arange(len(line.values)), (line.own[0, -1], line.other[0, -1])
    between = (line.values[:, 1:] + line.values[:, :-1]) / 2
    edge = np.full((len(faces), 1), np.inf)
    ends = np.hstack([-edge, between, edge])
    cuts = np.hstack([edge > 0, line.values[:, 1:] > line.values[:, :-1], edge > 0])
    best, low, high, direct = (np.full(len(faces), start) for start in (-np.inf, -np.inf, np.inf, True))
    for right in range(1, cuts.shape[1]):
        own, other = line.inside(right)
        allowed = cuts[:, : right + 1] & cuts[:, [right]]
        for role, loss in ((True, _losses(*counts, True)[own, other]), (False, _losses(*counts[::-1], True)[other, own])):
            loss = np.where(allowed, loss, -np.inf)
            at = loss.argmax(axis=1)
            better = loss[faces, at] > best + 1e-12
            best, direct = np.where(better, loss[faces, at], best), np.where(better, role, direct)
            low, high = np.where(better, ends[faces, at], low), np.where(better, ends[:, right], high)
    return low, high, direct


@dataclass(frozen=True)
class _Form:
    name: str
    attack: Callable[[np.ndarray, np.ndarray, int], np.ndarray]


FORMS = by_name(_Form("official", _official), _Form("holdout", _holdout))
