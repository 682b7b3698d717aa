"""evaluate: score versions by their prediction tables, against any forget set and alpha, and audit them where asked to."""

from collections.abc import Collection
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.never_seen import Unseen
from unlearning.finding import AUTO, CROSSFIT, EXACT, NONE
from unlearning.progress import say
from unlearning.registry.lookup import all_versions, find_version, logged_model_id, one_look
from unlearning.registry.version import CHAMPION, GONE, Version
from unlearning.registry.writes import write_scores
from unlearning.reports.audit_figures import render_audit
from unlearning.reports.audit_page import audit_page
from unlearning.settings.forgetting import EvaluateSettings
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.audit import Audited, audit_version
from unlearning.versions.findings import find_out, note
from unlearning.versions.never_seen import by_crossfit, has_seen
from unlearning.versions.publish import score_tags
from unlearning.versions.references import beside, never_saw, retrained_reference
from unlearning.versions.witnesses import score

EARLIER = ("Utility", "Forgetting", "F", "forget_mae")

JSON, TABLE, PAGE = "audit.json", "audit.parquet", "audit.html"
HEADLINES = (
    *("Utility", "Forgetting", "F", "test_mae", "forget_mae", "test_in_range_mae"),
    *("mia_auc", "mia_gap", "mia_given_age_auc", "forget_w1_predictions", "forget_difference", "seconds_ratio"),
)


def evaluate(settings: EvaluateSettings) -> pd.DataFrame:
    """Score the versions, log the numbers on run, logged model and version, and return one row a version.

    Everything is measured before anything is written, so that a version that cannot be scored leaves no half of it.
    """
    with runs.run("evaluate", f"evaluate {settings.versions}"):
        runs.log_settings("evaluate", asdict(settings))
        with one_look():
            scores = [_measure(version, settings) for version in _choose(settings)]
        for scored in scores:
            with nullcontext() if len(scores) == 1 else runs.run("evaluated version", f"evaluated {scored.version.short}"):
                _log(scored)
                _judge(scored, settings)
        table = pd.DataFrame([row for scored in scores for row in scored.rows()])
        runs.log_table(table, "evaluation.csv")
    return table


@dataclass(frozen=True)
class Scored:
    """A version, what it was scored on, and its metrics.

    Args:
        metrics: at that scale; none when there is no retrained model to measure against.
        others: at other scales.
        own: are these the version's headline numbers?
        earlier: metrics on each set that it has forgotten besides, by the set's name; of its own set only.
        unseen: has it seen the faces, by a cross-fitting; None without one.
    """

    version: Version
    forget: ForgetSet
    alpha: float
    metrics: dict[str, float]
    others: dict[float, dict[str, float]]
    own: bool
    earlier: dict[str, dict[str, float]] = field(default_factory=dict)
    unseen: Unseen | None = None

    def rows(self) -> list[dict]:
        what = {"model": self.version.model, "version": self.version.number, "label": self.version.label}
        found = [(self.forget.name, alpha, metrics) for alpha, metrics in ({self.alpha: self.metrics} | self.others).items()]
        found += [(name, self.alpha, metrics) for name, metrics in self.earlier.items()]
        return [what | {"forget_set": name, "alpha": alpha} | metrics for name, alpha, metrics in found]


def _measure(version: Version, settings: EvaluateSettings) -> Scored:
    forget = forget_sets.asked_for(version, settings.forget_set)
    alpha = settings.alpha or version.target.alpha
    own = version.tag("forget_set") in ("none", forget.name) and alpha == version.require_number("alpha", version.target.alpha)
    asked, unseen = settings.reference, None
    if asked == CROSSFIT:
        unseen = by_crossfit(version, forget)
    elif asked == AUTO:
        unseen = has_seen(version, forget)
    alone = asked in (CROSSFIT, NONE)
    if asked == AUTO and (settings.audit or unseen):
        alone = beside(version, forget).retrained is None
    reference = None if alone else retrained_reference(version, forget)
    earlier = _earlier(version, forget, alpha, reference) if own else {}
    if alone:
        say(f"evaluate: without a retrained reference for {forget.rule}; what can be said without one follows")
        return Scored(version, forget, alpha, {}, {}, own, earlier, unseen)
    alphas = dict.fromkeys((alpha, *settings.alphas))
    scores = {alpha: score(version, forget, alpha, reference) for alpha in alphas}
    return Scored(version, forget, alpha, scores.pop(alpha), scores, own, earlier, unseen)


