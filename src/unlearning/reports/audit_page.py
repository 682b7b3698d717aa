"""The page about one version's audit, for people who read no code: verdict, scale, figures, every number; no face is in it."""

from __future__ import annotations

import math
import re
from collections import Counter

from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.verdicts import (
    BETTER,
    BETWEEN,
    NOT_JUDGED,
    NOT_KNOWN,
    OVER,
    OVER_LIMIT,
    SAME,
    VERDICTS,
    WITHIN_LIMIT,
    WORSE,
    Row,
)
from unlearning.evaluation.case import Case
from unlearning.evaluation.metric import COST, LIKENESS, MEMORY, USEFULNESS
from unlearning.evaluation.registry import METRICS
from unlearning.naming import counted
from unlearning.reports.audit_figures import Drawn
from unlearning.reports.audit_scale import TOO_FAR, Scale, left, scale_of, styles
from unlearning.reports.page import figures, page
from unlearning.reports.words import NONE, decimals_of, discreet, in_plain_words, metric_title, shown, titles
from unlearning.targets import AGE, Target

TEMPLATE = "audit_page.html.jinja"
FIRST = (
    *("memory_left", "forget_mae", "test_in_range_mae", "mia_auc", "mia_given_age_auc"),
    *("Forgetting", "forget_w1_predictions", "forget_difference"),
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
GOOD, MIDDLING, BAD, OPEN = "good", "middling", "bad", "open"
SIGNS = {
    SAME: ("\N{CHECK MARK}", GOOD),
    BETTER: ("\N{UPWARDS ARROW}", GOOD),
    BETWEEN: ("\N{CIRCLE WITH LEFT HALF BLACK}", MIDDLING),
    WORSE: ("\N{MULTIPLICATION SIGN}", BAD),
    OVER: ("\N{MUCH GREATER-THAN}", BAD),
    NOT_KNOWN: ("?", OPEN),
    WITHIN_LIMIT: ("\N{CHECK MARK}", GOOD),
    OVER_LIMIT: ("\N{MULTIPLICATION SIGN}", BAD),
    NOT_JUDGED: (NONE, OPEN),
}
BESIDE = ("original", "retrained", "second", "floor")
SPAN = re.compile(r"\d+-\d+")


def audit_page(audit: Audit, case: Case, about: dict[str, str], drawn: Drawn) -> str:
    """The page as HTML text, at most 2 MB; ids and names of faces stay out of it.

    ``about`` says what the version is and what stands beside it, texts by name (``model``, ``version``, ``method``, ...).
    """
    lead, basis = in_two(audit.sentence)
    rows, target = {row.metric: row for row in audit.rows}, case.target
    return page(
        TEMPLATE,
        lead=lead,
        basis=basis,
        subject=subject(about, case),
        asked=asked(case),
        scale=scale_texts(scale_of(audit), target),
        warnings=[whole(warning) for warning in audit.warnings],
        unsaid=[unsaid_texts(said, target) for said in audit.unsaid],
        first=[row_texts(rows[name], target) for name in FIRST if name in rows],
        kinds=[_kind(kind, audit.rows, target) for kind in QUESTIONS],
        figures=figures("audit", drawn.pictures, target),
        every=target.told("How it errs at every age"),
        missing=drawn.missing,
        **judged_by(audit),
    )


def in_two(sentence: str) -> tuple[str, str]:
    """The overall finding as a verdict and what it rests on, in plain words."""
    lead, _, basis = in_plain_words(sentence).partition(": ")
    return f"{lead}.", whole(basis)


def whole(text: str) -> str:
    """With a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith((".", "?")) else ".")


def subject(about: dict[str, str], case: Case) -> dict[str, str]:
    """What the page is about, as others may read it: no place of a list, and nobody's name."""
    said = {name: discreet(str(text)) for name, text in about.items()}
    if case.forget and "forget set" in said:
        said["forget set"] = _title(case)
    return said


def _title(case: Case) -> str:
    return titles([case.forget])[case.forget.name]


def asked(case: Case) -> str:
    """Whom it was asked to forget, and how many pictures that are."""
    if case.forget is None or not case.forget.ids:
        return "nobody"
    whom = _title(case)
    if SPAN.fullmatch(whom):
        whom = f"{case.target.name if case.target.numeric and case.target != AGE else 'ages'} {whom.replace('-', NONE)}"
    earlier = f", after {counted(len(case.forgotten), 'earlier request')}" if case.forgotten else ""
    return f"{whom} ({counted(len(case.forget.ids), 'picture')}, copies included){earlier}"


def scale_texts(scale: Scale, target: Target = AGE) -> dict:
    """A scale as the template draws it, and which of the models and floors are on it."""
    marks = [{"row": row_texts(mark.row, target), **styles(mark)} for mark in scale.marks]
    there = [name for name in BESIDE if any(mark[name] for mark in marks)]
    ends = {"at_start": left(0.0), "at_end": left(1.0), "beyond": TOO_FAR}
    return vars(scale) | ends | {"marks": marks, "there": there}


def unsaid_texts(said: str, target: Target = AGE) -> dict:
    """A reason, and the titles of the numbers that have no verdict for it."""
    reason, _, names = said.rpartition(": ")
    if not reason:
        return {"reason": whole(names), "titles": []}
    return {"reason": whole(reason), "titles": [metric_title(name, target) for name in names.split(", ")]}


def _kind(kind: str, rows: tuple[Row, ...], target: Target) -> dict:
    """The numbers of one kind under their question, and how often each verdict was given, with its sign and tone."""
    of_kind = [row for row in rows if row.kind == kind]
    given = Counter(row.verdict for row in of_kind)
    counts = [(verdict, given[verdict], *SIGNS[verdict]) for verdict in VERDICTS if given[verdict]]
    question, remark = QUESTIONS[kind]
    return {"question": question, "remark": remark, "counts": counts, "rows": [row_texts(row, target) for row in of_kind]}


def judged_by(audit: Audit) -> dict:
    """How the page says that the audit judged: its level, all verdicts with their signs and meanings, its settings."""
    settings = audit.settings
    numbers = {"seed": settings.seed, "resamples": settings.resamples} | vars(settings.bounds)
    return {
        "level": f"{100 * settings.bounds.level:g} %",
        "verdicts": {verdict: (SIGNS[verdict], meaning) for verdict, meaning in VERDICTS.items()},
        "settings": {name: f"{value:g}" for name, value in numbers.items()},
    }


def row_texts(row: Row, target: Target = AGE) -> dict[str, str]:
    """One row of a table: every number, the verdict with its sign, the bound that decided, and what the number is."""
    decimals = decimals_of(row.unit)
    sign, tone = SIGNS[row.verdict]
    numbers = {name: shown(getattr(row, name), decimals) for name in (*BESIDE, "version")}
    card = dict.fromkeys(("description", "formula", "source", "range", "count"), "")
    if row.metric in METRICS:
        metric = METRICS[row.metric]
        card = {name: target.told(getattr(metric, name)) for name in ("description", "formula", "source", "range")}
        card["count"] = "" if math.isnan(row.count) else metric.counted(row.count)
    return {
        "metric": row.metric,
        "title": metric_title(row.metric, target),
        "unit": row.unit,
        **numbers,
        "interval": _interval(row.low, row.high, decimals),
        "gap": shown(row.gap, decimals, sign=True),
        "gap_interval": _interval(row.gap_low, row.gap_high, decimals, sign=True),
        "verdict": row.verdict,
        "sign": sign,
        "tone": tone,
        "bound": _minus(row.bound),
        "note": _minus(row.note),
        "reason": row.reason,
        **card,
    }


def _interval(low: float, high: float, decimals: int, sign: bool = False) -> str:
    """Empty where there is none, or no width to tell."""
    if math.isnan(low) or math.isnan(high) or low == high:
        return ""
    return f"{shown(low, decimals, sign)} to {shown(high, decimals, sign)}"


def _minus(text: str) -> str:
    """With true minus signs before numbers."""
    return text.replace(" -", " \N{MINUS SIGN}").replace("[-", "[\N{MINUS SIGN}")
