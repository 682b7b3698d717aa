"""What is found out about a version and its forget set, by the best reference that stands or by the one that is asked for."""

from collections.abc import Collection
from dataclasses import dataclass

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.ground import FEWEST
from unlearning.evaluation.never_seen import LEVEL, Unseen
from unlearning.finding import (
    AS_RETRAINING,
    AUTO,
    CROSSFIT,
    EXACT,
    IN_PART,
    NONE,
    NOT_FORGOTTEN,
    NOT_KNOWN,
    OVER,
    RETRAINED,
    TAGS,
    VERDICTS,
    Finding,
)
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import find, one_look
from unlearning.registry.transitions import transition
from unlearning.registry.version import UNJUDGED, Version
from unlearning.registry.writes import write_scores
from unlearning.targets import AGE, Target
from unlearning.versions import forget_sets
from unlearning.versions.audit import Audited, audit_version
from unlearning.versions.data import account_of
from unlearning.versions.line import is_approximate, line_of
from unlearning.versions.never_seen import by_crossfit, has_seen
from unlearning.versions.references import beside, retrained_reference

# What trials are planned for: a test that misses more than one memory in five is no proof that there is none.
ENOUGH_POWER = 0.8
PERCENT = 100


@dataclass(frozen=True)
class Found:
    """A finding and the audit that it was made from; None where a cross-fitting judged."""

    finding: Finding
    audited: Audited | None = None


def standing(version: Version, forget: ForgetSet, asked: str = AUTO) -> str:
    """The kind of reference that a version can be judged by; for ``auto`` the best one that stands, or ``none``.

    For fewer faces than an audit needs that is a cross-fitting. InputError where the one that is asked for does not stand.
    """
    return _chosen(version, forget, asked)[0]


def _chosen(version: Version, forget: ForgetSet, asked: str) -> tuple[str, Unseen | None]:
    """``standing``, with what a cross-fitting says where that is it: to know whether it can judge it has to."""
    if asked == RETRAINED:
        retrained_reference(version, forget)
    if asked == CROSSFIT:
        return CROSSFIT, by_crossfit(version, forget)
    if asked != AUTO:
        return asked, None
    retrained = beside(version, forget).retrained
    if retrained and is_counted(version, forget.ids):
        return RETRAINED, None
    if unseen := has_seen(version, forget):
        return CROSSFIT, unseen
    return RETRAINED if retrained else NONE, None


def is_counted(version: Version, ids: Collection[str]) -> bool:
    """Are there faces enough for an audit? Copies and near-copies say again what their face says."""
    manifest, _ = account_of(version.tag("data_run"))
    return manifest.near[manifest.id.isin(ids) & (manifest.copy_of == "")].nunique() >= FEWEST


def require_reference(version: Version, forget: ForgetSet, asked: str) -> str:
    """The same; InputError where nothing stands and nobody said that nothing is enough."""
    kind = standing(version, forget, asked)
    if kind != NONE or asked == NONE:
        return kind
    try:
        retrained_reference(version, forget)
    except InputError as error:
        other = "no cross-fitting can judge it (crossfit makes one for all single people; reference=none does without)"
        raise InputError(f"{other}, and {error}") from error
    return RETRAINED


@one_look()
def find_out(version: Version, forget: ForgetSet, alpha: float, asked: str = AUTO, audit: str = "tables") -> Found:
    """Judge a version on a forget set, by the reference of REFERENCES that is asked for and an audit of AUDITS."""
    kind, unseen = _chosen(version, forget, asked)
    if unseen:
        return Found(_exact(version, forget, kind) or of_unseen(unseen, version.target))
    audited = audit_version(version, forget, alpha, audit, without=kind == NONE)
    return Found(_of_audit(version, audited, kind), audited)


def _of_audit(version: Version, audited: Audited, kind: str) -> Finding:
    left = next(row for row in audited.audit.rows if row.metric == "memory_left")
    exact = _exact(version, audited.forget, kind)
    verdict, sentence = (exact.verdict, exact.sentence) if exact else (audited.audit.verdict, audited.audit.sentence)
    return Finding(verdict, kind, sentence, left.version, left.low, left.high)


def _exact(version: Version, forget: ForgetSet, kind: str) -> Finding | None:
    """Of one that was trained without the forget set, by what its line says: whatever it answers, it cannot remember them."""
    forgot = any(one.sha256 == forget.sha256 for one in forget_sets.forgotten_by(version))
    if not forgot or is_approximate(line_of(version)):
        return None
    how = "its forget set is nowhere in what it was trained on, if the computation was carried out as it is recorded"
    return Finding(EXACT, kind, f"{VERDICTS[EXACT]}: {how}.")


def of_unseen(unseen: Unseen, target: Target = AGE) -> Finding:
    """The verdict of the test for single faces: one that could hardly have noticed a memory proves nothing."""
    left, (low, high) = unseen.memory_left, unseen.interval
    if unseen.p < LEVEL:
        verdict = IN_PART if high < 1 else NOT_FORGOTTEN
    elif unseen.p > 1 - LEVEL:  # to be pushed away from one's age tells that one was to be forgotten
        verdict = OVER
    else:
        verdict = AS_RETRAINING if unseen.power >= ENOUGH_POWER else NOT_KNOWN
    told = f"{VERDICTS[verdict]}: its answers on them are {target.told(unseen.sentence)}."
    return Finding(verdict, CROSSFIT, told, PERCENT * left, PERCENT * low, PERCENT * high, unseen.p)


def note(version: Version, finding: Finding) -> None:
    """Write a finding on the version that it is about; what is served, or was, and its state change by a transition."""
    tags, version = finding.tags(), find(version.model, str(version.number))  # it may have been promoted meanwhile
    if version.tag("role") == "original" or all(version.tag(name) == tags.get(name, "") for name in TAGS):
        return
    if version.tag("state") in UNJUDGED:
        write_scores(version, tags | {name: "" for name in TAGS if name not in tags and name in version.tags})
        return
    known = transition(version.model, lambda known: moves.judge(known, version.number, tags), "evaluate", finding.sentence)
    now = next(one for one in known if one.number == version.number)
    if now.tag("state") != version.tag("state"):
        say(f"{version.label} is {now.tag('state')} now: {finding.sentence}")
