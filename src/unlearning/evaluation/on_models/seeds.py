"""What several seeds of one method tell: each face has a distribution of answers, unlearned and retrained.

With one seed a face has one answer of each kind, and nobody can say whether their difference is forgetting or chance. With
N seeds of each kind there are two samples a face. U-LiRA asks whether a membership attack that knows both distributions
tells an unlearned model from a retrained one; KLOM says how far the two distributions are from each other.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np

from unlearning.errors import InputError
from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.resample import interval

FLOOR = 0.25
SHIFTS = 4
MOST_FACES = 2000
ROUNDS = 200
PERCENTILE = 0.95
FEWEST = 3
SIMULATED = 20_000


@dataclass(frozen=True)
class SeedAttack:
    """What U-LiRA achieved."""

    # chance, 0 to 1, that an unlearned model's score is above a retrained one's; .5 is forgotten, 1 is told apart always; below
    # .5 the attack's picture of the two kinds does not carry over to models that it has not seen
    auc: float
    null: tuple[float, float]  # where the middle 95 % of the AUC lie when the models of both kinds are dealt out at random


def likelihood_attack(unlearned: np.ndarray, retrained: np.ndarray, rounds: int = ROUNDS, seed: int = 0) -> SeedAttack:
    """U-LiRA for regression, the cheap form: one forget set, N seeds of the unlearned and of the retrained model.

    A face's statistic t is the prediction, or its signed error: the age is the same for all models. Both kinds get a normal
    distribution of t, and the score is the logarithm of their ratio, log N(t; m_u, s) - log N(t; m_r, s). A PAIR is left
    out of the fit, one model of each kind, and judged: leaving out one alone moves its own kind's mean away from it, and the
    AUC falls to .46 at N = 3 where there is nothing to find. Source: Hayes et al. 2024, https://arxiv.org/abs/2403.01218.

    All faces share the few models, so the scores are not independent; how far the AUC moves by chance is measured by
    dealing the models out again at random. With three of each kind there are ten ways, so nothing is ever beyond 95 %. What
    limits the attack is the number of models: of more than ``MOST_FACES`` faces as many are drawn.

    Both are t in years, shape (models, faces); ``rounds`` relabellings are tried, or all where there are no more.

    Raises:
        InputError: fewer than three models of a kind, or outputs of different faces or of none.
    """
    require_alike(unlearned, retrained)
    faces = np.random.default_rng([seed, 1]).permutation(unlearned.shape[1])[:MOST_FACES]
    unlearned, retrained = unlearned[:, faces], retrained[:, faces]
    everyone = np.concatenate([unlearned, retrained])
    deals = _deals(len(unlearned), len(everyone), rounds, seed)
    dealt = [_auc(everyone[first], everyone[other]) for first, other in deals]
    return SeedAttack(_auc(unlearned, retrained), interval(np.array(dealt)))


def _auc(unlearned: np.ndarray, retrained: np.ndarray) -> float:
    return float(attacks.auc(attacks.count(*held_out_scores(unlearned, retrained)))[0])


def held_out_scores(unlearned: np.ndarray, retrained: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log likelihood ratios of held-out models, two arrays: of the unlearned and of the retrained model of every pair.

    The k-th unlearned model goes with the retrained ones k, k + 1, ... (at most ``SHIFTS`` of them, around the end), so
    every model is left out equally often when there are as many of each kind. Both kinds of a face share one standard
    deviation, of ``FLOOR`` years at least: two would need more models. Arguments as of ``likelihood_attack``.
    """
    count = max(len(unlearned), len(retrained))
    pairs = [(k % len(unlearned), (k + shift) % len(retrained)) for shift in range(min(SHIFTS, count)) for k in range(count)]
    own, other = np.array(sorted(set(pairs))).T
    (own_mean, own_squares), (other_mean, other_squares) = _without(unlearned, own), _without(retrained, other)
    free = len(unlearned) + len(retrained) - 4
    spread = np.maximum(np.sqrt((own_squares + other_squares) / free), FLOOR)
    scores = [((t - other_mean) ** 2 - (t - own_mean) ** 2) / (2 * spread**2) for t in (unlearned[own], retrained[other])]
    return scores[0].ravel(), scores[1].ravel()


