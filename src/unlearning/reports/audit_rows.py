"""An audit's rows as texts: numbers with units, intervals, verdicts with their signs."""

from __future__ import annotations

import math

from unlearning.evaluation.audit.verdicts import (
    BETTER,
    BETWEEN,
    NOT_JUDGED,
    NOT_KNOWN,
    OVER,
    OVER_LIMIT,
    SAME,
    WITHIN_LIMIT,
    WORSE,
    Row,
)
from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.reports.charts import counted
from unlearning.reports.study_words import NONE, shown
from unlearning.reports.titles import metric_title

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
UNKNOWN_SIGN = ("?", OPEN)
DECIMALS = {"years": 2, "seconds": 1, "faces": 0, "MB": 0, "steps": 1}
RATIO_DECIMALS = 3


def row_texts(row: Row) -> dict:
    """One row of a table: every number, the verdict with its sign, the bound that decided, and what the number is."""
    decimals = DECIMALS.get(row.unit, RATIO_DECIMALS)
    own = {name: shown(getattr(row, name), decimals) for name in ("original", "retrained", "second", "version", "floor")}
    gap = shown(row.gap, decimals, sign=True)
    intervals = {
        "interval": _interval(row.low, row.high, decimals),
        "gap_interval": _interval(row.gap_low, row.gap_high, decimals, True),
    }
    sign, tone = SIGNS.get(row.verdict, UNKNOWN_SIGN)
    said = {
        "verdict": row.verdict,
        "sign": sign,
        "tone": tone,
        "bound": minus(row.bound),
        "note": minus(row.note),
        "reason": row.reason,
    }
    return {
        "metric": row.metric,
        "title": metric_title(row.metric),
        "unit": row.unit,
        **own,
        "gap": gap,
        **intervals,
        **said,
        **_card(row),
    }


def _interval(low: float, high: float, decimals: int, sign: bool = False) -> str:
    """Empty where there is none, or no width to tell."""
    return (
        ""
        if math.isnan(low) or math.isnan(high) or low == high
        else f"{shown(low, decimals, sign)} to {shown(high, decimals, sign)}"
    )


def _card(row: Row) -> dict[str, str]:
    """What the registry says of a number; nothing where it is not there."""
    names = ("description", "formula", "source", "range")
    if row.metric not in AUDIT_METRICS:
        return {**dict.fromkeys(names, ""), "count": ""}
    metric = AUDIT_METRICS[row.metric]
    pairs = ("pair of faces", "pairs of faces") if metric.paired else ("face",)
    count = "" if math.isnan(row.count) else counted(int(row.count), *pairs)
    return {**{name: getattr(metric, name) for name in names}, "count": count}


def minus(text: str) -> str:
    """With true minus signs before numbers."""
    return text.replace(" -", " \N{MINUS SIGN}").replace("[-", "[\N{MINUS SIGN}")
