"""The page that puts several versions' audits side by side: a table to sort, one scale for all, and no face in it."""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.verdicts import BETWEEN, OVER, SAME, WORSE, Row
from unlearning.evaluation.audit.verdicts import NOT_KNOWN as OPEN
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import NotKnownError
from unlearning.evaluation.metric import LIKENESS, MEMORY
from unlearning.finding import AS_RETRAINING, IN_PART, NOT_FORGOTTEN, NOT_KNOWN, UNLIKE
from unlearning.finding import OVER as OVER_FORGOTTEN
from unlearning.naming import counted
from unlearning.reports.audit_figures import MOST_VERSIONS, answers_of, versions
from unlearning.reports.audit_page import (
    BESIDE,
    FIRST,
    SIGNS,
    asked,
    in_two,
    judged_by,
    row_texts,
    scale_texts,
    subject,
    unsaid_texts,
    whole,
)
from unlearning.reports.audit_scale import Scale, scale_of
from unlearning.reports.page import figures, page, render
from unlearning.reports.style import THEMES
from unlearning.targets import AGE, Target

TEMPLATE = "compare_page.html.jinja"
SCRIPT = Path(__file__).with_name("compare_sort.js")
COLUMNS = {
    "memory_left": "Memory left",
    "forget_mae": "Error, forgotten faces",
    "test_in_range_mae": "Error, test faces like them",
    "mia_auc": "Attack",
    "Forgetting": "Likeness of errors",
    "forget_w1_predictions": "Distance of answers",
    "Utility": "Usefulness",
    "F": "F",
    "test_mae": "Error, test faces",
    "seconds_ratio": "Seconds, retraining: 1",
}
TITLE_BY = {
    "memory_left": ("{} is {} to never having seen them", "nearer", "nearest", "how much they remember"),
    "test_mae": ("{} errs {} on test faces", "less", "least", "their error on test faces"),
}
SIGN_OF = {AS_RETRAINING: SAME, UNLIKE: BETWEEN, IN_PART: BETWEEN, OVER_FORGOTTEN: OVER, NOT_FORGOTTEN: WORSE, NOT_KNOWN: OPEN}


class Audited(Protocol):
    """What the page needs of each version."""

    audit: Audit
    case: Case
    about: dict[str, str]


def compare_page(audits: Mapping[str, Audited]) -> str:
    """The page as HTML text, at most 2 MB, of two or more versions by what people call them, in that order."""
    script = SCRIPT.read_text(encoding="utf-8")
    whom = list(dict.fromkeys(asked(one.case) for one in audits.values()))
    return page(
        TEMPLATE,
        count=len(audits),
        answer=answer({label: _rows(one) for label, one in audits.items()}, same_request=len(whom) == 1),
        asked=whom,
        columns=columns(audits),
        overview=[_overview(place, label, one) for place, (label, one) in enumerate(audits.items())],
        **one_scale({label: scale_of(one.audit) for label, one in audits.items()}, next(iter(audits.values())).case.target),
        figure=_figure(audits),
        metrics=[block for name in FIRST if (block := _block(name, audits))],
        versions=[_account(label, one) for label, one in audits.items()],
        **judged_by(next(iter(audits.values())).audit),
        script=script,
        script_digest=b64encode(sha256(script.encode()).digest()).decode(),
    )


def answer(rows: Mapping[str, Mapping[str, Row]], same_request: bool = True) -> str:
    """Which version is better on what, in one sentence; those are told apart whose intervals do not overlap.

    What they remember can be compared only where all were asked to forget the same.
    """
    told, tied = [], []
    for name, (sentence, better, best, what) in TITLE_BY.items():
        known = {label: own[name] for label, own in rows.items() if name in own and not math.isnan(own[name].version)}
        if len(known) < len(rows) or (name == "memory_left" and not same_request):
            continue
        if first := _ahead(known):
            told.append(sentence.format(first, better if len(rows) == 2 else best))
        else:
            tied.append(what)
    if tied:
        even = "the two versions cannot be told apart" if len(rows) == 2 else "no version is clearly ahead"
        told.append(f"{even} by {' and '.join(tied)}")
    return whole("; ".join(told)) or f"{len(rows)} versions, which nothing compares"


def _ahead(known: Mapping[str, Row]) -> str:
    """The version that is nearer to 0 than all others, by its whole interval; empty where there is none."""
    ends = {}
    for label, row in known.items():
        least = 0.0 if row.low <= 0 <= row.high else min(abs(row.low), abs(row.high))
        ends[label] = least, max(abs(row.low), abs(row.high))
    first = min(known, key=lambda label: abs(known[label].version))
    return first if all(ends[first][1] < least for label, (least, _) in ends.items() if label != first) else ""


