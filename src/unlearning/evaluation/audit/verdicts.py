"""From numbers to verdicts, by bounds that are data."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from unlearning.evaluation.ground import FEWEST, MODELS
from unlearning.evaluation.metric import COST, LIKENESS, MEMORY, USEFULNESS, Metric

SAME = "indistinguishable from retraining"
BETTER = "better than retraining"
BETWEEN = "between"
WORSE = "no nearer than doing nothing"
OVER = "over-forgotten"
NOT_KNOWN = "not known"
WITHIN_LIMIT, OVER_LIMIT, NOT_JUDGED = "within the limit", "over the limit", "not judged"
VERDICTS = {
    SAME: "no farther from the retrained models than one further retrained model is (the floor)",
    BETTER: "beyond the floor, on the good side of the retrained model: usefulness only",
    BETWEEN: "beyond the floor, but nearer to the retrained model than the original is",
    WORSE: "at least as far from the retrained model as the original is",
    OVER: "beyond the floor, on the far side of the retrained model: it forgot more than one who never knew",
    NOT_KNOWN: "there is no number, or nothing to judge it by; the reason stands beside it",
    WITHIN_LIMIT: "a cost that keeps its limit",
    OVER_LIMIT: "a cost that does not",
    NOT_JUDGED: "a cost without a limit",
}
CERTAIN = {"at least": OVER, "at most": WORSE}  # of times to relearn that are only bounds
DECIDING = {
    "forget_mae": "does it still know the forgotten faces",
    "test_in_range_mae": "the same of faces that no model ever saw: what was learnt by heart does not show here",
    "mia_auc": "can an attacker tell who was trained on",
    "Forgetting": "the study's own score: does it err on each face as retraining does",
    "forget_w1_predictions": "are its answers, all together, those of a retrained model",
    "forget_difference": "does it answer each face as a retrained model does",
}


@dataclass(frozen=True)
class Bounds:
    """What decides between verdicts.

    Args:
        level: share of resamples inside every interval that is shown.
        floor: how often a model that never saw the forget set is found within the floors of all numbers that decide (DECIDING)
            together; each of them has a floor at 1 - (1 - floor) / 6 (Bonferroni), and so have the numbers that only inform.
        nothing_done: share of the original's distance to the retrained model from which on a version is no nearer than
            doing nothing; 1 asks for any approach, less for more of it.
        chance: how far below the value of a guess the upper end of an attack's interval must lie to be over-forgetting, where
            there is no retrained model to compare with.
        time_limit: largest seconds over those of retraining.
        measured: how many times as far apart as one retrained model and a second one another may be, of what is measured on
            networks or on many seeds at once; a rule of thumb, on which no overall finding rests.
    """

    level: float = 0.95
    floor: float = 0.95
    nothing_done: float = 1.0
    chance: float = 0.05
    time_limit: float = 0.2
    measured: float = 2.0

    @property
    def each(self) -> float:
        """The level of the floor of one number."""
        return 1 - (1 - self.floor) / len(DECIDING)


def floor_of(values: np.ndarray, level: float, faces: float = 0.0, beside_retraining: bool = False) -> float:
    """How far from retrained models one further retrained model lies at most, in ``level`` of all cases.

    The floor of a number of n retrained seeds with mean m and standard deviation s is half the t prediction interval for one
    further model, t_{(1 + level) / 2, n - 1} * s * sqrt(1 + 1 / n), in quadrature with what other faces would change,
    z * ``faces``. That the further model passes in ``level`` of all cases holds at every n where the seeds' numbers are normal.

    A number that compares with a retrained model is a distance from each: every seed has its mean distance to the n - 1 others,
    and the floor is the upper end m + t_{level, n - 1} * s' * sqrt(1 + 1 / n). Distances share their ends: of seeds that are
    a_i away from the middle the means to the others differ by (n - 2) / (n - 1) of a_i - a_j only, so s' = s (n - 1) / (n - 2).

    Args:
        values: of retrained seeds: their numbers, or with ``beside_retraining`` their mean distances to the others.
        faces: standard error of the version's gap by resampling the faces.

    Returns:
        Not a number with fewer than two seeds, or three for distances (two models have one distance).
    """
    count = len(values)
    if count < (3 if beside_retraining else 2):
        return math.nan
    tail = level if beside_retraining else (1 + level) / 2
    spread = float(np.std(values, ddof=1)) * math.sqrt(1 + 1 / count)
    if beside_retraining:
        spread *= (count - 1) / (count - 2)
    room = math.hypot(float(stdtrit(count - 1, tail)) * spread, float(ndtri(tail)) * faces)
    return room + (float(np.mean(values)) if beside_retraining else 0.0)


@dataclass(frozen=True)
class Row:
    """One metric of an audit; numbers that are not known are not numbers."""

    metric: str  # name in METRICS
    part: str  # the faces it is about
    kind: str  # usefulness, memory, likeness or cost
    unit: str  # of the numbers
    better: str  # higher, lower, or empty where the retrained model's value is the best
    original: float
    retrained: float
    second: float
    version: float
    low: float = math.nan  # lower end of the version's interval
    high: float = math.nan
    gap: float = math.nan  # version - retrained
    gap_low: float = math.nan  # lower end of its interval, the faces drawn alike for both models
    gap_high: float = math.nan
    distance: float = math.nan  # what is judged: how far the version is from the retrained models
    floor: float = math.nan  # the same of one further retrained model, at most
    verdict: str = NOT_KNOWN  # one of VERDICTS
    bound: str = ""  # the comparison that decided
    note: str = ""  # what else to know
    reason: str = ""  # why there is no verdict
    count: float = math.nan  # how many faces it is about; pairs of faces for attacks
    lean: float = math.nan  # the distance with its sign: version - retrained
    start: float = math.nan  # how far the original is from the retrained models
    decides: bool = False  # does the overall finding rest on it? The others inform

    @property
    def tells(self) -> bool:
        """Do the original and the retrained model differ by more than two retrained models do, where that is known?

        If not, a good verdict says nothing of forgetting.
        """
        return self.start > (0.0 if math.isnan(self.floor) else self.floor)


def judge(row: Row, metric: Metric, reasons: Mapping[str, str], bounds: Bounds) -> Row:
    """The row with its verdict; ``reasons`` say by role why a number is not known, or by ``floor`` why that is not."""
    if math.isnan(row.version):
        return replace(row, reason=reasons.get("version", "it is not a number"))
    if metric.kind == COST:
        return _judge_cost(row, bounds)
    if row.count < FEWEST:
        return replace(row, reason=f"{metric.counted(row.count)}; {FEWEST} are needed for a verdict")
    if math.isnan(row.retrained):
        return _judge_alone(row, metric, reasons, bounds)
    if math.isnan(row.distance):
        return replace(row, reason="it is not known of every member, so how far it is from the retrained models is not either")
    if math.isnan(row.floor):
        return _judge_without_floor(row, metric, reasons, bounds)
    if row.distance > row.floor:
        return _beyond(row, metric, reasons, bounds)
    weak = not math.isnan(row.start) and not row.tells
    if weak and row.metric == "memory_left":  # its unit is the original's distance: a wider floor holds all that there is
        return replace(
            row, reason=f"a further retrained model may lie {row.floor:.3g} % away, the original lies {row.start:.3g} %"
        )
    note = "the original passes too: this number does not tell remembering from forgetting here"
    return replace(row, verdict=SAME, bound=f"{row.distance:.3g} <= floor {row.floor:.3g}", note=note if weak else "")


def of_bound(row: Row, bound: str) -> Row:
    """Of a number that is only a bound a verdict stands where the truth lies still farther on that side."""
    if not bound or row.verdict in (NOT_KNOWN, CERTAIN.get(bound)):
        return row
    told = f"{bound} so much" if bound in CERTAIN else "neither model had relearned when it was stopped"
    return replace(row, verdict=NOT_KNOWN, bound="", reason=f"it is only a bound: {told}")


def _judge_cost(row: Row, bounds: Bounds) -> Row:
    if row.metric != "seconds_ratio":
        return replace(row, verdict=NOT_JUDGED)
    if row.version <= bounds.time_limit:
        return replace(row, verdict=WITHIN_LIMIT, bound=f"{row.version:.3g} <= {bounds.time_limit:g}")
    return replace(row, verdict=OVER_LIMIT, bound=f"{row.version:.3g} > {bounds.time_limit:g}")


def _judge_alone(row: Row, metric: Metric, reasons: Mapping[str, str], bounds: Bounds) -> Row:
    """Without a retrained model only what a guess would give is known, of attacks on faces of the same ages."""
    target, low, high = metric.target, row.low, row.high
    reason = reasons.get("retrained", f"no {MODELS['retrained']}")
    if target is None:
        return replace(row, reason=reason)
    if metric.remembers == "higher" and high < target - bounds.chance:
        said = f"{high:.3g} < {target:g} - {bounds.chance:g}"
        return replace(row, verdict=OVER, bound=said, note="far below a guess is no success")
    told = "the interval holds" if low <= target <= high else "it still remembers: the interval lies above"
    if high < target:
        told = "it errs more on forgotten than on unseen faces: the interval lies below"
    bound = f"[{low:.3g}, {high:.3g}] beside {target:g}"
    return replace(row, bound=bound, note=f"{told} what a guess gives", reason=reason)


def _judge_without_floor(row: Row, metric: Metric, reasons: Mapping[str, str], bounds: Bounds) -> Row:
    """Too few retrained models: only what is at least as far as the original, beyond the noise of the faces, can be told.

    Of likeness not even that: any two models are unlike one another, and nobody knows how much.
    """
    beyond = metric.kind != LIKENESS and (row.gap_low > 0 or row.gap_high < 0)
    if beyond and row.distance >= bounds.nothing_done * row.start:
        return _beyond(row, metric, reasons, bounds)
    note = f"a gap of {row.lean:.3g} may be the noise of a seed"
    few = "two retrained models have one distance: a third tells how far distances vary"
    return replace(row, note=note, reason=reasons.get("floor") or reasons.get("second", few))


def _beyond(row: Row, metric: Metric, reasons: Mapping[str, str], bounds: Bounds) -> Row:
    """The version is farther from the retrained models than one further retrained one would be: where is it?"""
    floor = "" if math.isnan(row.floor) else f"{row.distance:.3g} > floor {row.floor:.3g}"
    if metric.kind == USEFULNESS and (row.lean > 0) == (metric.better == "higher"):
        return replace(row, verdict=BETTER, bound=floor)
    if metric.kind == MEMORY and (row.lean > 0) == (metric.remembers == "lower"):
        return replace(row, verdict=OVER, bound=floor or f"gap {row.lean:.3g}")
    if math.isnan(row.start):
        reason = reasons.get("original", f"no {MODELS['original']}")
        return replace(row, bound=floor, note="it differs from retraining", reason=reason)
    if row.distance >= bounds.nothing_done * row.start:
        note = "exactly the original's distance" if row.distance == row.start else ""
        bound = f"{row.distance:.3g} >= {bounds.nothing_done:g} * original {row.start:.3g}"
        return replace(row, verdict=WORSE, bound=bound, note=note)
    gone = f"{1 - row.distance / row.start:.0%} of the original's distance is gone"
    return replace(row, verdict=BETWEEN, bound=f"{floor}, < original {row.start:.3g}", note=gone)
