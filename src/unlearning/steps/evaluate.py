"""evaluate: score versions by their prediction tables, against any forget set and alpha; no model is loaded."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd

from unlearning.data.forget import ForgetSet, Known, check, resolve
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.metrics import measure
from unlearning.steps import forget_sets
from unlearning.steps.lineage import find_version, predictions_of, retrained_reference
from unlearning.steps.prepare import account_of
from unlearning.steps.progress import say
from unlearning.steps.publish import score_tags
from unlearning.steps.settings import ALPHA, EvaluateSettings
from unlearning.tracking import registry, runs
from unlearning.tracking.registry import Version


def evaluate(settings: EvaluateSettings) -> pd.DataFrame:
    """Score the versions, log the numbers on run, logged model and version, and return one row a version.

    Everything is measured before anything is written, so that a version that cannot be scored leaves no half of it.
    """
    with runs.run("evaluate", f"evaluate {settings.versions}"):
        asked = {"versions": settings.versions, "forget_set": settings.forget_set, "alpha": settings.alpha}
        runs.log_settings("evaluate", asked)
        scores = [_measure(version, settings) for version in _choose(settings)]
        for scored in scores:
            with nullcontext() if len(scores) == 1 else runs.run("evaluated version", scored.version.short):
                _log(scored)
        table = pd.DataFrame([scored.row() for scored in scores])
        runs.log_table(table, "evaluation.csv")
    return table


@dataclass(frozen=True)
class Scored:
    """A version, what it was scored on, and its metrics; ``own``: are these its headline numbers?"""

    version: Version
    forget: ForgetSet
    alpha: float
    metrics: dict[str, float]
    own: bool

    def row(self) -> dict:
        what = {
            "version": self.version.number,
            "label": self.version.label,
            "forget_set": self.forget.name,
            "alpha": self.alpha,
        }
        return what | self.metrics


def _measure(version: Version, settings: EvaluateSettings) -> Scored:
    forget = _forget_set_for(version, settings)
    reference = retrained_reference(version, forget)
    own = version.tag("forget_set") in ("none", forget.name) and settings.alpha == float(version.tag("alpha", str(ALPHA)))
    return Scored(version, forget, settings.alpha, score(version, forget, settings.alpha, reference), own)


def _log(scored: Scored) -> None:
    """On the run; and on the logged model and the version's tags, unless another forget set or alpha was asked for."""
    runs.log_numbers(scored.metrics)
    forget_sets.log([scored.forget])
    if scored.own:
        runs.log_numbers(scored.metrics, model_id=registry.logged_model_id(scored.version))
        registry.score(scored.version, score_tags(scored.metrics) | {"scored_on": scored.forget.name})
    numbers = "  ".join(f"{name} {scored.metrics[name]:.3f}" for name in ("Utility", "Forgetting", "F"))
    say(f"evaluate: {scored.version.label} on {scored.forget.rule}: {numbers}")


def _choose(settings: EvaluateSettings) -> list[Version]:
    if settings.versions != "all":
        return [find_version(settings.name, reference.strip()) for reference in settings.versions.split(",")]
    champion = find_version(settings.name, registry.CHAMPION)
    same = [v for v in registry.versions(settings.name) if v.tag("data_digest") == champion.tag("data_digest")]
    if not settings.forget_set:
        return same
    name = _read_rule(champion, settings.forget_set).name
    return [v for v in same if v.tag("forget_set") in ("none", name)]


def _forget_set_for(version: Version, settings: EvaluateSettings) -> ForgetSet:
    """The forget set asked for, or the version's own; an original has none and takes the one that was retrained last."""
    if settings.forget_set:
        return _read_rule(version, settings.forget_set)
    if version.tag("forget_set", "none") != "none":
        return forget_sets.of_version(version)
    retrained = [v for v in registry.versions(version.model) if v.tag("role") == "retrained"]
    if not retrained:
        raise InputError(
            f"{version.label} has forgotten nothing, so say what to score it on: -P forget_set=20-28; the retrained "
            f"reference is made with: mlflow run . -e retrain -P forget_set=20-28"
        )
    return forget_sets.of_version(retrained[-1])


def _read_rule(version: Version, text: str) -> ForgetSet:
    """A rule read against the account of a version's data; no image folder is needed."""
    manifest, rejected = account_of(version.tag("data_run"))
    forget = resolve(text, Known(manifest, rejected), version.tag("data_digest"))
    check(manifest, forget, [])
    return forget


def score(version: Version, forget: ForgetSet, alpha: float, reference: Version) -> dict[str, float]:
    """All metrics of a version by its logged table against the reference's."""
    earlier = tuple(other for other in forget_sets.forgotten_by(version) if other.sha256 != forget.sha256)
    times = {"seconds": float(version.tag("seconds")), "retrained_seconds": float(reference.tag("seconds"))}
    return measure(Case(predictions_of(version), predictions_of(reference), forget, earlier, alpha, **times))
