"""How far a model errs: MAE, RMSE, bias, R2 and cumulative scores, of a part of the faces and of every group in it.

With e = f(x) - y in years and n faces: MAE = sum abs(e) / n, RMSE = sqrt(sum e^2 / n), bias = sum e / n (abs_bias: its size),
R2 = 1 - sum e^2 / sum (y - mean y)^2, and CS(k) = share of faces with abs(e) <= k (cumulative score, Geng et al. 2007).
All are computed from sums over faces, never from means of batches.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import FEWEST, UNKNOWN, Comparison, NotKnownError, Witness, comparison_of

WITHIN = (1, 3, 5, 8)
BAND = 5
FIRST_SCORE = 6
SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mae": lambda sums: sums[..., 1] / sums[..., 0],
    "rmse": lambda sums: np.sqrt(sums[..., 3] / sums[..., 0]),
    "bias": lambda sums: sums[..., 2] / sums[..., 0],
    "abs_bias": lambda sums: np.abs(sums[..., 2]) / sums[..., 0],
    "r2": lambda sums: 1 - sums[..., 3] / (sums[..., 5] - sums[..., 4] ** 2 / sums[..., 0]),
    **{f"cs_{k}": lambda sums, at=FIRST_SCORE + i: sums[..., at] / sums[..., 0] for i, k in enumerate(WITHIN)},
}


def columns(errors: np.ndarray, ages: np.ndarray) -> list[np.ndarray]:
    """What scores are made from, one value a face: 1, abs(e), e, e^2, centred age and its square, abs(e) <= k for each k."""
    absolute, centred = np.abs(errors), ages - np.mean(ages)
    plain = [np.ones(len(errors)), absolute, errors, errors**2, centred, centred**2]
    return [*plain, *((absolute <= k).astype(np.float64) for k in WITHIN)]


def scores(sums: np.ndarray) -> dict[str, np.ndarray]:
    """All scores by name, from sums of ``columns`` along the last axis; not a number where nobody is counted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {name: score(sums) for name, score in SCORES.items()}
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}


def accuracy(comparison: Comparison, part: str, score: str) -> np.ndarray:
    """One of ``SCORES`` of a part, copies counted as the metrics of the same name count them; first itself, then resampled."""
    rows = comparison.ground.some(part)
    if score == "r2" and np.ptp(comparison.ground.ages[rows]) == 0:
        raise NotKnownError("all faces have one age")
    return comparison.subject.once(("accuracy", part), lambda: _of_part(comparison.subject, rows))[score]


def _of_part(subject: Witness, rows: np.ndarray) -> dict[str, np.ndarray]:
    ground = subject.ground
    return scores(ground.blocks.totals(rows, columns(subject.errors(rows), ground.ages[rows])))


def by_group(case: Case, part: str, by: str) -> pd.DataFrame:
    """All scores of every group of a part: columns group, count, and the names of ``SCORES``.

    Args:
        case: the version, with ``about`` for gender and race.
        part: one of ``PARTS``.
        by: ``age`` (single years), ``gender`` or ``race`` (codes; faces whose code is not known are left out), or ``all``.
    """
    subject = comparison_of(case).subject
    rows = subject.ground.rows[part]
    codes = _codes(subject, rows, by)
    groups = [code for code in np.unique(codes) if code != UNKNOWN]
    found = [rows[codes == code] for code in groups]
    sums = [np.sum(columns(subject.errors(own), subject.ground.ages[own]), axis=1) for own in found]
    empty = np.empty((0, FIRST_SCORE + len(WITHIN)))
    return pd.DataFrame({"group": groups, "count": [len(own) for own in found], **scores(np.array(sums) if sums else empty)})


def _codes(subject: Witness, rows: np.ndarray, by: str) -> np.ndarray:
    if by == "all":
        return np.zeros(len(rows), dtype=np.int64)
    ages = np.floor(subject.ground.ages[rows]).astype(np.int64)
    return {"age": ages, "band": ages // BAND}[by] if by in ("age", "band") else subject.ground.traits[by][rows]


def worst_gap(comparison: Comparison, by: str, part: str = "test") -> np.ndarray:
    """How much larger the MAE of the worst group is than that of all groups' faces, in years; 0: every group errs alike.

    Groups are of ``gender``, ``race``, or ``band`` (ages in bands of ``BAND`` years), with at least ``FEWEST`` faces.
    """
    subject, ground = comparison.subject, comparison.ground
    rows = ground.some(part)
    codes, found = pd.factorize(_codes(subject, rows, by))
    large = (found != UNKNOWN) & (np.bincount(codes, minlength=len(found)) >= FEWEST)
    if large.sum() < 2:
        raise NotKnownError(f"{large.sum()} groups of {FEWEST} faces and more; two are needed")
    errors, groups = np.abs(subject.errors(rows)), np.flatnonzero(large)
    sums = ground.blocks.totals(rows, [errors * (codes == group) for group in groups])
    counts = ground.blocks.totals(rows, [(codes == group).astype(np.float64) for group in groups])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.max(sums / counts, axis=1) - sums.sum(axis=1) / counts.sum(axis=1)