def _earlier(version: Version, forget: ForgetSet, alpha: float, reference: Version | None) -> dict[str, dict[str, float]]:
    """The sets that it has forgotten besides, scored again; a reference that saw one says nothing about that one."""
    unseen = never_saw(reference) if reference else set()
    others = [other for other in forget_sets.forgotten_by(version) if other.sha256 != forget.sha256]
    return {other.name: score(version, other, alpha, reference if other.name in unseen else None) for other in others}


def _log(scored: Scored) -> None:
    """On the run; and on the logged model and the version's tags, unless another forget set or alpha was asked for."""
    more = {"model_id": logged_model_id(scored.version)} if scored.own else {}
    runs.log_numbers(scored.metrics, **more)
    for alpha, metrics in scored.others.items():
        runs.log_numbers({f"{name}_alpha_{alpha:g}": metrics[name] for name in ("Forgetting", "F")})
    for name, metrics in scored.earlier.items():
        runs.log_numbers({f"earlier/{name}/{metric}": metrics[metric] for metric in EARLIER})
    forget_sets.log([scored.forget])
    if not scored.metrics:
        return
    if scored.own:
        write_scores(scored.version, score_tags(scored.metrics) | {"scored_on": scored.forget.name})
    numbers = "  ".join(f"{name} {scored.metrics[name]:.3f}" for name in ("Utility", "Forgetting", "F"))
    say(f"evaluate: {scored.version.label} on {scored.forget.rule}: {numbers}")


def _judge(scored: Scored, settings: EvaluateSettings) -> None:
    """Leave audit and finding on the active run, where there is something to judge by; the version says its own."""
    version, forget = scored.version, scored.forget
    if not settings.audit and not scored.unseen and settings.reference != NONE:
        return
    found = find_out(version, forget, scored.alpha, settings.reference, settings.audit or "tables")
    numbers = found.finding.numbers()
    runs.log_numbers(numbers, **({"model_id": logged_model_id(version)} if scored.own else {}))
    runs.set_tags(found.finding.tags())
    if not settings.audit or not found.audited or found.finding.verdict == EXACT:  # otherwise the audit says it
        say(f"evaluate: {version.label} on {forget.rule}: {found.finding.sentence}")
    if scored.unseen:
        told = {name: getattr(scored.unseen, name) for name in ("faces", "p", "power", "auc")}
        runs.log_numbers({f"never_seen/{name}": float(value) for name, value in told.items()})
    if settings.audit:
        audited = found.audited or audit_version(version, forget, scored.alpha, settings.audit)
        log_audit(audited, scored.own, {*score_tags(scored.metrics), *numbers})
    if scored.own:
        note(version, found.finding)


def _choose(settings: EvaluateSettings) -> list[Version]:
    if settings.versions != "all":
        return [find_version(settings.name, reference) for reference in settings.named]
    champion = find_version(settings.name, CHAMPION)
    there = [v for v in all_versions(settings.name) if v.tag("state") not in GONE]
    same = [v for v in there if v.tag("data_digest") == champion.tag("data_digest")]
    if not settings.forget_set:
        return same
    name = forget_sets.of_rule(champion, settings.forget_set).name
    return [v for v in same if v.tag("forget_set") in ("none", name)]


def log_audit(audited: Audited, own: bool, logged: Collection[str] = ()) -> None:
    """Leave an audit on the active run; its headline numbers also on model and version, where they are its ``own``.

    Metrics that are ``logged`` already are not logged again: a metric has one point.
    """
    audit, case = audited.audit, audited.case
    runs.log_json(audit.as_dict(), JSON)
    runs.log_table(audit.table(), TABLE)
    runs.log_text(audit_page(audit, case, audited.about, render_audit(audit, case)), PAGE)
    numbers = audit.numbers()
    new = {name: value for name, value in numbers.items() if name not in logged}
    headlines = {name: new[name] for name in HEADLINES if own and name in new}
    runs.log_numbers({name: value for name, value in new.items() if name not in headlines})
    forget_sets.log([audited.forget])
    if own:
        runs.log_numbers(headlines, model_id=logged_model_id(audited.version))
        write_scores(audited.version, {name: f"{value:.6g}" for name, value in headlines.items()})
    if case.retrained is not None:  # without one the audit has no verdict beside the finding's
        say(f"audit: {audited.version.label}: {audit.sentence}")
    for warning in audit.warnings:
        say(f"audit: {warning}")
