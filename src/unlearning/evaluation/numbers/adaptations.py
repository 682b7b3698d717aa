"""Single figures of merit of classification papers, adapted to ages: named as adaptations wherever they are shown.

Where a paper has an accuracy, these have an MAE over a scale of 15 years.
"""

from __future__ import annotations

import numpy as np

from unlearning.evaluation.ground import Comparison
from unlearning.evaluation.numbers.accuracy import accuracy
from unlearning.evaluation.numbers.membership import auc_gap, balanced_accuracy

SCALE_YEARS = 15.0
WEIGHT = 0.5


def average_gap(comparison: Comparison) -> np.ndarray:
    """Mean of the gaps to the retrained model in MAE on retain, forget and test set, over 15 years each, and in attack AUC."""
    retrained = Comparison(comparison.other("retrained"))
    parts = ("retain", "forget", "test")
    gaps = [np.abs(accuracy(comparison, part, "mae") - accuracy(retrained, part, "mae")) / SCALE_YEARS for part in parts]
    return np.mean([*gaps, auc_gap(comparison)], axis=0)


def aus(comparison: Comparison) -> np.ndarray:
    """(1 - (MAE - MAE of the original, on the test set) / 15) / (1 + abs(MAE on the test set - MAE on the forget set) / 15)."""
    test, forget = (accuracy(comparison, part, "mae") for part in ("test", "forget"))
    lost = test - accuracy(Comparison(comparison.other("original")), "test", "mae")
    return (1 - lost / SCALE_YEARS) / (1 + np.abs(test - forget) / SCALE_YEARS)


def nomus(comparison: Comparison) -> np.ndarray:
    """exp(-MAE on the test set / 15) / 2 + (1 - 2 abs(balanced accuracy of the threshold attack - .5)) / 2."""
    useful = np.exp(-accuracy(comparison, "test", "mae") / SCALE_YEARS)
    return WEIGHT * useful + (1 - WEIGHT) * (1 - 2 * np.abs(balanced_accuracy(comparison) - 0.5))
