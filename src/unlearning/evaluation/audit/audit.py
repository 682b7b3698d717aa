"""The audit: every number about a version beside the original, the retrained model and a second retrained model, judged.

A number says little by itself: a model may score well because the metric is blind to what it did. So each is given for the
model that remembers everything, for the one that never saw the forget set, and for another of that kind; how far retrained
seeds lie from each other is the floor. Without a retrained model little can be said, and the audit lists what not.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from unlearning.canonical import nulled
from unlearning.evaluation.audit.panel import ROLES, Panel, panel_of
from unlearning.evaluation.audit.verdicts import DECIDING, Bounds, Row, floor_of, judge, of_bound
from unlearning.evaluation.audit.words import overall, unsaid, warnings
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import FEWEST, MODELS, NotKnownError
from unlearning.evaluation.metric import COST, Metric, unit_of
from unlearning.evaluation.on_models.handed import FLOOR, NOTHING, Measured
from unlearning.evaluation.registry import AUDITED
from unlearning.evaluation.resample import RESAMPLES, interval


@dataclass(frozen=True)
class AuditSettings:
    """How an audit measures and judges."""

    seed: int = 0  # of all draws: equal seeds and equal tables give equal numbers
    resamples: int = RESAMPLES  # of the faces, for intervals and floors
    bounds: Bounds = field(default_factory=Bounds)  # what decides between verdicts


@dataclass(frozen=True)
class Audit:
    """What an audit found."""

    rows: tuple[Row, ...]  # one a metric, in the order of METRICS
    verdict: str  # a name of VERDICTS
    sentence: str  # the overall finding
    warnings: tuple[str, ...]  # sentences about what makes the numbers weaker, or about something odd in the tables
    unsaid: tuple[str, ...]  # sentences about what cannot be said, with the reason
    settings: AuditSettings  # how it was measured and judged

    def table(self) -> pd.DataFrame:
        """One row a metric, the columns those of ``Row``."""
        return pd.DataFrame([vars(row) for row in self.rows])

    def numbers(self) -> dict[str, float]:
        """The version's numbers by metric, those that are known: what gates compare."""
        return {row.metric: row.version for row in self.rows if not math.isnan(row.version)}

    def verdicts(self) -> dict[str, str]:
        """The verdicts by metric."""
        return {row.metric: row.verdict for row in self.rows}

    def as_dict(self) -> dict[str, object]:
        """As JSON holds it; numbers that are not known are null."""
        settings = vars(self.settings) | {"bounds": vars(self.settings.bounds)}
        texts = {"verdict": self.verdict, "sentence": self.sentence}
        lists = {"warnings": list(self.warnings), "unsaid": list(self.unsaid)}
        return {**texts, **lists, "settings": settings, "rows": [nulled(vars(row)) for row in self.rows]}


def audit(case: Case, settings: AuditSettings = AuditSettings(), measured: Measured = NOTHING) -> Audit:
    """Measure every metric on every model, and judge the version.

    What is measured on models is a part of the audit where it was handed over.

    Raises:
        InputError: two tables, or a table and the manifest, hold different faces.
    """
    panel = panel_of(case, measured, settings.resamples, settings.seed)
    asked = [metric for metric in AUDITED.values() if not metric.measured or metric.name in measured.numbers]
    rows = tuple(row_of(metric, panel, measured, settings.bounds) for metric in asked)
    return Audit(rows, *overall(rows), warnings(panel, rows, settings.bounds), unsaid(rows), settings)


