"""The audit: every number about a version beside the original, the retrained model and a second retrained model, judged.

A number says little by itself: a model may score well because the metric is blind to what it did. So each is given for the
model that remembers everything, for the one that never saw the forget set, and for another of that kind, whose distance to
the first is the floor: what two seeds differ by. Without a retrained model little can be said, and the audit lists what not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.numbers import Numbers
from unlearning.evaluation.audit.panel import panel_of
from unlearning.evaluation.audit.verdicts import Bounds, Finding, Row, joint_level, judge, widening
from unlearning.evaluation.audit.words import sentence, unsaid, warnings
from unlearning.evaluation.audit_metric import COST
from unlearning.evaluation.audit_metrics import AUDIT_METRICS
from unlearning.evaluation.case import Case
from unlearning.evaluation.resample import RESAMPLES
from unlearning.evaluation.study import ALPHA

RULE_OF_THREE = 3
NO_TABLES = ("version", "measured", "remarks")


@dataclass(frozen=True)
class Witnesses:
    """Everything that an audit looks at.

    Args:
        version: prediction table of the version on trial.
        original: of the model that remembers everything; None when there is none, here and below.
        retrained: of the model that never saw the forget set.
        second: of another retrained model, with another seed.
        forget: who was to be forgotten.
        forgotten: sets forgotten before; their faces are not retained.
        about: columns id, and what is known of gender, race, copy_of, near, as the manifest has them.
        alpha: scale of Forgetting, in years.
        seconds: time it took to make the version.
        retrained_seconds: time it took to make the retrained model.
        samples: faces shown to the optimiser to make the version, repeated ones counted each time.
        retrained_samples: the same of the retrained model.
        peak_memory_mb: most memory that making the version took, in MB.
        measured: numbers from elsewhere, by metric and role: ``{"relearn_ratio": {"version": .9, "retrained": 1}}``. The role
            ``floor`` is the least floor, where the measurement knows its own noise.
        remarks: what else there is to say of a number, by metric: of how many seeds it is, or that it is only a bound.
    """

    version: pd.DataFrame
    original: pd.DataFrame | None = None
    retrained: pd.DataFrame | None = None
    second: pd.DataFrame | None = None
    forget: ForgetSet | None = None
    forgotten: tuple[ForgetSet, ...] = ()
    about: pd.DataFrame | None = None
    alpha: float = ALPHA
    seconds: float = math.nan
    retrained_seconds: float = math.nan
    samples: float = math.nan
    retrained_samples: float = math.nan
    peak_memory_mb: float = math.nan
    measured: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    def case(self) -> Case:
        """The same as a case of METRICS."""
        return Case(self.version, **{name: value for name, value in vars(self).items() if name not in NO_TABLES})


@dataclass(frozen=True)
class AuditSettings:
    """How an audit measures and judges.

    Args:
        seed: of all draws: equal seeds and equal witnesses give equal numbers.
        resamples: of the faces, for intervals and floors.
        bounds: what decides between verdicts.
    """

    seed: int = 0
    resamples: int = RESAMPLES
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Args:
        rows: one a metric, in the order of AUDIT_METRICS.
        sentence: the overall finding.
        warnings: sentences about what makes the numbers weaker, or about something odd in the witnesses.
        unsaid: sentences about what cannot be said, with the reason.
        settings: how it was measured and judged.
    """

    rows: tuple[Row, ...]
    sentence: str
    warnings: tuple[str, ...]
    unsaid: tuple[str, ...]
    settings: AuditSettings

    def table(self) -> pd.DataFrame:
        """One row a metric, the columns those of ``Row``."""
        return pd.DataFrame([vars(row) for row in self.rows])

    def numbers(self) -> dict[str, float]:
        """The version's numbers by metric, those that are known: what gates compare."""
        return {row.metric: row.version for row in self.rows if not math.isnan(row.version)}

    def verdicts(self) -> dict[str, str]:
        """The verdicts by metric."""
        return {row.metric: row.verdict for row in self.rows}

    def as_dict(self) -> dict:
        """As JSON holds it; numbers that are not known are null."""
        rows = [{name: _plain(value) for name, value in vars(row).items()} for row in self.rows]
        settings = vars(self.settings) | {"bounds": vars(self.settings.bounds)}
        texts = {"sentence": self.sentence, "warnings": list(self.warnings), "unsaid": list(self.unsaid)}
        return texts | {"settings": settings, "rows": rows}


def _plain(value: str | float) -> str | float | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def audit(witnesses: Witnesses, settings: AuditSettings = AuditSettings()) -> Audit:
    """Measure every metric on every witness, and judge the version; what is measured elsewhere, where it was handed over.

    Raises:
        InputError: two tables, or a table and the manifest, hold different faces.
    """
    panel = panel_of(witnesses.case(), witnesses.measured, settings.resamples, settings.seed)
    numbers = Numbers(panel)
    asked = [metric for metric in AUDIT_METRICS.values() if not metric.measured or metric.name in witnesses.measured]
    found = [(numbers.find(metric, settings.bounds), numbers.noise(metric)) for metric in asked]
    sampled = [noise.ravel() for finding, noise in found if noise is not None and finding.metric.kind != COST]
    level = joint_level(sampled, settings.bounds.floor)
    least = {name: by.get("floor", 0.0) for name, by in witnesses.measured.items()}
    floors = [_floor(finding, noise, level, least, settings.bounds, numbers.apart(finding.metric)) for finding, noise in found]
    findings = [replace(finding, floor=floor) for (finding, _), floor in zip(found, floors, strict=True)]
    rows = tuple(_row(finding, settings.bounds, witnesses.remarks.get(finding.metric.name, "")) for finding in findings)
    said = warnings(panel, findings, settings.bounds)
    return Audit(rows, sentence(findings, rows), said, unsaid(rows), settings)


def _floor(
    found: Finding,
    noise: np.ndarray | None,
    level: float,
    measured: Mapping[str, float],
    bounds: Bounds,
    apart: tuple[float, int],
) -> float:
    """``apart``: the distance of the most distant two retrained models, and how many retrained models there are."""
    if noise is None or np.isnan(noise).all():
        return math.nan
    least = RULE_OF_THREE / found.count if found.metric.share and found.count else 0.0
    distance, seeds = apart
    more = (widening(seeds, found.metric, bounds) - 1) * distance
    return max(float(np.nanquantile(noise, level)) + more, least, measured.get(found.metric.name, 0.0))


def _row(found: Finding, bounds: Bounds, remark: str) -> Row:
    metric, decided = found.metric, judge(found, bounds)
    decided = replace(decided, note="; ".join(filter(None, (decided.note, remark))))
    own = {"metric": metric.name, **{name: getattr(metric, name) for name in ("part", "kind", "unit", "better")}}
    low, high = found.interval
    gap, gap_low, gap_high = found.gap
    ends = {"low": low, "high": high, "gap": gap, "gap_low": gap_low, "gap_high": gap_high}
    measured = {"count": found.count, "distance": found.distance, "floor": found.floor}
    return Row(**own, **found.values, **ends, **measured, **vars(decided))
