"""audit: everything that can be said of a version, as numbers, as a table and as a page for people."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.audit import audit as judge
from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import METRICS
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.versions.measured import OF_MODELS, measure
from unlearning.versions.references import Beside, beside
from unlearning.versions.witnesses import case_of

ROLES = ("version", "original", "retrained")


@dataclass(frozen=True)
class Audited:
    """An audit and what it was made from."""

    version: Version
    forget: ForgetSet
    beside: Beside
    case: Case
    audit: Audit

    @property
    def about(self) -> dict[str, str]:
        """What a page says of its subject."""
        others = {name: one.label if one else "none" for name, one in vars(self.beside).items()}
        own = {"model": self.version.model, "version": self.version.label, "forget set": self.forget.rule}
        method = {name: self.version.tag(name) for name in ("method", "params", "epochs") if self.version.tag(name)}
        return own | method | others | {"data digest": self.version.tag("data_digest")}


def audit_version(version: Version, forget: ForgetSet, alpha: float, kind: str, without: bool = False) -> Audited:
    """Audit a version by what the registry holds beside it, ``without`` a reference where that is asked for.

    ``kind`` is a name of AUDITS; a full one, which takes long, says first what would make it worth more.
    """
    found = beside(version, forget)
    found = replace(found, retrained=None, second=None) if without else found
    if kind == "full" and found.second is None:
        seeds = {"seeds": "11,12,13"} if found.retrained else {}
        again = command("retrain", version.model, forget_set=forget.rule, **seeds)
        which = "second retrained model" if found.retrained else "retrained model"
        say(f"audit: there is no {which}, so little can pass; it is worth more after: {again}")
    case = case_of(version, forget, alpha, found)
    measured = measure(version, found, forget, case, kind == "full")
    return Audited(version, forget, found, case, judge(case, measured=measured))


def measured_by_role(
    version: Version, forget: ForgetSet, alpha: float, names: list[str]
) -> tuple[dict[str, dict[str, float]], Mapping[str, str]]:
    """Numbers that no single prediction table gives, for gates: by ``version``, ``original``, ``retrained``; and bounds."""
    if not names:
        return {}, {}
    found = beside(version, forget)
    full = any(name in OF_MODELS for name in names)
    measured = measure(version, found, forget, case_of(version, forget, alpha, found), full)
    by_role = {role: {name: measured.numbers.get(name, {}).get(role, math.nan) for name in names} for role in ROLES}
    missing = [name for name, value in by_role["version"].items() if math.isnan(value)]
    if missing:
        why = "; ".join(f"{name}: {version.target.told(METRICS[name].description)}" for name in missing)
        raise InputError(f"{version.label} has no number for a gate ({why}); leave it out, or bring what it needs")
    return by_role, measured.bounds
