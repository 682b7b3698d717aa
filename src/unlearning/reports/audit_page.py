"""The page about one version's audit, for people who read no code: verdict, scale, figures, every number; no face is in it."""

from __future__ import annotations

import re
from collections import Counter

from unlearning.evaluation.audit.audit import Audit, Witnesses
from unlearning.evaluation.audit.verdicts import VERDICTS, Row
from unlearning.evaluation.audit_metric import COST, LIKENESS, MEMORY, USEFULNESS
from unlearning.reports.audit_figures import AUDIT_FIGURES, Drawn, render_audit
from unlearning.reports.audit_rows import SIGNS, row_texts
from unlearning.reports.audit_scale import TOO_FAR, Scale, left, scale_of, styles
from unlearning.reports.charts import counted
from unlearning.reports.page import figures, page
from unlearning.reports.titles import discreet, in_plain_words, metric_title, titles

TEMPLATE = "audit_page.html.jinja"
FIRST = (
    *("forget_mae", "test_in_range_mae", "mia_auc", "mia_given_age_auc", "Forgetting", "forget_w1_predictions"),
    *("Utility", "F", "test_mae", "retain_mae", "worst_age_gap", "seconds_ratio"),
)
QUESTIONS = {
    MEMORY: (
        "Does it remember the forgotten faces?",
        "On one side of the retrained model's number lies remembering, on the other over-forgetting.",
    ),
    LIKENESS: (
        "Does it answer like a model that never saw them?",
        "Any distance from the retrained model's number is a fault.",
    ),
    USEFULNESS: ("Is it still useful?", "To be better than the retrained model is no fault."),
    COST: ("What did it cost?", "Costs are measured, not judged, except for the time."),
}
THERE = ("original", "retrained", "second", "floor")
NOBODY = "nobody"
SPAN = re.compile(r"\d+-\d+")
EN_DASH = "\N{EN DASH}"


def audit_page(audit: Audit, witnesses: Witnesses, about: dict[str, str], drawn: Drawn | None = None) -> str:
    """The page as HTML text, at most 2 MB.

    Args:
        audit: what was found.
        witnesses: the prediction tables that it was found on; ids and names of faces stay out of the page.
        about: what the version is and what stands beside it, texts by name (``model``, ``version``, ``method``, ...).
        drawn: what ``render_audit`` gave, where the caller has it.
    """
    pictures = drawn or render_audit(audit, witnesses)
    scale, (lead, basis) = scale_of(audit), in_two(audit.sentence)
    rows = {row.metric: row for row in audit.rows}
    return page(
        TEMPLATE,
        lead=lead,
        basis=basis,
        subject=subject(about, witnesses),
        asked=asked(witnesses),
        scale=scale_texts(scale),
        warnings=[whole(warning) for warning in audit.warnings],
        unsaid=[unsaid_texts(said) for said in audit.unsaid],
        first=[row_texts(rows[name]) for name in FIRST if name in rows],
        kinds=[_kind(kind, audit.rows) for kind in QUESTIONS],
        figures={each["name"]: each for each in figures(AUDIT_FIGURES, pictures.pictures)},
        missing=pictures.missing,
        level=f"{100 * audit.settings.bounds.level:g} %",
        verdicts={verdict: (SIGNS[verdict], meaning) for verdict, meaning in VERDICTS.items()},
        settings=judged_by(audit),
    )


def in_two(sentence: str) -> tuple[str, str]:
    """The overall finding as a verdict and what it rests on, in plain words."""
    lead, _, basis = in_plain_words(sentence).partition(": ")
    return f"{lead}.", whole(basis)


def whole(text: str) -> str:
    """With a capital letter and a full stop."""
    return text if not text else text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def subject(about: dict[str, str], witnesses: Witnesses) -> dict[str, str]:
    """What the page is about, as others may read it: no place of a list, and nobody's name."""
    said = {name: discreet(str(text)) for name, text in about.items()}
    forget = witnesses.forget
    return said if forget is None or "forget set" not in said else said | {"forget set": titles([forget])[forget.name]}


def asked(witnesses: Witnesses) -> str:
    """Whom it was asked to forget, and how many pictures that are."""
    forget = witnesses.forget
    if forget is None or not forget.ids:
        return NOBODY
    title = titles([forget])[forget.name]
    whom = f"ages {title.replace('-', EN_DASH)}" if SPAN.fullmatch(title) else title
    earlier = f", after {counted(len(witnesses.forgotten), 'earlier request')}" if witnesses.forgotten else ""
    return f"{whom} ({counted(len(forget.ids), 'picture')}, copies included){earlier}"


def scale_texts(scale: Scale) -> dict:
    """A scale as the template draws it, and which of the models and floors are on it."""
    marks = [{"row": row_texts(mark.row), **styles(mark)} for mark in scale.marks]
    there = [name for name in THERE if any(mark[name] for mark in marks)]
    own = {"start": scale.start, "end": scale.end, "beyond": TOO_FAR, "remark": scale.remark, "silent": scale.silent}
    return own | {"marks": marks, "there": there, "at_start": left(0.0), "at_end": left(1.0)}


def unsaid_texts(said: str) -> dict:
    """A reason, and the titles of the numbers that have no verdict for it."""
    reason, _, names = said.rpartition(": ")
    return {
        "reason": whole(reason or names),
        "titles": [metric_title(name) for name in names.split(", ")] if reason else [],
    }


def _kind(kind: str, rows: tuple[Row, ...]) -> dict:
    """The numbers of one kind under their question, and how often each verdict was given."""
    own = [row for row in rows if row.kind == kind]
    question, remark = QUESTIONS[kind]
    return {"question": question, "remark": remark, "counts": counts(own), "rows": [row_texts(row) for row in own]}


def counts(rows: list[Row]) -> list[tuple[str, int, str, str]]:
    """Verdict, how often, sign and tone, in the order of VERDICTS; those that were never given are left out."""
    found = Counter(row.verdict for row in rows)
    return [(verdict, found[verdict], *SIGNS[verdict]) for verdict in VERDICTS if found[verdict]]


def judged_by(audit: Audit) -> dict[str, str]:
    """The settings of an audit, its bounds among them, as texts."""
    settings = audit.settings
    own = {"seed": settings.seed, "resamples": settings.resamples}
    return {name: f"{value:g}" for name, value in (own | vars(settings.bounds)).items()}
