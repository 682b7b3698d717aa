"""What an audit says in sentences: the overall finding, warnings, and what cannot be said."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from unlearning.evaluation.audit.panel import Panel
from unlearning.evaluation.audit.verdicts import BETTER, BETWEEN, NOT_KNOWN, OVER, SAME, WORSE, Bounds, Row
from unlearning.evaluation.ground import NotKnownError
from unlearning.evaluation.metric import MEMORY

USEFUL = ("test_mae", "retain_mae")
EXAMPLES = 3
LEADS = {
    WORSE: "It has not forgotten",
    OVER: "It has over-forgotten",
    BETWEEN: "It has forgotten in part",
    SAME: "It cannot be told from retraining",
}
DIFFERS = "It remembers no more than retraining leaves, but it is not like a retrained model"
SAID = {
    WORSE: "no nearer to retraining than the original is",
    OVER: "beyond retraining on the far side",
    BETWEEN: "between original and retraining",
    SAME: "within what two retrained models differ by",
}


def sentence(rows: tuple[Row, ...]) -> str:
    """The overall finding, decided by those of the numbers that decide which tell the original from the retrained model.

    Its first words are those of the commonest fault among the numbers of memory; without one there, likeness speaks.
    """
    judged = [row for row in rows if row.decides and row.verdict in LEADS and _counts(row)]
    if not judged:
        return f"Whether it has forgotten cannot be said: {_why_not(rows)}.{_useful(rows)}"
    names = {verdict: [row.metric for row in judged if row.verdict == verdict] for verdict in LEADS}
    told = [f"{len(some)} {SAID[verdict]}{_examples(verdict, some)}" for verdict, some in names.items() if some]
    return f"{_lead(judged)}: of {len(judged)} numbers that decide, {', '.join(told)}.{_useful(rows)}"


def _lead(judged: list[Row]) -> str:
    faults = Counter(row.verdict for row in judged if row.kind == MEMORY and row.verdict != SAME)
    if faults:
        return LEADS[max((verdict for verdict in LEADS if faults[verdict]), key=faults.__getitem__)]
    return LEADS[SAME] if all(row.verdict == SAME for row in judged) else DIFFERS


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
        return f" On test and retained faces it is worse than doing nothing{_examples(WORSE, lost)}."
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
    return tuple(said)


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