def columns(audits: Mapping[str, Audited]) -> list[dict[str, str]]:
    """The numbers of the first table that at least one version has."""
    rows = {name: row for one in audits.values() for name, row in _rows(one).items() if not math.isnan(row.version)}
    return [{"title": title, "unit": rows[name].unit, "metric": name} for name, title in COLUMNS.items() if name in rows]


def _rows(one: Audited) -> dict[str, Row]:
    return {row.metric: row for row in one.audit.rows}


def _overview(place: int, label: str, one: Audited) -> dict:
    """A version's row of the first table."""
    lead, _ = in_two(one.audit.sentence)
    judged = [row for row in one.audit.rows if row.kind in (MEMORY, LIKENESS) and row.verdict != OPEN]
    alike = sum(row.verdict == SAME for row in judged)
    return {
        "place": place,
        "label": label,
        "lead": lead.removeprefix("It "),
        "lead_rank": list(SIGN_OF).index(one.audit.verdict),
        "sign": SIGNS[SIGN_OF[one.audit.verdict]],
        "alike": alike,
        "judged": len(judged),
        "alike_rank": -alike / max(len(judged), 1),
        "cells": {name: row_texts(row, one.case.target) | {"rank": _rank(row)} for name, row in _rows(one).items()},
    }


def _rank(row: Row) -> str:
    """What a column is sorted by, the best having the least; empty where it is not known."""
    value = {"higher": -row.version, "lower": row.version}.get(row.better, row.distance)
    return "" if math.isnan(value) else f"{value:.9g}"


def one_scale(scales: Mapping[str, Scale], target: Target = AGE) -> dict:
    """Every number that can be placed, with its versions below each other, on the scale that most versions have.

    Versions on another scale are named: theirs would mean something else by the same place.
    """
    usable = {label: scale for label, scale in scales.items() if scale.marks}
    kinds = Counter(scale.remark for scale in usable.values())
    common = min(kinds, key=lambda remark: (-kinds[remark], remark)) if kinds else ""
    alike = {label: scale_texts(scale, target) for label, scale in usable.items() if scale.remark == common}
    places = {label: place for place, label in enumerate(scales)}
    blocks: dict[str, list] = {}
    for label, scale in alike.items():
        for mark in scale["marks"]:
            blocks.setdefault(mark["row"]["metric"], []).append(mark | {"label": label, "place": places[label]})
    there = [name for name in BESIDE if any(name in scale["there"] for scale in alike.values())]
    first = next(iter(alike.values()), None)
    return {
        "scale": first and first | {"there": there},
        "blocks": [_on_scale(marks) for marks in blocks.values()],
        "others": [label for label in scales if label not in alike],
    }


def _on_scale(marks: list[dict]) -> dict:
    """One number of several versions; what stands beside them is told once where it is the same for all."""
    beside = {tuple(mark["row"][name] for name in ("original", "retrained", "unit")) for mark in marks}
    return {"row": marks[0]["row"], "marks": marks, "shared": len(beside) == 1}


def _figure(audits: Mapping[str, Audited]) -> dict | None:
    """The errors of all versions, on both papers; none where nobody was to be forgotten."""
    answers = {label: answers_of(one.audit, one.case) for label, one in list(audits.items())[:MOST_VERSIONS]}
    more = len(audits) - len(answers)
    left_out = f" {counted(more, 'more version')} {'is' if more == 1 else 'are'} not drawn." if more else ""
    try:
        figure = figures("compare", {theme: render({"errors": versions}, theme, answers) for theme in THEMES})["errors"]
    except NotKnownError:
        return None
    return figure | {"caption": figure["caption"] + left_out}


def _block(name: str, audits: Mapping[str, Audited]) -> dict | None:
    """One number of all versions, with everything that is known of it; none where no version has it."""
    having = {label: one for label, one in audits.items() if name in _rows(one)}
    rows = [row_texts(_rows(one)[name], one.case.target) | {"label": label} for label, one in having.items()]
    if not rows:
        return None
    return {"title": rows[0]["title"], "unit": rows[0]["unit"], "description": whole(rows[0]["description"]), "rows": rows}


def _account(label: str, one: Audited) -> dict:
    """What else there is to say of a version."""
    lead, basis = in_two(one.audit.sentence)
    return {
        "label": label,
        "lead": lead,
        "basis": basis,
        "subject": subject(one.about, one.case),
        "warnings": [whole(warning) for warning in one.audit.warnings],
        "unsaid": [unsaid_texts(said, one.case.target) for said in one.audit.unsaid],
    }
