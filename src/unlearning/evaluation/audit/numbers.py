"""The numbers of an audit: every metric of every model and pair of models that a verdict needs, each computed once."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from unlearning.evaluation.audit.panel import ROLES, Pair, Panel
from unlearning.evaluation.audit.verdicts import Bounds, Finding
from unlearning.evaluation.audit_metric import COST, AuditMetric
from unlearning.evaluation.ground import FEWEST, MODELS, Comparison, NotKnownError


class Numbers:
    """The numbers of a panel, each computed once."""

    def __init__(self, panel: Panel):
        self.panel = panel
        self._known: dict[tuple, np.ndarray | str] = {}

    def of(self, metric: AuditMetric, comparison: Comparison) -> np.ndarray | str:
        """A metric of a model, the sample's first; or the reason why there is none."""
        looked_at = [getattr(comparison, role) for role in metric.needs]
        key = (metric.name, comparison.subject.name, *(model and model.name for model in looked_at))
        if key not in self._known:
            self._known[key] = _number(metric, comparison)
        return self._known[key]

    def differences(self, metric: AuditMetric, pairs: tuple[Pair, ...]) -> np.ndarray | None:
        """First model minus second of every pair: shape (pairs, 1 + resamples); None when one is not known."""
        both = [(self.of(metric, first), self.of(metric, second)) for first, second in pairs]
        if not both or any(isinstance(number, str) for pair in both for number in pair):
            return None
        return np.stack([first - second for first, second in both])

    def noise(self, metric: AuditMetric) -> np.ndarray | None:
        """Resampled distances of every two retrained models; None when there is one model, or none."""
        found = self.differences(metric, self.panel.noise)
        return None if found is None else np.abs(found[:, 1:])

    def apart(self, metric: AuditMetric) -> tuple[float, int]:
        """How far the most distant two retrained models are from each other (0: not known), and how many there are."""
        found = self.differences(metric, self.panel.noise)
        if found is None or np.isnan(found[:, 0]).all():
            return 0.0, 0
        models = {model.subject.name for pair in self.panel.noise for model in pair}
        return float(np.nanmax(np.abs(found[:, 0]))), len(models)

    def find(self, metric: AuditMetric, bounds: Bounds) -> Finding:
        """Everything about a metric but its floor."""
        models = self.panel.models
        known = {role: self.of(metric, models[role]) if role in models else _missing(role) for role in ROLES}
        values = {role: math.nan if isinstance(number, str) else float(number[0]) for role, number in known.items()}
        reasons = {role: number for role, number in known.items() if isinstance(number, str)}
        version, original = (self.differences(metric, pairs) for pairs in (self.panel.version, self.panel.original))
        gap = self.differences(metric, _whole(models))
        return Finding(
            metric,
            values,
            reasons,
            (math.nan, math.nan)
            if "version" in reasons or metric.kind == COST
            else _ends(known["version"], bounds, metric.inflated),
            (math.nan,) * 3 if gap is None else (float(gap[0, 0]), *_ends(gap[0], bounds, metric.inflated)),
            math.nan if version is None else float(version[:, 0].mean()),
            math.nan if version is None else float(np.abs(version[:, 0]).mean()),
            math.nan if original is None else float(np.abs(original[:, 0]).mean()),
            count=self._count(metric),
        )

    def _count(self, metric: AuditMetric) -> float:
        ground = self.panel.ground
        try:
            return len(ground.pairs) if metric.paired else len(ground.rows[metric.part]) if metric.part else math.nan
        except NotKnownError:
            return 0


def _whole(models: Mapping[str, Comparison]) -> tuple[Pair, ...]:
    return ((models["version"], models["retrained"]),) if "retrained" in models else ()


def _missing(role: str) -> str:
    return f"no {MODELS[role]}"


def _number(metric: AuditMetric, comparison: Comparison) -> np.ndarray | str:
    try:
        found = metric.function(comparison)
    except NotKnownError as reason:
        return str(reason)
    return found if math.isfinite(found[0]) else "it is not a number"


def _ends(values: np.ndarray, bounds: Bounds, inflated: bool) -> tuple[float, float]:
    """The middle of the resampled values; not numbers where too few resamples have one, or for what is not sampled."""
    drawn = values[1:][np.isfinite(values[1:])]
    if len(drawn) < len(values) / 2 or len(drawn) < FEWEST:
        return math.nan, math.nan
    if inflated:
        drawn = np.maximum(drawn - (drawn.mean() - values[0]), min(0.0, values[0]))
    low, high = np.quantile(drawn, [(1 - bounds.level) / 2, (1 + bounds.level) / 2])
    return float(low), float(high)
