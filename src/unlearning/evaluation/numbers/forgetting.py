"""The study's scores beside the retrained model, face by face, for every alpha, and on a scale from the original to retraining.

E_i = abs(abs(r_i) - abs(e_i)) with r_i, e_i the errors of the retrained and of the evaluated model, f_i = exp(-E_i / alpha),
Forgetting = mean of f_i over the forget set (reference study, section 4.3). Forgetting is blind to signs, and an original
that errs like the retrained model scores high, so it is also given rescaled: 0 for the original, 1 for a second retrained
model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import Comparison, NotKnownError, Witness

ALPHAS = (2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0)


def face_scores(case: Case) -> pd.DataFrame:
    """One row a face of the forget set: id, age, both models' absolute errors, E (years) and f (0 to 1; 1 is retrained)."""
    rows, mask = case.evaluated, case.mask("forget")
    own, reference = np.abs(case.errors("forget")), np.abs(case.reference_errors("forget"))
    table = rows.loc[mask, ["id", "age"]].reset_index(drop=True)
    difference = np.abs(reference - own)
    faces = {"retrained_error": reference, "error": own, "E": difference, "f": np.exp(-difference / case.alpha)}
    return table.assign(**faces)


def forgetting(comparison: Comparison, alpha: float = 0.0) -> np.ndarray:
    """Mean over the forget set of exp(-E_i / alpha); first itself, then resampled. 0 to 1, 1 for the retrained model.

    ``alpha`` is in years; 0 takes the one of the case.
    """
    return _forgetting(comparison.subject, comparison.other("retrained"))[alpha or comparison.ground.alpha]


def _forgetting(subject: Witness, retrained: Witness) -> dict[float, np.ndarray]:
    """For every alpha, that of the case among them."""
    rows, scales = subject.ground.some("forget"), sorted({*ALPHAS, subject.ground.alpha})

    def compute() -> dict[float, np.ndarray]:
        difference = np.abs(np.abs(retrained.errors(rows)) - np.abs(subject.errors(rows)))
        scores = [np.exp(-difference / alpha) for alpha in scales]
        totals = subject.ground.blocks.totals(rows, [*scores, np.ones(len(rows))])
        return {alpha: ratio(totals[:, i], totals[:, -1]) for i, alpha in enumerate(scales)}

    return subject.once(("forgetting", retrained.name), compute)


def rescaled(comparison: Comparison, alpha: float = 0.0) -> np.ndarray:
    """(Forgetting - that of the original) / (that of a second retrained model - that of the original).

    0: forgets as little as the original; 1: errs like the retrained model as much as another retrained model does. Not known
    where the original does so too: there is no scale then.
    """
    retrained, original = comparison.other("retrained"), comparison.other("original")
    scale = alpha or comparison.ground.alpha
    lowest = _forgetting(original, retrained)[scale]
    span = _forgetting(comparison.other("second"), retrained)[scale] - lowest
    if not span[0] > 0:
        raise NotKnownError("the original errs like the retrained model as much as a second retrained model does")
    return ratio(forgetting(comparison, scale) - lowest, span)


def utility(comparison: Comparison) -> np.ndarray:
    """MAE of the retrained model over MAE of this one, on the test set; above 1 is more accurate."""
    rows = comparison.ground.some("test")
    errors = [np.abs(model.errors(rows)) for model in (comparison.other("retrained"), comparison.subject)]
    totals = comparison.ground.blocks.totals(rows, errors)
    return ratio(totals[:, 0], totals[:, 1])


def f_score(comparison: Comparison, alpha: float = 0.0) -> np.ndarray:
    """Utility times Forgetting."""
    return utility(comparison) * forgetting(comparison, alpha)


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below``; not a number where ``below`` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = above / below
    return np.where(np.isfinite(values), values, np.nan)
