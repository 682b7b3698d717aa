"""From numbers to verdicts."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

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
    Bounds,
    Finding,
    joint_level,
    judge,
    widening,
)
from unlearning.evaluation.audit_metrics import AUDIT_METRICS

NAN = math.nan


def finding(name: str, original, retrained, second, version, **more) -> Finding:
    """A metric of four models that are known exactly, on a hundred faces."""
    values = {"original": original, "retrained": retrained, "second": second, "version": version}
    gap = version - retrained
    return Finding(
        AUDIT_METRICS[name],
        values,
        **{
            "interval": (version, version),
            "gap": (gap, gap, gap),
            "lean": gap,
            "distance": abs(gap),
            "start": abs(original - retrained),
            "floor": abs(second - retrained),
            "count": 100.0,
        }
        | more,
    )


def verdict(*arguments, **more) -> str:
    return judge(finding(*arguments, **more), Bounds()).verdict


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


def test_the_bound_and_the_share_that_is_gone_are_told():
    told = judge(finding("forget_w1_predictions", 2.0, 0.0, 0.5, 0.6), Bounds())
    assert told.bound == "0.6 > floor 0.5, < original 2"
    assert told.note == "70% of the original's distance is gone"


def test_doing_exactly_nothing_is_told():
    assert judge(finding("forget_mae", 3.0, 8.0, 8.5, 3.0), Bounds()).note == "exactly the original's distance"


def test_a_number_that_the_original_passes_too_says_so():
    found = finding("forget_mae", 7.8, 8.0, 8.5, 7.7)
    assert not found.tells
    assert judge(found, Bounds()).verdict == SAME
    assert "the original passes too" in judge(found, Bounds()).note


def test_a_bound_can_ask_for_more_than_any_approach():
    found = finding("forget_mae", 3.0, 8.0, 8.5, 4.0)
    assert judge(found, Bounds()).verdict == BETWEEN
    assert judge(found, Bounds(nothing_done=0.5)).verdict == WORSE


@pytest.mark.parametrize(("seconds", "expected"), [(0.1, WITHIN_LIMIT), (0.2, WITHIN_LIMIT), (0.21, OVER_LIMIT)])
def test_the_time_limit_is_a_fifth_of_retraining(seconds, expected):
    assert verdict("seconds_ratio", NAN, 1.0, NAN, seconds) == expected
    assert verdict("samples", NAN, 1.0, NAN, seconds) == NOT_JUDGED


def test_a_number_that_is_missing_is_not_known_and_says_why():
    found = finding("mia_auc", 0.8, 0.5, 0.55, NAN, reasons={"version": "3 pairs"})
    assert judge(found, Bounds()).verdict == NOT_KNOWN
    assert judge(found, Bounds()).reason == "3 pairs"


def test_a_handful_of_faces_gives_no_verdict():
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 3.0, count=9.0) == NOT_KNOWN
    assert verdict("forget_mae", 3.0, 8.0, 8.5, 3.0, count=10.0) == WORSE


def without_floor(version, low, high):
    return finding("forget_mae", 3.0, 8.0, NAN, version, gap=(version - 8, low, high), floor=NAN)


def test_with_one_retrained_model_nothing_can_pass():
    """Seeds may differ by anything: only what is as far as the original, beyond the noise of the faces, is known."""
    near = judge(without_floor(8.0, -0.4, 0.4), Bounds())
    assert (near.verdict, near.reason) == (NOT_KNOWN, "no second retrained model")
    assert judge(without_floor(7.0, -1.4, -0.6), Bounds()).verdict == NOT_KNOWN
    assert judge(without_floor(3.0, -5.4, -4.6), Bounds()).verdict == WORSE
    assert judge(without_floor(20.0, 11.0, 13.0), Bounds()).verdict == OVER
    assert verdict("forget_w1_predictions", 2.0, 0.0, NAN, 9.0, floor=NAN) == NOT_KNOWN


def test_without_the_original_it_cannot_be_said_what_doing_nothing_gives():
    known = {"reasons": {"original": "no original model"}, "start": NAN}
    found = judge(finding("forget_mae", NAN, 8.0, 8.5, 5.0, **known), Bounds())
    assert (found.verdict, found.reason) == (NOT_KNOWN, "no original model")
    assert verdict("forget_mae", NAN, 8.0, 8.5, 8.2, **known) == SAME
    assert verdict("forget_mae", NAN, 8.0, 8.5, 9.0, **known) == OVER


def alone(name, low, high):
    """No retrained model: a number with its interval."""
    values = {"retrained": NAN, "original": NAN, "second": NAN, "version": (low + high) / 2}
    found = Finding(AUDIT_METRICS[name], values, {"retrained": "no retrained model"}, (low, high), count=100.0)
    return judge(found, Bounds())


def test_without_a_retrained_model_an_attack_stands_beside_a_guess():
    assert alone("mia_auc", 0.2, 0.3).verdict == OVER
    held, above, below = alone("mia_auc", 0.45, 0.55), alone("mia_auc", 0.6, 0.7), alone("mia_auc", 0.46, 0.49)
    assert {held.verdict, above.verdict, below.verdict} == {NOT_KNOWN}
    assert "holds what a guess gives" in held.note
    assert "still remembers" in above.note
    assert "errs more on forgotten" in below.note
    assert held.reason == "no retrained model"


def test_without_a_retrained_model_other_numbers_say_nothing():
    assert alone("forget_mae", 3.0, 4.0) == replace(alone("forget_mae", 3.0, 4.0), verdict=NOT_KNOWN, bound="", note="")


def test_many_floors_hold_together():
    """Of 20 independent metrics each floor is taken near the level .95 ** (1 / 20), of 20 copies of one at .95."""
    random = np.random.default_rng(0)
    noises = list(np.abs(random.normal(size=(20, 4000))))
    level = joint_level(noises, 0.95)
    assert level == pytest.approx(0.95 ** (1 / 20), abs=0.001)
    floors = np.array([np.quantile(noise, level) for noise in noises])
    assert np.mean((np.array(noises) <= floors[:, None]).all(axis=0)) == pytest.approx(0.95, abs=0.002)
    assert joint_level([noises[0]] * 20, 0.95) == pytest.approx(0.95, abs=0.001)


def test_equal_distances_have_one_rank_the_lowest():
    """Ranks of 0, 0, 0, 1 are 1, 1, 1, 4 and of the other 3, 2, 1, 4: the largest are 3, 2, 1, 4, whose median is 2.5."""
    tied, other = np.array([0.0, 0.0, 0.0, 1.0]), np.array([0.3, 0.2, 0.1, 0.4])
    assert joint_level([tied, other], 0.5) == pytest.approx(2.5 / 4)
    assert joint_level([tied], 0.5) == pytest.approx(1 / 4)


def test_what_never_varies_does_not_raise_the_other_floors():
    noise = np.abs(np.random.default_rng(0).normal(size=1000))
    assert joint_level([noise, np.zeros(1000)], 0.9) == joint_level([noise], 0.9)
    assert joint_level([np.zeros(5)], 0.9) == 0.9


@pytest.mark.parametrize(("seeds", "times"), [(0, 1), (1, 1), (2, 6.4829), (3, 2.1953), (4, 1.6237), (5, 1.4166), (10, 1.1542)])
def test_a_floor_from_few_seeds_is_widened_as_students_t_widens_an_interval(seeds, times):
    assert widening(seeds, AUDIT_METRICS["test_mae"], Bounds()) == pytest.approx(times, abs=1e-4)
    if seeds > 1:
        expected = stats.t.ppf(0.975, seeds - 1) / stats.norm.ppf(0.975)
        assert widening(seeds, AUDIT_METRICS["test_mae"], Bounds()) == pytest.approx(expected, rel=1e-9)


def test_what_is_compared_face_by_face_has_room_where_one_pair_is_known():
    assert [widening(seeds, AUDIT_METRICS["Forgetting"], Bounds()) for seeds in (0, 1, 2, 3, 9)] == [1, 1, 1.15, 1, 1]


def test_a_fifth_seed_passes_beside_four_as_often_as_the_level_says():
    """Of normal numbers: the largest distance of four, widened, holds the mean distance of a fifth from them in 95 %."""
    drawn = np.random.default_rng(0).normal(size=(20_000, 5))
    floor = widening(4, AUDIT_METRICS["test_mae"], Bounds()) * np.ptp(drawn[:, :4], axis=1)
    distance = np.abs(drawn[:, 4:] - drawn[:, :4]).mean(axis=1)
    assert np.mean(distance <= floor) == pytest.approx(0.95, abs=0.005)
    assert np.mean(distance <= np.ptp(drawn[:, :4], axis=1)) < 0.9
