"""Membership inference: do a model's answers tell who was trained on?

Members are the forgotten training faces, non-members test faces of the same ages, in pairs; no augmented copy counts. A model
that never saw either kind gives about .5, so the value to reach is that of the retrained model, and a value far below .5 is
no success: it tells who was forgotten. Every function gives the number of the sample first, then of each resample; the
thresholds and regressions of an attack are those of the sample.
"""

from __future__ import annotations

import numpy as np

from unlearning.evaluation.ground import Comparison, Ground, NotKnownError, Witness
from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.numbers.forgetting import ratio

FALSE_POSITIVES = 0.01
MIN_K = 0.2
SPLITS = 10
STANDARD_ERRORS = 2


def _absolute(witness: Witness, rows: np.ndarray) -> np.ndarray:
    return np.abs(witness.errors(rows))


def _attack(ground: Ground, members: np.ndarray, others: np.ndarray) -> dict[str, np.ndarray]:
    """Three readings of one score of the pairs."""
    pairs, exact = ground.pairs, attacks.count(members, others)
    readings = {
        "auc": attacks.auc,
        "tpr": lambda counts: attacks.true_positives(counts, FALSE_POSITIVES),
        "min_k": lambda counts: attacks.others_below(counts, MIN_K),
    }
    if not ground.blocks.resamples:
        return {name: read(exact) for name, read in readings.items()}
    drawn = attacks.resample(ground.blocks, (pairs.members, pairs.others), (members, others))
    return {name: np.concatenate([read(exact), read(drawn)[1:]]) for name, read in readings.items()}


def by_error(comparison: Comparison, reading: str) -> np.ndarray:
    """The threshold attack: who errs little is called a member (score -abs(e); Yeom et al. 2018).

    Args:
        comparison: the model.
        reading: ``auc``; ``tpr`` (members found at one false alarm in a hundred); ``min_k``: the share of non-members among
            the 20 % of all faces that have the largest errors. The last stands for Min-K % Prob (Shi et al. 2024), which
            judges a text by its least likely words: here, a set of faces by those that the model explains worst.
    """
    subject, pairs = comparison.subject, comparison.ground.pairs

    def attack() -> dict[str, np.ndarray]:
        return _attack(comparison.ground, -_absolute(subject, pairs.members), -_absolute(subject, pairs.others))

    return subject.once("attack by error", attack)[reading]


def given_age(comparison: Comparison, reading: str) -> np.ndarray:
    """The threshold attack on errors that are unusually small for their age; readings as in ``by_error``."""
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs

    def attack() -> dict[str, np.ndarray]:
        known = ground.ages[ground.unseen]
        starts = attacks.age_bins(known)
        bins, known_bins = (
            np.clip(np.searchsorted(starts, np.floor(ages), side="right") - 1, 0, None)
            for ages in (ground.ages[pairs.members], known)
        )
        members, partners, all_known = (_absolute(subject, rows) for rows in (pairs.members, pairs.others, ground.unseen))
        both = [attacks.conditioned(errors, partners, bins, all_known, known_bins) for errors in (members, partners)]
        return _attack(ground, *both)

    return subject.once("attack given age", attack)[reading]


def balanced_accuracy(comparison: Comparison) -> np.ndarray:
    """Mean of the shares of members and of non-members told right, by the threshold that is best for the other half."""
    subject, pairs = comparison.subject, comparison.ground.pairs
    scores = [-_absolute(subject, rows) for rows in (pairs.members, pairs.others)]
    return _told(comparison.ground, *attacks.judged_by_the_other_half(*scores, pairs.half))


def logistic(comparison: Comparison) -> np.ndarray:
    """The same share for logistic regressions on abs(e), e and f(x), over ten random halvings of the pairs."""
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs

    def features(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([_absolute(subject, rows), subject.errors(rows), subject.predicted[rows]])

    return _told(ground, *attacks.rightly_told(features(pairs.members), features(pairs.others), SPLITS, ground.seed))


def _told(ground: Ground, members: np.ndarray, others: np.ndarray) -> np.ndarray:
    pairs, found = ground.pairs, []
    for rows, right in ((pairs.members, members), (pairs.others, others)):
        totals = ground.blocks.totals(rows, [right.astype(np.float64), np.ones(len(rows))])
        found.append(ratio(totals[:, 0], totals[:, 1]))
    return (found[0] + found[1]) / 2


def transfer(comparison: Comparison) -> np.ndarray:
    """Share of the forgotten training faces that an attack trained on other faces of the same model calls members.

    The attack is a logistic regression on abs(e): retained training faces against test faces of the same ages that the rule
    does not describe, once on each half of them. (The published notebook trains it on the forgotten faces as well.) Where it
    does not work on the other half, as on a model that errs alike on both, it says nothing about the forgotten.
    """
    subject, ground, kept = comparison.subject, comparison.ground, comparison.ground.kept_pairs
    rows = ground.forgotten
    calls, right = np.zeros(len(rows)), []
    for side in (0, 1):
        own, other = (
            [_absolute(subject, part[kept.half == half]) for part in (kept.members, kept.others)] for half in (side, 1 - side)
        )
        odds = attacks.fit_logistic(np.concatenate(own)[:, None], np.repeat([1.0, 0.0], len(own[0])))
        right += [odds(other[0][:, None]) > 0, odds(other[1][:, None]) <= 0]
        calls += odds(_absolute(subject, rows)[:, None]) > 0
    if np.mean(np.concatenate(right)) <= 0.5 + STANDARD_ERRORS * 0.5 / np.sqrt(2 * len(kept)):
        raise NotKnownError("the attack does not tell retained faces from test faces")
    totals = ground.blocks.totals(rows, [calls / 2, np.ones(len(rows))])
    return ratio(totals[:, 0], totals[:, 1])


def grown(comparison: Comparison) -> np.ndarray:
    """AUC of abs(e) - abs(e of the original): do errors grow more on the forgotten faces than on the unseen ones?

    .5 for the original itself. Above the retrained model's value the forgotten faces stand out by errors that no unseen face
    has: over-forgetting, which tells who was forgotten.
    """
    subject, original, pairs = comparison.subject, comparison.other("original"), comparison.ground.pairs

    def attack() -> dict[str, np.ndarray]:
        more = [_absolute(subject, rows) - _absolute(original, rows) for rows in (pairs.members, pairs.others)]
        return _attack(comparison.ground, *more)

    return subject.once(("attack by growth", original.name), attack)["auc"]


def unseen_gap(comparison: Comparison) -> np.ndarray:
    """MAE on the non-members minus MAE on the members, in years, of the same ages: 0 when it remembers nobody."""
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs
    found = []
    for rows in (pairs.others, pairs.members):
        totals = ground.blocks.totals(rows, [_absolute(subject, rows), np.ones(len(rows))])
        found.append(ratio(totals[:, 0], totals[:, 1]))
    return found[0] - found[1]


def auc_gap(comparison: Comparison) -> np.ndarray:
    """How far the threshold attack's AUC is from its AUC on the retrained model, either way: 0 is retrained."""
    return np.abs(by_error(comparison, "auc") - by_error(Comparison(comparison.other("retrained")), "auc"))
