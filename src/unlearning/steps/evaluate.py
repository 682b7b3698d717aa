"""evaluate: score versions by their prediction tables, against any forget set and alpha; no model is loaded."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import pandas as pd

from unlearning.data.forget import ForgetRule, check_rule, parse_rule, parse_rules
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.metrics import measure
from unlearning.steps.lineage import find_version, manifest_of, predictions_of, retrained_reference
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
    rule: ForgetRule
    alpha: float
    metrics: dict[str, float]
    own: bool

    def row(self) -> dict:
        what = {"version": self.version.number, "label": self.version.label, "forget_set": self.rule.name, "alpha": self.alpha}
        return what | self.metrics


def _measure(version: Version, settings: EvaluateSettings) -> Scored:
    rule = _rule_for(version, settings)
    reference = retrained_reference(version, rule)
    check_rule(manifest_of(version), rule, [])
    own = version.tag("forget_set") in ("none", rule.name) and settings.alpha == float(version.tag("alpha", str(ALPHA)))
    return Scored(version, rule, settings.alpha, score(version, rule, settings.alpha, reference), own)


def _log(scored: Scored) -> None:
    """On the run; and on the logged model and the version's tags, unless another forget set or alpha was asked for."""
    runs.log_numbers(scored.metrics)
    if scored.own:
        runs.log_numbers(scored.metrics, model_id=registry.logged_model_id(scored.version))
        registry.score(scored.version, score_tags(scored.metrics) | {"scored_on": scored.rule.name})
    numbers = "  ".join(f"{name} {scored.metrics[name]:.3f}" for name in ("Utility", "Forgetting", "F"))
    say(f"evaluate: {scored.version.label} on {scored.rule.name}: {numbers}")


def _choose(settings: EvaluateSettings) -> list[Version]:
    if settings.versions != "all":
        return [find_version(settings.name, reference.strip()) for reference in settings.versions.split(",")]
    champion = find_version(settings.name, registry.CHAMPION)
    same = [v for v in registry.versions(settings.name) if v.tag("data_digest") == champion.tag("data_digest")]
    return [v for v in same if not settings.forget_set or v.tag("forget_set") in ("none", parse_rule(settings.forget_set).name)]


def _rule_for(version: Version, settings: EvaluateSettings) -> ForgetRule:
    """The forget set asked for, or the version's own; an original has none and takes the one that was retrained last."""
    if settings.forget_set:
        return parse_rule(settings.forget_set)
    if version.tag("forget_set", "none") != "none":
        return parse_rule(version.tag("forget_set"))
    retrained = [v for v in registry.versions(version.model) if v.tag("role") == "retrained"]
    if not retrained:
        raise InputError(
            f"{version.label} has forgotten nothing, so say what to score it on: -P forget_set=20-28; the retrained "
            f"reference is made with: mlflow run . -e retrain -P forget_set=20-28"
        )
    return parse_rule(retrained[-1].tag("forget_set"))


def score(version: Version, rule: ForgetRule, alpha: float, reference: Version) -> dict[str, float]:
    """All metrics of a version by its logged table against the reference's."""
    earlier = tuple(other for other in parse_rules(version.tag("forgotten")) if other != rule)
    times = {"seconds": float(version.tag("seconds")), "retrained_seconds": float(reference.tag("seconds"))}
    return measure(Case(predictions_of(version), predictions_of(reference), rule, earlier, alpha, **times))
