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

This page is made from the registry `METRICS`; a test keeps it so. How the audit judges is told in
[audit.md](audit.md).

Notation: y age in years, f(x) prediction, e = f(x) - y; O original, R retrained without the forget set, U the version.
Numbers marked *always* are logged with every version; the others are measured by the audit, or when a gate names them. Any of
them can be named in gates, as `-P gates="F > .9, mia_gap < .05"`.
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
    parts = [HEAD]
    for kind, title in KINDS.items():
        metrics = [metric for metric in METRICS.values() if metric.kind == kind]
        parts.append(_section(title, [_row(metric) for metric in metrics]))
    verdicts = [[f"`{name}`", meaning] for name, meaning in VERDICTS.items()]
    parts.append("## Verdicts\n\n" + table(("verdict", "meaning"), verdicts) + "\n")
    deciding = [[reason, f"`{name}`"] for name, reason in DECIDING.items()]
    parts.append(
        "## Numbers that decide\n\nThe overall finding rests on these; the others inform.\n\n"
        + table(("question", "number"), deciding)
        + "\n"
    )
    parts.append("## Bounds\n\nWhat decides between verdicts.\n\n" + table(("bound", "default", "meaning"), _bounds()) + "\n")
    return "\n".join(parts)


def _section(title: str, rows: list[list[str]]) -> str:
    return f"## {title}\n\n" + table(COLUMNS, rows) + "\n"


def _row(metric: Metric) -> list[str]:
    always = " *always*" if metric.headline else ""
    best = metric.better or _best(metric)
    needs = ", ".join(metric.needs)
    return [
        f"`{metric.name}`{always}",
        metric.description,
        f"`{metric.formula}`",
        metric.unit,
        metric.range,
        best,
        needs,
        metric.source,
    ]


def _best(metric: Metric) -> str:
    """Where neither more nor less is better: the retrained model's value, if it is judged by that."""
    if metric.kind == TOLD:
        return ""
    return f"R's; remembering makes it {metric.remembers}" if metric.remembers else "R's"


def _bounds() -> list[list[str]]:
    """Names, defaults and meanings, as the dataclass documents them."""
    told = dict(re.findall(r"^        (\w+): (.+?)(?=^        \w+: |\Z)", _arguments(Bounds), re.MULTILINE | re.DOTALL))
    return [[f"`{field.name}`", f"{field.default:g}", " ".join(told[field.name].split())] for field in fields(Bounds)]


def _arguments(of: type) -> str:
    return of.__doc__.split("Args:\n")[1].rstrip() + "\n"
