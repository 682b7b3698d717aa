"""The study's scores beside the retrained model, and what is left of the original's memory.

E_i = abs(abs(r_i) - abs(e_i)) with r_i, e_i the errors of the retrained and of the evaluated model, f_i = exp(-E_i / alpha),
Forgetting = mean of f_i over the forget set (reference study, section 4.3).
"""

import math

import numpy as np

from unlearning.evaluation import study
from unlearning.evaluation.ground import FEWEST, Comparison, NotKnownError, Witness
from unlearning.evaluation.numbers.accuracy import mae, mean_over, ratio

STANDARD_ERRORS = 1.96
PERCENT = 100.0


def utility(comparison: Comparison) -> np.ndarray:
    """MAE of the retrained model over MAE of this one, on the test set; first itself, then resampled."""
    rows = comparison.ground.some("test")
    retrained, own = (np.abs(model.errors(rows)) for model in (comparison.other("retrained"), comparison.subject))
    totals = comparison.ground.blocks.totals(rows, [retrained, own])
    drawn = ratio(totals[:, 0], totals[:, 1])
    drawn[0] = study.utility(retrained, own)
    return drawn


def forgetting(comparison: Comparison) -> np.ndarray:
    """Mean over the forget set of exp(-E_i / alpha); first itself, then resampled. 0 to 1, 1 for the retrained model."""
    ground, retrained = comparison.ground, comparison.other("retrained")
    rows = ground.some("forget")

    def compute() -> np.ndarray:
        reference, own = retrained.errors(rows), comparison.subject.errors(rows)
        likeness = np.exp(-np.abs(np.abs(reference) - np.abs(own)) / ground.alpha)
        drawn = mean_over(ground, rows, likeness)
        drawn[0] = study.forgetting(reference, own, ground.alpha)
        return drawn

    return comparison.subject.once(("forgetting", retrained.name), compute)


def f_score(comparison: Comparison) -> np.ndarray:
    """Utility times Forgetting."""
    f: np.ndarray = utility(comparison) * forgetting(comparison)
    return f


def memory_left(comparison: Comparison) -> np.ndarray:
    """What is left of the original's memory, in percent: 100 is the original, 0 a model that never saw the forget set.

    On the forget set, and on test faces that the forget rule describes, it is the share of the original's distance to the
    retrained model that is still there, (MAE_R - MAE_U) / (MAE_R - MAE_O). The larger share counts: what was learnt by heart
    about the forgotten faces does not help on faces that no model ever saw. Signed: below 0 it errs more than retraining does.
    A part where the original errs less than the retrained model by no more than the noise has no share.
    """
    original, retrained = comparison.other("original"), comparison.other("retrained")
    parts = [part for part in ("forget", "test_in_range") if len(comparison.ground.rows[part])]
    shares = [_left(comparison, part) for part in parts if _apart(original, retrained, comparison.second, part)]
    if not shares:
        raise NotKnownError("the original errs less than the retrained model by no more than the noise")
    return max(shares, key=lambda share: float(share[0]))


def share_left(retrained: float, own: float, original: float) -> float:
    """The same of one part alone, from three errors; not a number where the original errs no less than the retrained model."""
    return PERCENT * (retrained - own) / (retrained - original) if retrained > original else math.nan


def _left(comparison: Comparison, part: str) -> np.ndarray:
    models = comparison.other("retrained"), comparison.subject, comparison.other("original")
    retrained, own, original = (mae(Comparison(model), part) for model in models)
    return PERCENT * ratio(retrained - own, retrained - original)


def _apart(original: Witness, retrained: Witness, second: Witness | None, part: str) -> bool:
    """Does the original err less than the retrained model, by more than other faces, or another seed, would make of nothing?

    The noise of the faces is 1.96 standard errors of the mean of abs(e_R) - abs(e_O), the blocks of faces being independent;
    of g blocks it is sqrt(g / (g - 1)) times what their sums differ by, and a handful of faces has none that is known.
    """
    rows = original.ground.rows[part]
    if original.ground.count(rows) < FEWEST:
        return False
    blocks = original.ground.blocks.of_row[rows]
    groups = len(np.unique(blocks))
    difference = np.abs(retrained.errors(rows)) - np.abs(original.errors(rows))
    gap = difference.mean()
    spread = np.sqrt(np.sum(np.bincount(blocks, weights=difference - gap) ** 2) * groups / (groups - 1)) / len(rows)
    seed = 0.0 if second is None else np.abs(retrained.errors(rows)).mean() - np.abs(second.errors(rows)).mean()
    return bool(gap > np.hypot(STANDARD_ERRORS * spread, seed))
