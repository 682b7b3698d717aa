"""docs/metrics.md: a card for every number that the project gives, made from the registries themselves.

    PYTHONPATH=src python -c "from unlearning.reports import metric_cards as m; print(m.metric_cards(), end='')"

prints it.
"""

from __future__ import annotations

import re
from dataclasses import fields

from unlearning.evaluation.audit.verdicts import DECIDING, VERDICTS, Bounds
from unlearning.evaluation.metric import TOLD, Metric
from unlearning.evaluation.registry import METRICS
from unlearning.markdown import table

HEAD = """# Metrics

This page is made from the registry `METRICS`; a test keeps it so. How the audit judges stands in
[audit.md](audit.md).

Notation: y age in years, f(x) prediction, e = f(x) - y; O original, R retrained without the forget set, U the version.
Numbers marked *always* are logged with every version; the others are measured by the audit, or when a gate names them. Any of
them can be named in gates, for example `-P gates="F > .9, mia_gap < .05"`.
"""
KINDS = {
    "usefulness": "Usefulness: being better than retraining is no fault",
    "memory": "Memory: one side of the retrained model's value is remembering, the other over-forgetting",
    "likeness": "Likeness: any distance from the retrained model's value is a fault",
    "cost": "Cost",
    "told": "Logged with every version, and not judged by the audit",
}
COLUMNS = ("name", "what it is", "formula", "unit", "range", "best", "needs", "source")


def metric_cards() -> str:
    """The page as markdown."""
    sections = {
        title: table(COLUMNS, [_row(metric) for metric in METRICS.values() if metric.kind == kind])
        for kind, title in KINDS.items()
    }
    sections["Verdicts"] = table(("verdict", "meaning"), [[f"`{name}`", meaning] for name, meaning in VERDICTS.items()])
    deciding = table(("question", "number"), [[reason, f"`{name}`"] for name, reason in DECIDING.items()])
    sections["Numbers that decide"] = f"The overall finding rests on these; the others inform.\n\n{deciding}"
    told = dict(re.findall(r"^ {8}(\w+): (.+?)(?=^ {8}\w+: |^ *\Z)", Bounds.__doc__, re.MULTILINE | re.DOTALL))
    bounds = [[f"`{field.name}`", f"{field.default:g}", " ".join(told[field.name].split())] for field in fields(Bounds)]
    sections["Bounds"] = f"What decides between verdicts.\n\n{table(('bound', 'default', 'meaning'), bounds)}"
    return "\n".join([HEAD, *(f"## {title}\n\n{text}\n" for title, text in sections.items())])


def _row(metric: Metric) -> list[str]:
    always = " *always*" if metric.headline else ""
    best = metric.better
    if not best and metric.kind != TOLD:  # neither more nor less is better: the retrained model's value is
        best = f"R's; remembering makes it {metric.remembers}" if metric.remembers else "R's"
    about = [f"`{metric.name}`{always}", metric.description, f"`{metric.formula}`", metric.unit, metric.range]
    return [*about, best, ", ".join(metric.needs), metric.source]
