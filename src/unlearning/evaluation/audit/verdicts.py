"""From numbers to verdicts, by bounds that are data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri, stdtrit
from scipy.stats import rankdata

from unlearning.evaluation.audit_metric import COST, LIKENESS, MEMORY, USEFULNESS, AuditMetric
from unlearning.evaluation.ground import FEWEST, MODELS

SAME = "indistinguishable from retraining"
BETTER = "better than retraining"
BETWEEN = "between"
WORSE = "worse than doing nothing"
OVER = "over-forgotten"
NOT_KNOWN = "not known"
WITHIN_LIMIT, OVER_LIMIT, NOT_JUDGED = "within the limit", "over the limit", "not judged"
VERDICTS = {
    SAME: "no farther from the retrained model than another retrained model is (the floor)",
    BETTER: "beyond the floor, on the good side of the retrained model: usefulness only",
    BETWEEN: "beyond the floor, but nearer to the retrained model than the original is",
    WORSE: "at least as far from the retrained model as the original is",
    OVER: "beyond the floor, on the far side of the retrained model: it forgot more than one who never knew",
    NOT_KNOWN: "there is no number, or nothing to judge it by; the reason stands beside it",
    WITHIN_LIMIT: "a cost that keeps its limit",
    OVER_LIMIT: "a cost that does not",
    NOT_JUDGED: "a cost without a limit",
}


@dataclass(frozen=True)
class Bounds:
    """What decides between verdicts.

    Args:
        level: share of resamples inside every interval that is shown.
        floor: share of the differences between retrained models that the floors cover, all metrics together: so often a model
            that never saw the forget set passes every test of an audit, as far as resampling faces and the seeds at hand tell.
        nothing_done: share of the original's distance to the retrained model from which on a version is worse than doing
            nothing; 1 asks for any approach, less for more of it.
        chance: how far below the value of a guess the upper end of an attack's interval must lie to be over-forgetting, where
            there is no retrained model to compare with.
        time_limit: largest seconds over those of retraining.
        one_pair: how many times as far apart as the only two retrained models another may be from the first, face by face. Of
            five retrained seeds of 20-28 the farthest two were 1.15 times as far apart as the nearest two.
        measured: the same of what is measured on networks, which is known of one retrained model and a second one.
    """

    level: float = 0.95
    floor: float = 0.95
    nothing_done: float = 1.0
    chance: float = 0.05
    time_limit: float = 0.2
    one_pair: float = 1.15
    measured: float = 2.0


@dataclass(frozen=True)
class Finding:
    """One metric, measured on every model of an audit.

    Args:
        metric: what was measured.
        values: by role: original, retrained, second, version; not a number where it is not known.
        reasons: why not, by role.
        interval: ends of the version's interval.
        gap: version - retrained, and the ends of its interval.
        lean: the same difference as ``distance`` takes it, with its sign.
        distance: how far the version is from the retrained model: abs(gap), or its mean over pairs of single members.
        start: the same of the original.
        floor: the same of another retrained model, at most.
        count: faces or pairs of faces that the metric is about; not a number for a metric that is about none.
    """

    metric: AuditMetric
    values: dict[str, float]
    reasons: dict[str, str] = field(default_factory=dict)
    interval: tuple[float, float] = (math.nan, math.nan)
    gap: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    lean: float = math.nan
    distance: float = math.nan
    start: float = math.nan
    floor: float = math.nan
    count: float = math.nan

    @property
    def known(self) -> bool:
        """Is there a distance to judge?"""
        return not math.isnan(self.distance)

    @property
    def tells(self) -> bool:
        """Does this metric tell the original from the retrained model? If not, a good verdict says nothing of forgetting."""
        return self.start > self.floor

    @property
    def far_side(self) -> bool:
        """Is the version on the side of the retrained model where remembering does not lead?"""
        return bool(self.metric.remembers) and (self.lean > 0) == (self.metric.remembers == "lower")


@dataclass(frozen=True)
class Judgement:
    """A verdict, the comparison that decided it, what else to know, and the reason where it is not known."""

    verdict: str
    bound: str = ""
    note: str = ""
    reason: str = ""


def judge(found: Finding, bounds: Bounds) -> Judgement:
    """The verdict of one metric."""
    if math.isnan(found.values["version"]):
        return Judgement(NOT_KNOWN, reason=found.reasons.get("version", "it is not a number"))
    if found.metric.kind == COST:
        return _judge_cost(found, bounds)
    if found.count < FEWEST:
        return Judgement(NOT_KNOWN, reason=f"{found.count:.0f} faces; {FEWEST} are needed for a verdict")
    if math.isnan(found.values["retrained"]):
        return _judge_alone(found, bounds)
    return _judge_without_floor(found, bounds) if math.isnan(found.floor) else _judge_distance(found, bounds)


def _judge_cost(found: Finding, bounds: Bounds) -> Judgement:
    if found.metric.name != "seconds_ratio":
        return Judgement(NOT_JUDGED)
    value, limit = found.values["version"], bounds.time_limit
    return Judgement(
        *(WITHIN_LIMIT, f"{value:.3g} <= {limit:g}") if value <= limit else (OVER_LIMIT, f"{value:.3g} > {limit:g}")
    )


def _judge_alone(found: Finding, bounds: Bounds) -> Judgement:
    """Without a retrained model only what a guess would give is known, of attacks on faces of the same ages."""
    reason, target = found.reasons.get("retrained", f"no {MODELS['retrained']}"), found.metric.target
    if target is None:
        return Judgement(NOT_KNOWN, reason=reason)
    low, high = found.interval
    if found.metric.remembers == "higher" and high < target - bounds.chance:
        return Judgement(OVER, f"{high:.3g} < {target:g} - {bounds.chance:g}", "far below a guess is no success")
    told = "the interval holds" if low <= target <= high else "it still remembers: the interval lies above"
    told = "it errs more on forgotten than on unseen faces: the interval lies below" if high < target else told
    return Judgement(NOT_KNOWN, f"[{low:.3g}, {high:.3g}] beside {target:g}", f"{told} what a guess gives", reason)


def _judge_without_floor(found: Finding, bounds: Bounds) -> Judgement:
    """One retrained model: only what is at least as far as the original, beyond the noise of the faces, can be told.

    Of likeness not even that: any two models are unlike one another, and nobody knows how much.
    """
    _, low, high = found.gap
    beyond = found.metric.kind != LIKENESS and (low > 0 or high < 0)
    if beyond and found.distance >= bounds.nothing_done * found.start:
        return _beyond(found, bounds)
    why = found.reasons.get("second", f"no {MODELS['second']}")
    return Judgement(NOT_KNOWN, note=f"a gap of {found.lean:.3g} may be the noise of a seed", reason=why)


def _judge_distance(found: Finding, bounds: Bounds) -> Judgement:
    if found.distance <= found.floor:
        weak = not math.isnan(found.start) and not found.tells
        note = "the original passes too: this number does not tell remembering from forgetting here"
        return Judgement(SAME, f"{found.distance:.3g} <= floor {found.floor:.3g}", note if weak else "")
    return _beyond(found, bounds)


def _beyond(found: Finding, bounds: Bounds) -> Judgement:
    """The version is farther from the retrained model than another retrained one would be: where is it?"""
    distance, start = found.distance, found.start
    floor = "" if math.isnan(found.floor) else f"{distance:.3g} > floor {found.floor:.3g}"
    if found.metric.kind == USEFULNESS and (found.lean > 0) == (found.metric.better == "higher"):
        return Judgement(BETTER, floor)
    if found.metric.kind == MEMORY and found.far_side:
        return Judgement(OVER, floor or f"gap {found.lean:.3g}")
    if math.isnan(start):
        return Judgement(NOT_KNOWN, floor, "it differs from retraining", found.reasons.get("original", "no original model"))
    if distance >= bounds.nothing_done * start:
        note = "exactly the original's distance" if distance == start else ""
        return Judgement(WORSE, f"{distance:.3g} >= {bounds.nothing_done:g} * original {start:.3g}", note)
    return Judgement(
        BETWEEN, f"{floor}, < original {start:.3g}", f"{1 - distance / start:.0%} of the original's distance is gone"
    )


def widening(seeds: int, metric: AuditMetric, bounds: Bounds) -> float:
    """How many times as far apart as the most distant of ``seeds`` retrained models another one may be from them.

    A seed shifts all faces alike, and a spread that is known from few seeds is widened as Student's t widens an interval beside
    the normal distribution: 6.48 times for two retrained models, 2.2 for three, 1.62 for four, 1.42 for five, 1.15 for ten.
    What is compared face by face is nearly as far apart whichever two models are looked at: ``one_pair``, for two. What is
    measured on networks has a bound of its own.
    """
    if seeds < 2:
        return 1.0
    if metric.measured:
        return bounds.measured
    if metric.face_by_face:
        return bounds.one_pair if seeds == 2 else 1.0
    end = (1 + bounds.level) / 2
    return float(stdtrit(seeds - 1, end) / ndtri(end))


def joint_level(noises: list[np.ndarray], level: float) -> float:
    """The level at which floors must be taken, each by itself, so that all of them together hold with ``level``.

    Equal distances have one rank, the lowest: a floor at their place holds for all of them.

    Args:
        noises: for every metric the resampled distances between retrained models, the same resamples in the same order.
        level: share of resamples in which no metric is to lie beyond its floor.
    """
    varied = [np.nan_to_num(noise, nan=-np.inf) for noise in noises]
    ranks = [rankdata(noise, method="min") / len(noise) for noise in varied if np.ptp(noise) > 0]
    return float(np.quantile(np.max(ranks, axis=0), level)) if ranks else level


@dataclass(frozen=True)
class Row:
    """One metric of an audit; numbers that are not known are not numbers.

    Args:
        metric: name in AUDIT_METRICS.
        part: the faces it is about.
        kind: usefulness, memory, likeness or cost.
        unit: of the numbers.
        better: higher, lower, or empty where the retrained model's value is the best.
        original: value of the original.
        retrained: value of the retrained model.
        second: value of the second retrained model.
        version: value of the version.
        low: lower end of the version's interval.
        high: upper end.
        gap: version - retrained.
        gap_low: lower end of its interval, the faces drawn alike for both models.
        gap_high: upper end.
        distance: what is judged: abs(gap), or its mean over pairs of single members.
        floor: the same between retrained models.
        verdict: one of VERDICTS.
        bound: the comparison that decided.
        note: what else to know.
        reason: why there is no verdict.
        count: how many faces it is about; pairs of faces for attacks.
    """

    metric: str
    part: str
    kind: str
    unit: str
    better: str
    original: float
    retrained: float
    second: float
    version: float
    low: float
    high: float
    gap: float
    gap_low: float
    gap_high: float
    distance: float
    floor: float
    verdict: str
    bound: str
    note: str
    reason: str = ""
    count: float = math.nan
