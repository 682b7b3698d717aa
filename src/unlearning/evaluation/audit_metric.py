"""What an entry of AUDIT_METRICS holds, and short ways to write entries that are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from unlearning.evaluation.case import IN_WORDS
from unlearning.evaluation.ground import Comparison
from unlearning.evaluation.numbers import accuracy, distances

USEFULNESS, MEMORY, LIKENESS, COST = "usefulness", "memory", "likeness", "cost"
STUDY = "the reference study, section 4.3"
OWN, DRU = "this project", "Tarun et al. 2023 (deep regression unlearning)"


@dataclass(frozen=True)
class AuditMetric:
    """A number about one model of an audit, with everything that a reader needs to judge it.

    Args:
        name: key in the audit, in MLflow and in gates; one that METRICS also has means the same number.
        function: Comparison -> the number of the sample, then of each resample: shape (1 + resamples,). Raises NotKnownError
            with the reason where there is no number.
        part: the faces it is about; empty for none.
        kind: decides how it is judged. ``usefulness``: better than retraining is no fault; ``memory``: one side of the
            retrained model's value is remembering, the other over-forgetting; ``likeness``: any distance from the retrained
            model's value is a fault; ``cost``: has no verdict but a limit, where there is one.
        unit: ``years``, ``seconds``, ``steps``, ``MB``, ``faces``, or empty for a share, a ratio or a score.
        better: ``higher`` or ``lower``; empty where the retrained model's value is the best.
        remembers: ``higher`` or ``lower``: where remembering takes a metric of the kind ``memory``.
        range: the values it can take.
        formula: how it is computed.
        source: where it comes from.
        description: one line for people.
        needs: which of ``retrained``, ``original``, ``second`` the function looks at.
        target: what a model that saw nobody would give, where theory knows it; used when there is no retrained model.
        inflated: does resampling add to it (a distance between noisy distributions, a largest value)? Then its interval is
            moved back by the mean excess of the resamples, not below 0.
        share: is it a share of faces? Then its floor is at least 3 faces (the rule of three): that none of n has something
            is also seen where 3 of n would have it on average.
        paired: is it about pairs of forgotten and unseen faces? Otherwise it is about all faces of its part.
        face_by_face: does it compare the answers of two models face by face? Then any two models are about as far apart as
            any other two, and one distance of retrained models tells well how far another one would be.
        measured: is it measured on models, or on many seeds, and handed over? It is one number a model, without resamples.
    """

    name: str
    function: Callable[[Comparison], np.ndarray]
    part: str
    kind: str
    unit: str
    better: str
    range: str
    formula: str
    source: str
    description: str
    remembers: str = ""
    needs: tuple[str, ...] = ()
    target: float | None = None
    inflated: bool = False
    share: bool = False
    paired: bool = False
    face_by_face: bool = False
    measured: bool = False


FORMULAS = {
    "mae": ("MAE", "years", "lower", "0 to infinity", "sum abs(e) / n"),
    "rmse": ("root of the mean squared error", "years", "lower", "0 to infinity", "sqrt(sum e^2 / n)"),
    "bias": ("mean signed error", "years", "", "any", "sum e / n"),
    "abs_bias": ("size of the mean signed error", "years", "lower", "0 to infinity", "abs(sum e) / n"),
    "r2": ("share of the variance of ages explained", "", "higher", "up to 1", "1 - sum e^2 / sum (y - mean y)^2"),
    **{
        f"cs_{k}": (
            f"share of faces that are at most {k} {'year' if k == 1 else 'years'} off",
            "",
            "higher",
            "0 to 1",
            f"share of faces with abs(e) <= {k}",
        )
        for k in accuracy.WITHIN
    },
}
JUDGED_PARTS = {"test": USEFULNESS, "retain": USEFULNESS, "forget": MEMORY, "test_in_range": MEMORY}
LEFT_OUT = {USEFULNESS: "bias", MEMORY: "abs_bias"}


def of_errors(part: str, score: str) -> AuditMetric:
    """A score of a part: on faces that are kept it is usefulness, on those to be forgotten it is memory."""
    words, unit, better, span, formula = FORMULAS[score]
    about_memory = better and JUDGED_PARTS[part] == MEMORY
    return AuditMetric(
        name=f"{part}_{score}",
        function=partial(accuracy.accuracy, part=part, score=score),
        part=part,
        kind=LIKENESS if not better else JUDGED_PARTS[part],
        unit=unit,
        better="" if about_memory else better,
        range=span,
        formula=formula,
        source="cumulative score: Geng et al. 2007" if score.startswith("cs") else "standard",
        description=f"{words} on the {IN_WORDS[part]}",
        remembers=better if about_memory else "",
        share=score.startswith("cs"),
    )


def of_the_worst(name: str, by: str, words: str) -> AuditMetric:
    return AuditMetric(
        name=name,
        function=partial(accuracy.worst_gap, by=by),
        part="test",
        kind=USEFULNESS,
        unit="years",
        better="lower",
        range="0 to infinity",
        formula=f"largest MAE of a {words} - MAE of all of them",
        source="worst-group error: Sagawa et al. 2020",
        description=f"how much more the model errs on the worst {words} of the test faces",
        inflated=True,
    )


def of_the_study(name: str, function, kind: str, better: str, formula: str, description: str, **more) -> AuditMetric:
    usual = {"part": "forget", "range": "0 to 1", "source": STUDY, "needs": ("retrained",)} | more
    return AuditMetric(
        name=name, function=function, kind=kind, unit="", better=better, formula=formula, description=description, **usual
    )


def of_an_attack(name: str, function, formula: str, source: str, description: str, **more) -> AuditMetric:
    usual = {"unit": "", "range": "0 to 1", "remembers": "higher", "target": 0.5, "paired": True} | more
    return AuditMetric(
        name=name,
        function=function,
        part="forget",
        kind=MEMORY,
        better="",
        formula=formula,
        source=source,
        description=description,
        **usual,
    )


def of_likeness(name: str, function, part: str, formula: str, description: str, **more) -> AuditMetric:
    usual = {"unit": "years", "better": "lower", "range": "0 to infinity", "source": OWN} | more
    own = {"kind": LIKENESS, "needs": ("retrained",)} | usual
    return AuditMetric(name=name, function=function, part=part, formula=formula, description=description, **own)


def of_cost(name: str, function, unit: str, formula: str, description: str, needs: tuple[str, ...] = ()) -> AuditMetric:
    own = {"part": "", "kind": COST, "better": "lower", "range": "0 to infinity", "source": "run-time efficiency (RTE)"}
    return AuditMetric(name=name, function=function, unit=unit, formula=formula, description=description, needs=needs, **own)


def of_distances(part: str) -> list[AuditMetric]:
    """Of one part; of two models alike all are 0, and the correlation 1."""
    words, read = IN_WORDS[part], {"predictions": "predictions", "errors": "signed errors", "abs_errors": "absolute errors"}
    found = [
        of_likeness(
            f"{part}_w1_{values}",
            partial(distances.distance, part=part, kind="w1", values=values),
            part,
            "integral of abs(F_U - F_R)",
            f"Wasserstein-1 distance of {named} to the retrained model's on the {words}",
            source=DRU,
            inflated=True,
        )
        for values, named in read.items()
    ]
    ks = partial(distances.distance, part=part, kind="ks", values="predictions")
    paired = partial(distances.difference, part=part)
    same = partial(distances.correlation, part=part)
    own = {"unit": "", "needs": ("retrained", "original"), "inflated": True, "source": DRU}
    return [
        *found,
        of_likeness(
            f"{part}_w1_normalised",
            partial(distances.normalised, part=part),
            part,
            "W1(U, R) / W1(O, R) of predictions",
            f"distance of predictions to retraining, in distances of the original, on the {words}",
            **own,
        ),
        of_likeness(
            f"{part}_ks",
            ks,
            part,
            "max abs(F_U - F_R) of predictions",
            f"Kolmogorov-Smirnov distance of predictions to the retrained model's on the {words}",
            unit="",
            range="0 to 1",
            inflated=True,
        ),
        of_likeness(
            f"{part}_difference",
            paired,
            part,
            "mean abs(f_U(x) - f_R(x))",
            f"how far apart the version and the retrained model answer each face of the {words}",
            face_by_face=True,
        ),
        of_likeness(
            f"{part}_correlation",
            same,
            part,
            "Pearson's r of f_U(x) and f_R(x)",
            f"correlation with the retrained model's predictions on the {words}",
            unit="",
            better="higher",
            range="-1 to 1",
            face_by_face=True,
        ),
    ]
