"""Audits of versions whose faces carry names that can be looked for."""

from dataclasses import dataclass, replace
from functools import cache

from evaluation.cheats import CHEATS
from evaluation.worlds import World, world
from forgetting import forget_set
from unlearning.evaluation.audit.audit import Audit, AuditSettings, Witnesses, audit
from unlearning.reports.audit_figures import render_audit

MARK = "secretface"
SETTINGS = AuditSettings(resamples=200)


@dataclass(frozen=True)
class Audited:
    audit: Audit
    witnesses: Witnesses
    about: dict[str, str]


def about(**more):
    own = {"model": "age-resnet50", "version": "version 4 (ft-20-28-e8)", "forget set": "20-28", "method": "ft"}
    return own | {"original": "version 1 (original)", "retrained": "none", "data digest": "0123456789abcdef"} | more


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
    witnesses = replace(known.witnesses(version, members), **dict.fromkeys(missing))
    return Audited(audit(witnesses, SETTINGS), witnesses, about())


DRAWN = {}


def drawn_of(one):
    """The figures of an audit, drawn once."""
    if id(one) not in DRAWN:
        DRAWN[id(one)] = one, render_audit(one.audit, one.witnesses)
    return DRAWN[id(one)][1]
