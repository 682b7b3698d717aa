"""How far a model errs, of ages in years: the mean error of a part of the faces, of its worst ages, and of a guess.

All are computed from sums over faces, never from means of batches.
"""

import numpy as np
import pandas as pd

from unlearning.evaluation.ground import FEWEST, Comparison, Ground, NotKnownError, Witness
from unlearning.naming import counted


def mae(comparison: Comparison, part: str) -> np.ndarray:
    """sum abs(e) / n over a part of the faces, copies included; first itself, then resampled."""
    subject = comparison.subject
    return subject.once(("mae", part), lambda: mean_of(subject, subject.ground.some(part)))


def mean_of(model: Witness, rows: np.ndarray) -> np.ndarray:
    """Mean of abs(e) over some faces, in years; first itself, then resampled."""
    return mean_over(model.ground, rows, np.abs(model.errors(rows)))


def mean_over(ground: Ground, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of values, one a face; first itself, then resampled."""
    totals = ground.blocks.totals(rows, [values, np.ones(len(rows))])
    return ratio(totals[:, 0], totals[:, 1])


def worst_age_gap(comparison: Comparison) -> np.ndarray:
    """How much larger the MAE on the worst ages of the test faces is than that of all; 0: all ages err alike.

    Ages are taken in bands of five years that have at least ``FEWEST`` faces; other labels in the bands of their target.
    """
    subject, ground = comparison.subject, comparison.ground
    rows = ground.some("test")
    codes, bands = pd.factorize(ground.target.bands(ground.ages[rows])[0])
    large = [band for band in range(len(bands)) if ground.count(rows[codes == band]) >= FEWEST]
    if len(large) < 2:
        raise NotKnownError(f"{counted(len(large), 'group')} of {FEWEST} faces and more; two are needed")
    errors = np.abs(subject.errors(rows))
    sums = ground.blocks.totals(rows, [errors * (codes == band) for band in large])
    counts = ground.blocks.totals(rows, [(codes == band).astype(np.float64) for band in large])
    with np.errstate(divide="ignore", invalid="ignore"):
        gap: np.ndarray = np.max(sums / counts, axis=1) - sums.sum(axis=1) / counts.sum(axis=1)
    return gap


def median_guess(comparison: Comparison) -> np.ndarray:
    """Mean error on the test set of answering what the training labels alone suggest, of ages their median."""
    ground = comparison.ground
    return comparison.constant(ground.target.guess(ground.ages[ground.some("train")], ground.ages[ground.some("test")]))


def regained(comparison: Comparison) -> np.ndarray:
    """The largest fall of the MAE on a set that its parent had forgotten, from parent to version, in years."""
    parent, sets = comparison.other("parent"), [rows for rows in comparison.ground.earlier if len(rows)]
    if not sets:
        raise NotKnownError("it was made from a model that had forgotten nobody")
    falls: np.ndarray = np.max([mean_of(parent, rows) - mean_of(comparison.subject, rows) for rows in sets], axis=0)
    return falls


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """``above / below``; not a number where ``below`` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values = above / below
    return np.where(np.isfinite(values), values, np.nan)
