"""evaluate: score versions by their prediction tables, against any forget set and alpha; no model is loaded."""

from __future__ import annotations

import pandas as pd

from unlearning.data.forget import ForgetRule, check_rule, parse_rule, parse_rules
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.metrics import measure
from unlearning.steps.lineage import find_version, manifest_of, predictions_of, retrained_reference
from unlearning.steps.progress import say
from unlearning.steps.publish import score_tags
from unlearning.steps.settings import EvaluateSettings
from unlearning.tracking import registry, runs
from unlearning.tracking.registry import Version


def evaluate(settings: EvaluateSettings) -> pd.DataFrame:
    """Score the versions, log the numbers on run, logged model and version, and return one row a version."""
    with runs.run("evaluate", f"evaluate {settings.versions}"):
        runs.log_settings(
            "evaluate", {"versions": settings.versions, "forget_set": settings.forget_set, "alpha": settings.alpha}
        )
        chosen = _choose(settings)
        rows = [_evaluate_one(version, settings, single=len(chosen) == 1) for version in chosen]
        table = pd.DataFrame(rows)
        runs.log_table(table, "evaluation.csv")
    return table


def _choose(settings: EvaluateSettings) -> list[Version]:
    if settings.versions != "all":
        return [find_version(settings.name, reference.strip()) for reference in settings.versions.split(",")]
    champion = find_version(settings.name, registry.CHAMPION)
    same = [v for v in registry.versions(settings.name) if v.tag("data_digest") == champion.tag("data_digest")]
    return [v for v in same if not settings.forget_set or v.tag("forget_set") in ("none", parse_rule(settings.forget_set).name)]


def _evaluate_one(version: Version, settings: EvaluateSettings, single: bool) -> dict:
    rule = _rule_for(version, settings)
    reference = retrained_reference(version, rule)
    check_rule(manifest_of(version), rule, [])
    metrics = score(version, rule, settings.alpha, reference)
    prefix = "" if single else f"v{version.number}."
    runs.log_numbers({f"{prefix}{name}": value for name, value in metrics.items()})
    own = version.tag("forget_set") in ("none", rule.name) and settings.alpha == float(version.tag("alpha", "15"))
    if own:
        runs.log_numbers(metrics, model_id=registry.logged_model_id(version))
        registry.score(version, score_tags(metrics) | {"scored_on": rule.name})
    say(
        f"evaluate: {version.label} on {rule.name}: "
        + "  ".join(f"{n} {metrics[n]:.3f}" for n in ("Utility", "Forgetting", "F"))
    )
    return {"version": version.number, "alias": version.label, "forget_set": rule.name, "alpha": settings.alpha, **metrics}


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
