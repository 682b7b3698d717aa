"""The scale from the model that remembers to the one that never saw: where a version's numbers stand on it.

0 is the original's number, 1 the mean of the retrained models'; the floor lies around 1, and far beyond it is over-forgetting.
So numbers of any unit stand below each other, and versions beside each other. What is missing takes something from the scale:
without an original, 0 is merely ``FLOORS`` floors away from retraining; without a floor or a retrained model either, only
attacks can be placed, from one that finds every face (0) to a guess (1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.verdicts import Row
from unlearning.evaluation.metric import LIKENESS
from unlearning.evaluation.registry import METRICS
from unlearning.reports.words import metric_title

SHOWN = ("forget_mae", "test_in_range_mae", "mia_auc", "Forgetting", "forget_w1_predictions", "forget_difference")
ATTACKS = ("mia_auc", "mia_given_age_auc", "mia_logistic")
LEFT, RIGHT = -0.35, 1.6
FLOORS = 4
GUESS, CERTAIN = 0.5, 1.0
NEVER_SEEN, TOO_FAR = "as if never seen", "too far"
WITHOUT_ORIGINAL = (
    f"Without an original, nothing tells where remembering would stand: the left end of this scale is {FLOORS} floors away "
    "from retraining."
)
ATTACKS_ONLY = (
    "There is too little beside the version for a scale from remembering to never having seen. This one says only how far an "
    "attacker can tell which faces were trained on."
)


@dataclass(frozen=True)
class Mark:
    """One number of a version on the scale: where the version, its interval, the other models and the floor stand on it.

    What is not known is not a number; ``near`` and ``far`` are the ends of the floor.
    """

    row: Row
    at: float
    low: float
    high: float
    original: float
    retrained: float
    second: float
    near: float
    far: float


@dataclass(frozen=True)
class Scale:
    """A version's numbers on one scale, from ``start`` (0, in words) to ``end`` (1), and what the scale lacks, in a sentence.

    ``silent`` has the titles of numbers that cannot tell the original from the retrained model; they are left out.
    """

    start: str
    end: str
    remark: str
    marks: tuple[Mark, ...]
    silent: tuple[str, ...] = ()


def scale_of(audit: Audit) -> Scale:
    """The best scale that an audit has numbers for; it may be without marks."""
    rows = {row.metric: row for row in audit.rows}
    listed = [rows[name] for name in SHOWN if name in rows]
    known = [row for row in listed if _known(row.version, row.retrained, row.original)]
    if known:
        silent = tuple(metric_title(row.metric) for row in known if not row.tells)
        marks = tuple(
            _placed(row, _gap(row), math.copysign(row.start, row.retrained - row.original)) for row in known if row.tells
        )
        return Scale("remembers", NEVER_SEEN, "", marks, silent)
    known = [row for row in listed if _known(row.version, row.retrained) and row.floor > 0]
    if known:
        marks = tuple(_placed(row, _gap(row), FLOORS * row.floor * _direction(row)) for row in known)
        return Scale("unlike retraining", NEVER_SEEN, WITHOUT_ORIGINAL, marks)
    attacks = [rows[name] for name in ATTACKS if name in rows and _known(rows[name].version)]
    return Scale("finds every face", "a guess", ATTACKS_ONLY, tuple(map(_beside_a_guess, attacks)))


def _known(*values: float) -> bool:
    return not math.isnan(sum(values))


def _gap(row: Row) -> float:
    """How far the version is from the retrained models, with its sign."""
    return math.copysign(row.distance, row.lean)


def _direction(row: Row) -> int:
    """The sign of retrained - original, as it is to be expected: numbers of memory know where remembering leads."""
    remembers = METRICS[row.metric].remembers
    higher = remembers == "lower" if remembers else row.better == "higher"
    return 1 if higher else -1


def _placed(row: Row, gap: float, way: float) -> Mark:
    """``way`` leads from 0 to 1: what is at 0 is that far below the retrained models.

    A number of one model is measured from the mean of all retrained ones, which stands at 1; each has its own place beside it.
    One that compares with a retrained model is measured from the one that it compares with.
    """
    middle = row.retrained if "retrained" in METRICS[row.metric].needs else row.version - row.lean

    def at(value: float) -> float:
        return 1 + (value - middle) / way

    ends = sorted(1 + (end + gap - row.gap) / way for end in (row.gap_low, row.gap_high))
    floor = row.floor / abs(way)
    # Nobody's answers are more like the retrained model's than its own.
    far = 1.0 if row.kind == LIKENESS and row.better else 1 + floor
    return Mark(row, 1 + gap / way, *ends, at(row.original), at(row.retrained), at(row.second), 1 - floor, far)


def _beside_a_guess(row: Row) -> Mark:
    def at(value: float) -> float:
        return (CERTAIN - value) / (CERTAIN - GUESS)

    ends = sorted((at(row.low), at(row.high)))
    return Mark(row, at(row.version), *ends, at(row.original), at(row.retrained), at(row.second), math.nan, math.nan)


def styles(mark: Mark) -> dict[str, str]:
    """Where everything of a mark is drawn, as a style sheet has it; empty for what is not known.

    What lies outside the scale stands at its end; of the version, an arrow says so.
    """
    arrow = "\N{BLACK RIGHT-POINTING TRIANGLE}" if mark.at > RIGHT else ""
    return {
        **{name: left(getattr(mark, name)) for name in ("at", "original", "retrained", "second")},
        "interval": _stretch(mark.low, mark.high),
        "floor": _stretch(mark.near, mark.far),
        "arrow": "\N{BLACK LEFT-POINTING TRIANGLE}" if mark.at < LEFT else arrow,
    }


def left(at: float) -> str:
    """A place on the scale."""
    return "" if math.isnan(at) else f"left: {_percent(_shown(at) - LEFT)}"


def _stretch(start: float, end: float) -> str:
    return f"{left(start)}; width: {_percent(_shown(end) - _shown(start))}" if _known(start, end) else ""


def _percent(length: float) -> str:
    return f"{100 * length / (RIGHT - LEFT):.2f}%"


def _shown(at: float) -> float:
    return min(max(at, LEFT), RIGHT)
