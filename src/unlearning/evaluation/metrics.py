"""METRICS, the visible registry: a metric is one function of a Case and one name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from unlearning.evaluation import study
from unlearning.evaluation.case import PARTS, Case
from unlearning.naming import by_name


@dataclass(frozen=True)
class Metric:
    """A number about one version.

    Args:
        name: key in MLflow and in gates.
        function: Case -> number; not a number when the part it needs is empty.
        unit: ``years``, ``seconds`` or empty for a ratio.
        better: ``higher`` or ``lower``; empty where neither is better by itself.
        description: one line for people.
    """

    name: str
    function: Callable[[Case], float]
    unit: str
    better: str
    description: str


def utility(case: Case) -> float:
    """Utility on the test set."""
    if case.retrained is None or not case.mask("test").any():
        return math.nan
    return study.utility(np.abs(case.reference_errors("test")), np.abs(case.errors("test")))


def forgetting(case: Case) -> float:
    """Forgetting on the forget set."""
    if case.retrained is None or not case.mask("forget").any():
        return math.nan
    return study.forgetting(case.reference_errors("forget"), case.errors("forget"), case.alpha)


def f_score(case: Case) -> float:
    """Utility times Forgetting."""
    return study.f_score(utility(case), forgetting(case))


def mae(case: Case, part: str) -> float:
    """Mean over the faces of a part of abs(f(x) - y), in years."""
    errors = case.errors(part)
    return float(np.mean(np.abs(errors))) if len(errors) else math.nan


def median_guess(case: Case) -> float:
    """MAE on the test set of a model that always answers the median training age: what knowing nothing costs, in years."""
    ages, train, test = case.evaluated.age.to_numpy(np.float64), case.mask("train"), case.mask("test")
    if not train.any() or not test.any():
        return math.nan
    return float(np.mean(np.abs(ages[test] - np.median(ages[train]))))


def seconds_ratio(case: Case) -> float:
    """Seconds of training over the seconds of retraining."""
    return case.seconds / case.retrained_seconds if case.retrained_seconds else math.nan


IN_WORDS = {
    "train": "training faces, forgotten ones included",
    "validation": "validation faces, forgotten ones included",
    "test": "test faces",
    "forget": "forget set",
    "retain": "retain set",
    "test_in_range": "test faces that the forget rule describes",
}

METRICS = by_name(
    Metric("Utility", utility, "", "higher", "MAE of the retrained model over MAE of this one, on the test set"),
    Metric("Forgetting", forgetting, "", "higher", "likeness of its errors to the retrained model's, on the forget set"),
    Metric("F", f_score, "", "higher", "Utility times Forgetting"),
    *(
        Metric(
            f"{part}_mae", partial(mae, part=part), "years", "lower" if part == "test" else "", f"MAE on the {IN_WORDS[part]}"
        )
        for part in PARTS
    ),
    Metric("median_guess_mae", median_guess, "years", "", "MAE on the test faces of always answering the median training age"),
    Metric("seconds", lambda case: case.seconds, "seconds", "lower", "time of training or unlearning"),
    Metric("seconds_ratio", seconds_ratio, "", "lower", "seconds over the seconds of retraining"),
)


def measure(case: Case) -> dict[str, float]:
    """Every metric of the registry, by name."""
    return {name: float(metric.function(case)) for name, metric in METRICS.items()}
