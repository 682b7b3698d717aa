"""Membership inference: do a model's answers tell who was trained on?

Members are the forgotten training faces, non-members test faces of the same ages, in pairs; no augmented copy counts. A model
that never saw either kind gives about .5, so the value to reach is that of the retrained model, and a value far below .5 is
no success: it tells who was forgotten. Every function gives the number of the sample first, then of each resample; the
regressions of an attack are those of the sample.
"""

import numpy as np

from unlearning.evaluation.ground import Comparison, Ground, Witness
from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.numbers.accuracy import mean_of, mean_over

SPLITS = 10


def _absolute(witness: Witness, rows: np.ndarray) -> np.ndarray:
    errors: np.ndarray = np.abs(witness.errors(rows))
    return errors


def _auc(ground: Ground, members: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The AUC of one score of the pairs."""
    exact = attacks.auc(attacks.count(members, others))
    if not ground.blocks.resamples:
        return exact
    drawn = attacks.auc(attacks.resample(ground.blocks, (ground.pairs.members, ground.pairs.others), (members, others)))
    return np.concatenate([exact, drawn[1:]])


def by_error(comparison: Comparison) -> np.ndarray:
    """AUC of the threshold attack: who errs little is called a member (score -abs(e); Yeom et al. 2018)."""
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs
    return subject.once(
        "attack by error", lambda: _auc(ground, -_absolute(subject, pairs.members), -_absolute(subject, pairs.others))
    )


def given_age(comparison: Comparison) -> np.ndarray:
    """AUC of the threshold attack on errors that are unusually small for their age."""
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs
    strata, scale = ground.target.in_order(ground.strata, ground.strata[ground.unseen]), ground.target.scale
    known = strata[ground.unseen]
    starts = attacks.age_bins(known)
    bins, known_bins = (
        np.clip(np.searchsorted(starts, np.floor(ages), side="right") - 1, 0, None) for ages in (strata[pairs.members], known)
    )
    members, partners, all_known = (_absolute(subject, rows) / scale for rows in (pairs.members, pairs.others, ground.unseen))
    scores = [attacks.conditioned(errors, partners, bins, all_known, known_bins) for errors in (members, partners)]
    return _auc(ground, scores[0], scores[1])


def logistic(comparison: Comparison) -> np.ndarray:
    """Mean of the shares of members and of non-members that logistic regressions tell right.

    They see abs(e), e and f(x); of ten random halvings of the pairs one half fits a regression, the other is judged by it.
    """
    subject, ground, pairs = comparison.subject, comparison.ground, comparison.ground.pairs

    def features(rows: np.ndarray) -> np.ndarray:
        return np.column_stack([_absolute(subject, rows), subject.errors(rows), subject.predicted[rows]])

    right = attacks.rightly_told(features(pairs.members), features(pairs.others), SPLITS, ground.seed)
    shares = [mean_over(ground, rows, told) for rows, told in zip((pairs.members, pairs.others), right, strict=True)]
    mean: np.ndarray = np.mean(shares, axis=0)
    return mean


def unseen_gap(comparison: Comparison) -> np.ndarray:
    """MAE on the non-members minus MAE on the members, in years, of the same ages: 0 when it remembers nobody."""
    pairs = comparison.ground.pairs
    gap: np.ndarray = mean_of(comparison.subject, pairs.others) - mean_of(comparison.subject, pairs.members)
    return gap


def auc_gap(comparison: Comparison) -> np.ndarray:
    """How far the threshold attack's AUC is from its AUC on the retrained model, either way: 0 is retrained."""
    gap: np.ndarray = np.abs(by_error(comparison) - by_error(Comparison(comparison.other("retrained"))))
    return gap
