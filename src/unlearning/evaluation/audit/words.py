"""What an audit says in sentences: the overall finding, warnings, and what cannot be said."""

import math
from collections import Counter

import numpy as np

from unlearning.evaluation.audit.panel import Panel
from unlearning.evaluation.audit.verdicts import BETTER, BETWEEN, NOT_KNOWN, OVER, SAME, WORSE, Bounds, Row
from unlearning.evaluation.ground import NotKnownError
from unlearning.evaluation.metric import MEMORY
from unlearning.finding import AS_RETRAINING, IN_PART, NOT_FORGOTTEN, UNLIKE, VERDICTS
from unlearning.finding import NOT_KNOWN as OPEN
from unlearning.finding import OVER as OVER_FORGOTTEN

USEFUL = ("test_mae", "retain_mae")
EXAMPLES = 3
LITTLE = 10  # percent of memory: where more is left beyond the noise of the faces, passing numbers are no proof
MOST = 50  # percent that may be left by the interval of the faces: with few seeds every number passes, and this alone tells
LEADS = {WORSE: NOT_FORGOTTEN, OVER: OVER_FORGOTTEN, BETWEEN: IN_PART, SAME: AS_RETRAINING}
SAID = {
    WORSE: "no nearer to retraining than the original is",
    OVER: "beyond retraining on the far side",
    BETWEEN: "between original and retraining",
    SAME: "no farther from retraining than one further retrained model may lie",
}


def overall(rows: tuple[Row, ...]) -> tuple[str, str]:
    """The verdict on the version and a sentence, by those of the numbers that decide which tell the original from retraining.

    The verdict is the commonest fault among the numbers of memory; without one there, likeness speaks, but calls nobody not
    forgotten who may err more than retraining. The sentence ends with what is left of the original's memory, for numbers that
    pass because their floors are wide say little.
    """
    left = next(row for row in rows if row.metric == "memory_left")
    judged = [row for row in rows if row.decides and row.verdict in LEADS and _counts(row)]
    ending = f"{_useful(rows)} {_left_in_words(left)}"
    if not judged:
        return OPEN, f"{VERDICTS[OPEN]}: {_why_not(rows)}.{ending}"
    names = {verdict: [row.metric for row in judged if row.verdict == verdict] for verdict in LEADS}
    told = [f"{len(some)} {SAID[verdict]}{_examples(verdict, some)}" for verdict, some in names.items() if some]
    least, most = _errs_more(rows, left)
    verdict, doubt = _verdict(judged, left, least > 0), _doubt(judged, left)
    if verdict == NOT_FORGOTTEN and least <= 0 <= most and not any(row.kind == MEMORY for row in judged):
        doubt = "only likeness tells, and whether it errs less or more on the forgotten faces than retraining is open"
    why = f"{doubt}; " if doubt else ""
    verdict = OPEN if doubt else verdict
    return verdict, f"{VERDICTS[verdict]}: {why}of {len(judged)} numbers that decide, {', '.join(told)}.{ending}"


def _errs_more(rows: tuple[Row, ...], left: Row) -> tuple[float, float]:
    """How much more than retraining it errs on forgotten faces, at least and at most, for all that other faces would change.

    Above 0 it remembers no more, however unlike it is. In percent of memory, or where that is not known in the target's unit.
    """
    if not math.isnan(left.version):
        return -left.high, -left.low
    error = next(row for row in rows if row.metric == "forget_mae")
    return error.gap_low, error.gap_high


def _verdict(judged: list[Row], left: Row, errs_more: bool) -> str:
    memory = [row for row in judged if row.kind == MEMORY]
    faults = Counter(row.verdict for row in memory if row.verdict != SAME)
    if faults:
        return LEADS[max((verdict for verdict in LEADS if faults[verdict]), key=faults.__getitem__)]
    if all(row.verdict == SAME for row in judged):
        return LEADS[SAME]
    if not _is_left(left) and (memory or errs_more):  # if less than seeds would tell
        return UNLIKE
    likeness = Counter(row.verdict for row in judged)
    return LEADS[WORSE] if likeness[WORSE] >= likeness[BETWEEN] else LEADS[BETWEEN]


def _doubt(judged: list[Row], left: Row) -> str:
    """Why numbers without a fault do not show that it has forgotten; empty where they do, or where one has a fault."""
    if any(row.verdict != SAME for row in judged):
        return ""
    if not any(row.kind == MEMORY for row in judged):
        return "the numbers of memory do not tell the original from the retrained model"
    if _is_left(left):
        return f"too few retrained models to tell, and {round(left.version)} % of the original's memory may be left"
    if left.high > MOST:
        return f"up to {round(left.high)} % of the original's memory may be left"
    has_original = not all(math.isnan(row.start) for row in judged)
    return "what is left of the original's memory is not known" if has_original and math.isnan(left.version) else ""


