"""audit: everything that can be said of a version, as numbers, as a table and as a page for people."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.audit import Audit, Witnesses
from unlearning.evaluation.audit import audit as judge
from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.progress import say
from unlearning.registry import lookup as registry
from unlearning.registry.lookup import Version
from unlearning.steps.settings import AUDITS as AUDITS
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.measured import OF_MODELS, measure
from unlearning.versions.witnesses import Beside, beside, witnesses_of

JSON, TABLE, PAGE = "audit.json", "audit.parquet", "audit.html"
ROLES = ("version", "original", "retrained")
HEADLINES = (
    *("Utility", "Forgetting", "F", "forgetting_rescaled", "test_mae", "forget_mae", "test_in_range_mae"),
    *("mia_auc", "mia_gap", "mia_given_age_auc", "forget_w1_normalised", "forget_difference", "seconds_ratio"),
)


@dataclass(frozen=True)
class Audited:
    """An audit and what it was made from."""

    version: Version
    forget: ForgetSet
    beside: Beside
    witnesses: Witnesses
    audit: Audit

    @property
    def about(self) -> dict[str, str]:
        """What a page says of its subject."""
        others = {name: one.label if one else "none" for name, one in vars(self.beside).items()}
        own = {"model": self.version.model, "version": self.version.label, "forget set": self.forget.rule}
        method = {name: self.version.tag(name) for name in ("method", "params", "epochs") if self.version.tag(name)}
        return own | method | others | {"data digest": self.version.tag("data_digest")}


def audit_version(version: Version, forget: ForgetSet, alpha: float, kind: str) -> Audited:
    """Audit a version by what the registry holds beside it; ``kind`` is a name of AUDITS."""
    found = beside(version, forget)
    witnesses = witnesses_of(version, forget, alpha, found)
    measured = measure(version, found, forget, witnesses, kind == "full")
    witnesses = replace(witnesses, measured=measured.numbers, remarks=measured.remarks)
    return Audited(version, forget, found, witnesses, judge(witnesses))


def measured_by_role(version: Version, forget: ForgetSet, alpha: float, names: list[str]) -> dict[str, dict[str, float]]:
    """Numbers that no single prediction table gives, for gates: by ``version``, ``original`` and ``retrained``."""
    if not names:
        return {}
    found = beside(version, forget)
    full = any(name in OF_MODELS for name in names)
    measured = measure(version, found, forget, witnesses_of(version, forget, alpha, found), full)
    by_role = {role: {name: measured.numbers.get(name, {}).get(role, math.nan) for name in names} for role in ROLES}
    missing = [name for name, value in by_role["version"].items() if math.isnan(value)]
    if missing:
        why = "; ".join(f"{name}: {AUDIT_METRICS[name].description}" for name in missing)
        raise InputError(f"{version.label} has no number for a gate ({why}); leave it out, or bring what it needs")
    return by_role


def log_audit(audited: Audited, own: bool, logged: Collection[str] = ()) -> None:
    """Leave an audit on the active run; its headline numbers also on model and version, where they are its ``own``.

    Metrics that are ``logged`` already are not logged again: a metric has one point.
    """
    from unlearning.reports.audit_page import audit_page

    audit = audited.audit
    runs.log_json(audit.as_dict(), JSON)
    runs.log_table(audit.table(), TABLE)
    runs.log_text(audit_page(audit, audited.witnesses, audited.about), PAGE)
    numbers = audit.numbers()
    new = {name: value for name, value in numbers.items() if name not in logged}
    headlines = {name: new[name] for name in HEADLINES if own and name in new}
    runs.log_numbers({name: value for name, value in new.items() if name not in headlines})
    forget_sets.log([audited.forget])
    if own:
        runs.log_numbers(headlines, model_id=registry.logged_model_id(audited.version))
        tags = {name: f"{value:.6g}" for name, value in headlines.items()}
        registry.score(audited.version, tags | {"audit": audit.sentence[:500]})
    say(f"audit: {audited.version.label}: {audit.sentence}")
    for warning in audit.warnings:
        say(f"audit: {warning}")
