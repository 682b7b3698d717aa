"""One version under evaluation, with its reference: what every metric is computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet, forget_mask, retain_mask
from unlearning.evaluation.study import ALPHA
from unlearning.evaluation.table import align

SPLITS = ("train", "validation", "test")
PARTS = (*SPLITS, "forget", "retain", "test_in_range")


@dataclass(frozen=True)
class Case:
    """Prediction tables of a version and of the retrained reference, and who was to be forgotten.

    Without a forget set or a reference only what needs neither can be measured.

    Args:
        evaluated: prediction table of the version.
        retrained: prediction table of the model that never saw the forget set.
        forget: who was to be forgotten.
        forgotten: sets forgotten before; their faces are not retained.
        alpha: scale of Forgetting, in years.
        seconds: time it took to make the version.
        retrained_seconds: time it took to make the reference.
    """

    evaluated: pd.DataFrame
    retrained: pd.DataFrame | None = None
    forget: ForgetSet | None = None
    forgotten: tuple[ForgetSet, ...] = ()
    alpha: float = ALPHA
    seconds: float = math.nan
    retrained_seconds: float = math.nan

    def mask(self, part: str) -> np.ndarray:
        """The rows of ``evaluated`` that belong to one of ``PARTS``."""
        table = self.evaluated
        if part in SPLITS:
            return (table.split == part).to_numpy()
        if self.forget is None:
            return np.zeros(len(table), dtype=bool)
        if part == "forget":
            return forget_mask(table, self.forget)
        if part == "retain":
            return retain_mask(table, [self.forget, *self.forgotten])
        return table.id.isin(self.forget.test_ids).to_numpy()

    def errors(self, part: str) -> np.ndarray:
        """Signed errors of the version on a part, in years."""
        return _errors(self.evaluated)[self.mask(part)]

    def reference_errors(self, part: str) -> np.ndarray:
        """Signed errors of the retrained reference on the same faces, in the same order, in years; none without one."""
        if self.retrained is None:
            return np.empty(0)
        return _errors(align(self.retrained, self.evaluated))[self.mask(part)]


def _errors(table: pd.DataFrame) -> np.ndarray:
    return (table.predicted - table.age).to_numpy(np.float64)
