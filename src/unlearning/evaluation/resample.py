"""Bootstrap over faces: how far a score would move if other faces of the same kind had been drawn.

All scores of one comparison are computed on the same resamples, so differences between models are paired face by face.
"""

from __future__ import annotations

import numpy as np

from unlearning.evaluation.case import Case

RESAMPLES = 2000
LEVEL = 0.95


def weights(count: int, resamples: int, seed: int) -> np.ndarray:
    """How often each of ``count`` faces is drawn in each resample, over ``count``: shape (resamples, count), rows sum to 1."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(count, np.full(count, 1 / count), size=resamples)
    return drawn.astype(np.float32) / count


class Resampled:
    """Utility, Forgetting and F of several models of one forget set, on the same resamples of test and forget set."""

    def __init__(self, case: Case, seed: int = 0, resamples: int = RESAMPLES):
        self.test = weights(int(case.mask("test").sum()), resamples, seed)
        self.forget = weights(int(case.mask("forget").sum()), resamples, seed + 1)

    def utility(self, cases: tuple[Case, ...]) -> np.ndarray:
        """Mean over the seeds' cases of MAE_R / MAE_e on the test set; one value a resample."""
        ratios = [(self.test @ np.abs(c.reference_errors("test"))) / (self.test @ np.abs(c.errors("test"))) for c in cases]
        return np.mean(ratios, axis=0)

    def forgetting(self, cases: tuple[Case, ...], alpha: float | None = None) -> np.ndarray:
        """Mean over the seeds' cases of the mean of exp(-E / alpha) on the forget set; one value a resample."""
        values = []
        for case in cases:
            difference = np.abs(np.abs(case.reference_errors("forget")) - np.abs(case.errors("forget")))
            values.append(self.forget @ np.exp(-difference / (alpha or case.alpha)))
        return np.mean(values, axis=0)

    def f_score(self, cases: tuple[Case, ...]) -> np.ndarray:
        """Mean over the seeds of Utility times Forgetting; one value a resample."""
        return np.mean([self.utility((case,)) * self.forgetting((case,)) for case in cases], axis=0)


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The middle ``level`` of the resampled values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
