"""Scores on validation faces alone: what settings are chosen by, so that the test set stays unseen."""

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.data.labels import labels_of
from unlearning.errors import InputError
from unlearning.evaluation import study
from unlearning.evaluation.table import align
from unlearning.targets import AGE, Target


def validation_scores(
    evaluated: pd.DataFrame, retrained: pd.DataFrame, forget: ForgetSet, alpha: float, target: Target = AGE
) -> dict[str, float]:
    """Utility, Forgetting, F and distance of a version to its reference on the validation faces of their tables.

    They are the study's scores with the validation part in place of the test set, and the validation part of the forget set
    in place of the forget set; a forget set of single people often has none, and then its training faces serve. The distance
    is the mean over both of abs(f(x) - f_R(x)): half the weight on the forget set, half on the others.

    Raises:
        InputError: the tables hold no validation face.
    """
    retrained = align(retrained, evaluated)
    validation = (evaluated.split == "validation").to_numpy()
    if not validation.any():
        raise InputError("the data holds no validation faces, so nothing can be chosen by them; prepare more faces")
    named = forget_mask(evaluated, forget)
    forgotten = named & validation if (named & validation).any() else named
    own, other = (table.predicted.to_numpy(np.float64) for table in (evaluated, retrained))
    age = target.truth(labels_of(evaluated).to_numpy(np.float64))
    apart = np.abs(own - other)
    utility = study.utility(np.abs(other - age)[validation], np.abs(own - age)[validation])
    forgetting = study.forgetting((other - age)[forgotten], (own - age)[forgotten], alpha)
    distance = (apart[forgotten].mean() + apart[validation & ~named].mean()) / 2
    return {"Utility": utility, "Forgetting": forgetting, "F": utility * forgetting, "distance": float(distance)}
