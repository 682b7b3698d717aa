"""Utility and Forgetting, whose product is F (reference study, section 4.3). Arrays in, numbers out; errors in years."""

import numpy as np

from unlearning.targets import AGE


def utility(retrained_errors: np.ndarray, evaluated_errors: np.ndarray) -> float:
    """MAE of the retrained model over MAE of the evaluated one, on the same test faces; above 1 is better than it.

    Infinite for a model that never errs; not a number when neither does.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(retrained_errors) / np.mean(evaluated_errors))


def forgetting(retrained_errors: np.ndarray, evaluated_errors: np.ndarray, alpha: float = AGE.alpha) -> float:
    """Mean over the forget set of exp(-E_i / alpha), with E_i the difference of the two absolute errors of face i.

    1: the evaluated model errs on every forgotten face exactly as much as the retrained one. ``alpha`` is in years.
    """
    difference = np.abs(np.abs(retrained_errors) - np.abs(evaluated_errors))
    return float(np.mean(np.exp(-difference / alpha)))