def _without(outputs: np.ndarray, left_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and sum of squared deviations from it, of all models but one, shape (left out, faces)."""
    centred = outputs - outputs.mean(axis=0)
    mean = -centred[left_out] / (len(outputs) - 1)
    squares = (centred**2).sum(axis=0) - centred[left_out] ** 2 - (len(outputs) - 1) * mean**2
    return mean + outputs.mean(axis=0), np.maximum(squares, 0.0)


def _deals(first: int, count: int, rounds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Ways to deal ``count`` models out into ``first`` and the rest: all of them, or ``rounds`` at random."""
    everyone, random = np.arange(count), np.random.default_rng(seed)
    if math.comb(count, first) <= rounds:
        chosen = [np.array(some) for some in combinations(range(count), first)]
    else:
        chosen = [random.permutation(count)[:first] for _ in range(rounds)]
    return [(some, np.setdiff1d(everyone, some)) for some in chosen]


@dataclass(frozen=True)
class Klom:
    """KL divergence of margins, for regression."""

    value: float  # 95th percentile over faces of KL(unlearned || retrained), in nats, from 0; lower is better
    null: float  # the same of models that differ in nothing but their seed: what chance alone gives with so many models


def klom(unlearned: np.ndarray, retrained: np.ndarray, seed: int = 0) -> Klom:
    """How far the answers of unlearned and retrained models are from each other, on the faces where they are farthest.

    Per face, with mean m and standard deviation s (ddof = 0) of the N outputs (1: unlearned, 2: retrained)::

        KL = log(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2

    A face has an infinite value whose models of one kind all give one answer, unless those of the other kind all give it too.
    Between sets of the same kind the 95th percentile is 17 at N = 3 and 1.3 at N = 8, so the value means something only beside
    ``null``. Real faces share their models, which makes it move more than the simulated, independent ones: where there is a
    second set of retrained models, its own value is the better yardstick. Source: Georgiev et al. 2024,
    https://arxiv.org/abs/2410.23232, whose margins are of classes; the closed form takes the outputs of a face as normal.

    Both are predictions in years, shape (models, faces); ``seed`` is that of the simulated null.

    Raises:
        InputError: fewer than three models of a kind, or outputs of different faces or of none.
    """
    require_alike(unlearned, retrained)
    return Klom(_percentile(divergences(unlearned, retrained)), klom_null(len(unlearned), len(retrained), seed))


def divergences(unlearned: np.ndarray, retrained: np.ndarray) -> np.ndarray:
    """KL(unlearned || retrained) of every face in nats, shape (faces,), as in ``klom``; 0 is equal, lower is better."""
    (own_mean, own), (mean, spread) = ((values.mean(axis=0), values.std(axis=0)) for values in (unlearned, retrained))
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = np.log(spread / own) + (own**2 + (own_mean - mean) ** 2) / (2 * spread**2) - 0.5
    same = (own == spread) & (own_mean == mean)
    return np.where(same, 0.0, np.where(np.isfinite(divergence), divergence, np.inf))


@cache
def klom_null(unlearned_models: int, retrained_models: int, seed: int = 0) -> float:
    """The value of ``klom`` for so many models that all draw their outputs from one normal distribution; simulated."""
    random = np.random.default_rng(seed)
    first, second = (random.normal(size=(models, SIMULATED)) for models in (unlearned_models, retrained_models))
    return _percentile(divergences(first, second))


def _percentile(values: np.ndarray) -> float:
    """The 95th percentile, a value that occurs: between a finite and an infinite one there is none."""
    return float(np.quantile(values, PERCENTILE, method="inverted_cdf"))


def require_alike(unlearned: np.ndarray, retrained: np.ndarray, why: str = "are too few to know a distribution") -> None:
    """InputError for outputs of different faces, or of fewer than three models of a kind, which ``why`` says the matter of."""
    few = min(len(unlearned), len(retrained))
    if few < FEWEST:
        raise InputError(f"{few} models of a kind {why}; legal: {FEWEST} or more, one a seed")
    if np.ndim(unlearned) != 2 or np.shape(unlearned)[1:] != np.shape(retrained)[1:] or not np.size(unlearned):
        raise InputError(f"outputs of shape {np.shape(unlearned)} and {np.shape(retrained)}: legal is (models, the same faces)")
