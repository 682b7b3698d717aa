"""Forgetting quality: how well can anyone tell, from one model's answer, an unlearned model from a retrained one?

The score of the NeurIPS 2023 unlearning competition (Triantafillou et al. 2024, https://arxiv.org/abs/2406.09073), for
regression: the output is the predicted age. For every forgotten face an attacker sees N answers of unlearned and N of
retrained models, which differ in their seed, and looks for the interval that tells them apart best. Of this rule's false
positive and false negative rate follows a privacy loss, with d = 1e-5::

    eps = max(ln(1 - d - FPR) - ln FNR, ln(1 - d - FNR) - ln FPR, 0)

and of it the face's points: 1 for eps in [0, .5), 1/2 in [.5, 1), 1/4 in [1, 1.5), ...; nothing from ceil(ln(N - 1)) on.
The score is the mean of the points over faces, from 0 to 1, without a unit; higher is better.

The competition's attacker fits a rule of a grid and judges it on the same models, which flatters him: two sets of eight
retrained models reach .19. Here the rule is chosen on one half of the models and judged on the other, with Jeffreys' rates
(k + 1/2) / (n + 1), and then the other way round: they reach .78. A score means something beside its ceiling alone: see
``quality``.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from unlearning.errors import InputError
from unlearning.evaluation.on_models.seeds import FEWEST, require_alike

DELTA = 1e-5
BUCKET = 0.5
SIMULATED = 2000


@dataclass(frozen=True)
class Quality:
    """A forgetting quality with what is needed to read it."""

    value: float  # the score, 0 to 1; higher is better
    ceiling: float  # the same score of retrained models, which never saw the forgotten faces: what can be reached at best
    compared: float  # the score with as many models as the ceiling was measured with; the ceiling is to be compared with it
    measured: str  # where the ceiling is from: ``second set``, ``halves`` of the retrained models, or ``simulated``
    models: int  # N of ``value``
    ceiling_models: int  # N of ``ceiling`` and ``compared``


def quality(unlearned: np.ndarray, retrained: np.ndarray, second: np.ndarray | None = None, seed: int = 0) -> Quality:
    """The forgetting quality and its ceiling, of predictions in years of shape (models, faces).

    The ``second`` ones, of further retrained models, measure the ceiling. Without them the halves of ``retrained`` do (six
    models or more), and with fewer models outputs drawn from one normal distribution.

    Raises:
        InputError: fewer than three models, or predictions of other faces or none.
    """
    value = score(unlearned, retrained, seed)
    count = min(len(unlearned), len(retrained))
    if second is not None:
        few = min(count, len(second))
        ceiling, compared = score(second[:few], retrained, seed), score(unlearned[:few], retrained, seed)
        return Quality(value, ceiling, compared, "second set", count, few)
    if count < 2 * FEWEST:
        return Quality(value, simulated_ceiling(count, seed), value, "simulated", count, count)
    (first, other), (own, _) = _halves(retrained, seed, 1), _halves(unlearned, seed, 2)
    ceiling, compared = score(first, other, seed), score(own, other, seed)
    return Quality(value, ceiling, compared, "halves", count, min(len(own), len(first)))


def score(unlearned: np.ndarray, retrained: np.ndarray, seed: int = 0) -> float:
    """The mean over faces of their points, 0 to 1; higher is better. Arguments and errors as of ``quality``."""
    eps = epsilons(unlearned, retrained, seed)
    return float(points(eps, min(len(unlearned), len(retrained))).mean())


def epsilons(unlearned: np.ndarray, retrained: np.ndarray, seed: int = 0) -> np.ndarray:
    """The privacy loss of every face, from 0, shape (faces,); lower is better. Arguments and errors as of ``quality``."""
    require_alike(unlearned, retrained, "cannot give a forgetting quality")
    if not (np.isfinite(unlearned).all() and np.isfinite(retrained).all()):
        raise InputError("some outputs are not finite: a model that diverged has no forgetting quality")
    own, other = _halves(np.asarray(unlearned, np.float64), seed, 1), _halves(np.asarray(retrained, np.float64), seed, 2)
    both: np.ndarray = _judged(own[0], other[0], own[1], other[1]) + _judged(own[1], other[1], own[0], other[0])
    return both / 2


def points(eps: np.ndarray, models: int) -> np.ndarray:
    """2 to the minus k for eps in [k/2, (k+1)/2), as long as that ends by ceil(ln(models - 1)); beyond, 0."""
    bucket = np.floor(eps / BUCKET)
    return np.where(bucket < math.ceil(math.log(models - 1)) / BUCKET, 0.5**bucket, 0.0)


@cache
def simulated_ceiling(models: int, seed: int = 0) -> float:
    """The score of two sets of so many models whose outputs come from one normal distribution; standard error about .01."""
    first, second = np.random.default_rng(seed).normal(size=(2, models, SIMULATED))
    return score(first, second, seed)


def _halves(outputs: np.ndarray, seed: int, stream: int) -> tuple[np.ndarray, np.ndarray]:
    """The models in two halves, drawn at random."""
    order = np.random.default_rng([seed, stream]).permutation(len(outputs))
    half = len(outputs) // 2
    return outputs[order[:half]], outputs[order[half:]]


@cache
def _losses(positives: int, negatives: int) -> np.ndarray:
    """eps of a rule that calls a of the positives and b of the negatives positive, shape (positives + 1, negatives + 1).

    The rates are Jeffreys': (k + 1/2) / (n + 1), so that neither is ever 0.
    """
    hits, alarms = np.ogrid[: positives + 1, : negatives + 1]
    missed, false = (positives - hits + 0.5) / (positives + 1), (alarms + 0.5) / (negatives + 1)
    first, second = (np.log(1 - DELTA - a) - np.log(b) for a, b in ((false, missed), (missed, false)))
    losses: np.ndarray = np.maximum(np.maximum(first, second), 0.0)
    return losses


class _Line:
    """Per face, the outputs of both kinds in one ascending order, and how many of each lie below every cut.

    Cut k lies above the first k outputs: shape of ``own`` and ``other`` (faces, outputs + 1).
    """

    def __init__(self, unlearned: np.ndarray, retrained: np.ndarray) -> None:
        both = np.concatenate([unlearned, retrained]).T
        order = np.argsort(both, axis=1, kind="stable")
        self.values = np.take_along_axis(both, order, axis=1)
        self.own = np.pad(np.cumsum(order < len(unlearned), axis=1), ((0, 0), (1, 0)))
        self.other = np.arange(both.shape[1] + 1) - self.own

    def inside(self, right: int) -> tuple[np.ndarray, np.ndarray]:
        """How many of each kind lie between every cut up to ``right`` and it, shape (faces, right + 1)."""
        own, other = (below[:, [right]] - below[:, : right + 1] for below in (self.own, self.other))
        return own, other


def _judged(unlearned: np.ndarray, retrained: np.ndarray, unseen: np.ndarray, unseen_retrained: np.ndarray) -> np.ndarray:
    """eps, on models that were not seen, of the best interval for those that were; both kinds are tried as its owner."""
    low, high, direct = _best_intervals(_Line(unlearned, retrained))
    inside = [((low <= outputs) & (outputs <= high)).sum(axis=0) for outputs in (unseen, unseen_retrained)]
    counts = len(unseen), len(unseen_retrained)
    losses = _losses(*counts)[inside[0], inside[1]], _losses(*counts[::-1])[inside[1], inside[0]]
    eps: np.ndarray = np.where(direct, losses[0], losses[1])
    return eps


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
        for role, loss in ((True, _losses(*counts)[own, other]), (False, _losses(*counts[::-1])[other, own])):
            loss = np.where(allowed, loss, -np.inf)
            at = loss.argmax(axis=1)
            better = loss[faces, at] > best + 1e-12
            best, direct = np.where(better, loss[faces, at], best), np.where(better, role, direct)
            low, high = np.where(better, ends[faces, at], low), np.where(better, ends[:, right], high)
    return low, high, direct
