"""METRICS, the visible registry: a metric is one function of a Case and one name.

METRICS is measured for every version. GATE_METRICS adds what the audit measures: gates may name all of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from unlearning.evaluation import study
from unlearning.evaluation.audit_metric import AuditMetric
from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.evaluation.case import IN_WORDS, PARTS, Case
from unlearning.evaluation.ground import NotKnownError, comparison_of
from unlearning.naming import by_name


@dataclass(frozen=True)
class Metric:
    """A number about one version.

    Args:
        name: key in MLflow and in gates.
        function: Case -> number; not a number when the part it needs is empty.
        unit: ``years``, ``seconds``, ``faces``, ``MB``, or empty for a ratio.
        better: ``higher`` or ``lower``; empty where neither is better by itself.
        description: one line for people.
        measured: is it measured on models, or on many seeds? Then the function of a case gives no number.
    """

    name: str
    function: Callable[[Case], float]
    unit: str
    better: str
    description: str
    measured: bool = False


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


def samples_ratio(case: Case) -> float:
    """Faces shown to the optimiser over those of retraining."""
    return case.samples / case.retrained_samples if case.retrained_samples else math.nan


def passes(case: Case) -> float:
    """Faces shown to the optimiser over the number of training faces and copies."""
    train = int(case.mask("train").sum())
    return case.samples / train if train else math.nan


def regained(case: Case) -> float:
    """The largest fall of the MAE on a set that its parent had forgotten, from parent to version, in years."""
    falls = [float(np.abs(before).mean() - np.abs(now).mean()) for before, now in case.earlier_errors()]
    return max(falls, default=math.nan)


def audited(case: Case, metric: AuditMetric) -> float:
    """A metric of the audit for a version by itself, without an interval; not a number where there is none."""
    try:
        return float(metric.function(comparison_of(case))[0])
    except NotKnownError:
        return math.nan


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
    Metric("regained", regained, "years", "lower", "largest fall of the MAE on a set that was forgotten before it was made"),
    Metric("median_guess_mae", median_guess, "years", "", "MAE on the test faces of always answering the median training age"),
    Metric("seconds", lambda case: case.seconds, "seconds", "lower", "time of training or unlearning"),
    Metric("seconds_ratio", seconds_ratio, "", "lower", "seconds over the seconds of retraining"),
    Metric("samples", lambda case: case.samples, "faces", "lower", "faces shown to the optimiser, repeated ones counted"),
    Metric("samples_ratio", samples_ratio, "", "lower", "samples over the samples of retraining"),
    Metric("passes", passes, "", "lower", "samples over the number of training faces and copies"),
    Metric("peak_memory_mb", lambda case: case.peak_memory_mb, "MB", "lower", "most memory that making the version took"),
)

GATE_METRICS = METRICS | by_name(
    *(
        Metric(name, partial(audited, metric=metric), metric.unit, metric.better, metric.description, metric.measured)
        for name, metric in AUDIT_METRICS.items()
        if name not in METRICS
    )
)


def measure(case: Case, names: Iterable[str] = ()) -> dict[str, float]:
    """Every metric of METRICS, by name, and those of GATE_METRICS that are asked for: the audit's cost more time."""
    wanted = METRICS | {name: GATE_METRICS[name] for name in names}
    return {name: float(metric.function(case)) for name, metric in wanted.items()}