def _is_left(left: Row) -> bool:
    """Is more of the original's memory left than other faces would make of nothing?"""
    return (left.version if math.isnan(left.low) else left.low) > LITTLE


def _left_in_words(left: Row) -> str:
    if math.isnan(left.version):
        return f"Memory left: not known: {left.reason}."
    interval = "" if math.isnan(left.low) else f" ({round(left.low)} to {round(left.high)} by the faces alone)"
    return f"Memory left: {round(left.version)} %{interval}."


def _counts(row: Row) -> bool:
    """A good verdict counts where the number tells original and retrained model apart; a bad one always does."""
    return row.verdict != SAME or row.tells or math.isnan(row.start)


def _examples(verdict: str, names: list[str]) -> str:
    return "" if verdict == SAME else f" ({', '.join(names[:EXAMPLES])}{', ...' if len(names) > EXAMPLES else ''})"


def _why_not(rows: tuple[Row, ...]) -> str:
    reasons = Counter(row.reason for row in rows if row.decides and row.verdict == NOT_KNOWN)
    return reasons.most_common(1)[0][0] if reasons else "no number tells the original from the retrained model"


def _useful(rows: tuple[Row, ...]) -> str:
    judged = [row for row in rows if row.metric in USEFUL]
    lost = [row.metric for row in judged if row.verdict == WORSE]
    if lost:
        return f" It serves test and retained faces worse than retraining does{_examples(WORSE, lost)}."
    kept = any(row.verdict in (SAME, BETTER, BETWEEN) for row in judged)
    return " It serves test and retained faces as well as retraining does, or nearly." if kept else ""


def unsaid(rows: tuple[Row, ...]) -> tuple[str, ...]:
    """One sentence for every reason why something has no verdict: the reason, and the metrics."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        if row.verdict == NOT_KNOWN:
            by_reason.setdefault(row.reason, []).append(row.metric)
    return tuple(f"{reason}: {', '.join(names)}" for reason, names in by_reason.items())


def warnings(panel: Panel, rows: tuple[Row, ...], bounds: Bounds) -> tuple[str, ...]:
    """What makes the numbers weaker, and what is odd about the models."""
    said = [*_missing(panel), *_odd(panel), *_about_pairs(panel)]
    attack = next(row for row in rows if row.metric == "mia_auc")
    if attack.high < 0.5 - bounds.chance:
        said.append(
            f"over-unlearning: the threshold attack's AUC of {attack.version:.2f} lies far below .5, "
            f"so errors tell who was forgotten"
        )
    return tuple(map(panel.ground.target.told, said))


def _missing(panel: Panel) -> list[str]:
    models, said = panel.models, []
    if "retrained" not in models:
        said.append("there is no retrained model: only attacks on faces of the same ages can be read, beside a guess")
    elif len(panel.seeds["retrained"]) < 2:
        said.append("there is no second retrained model: what two seeds differ by is not known, so nothing can pass")
    if "original" not in models:
        said.append("there is no original: it cannot be said what doing nothing would give")
    if not panel.ground.tells_copies:
        said.append("there is no manifest with copy_of: augmented copies, if there are any, count as faces")
    if panel.single:
        said.append("verdicts compare single members of the models, numbers are those of the averaged predictions")
    return said


def _odd(panel: Panel) -> list[str]:
    own, said = panel.models["version"].subject.predicted, []
    if len(own) and np.ptp(own) < 1e-6:
        said.append("the version answers every face alike")
    for role in ("original", "retrained", "second"):
        if role not in panel.models:
            continue
        same = own == panel.models[role].subject.predicted
        forget = np.isin(np.arange(len(own)), panel.ground.rows["forget"])
        if same.all():
            said.append(f"the version answers every face as the {role} model does, digit for digit: is it that model?")
        elif same[forget].any() and same[forget].mean() > 0.5 > same[~forget].mean():
            said.append(f"the version answers most forgotten faces as the {role} model does, digit for digit, and no others")
    return said


def _about_pairs(panel: Panel) -> list[str]:
    ground = panel.ground
    try:
        wide = len(ground.pairs) > 0 and not ground.described
    except NotKnownError:
        return []
    return (
        ["the rule describes too few test faces: the attacks' non-members are any test faces of the same ages"] if wide else []
    )
