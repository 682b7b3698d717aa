"""Audits of versions whose faces carry names that can be looked for."""

from dataclasses import dataclass, replace
from functools import cache

from evaluation.cheats import CHEATS
from evaluation.worlds import World, world
from forgetting import forget_set
from unlearning.evaluation.audit.audit import Audit, AuditSettings, audit
from unlearning.evaluation.case import Case
from unlearning.reports.audit_figures import AUDIT_FIGURES, Drawn, render_audit
from unlearning.reports.audit_page import audit_page

MARK = "secretface"
SETTINGS = AuditSettings(resamples=200)
ABOUT = {
    "model": "age-resnet50",
    "version": "version 4 (ft-20-28-e8)",
    "forget set": "20-28",
    "method": "ft",
    "data digest": "0123456789abcdef",
}


@dataclass(frozen=True)
class Audited:
    audit: Audit
    case: Case
    about: dict[str, str]

    def row(self, metric):
        return next(row for row in self.audit.rows if row.metric == metric)


@cache
def faces(rule="20-28"):
    drawn = world(1500)
    named = drawn.faces.assign(id=MARK + drawn.faces.id)
    return World(named, forget_set(rule, named), drawn.pulled)


@cache
def audited(name="partly", missing=(), rule="20-28", members=1):
    """A version of the cheats, or one half-way to retraining, without some of what stands beside it."""
    known = faces(rule)
    original, retrained = known.model(True, 1, members), known.model(False, 2, members)
    if name == "partly":
        other = known.model(False, 7, members)
        columns = [column for column in other if column.startswith(("predicted", "member"))]
        version = original.assign(**{column: (original[column] + other[column]) / 2 for column in columns})
    else:
        version = CHEATS[name](known, original, retrained)
    case = replace(known.case(version, members), **dict.fromkeys(missing))
    return Audited(audit(case, SETTINGS), case, ABOUT)


@cache
def drawn(name="partly", missing=()):
    one = audited(name, missing)
    return render_audit(one.audit, one.case)


@cache
def page_text(name="partly", missing=()):
    """The page of an audit, drawn once."""
    one = audited(name, missing)
    return audit_page(one.audit, one.case, ABOUT, drawn(name, missing))


def undrawn_page(one, **more):
    """The page without figures, and with ``more`` said of the version."""
    return audit_page(one.audit, one.case, ABOUT | more, Drawn({"light": {}}, dict.fromkeys(AUDIT_FIGURES, "undrawn")))