def row_of(metric: Metric, panel: Panel, measured: Measured, bounds: Bounds) -> Row:
    """One metric: its numbers, how far version and original are from retraining, the floor, and the verdict."""
    models = panel.models
    known = {role: panel.number(metric, models[role]) if role in models else f"no {MODELS[role]}" for role in ROLES}
    values = {role: math.nan if isinstance(number, str) else float(number[0]) for role, number in known.items()}
    reasons = {role: number for role, number in known.items() if isinstance(number, str)}
    about = metric.name, metric.part, metric.kind, unit_of(metric, panel.ground.target), metric.better
    numbers = values["original"], values["retrained"], values["second"], values["version"]
    row = Row(*about, *numbers, count=_count(metric, panel), decides=metric.name in DECIDING)
    drawn, retrained = known["version"], known["retrained"]
    error = 0.0
    if not isinstance(drawn, str) and metric.kind != COST:
        low, high = _ends(drawn, bounds, metric.inflated)
        row = replace(row, low=low, high=high)
    if not isinstance(drawn, str) and not isinstance(retrained, str):
        gap = drawn - retrained
        low, high = _ends(gap, bounds, metric.inflated)
        row, error = replace(row, gap=float(gap[0]), gap_low=low, gap_high=high), _error(gap)
    if math.isnan(error):
        reasons["floor"] = "fewer than half of the resamples of the faces have a number, so its noise is not known"
    placed = handed(row, measured, bounds) if metric.measured else _placed(row, metric, panel, bounds, error)
    judged = of_bound(judge(placed, metric, reasons, bounds), measured.bounds.get(metric.name, ""))
    return replace(judged, note="; ".join(filter(None, (judged.note, measured.remarks.get(metric.name, "")))))


def _placed(row: Row, metric: Metric, panel: Panel, bounds: Bounds, error: float) -> Row:
    """With distances and floor by the retrained seeds; ``error`` is the standard error that the faces give the gap."""
    retrained, version, original = (panel.apart(metric, role) for role in ("retrained", "version", "original"))
    if metric.kind == COST or not len(retrained):
        return row
    if "retrained" in metric.needs:
        floor = floor_of(np.abs(retrained), bounds.each, error, beside_retraining=True)
        distance, start = _mean(np.abs(version)), _mean(np.abs(original))
        return replace(row, lean=_mean(version), distance=distance, start=start, floor=floor)
    middle = float(np.mean(retrained))
    lean = _mean(version) - middle
    floor = floor_of(retrained, bounds.each, error)
    return replace(row, lean=lean, distance=abs(lean), start=abs(_mean(original) - middle), floor=floor)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def handed(row: Row, measured: Measured, bounds: Bounds) -> Row:
    """What was measured elsewhere is one number a model: the floor is some times the distance of two, or the noise it knows."""
    gap, other = row.version - row.retrained, abs(row.second - row.retrained)
    least = measured.numbers[row.metric].get(FLOOR, 0.0)
    floor = other if math.isnan(other) else max(bounds.measured * other, least)
    return replace(row, lean=gap, distance=abs(gap), start=abs(row.original - row.retrained), floor=floor)


def _count(metric: Metric, panel: Panel) -> float:
    """Faces, or pairs of them, that the metric is about; copies and near-copies count once. NaN for one that is about none."""
    ground = panel.ground
    if not (metric.paired or metric.part):
        return math.nan
    try:
        return ground.count_pairs(ground.pairs) if metric.paired else ground.count(ground.faces(metric.part))
    except NotKnownError:
        return 0


def _drawn(values: np.ndarray) -> np.ndarray:
    """The resampled values; none where too few resamples have one, as of what is not sampled."""
    drawn: np.ndarray = values[1:][np.isfinite(values[1:])]
    return drawn if len(drawn) >= max(len(values) / 2, FEWEST) else drawn[:0]


def _error(gap: np.ndarray) -> float:
    """What the faces add to a floor: nothing where no resamples were asked for; not a number where too few have a gap."""
    if len(gap) == 1:
        return 0.0
    drawn = _drawn(gap)
    return float(np.std(drawn)) if len(drawn) else math.nan


def _ends(values: np.ndarray, bounds: Bounds, inflated: bool) -> tuple[float, float]:
    """The middle of the resampled values."""
    drawn = _drawn(values)
    if not len(drawn):
        return math.nan, math.nan
    if inflated:
        drawn = np.maximum(drawn - (drawn.mean() - values[0]), min(0.0, values[0]))
    return interval(drawn, bounds.level)
