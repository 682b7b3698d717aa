"""From numbers to verdicts."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from unlearning.evaluation.audit.verdicts import (
    BETTER,
    BETWEEN,
    DECIDING,
    NOT_JUDGED,
    NOT_KNOWN,
    OVER,
    OVER_LIMIT,
    SAME,
    WITHIN_LIMIT,
    WORSE,
    Bounds,
    Row,
    floor_of,
    judge,
)
from unlearning.evaluation.audit.words import overall
from unlearning.evaluation.metric import LIKENESS, MEMORY
from unlearning.evaluation.registry import METRICS

NAN = math.nan


def finding(name: str, original, retrained, second, version, reasons=None, **more) -> Row:
    """The judged row of a metric of four models that are known exactly, on a hundred faces."""
    metric, gap, bounds = METRICS[name], version - retrained, more.pop("bounds", Bounds())
    own = {"part": metric.part, "kind": metric.kind, "unit": metric.unit, "better": metric.better}
    known = {"original": original, "retrained": retrained, "second": second, "version": version}
    ends = {"low": version, "high": version, "gap": gap, "gap_low": gap, "gap_high": gap}
    placed = {"lean": gap, "distance": abs(gap), "start": abs(original - retrained), "floor": abs(second - retrained)}
    row = Row(name, **own, **known, **{"count": 100.0} | ends | placed | more)
    return judge(row, metric, reasons or {}, bounds)


def verdict(*arguments, **more) -> str:
    return finding(*arguments, **more).verdict


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (2.9, WORSE),
        (3.0, WORSE),
        (3.1, BETWEEN),
        (7.4, BETWEEN),
        (7.6, SAME),
        (8.0, SAME),
        (8.5, SAME),
        (8.6, OVER),
        (40.0, OVER),
    ],
)
def test_errors_on_the_forget_set(version, expected):
    """The original errs by 3 years, the retrained models by 8 and 8.5: less is memory, more is over-forgetting."""
    assert verdict("forget_mae", 3.0, 8.0, 8.5, version) == expected


@pytest.mark.parametrize(("version", "expected"), [(0.9, WORSE), (0.7, BETWEEN), (0.5, SAME), (0.44, OVER), (0.1, OVER)])
def test_an_attack(version, expected):
    """.8 on the original, .5 and .55 on retrained models; far below .5 is no success."""
    assert verdict("mia_auc", 0.8, 0.5, 0.55, version) == expected


@pytest.mark.parametrize(("version", "expected"), [(4.0, BETTER), (6.0, SAME), (6.4, SAME), (6.9, BETWEEN), (7.0, WORSE)])
def test_errors_on_the_test_set(version, expected):
    """Retraining cost a year: beyond the floor, more error is a fault and less is none."""
    assert verdict("test_mae", 5.0, 6.0, 6.5, version) == expected


@pytest.mark.parametrize(("version", "expected"), [(0.1, SAME), (0.6, BETWEEN), (2.0, WORSE), (9.0, WORSE)])
def test_a_distance(version, expected):
    assert verdict("forget_w1_predictions", 2.0, 0.0, 0.5, version) == expected


def test_the_bound_and_the_share_that_is_gone_are_told_and_so_is_doing_exactly_nothing():
    told = finding("forget_w1_predictions", 2.0, 0.0, 0.5, 0.6)
    assert told.bound == "0.6 > floor 0.5, < original 2"
    assert told.note == "70% of the original's distance is gone"
    assert finding("forget_mae", 3.0, 8.0, 8.5, 3.0).note == "exactly the original's distance"


def test_a_number_that_the_original_passes_too_says_so():
    found = finding("forget_mae", 7.8, 8.0, 8.5, 7.7)
    assert not found.tells
    assert found.verdict == SAME
    assert "the original passes too" in found.note


def test_memory_left_beside_a_floor_that_the_original_lies_within_is_not_known():
    found = finding("memory_left", 100.0, 0.0, 0.0, 82.0, floor=370.0)
    assert (found.verdict, found.reason) == (NOT_KNOWN, "a further retrained model may lie 370 % away, the original lies 100 %")
    assert verdict("memory_left", 100.0, 0.0, 0.0, 8.0, floor=20.0) == SAME


def told(version: float, memory: float, likeness: float, left: float = 0.0) -> str:
    """The sentence about a version whose numbers are 3 where it is the original and 8 where it is retrained, by the floors."""
    floors = {MEMORY: memory, LIKENESS: likeness}
    rows = [
        finding(name, 3.0, 8.0, 8.0, version, floor=floors[METRICS[name].kind], decides=True)
        for name in (*DECIDING, "memory_left")
    ]
    *deciding, last = rows
    share = replace(last, version=left, low=left - 10, high=left + 17, decides=False, reason="no noise is so small")
    return overall((*deciding, share))[1]


def test_where_no_number_of_memory_tells_likeness_alone_says_what_was_forgotten():
    assert told(3.0, memory=9.0, likeness=1.0, left=30.0).startswith("It has not forgotten: of 3 numbers")
    assert told(3.0, memory=9.0, likeness=1.0, left=NAN).startswith("It has not forgotten: of 3 numbers"), "it errs less"
    assert told(5.0, memory=9.0, likeness=1.0).startswith("It has forgotten in part: of 3 numbers")
    beyond = "It remembers no more than retraining leaves, but it is not like a retrained model: of 3 numbers"
    assert told(14.0, memory=9.0, likeness=1.0, left=-80.0).startswith(beyond)
    assert told(14.0, memory=9.0, likeness=1.0, left=NAN).startswith(beyond), "it errs more on the forgotten faces"
    unsure = "Whether it has forgotten cannot be said: only likeness tells, and whether it errs less or more"
    assert told(14.0, memory=9.0, likeness=1.0, left=-10.0).startswith(unsure), "from 20 % more to 7 % less by the faces"


def test_it_cannot_be_told_from_retraining_only_where_a_number_of_memory_tells_and_little_is_left():
    assert told(8.0, memory=1.0, likeness=1.0).startswith("It cannot be told from retraining: of 6 numbers")
    silent = "cannot be said: the numbers of memory do not tell the original from the retrained model; of 3 numbers"
    assert silent in told(8.0, memory=9.0, likeness=1.0)
    left = told(8.0, memory=1.0, likeness=1.0, left=82.0)
    assert "cannot be said: too few retrained models to tell, and 82 % of the original's memory may be left; of 6" in left
    assert left.endswith(" Memory left: 82 % (72 to 99 by the faces alone).")
    unknown = told(8.0, memory=1.0, likeness=1.0, left=NAN)
    assert "cannot be said: what is left of the original's memory is not known; of 6" in unknown
    assert unknown.endswith(" Memory left: not known: no noise is so small.")


def test_a_bound_can_ask_for_more_than_any_approach():
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 4.0) == BETWEEN
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 4.0, bounds=Bounds(nothing_done=0.5)) == WORSE


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, WITHIN_LIMIT), (0.2, WITHIN_LIMIT), (0.21, OVER_LIMIT)])
def test_the_time_limit_is_a_fifth_of_retraining(seconds, expected):
    assert verdict("seconds_ratio", NAN, 1.0, NAN, seconds) == expected
    assert verdict("samples", NAN, 1.0, NAN, seconds) == NOT_JUDGED


def test_a_number_that_is_missing_altogether_or_of_a_member_is_not_known_and_says_why():
    found = finding("mia_auc", 0.8, 0.5, 0.55, NAN, reasons={"version": "3 pairs"})
    assert (found.verdict, found.reason) == (NOT_KNOWN, "3 pairs")
    found = finding("forget_mae", 3.0, 8.0, 8.5, 8.0, lean=NAN, distance=NAN)
    assert (found.verdict, found.reason.partition(",")[0]) == (NOT_KNOWN, "it is not known of every member")


def test_a_handful_of_faces_gives_no_verdict():
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 3.0, count=9.0) == NOT_KNOWN
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 3.0, count=10.0) == WORSE


def test_one_face_is_one_and_pairs_are_counted_as_pairs():
    told = [finding(name, 3.0, 8.0, 8.4, 8.0, count=count).reason for name, count in (("forget_mae", 1.0), ("mia_auc", 2.0))]
    assert told == ["1 face; 10 are needed for a verdict", "2 pairs of faces; 10 are needed for a verdict"]


def without_floor(version, low, high):
    reasons = {"second": "no second retrained model"}
    return finding("forget_mae", 3.0, 8.0, NAN, version, reasons, gap_low=low, gap_high=high, floor=NAN)


def test_with_one_retrained_model_nothing_can_pass():
    """Seeds may differ by anything: only what is as far as the original, beyond the noise of the faces, is known."""
    near = without_floor(8.0, -0.4, 0.4)
    assert (near.verdict, near.reason) == (NOT_KNOWN, "no second retrained model")
    assert without_floor(7.0, -1.4, -0.6).verdict == NOT_KNOWN
    assert without_floor(3.0, -5.4, -4.6).verdict == WORSE
    assert without_floor(20.0, 11.0, 13.0).verdict == OVER
    assert verdict("forget_w1_predictions", 2.0, 0.0, NAN, 9.0, floor=NAN) == NOT_KNOWN


def test_without_the_original_it_cannot_be_said_what_doing_nothing_gives():
    known = {"reasons": {"original": "no original model"}, "start": NAN}
    found = finding("forget_mae", NAN, 8.0, 8.5, 5.0, **known)
    assert (found.verdict, found.reason) == (NOT_KNOWN, "no original model")
    assert verdict("forget_mae", NAN, 8.0, 8.5, 8.2, **known) == SAME
    assert verdict("forget_mae", NAN, 8.0, 8.5, 9.0, **known) == OVER


def alone(name, low, high):
    """No retrained model: a number with its interval."""
    reasons = {"retrained": "no retrained model"}
    return finding(name, NAN, NAN, NAN, (low + high) / 2, reasons, low=low, high=high)


def test_without_a_retrained_model_an_attack_stands_beside_a_guess_and_other_numbers_say_nothing():
    assert alone("mia_auc", 0.2, 0.3).verdict == OVER
    held, above, below = alone("mia_auc", 0.45, 0.55), alone("mia_auc", 0.6, 0.7), alone("mia_auc", 0.46, 0.49)
    assert {held.verdict, above.verdict, below.verdict} == {NOT_KNOWN}
    assert "holds what a guess gives" in held.note
    assert "still remembers" in above.note
    assert "errs more on forgotten" in below.note
    assert held.reason == "no retrained model"
    found = alone("forget_mae", 3.0, 4.0)
    assert (found.verdict, found.bound, found.note) == (NOT_KNOWN, "", "")


def holds(passed: np.ndarray, level: float) -> bool:
    """Does the exact interval of the share that passed hold the level? 99.9 % of them do."""
    ends = stats.binomtest(int(passed.sum()), len(passed)).proportion_ci(0.999, method="exact")
    return ends.low <= level <= ends.high


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 10])
@pytest.mark.parametrize("level", [0.95, Bounds().each])
def test_one_further_model_passes_beside_any_number_of_seeds_as_often_as_the_level_says(seeds, level):
    drawn = np.random.default_rng(seeds).normal(7.0, 0.3, (8000, seeds + 1))
    floors = np.array([floor_of(row[1:], level) for row in drawn])
    assert holds(np.abs(drawn[:, 0] - drawn[:, 1:].mean(axis=1)) <= floors, level)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_so_it_does_where_seeds_are_known_by_their_distances_only(seeds):
    """Every model is a_i away from the middle, in a direction of its own, so that two are a_i + a_j apart."""
    away = np.random.default_rng(seeds).normal(5.0, 0.4, (8000, seeds + 1))
    others = (away[:, 1:].sum(axis=1, keepdims=True) - away[:, 1:]) / (seeds - 1)
    floors = np.array([floor_of(row, 0.95, beside_retraining=True) for row in away[:, 1:] + others])
    assert holds(away[:, 0] + away[:, 1:].mean(axis=1) <= floors, 0.95)


def test_the_floor_by_hand():
    """Seeds of 4 and 6 years: s = sqrt(2), and t with one degree of freedom is 12.706; faces add 1.96 of their error."""
    seeds = 12.7062 * math.sqrt(2) * math.sqrt(1.5)
    assert floor_of(np.array([4.0, 6.0]), 0.95) == pytest.approx(seeds, rel=1e-4)
    assert floor_of(np.array([4.0, 6.0]), 0.95, faces=5.0) == pytest.approx(math.hypot(seeds, 1.95996 * 5), rel=1e-4)
    assert math.isnan(floor_of(np.array([4.0]), 0.95))
    assert math.isnan(floor_of(np.array([4.0, 4.0]), 0.95, beside_retraining=True)), "two models have one distance"


def test_every_number_that_decides_is_measured():
    assert set(DECIDING) <= METRICS.keys()
    assert Bounds().each == pytest.approx(1 - 0.05 / 6)
