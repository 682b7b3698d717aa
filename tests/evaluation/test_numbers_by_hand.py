"""Errors on the worst ages, costs, and distances to the retrained model: by hand, and resampled."""

import numpy as np
import pandas as pd
import pytest

from evaluation.worlds import world
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import FEWEST, Comparison, NotKnownError, Witness, comparison_of, ground_of
from unlearning.evaluation.numbers import accuracy, costs, distances


def aged(errors: dict[int, float], count: int = FEWEST) -> Case:
    """``count`` test faces of every age, all with the same error."""
    rows = [(f"{age}-{i}", "test", age, age + error) for age, error in errors.items() for i in range(count)]
    return Case(pd.DataFrame(rows, columns=["id", "split", "age", "predicted"]))


def test_the_worst_ages_by_hand_and_bands_of_few_faces_are_not_compared():
    """Errors of 2 and 6 years, 4 on average: the worst band errs 2 years more."""
    assert accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 40: -6.0})))[0] == 2
    assert accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 34: -6.0, 40: 4.0})))[0] == 0, "30 and 34 are one band"
    with pytest.raises(NotKnownError, match="1 group of 10 faces"):
        accuracy.worst_age_gap(comparison_of(aged({30: 2.0})))
    with pytest.raises(NotKnownError, match="0 groups"):
        accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 40: 6.0}, FEWEST - 1)))


def test_the_mean_error_is_over_faces_and_an_empty_part_says_so():
    with pytest.raises(NotKnownError, match="nobody: validation faces"):
        accuracy.mae(comparison_of(aged({30: 2.0})), "validation")
    case = aged({30: 2.0, 40: -6.0, 50: 1.0})
    assert accuracy.mae(comparison_of(case), "test")[0] == np.mean(np.abs(case.errors("test"))) == 3


KNOWN = {"seconds": 30.0, "retrained_seconds": 120.0, "samples": 64.0, "retrained_samples": 640.0, "peak_memory_mb": 512.0}


def test_costs_by_hand(study_case):
    """The hand example has one training face."""
    comparison = comparison_of(study_case(**KNOWN))
    assert [costs.cost(comparison, name)[0] for name in ("seconds", "samples", "peak_memory_mb")] == [30, 64, 512]
    assert [costs.cost_ratio(comparison, name)[0] for name in ("seconds", "samples")] == [0.25, 0.1]
    assert costs.passes(comparison)[0] == 64


@pytest.mark.parametrize("name", ["seconds", "samples", "peak_memory_mb"])
def test_what_was_not_recorded_says_so(study_case, name):
    with pytest.raises(NotKnownError, match=f"{name} was not recorded"):
        costs.cost(comparison_of(study_case()), name)


def test_without_the_cost_of_retraining_there_is_no_ratio(study_case):
    with pytest.raises(NotKnownError, match="seconds of retraining was not recorded"):
        costs.cost_ratio(comparison_of(study_case(seconds=3.0)), "seconds")
    with pytest.raises(NotKnownError, match="retraining are 0"):
        costs.cost_ratio(comparison_of(study_case(seconds=3.0, retrained_seconds=0.0)), "seconds")


def test_a_number_from_elsewhere_is_taken_as_it_is(study_case):
    ground = comparison_of(study_case()).ground
    given = Comparison(Witness("version", ground, ground.ages, measured={"relearn_ratio": 0.4}))
    assert costs.measured(given, "relearn_ratio").tolist() == [0.4]
    with pytest.raises(NotKnownError, match="not measured"):
        costs.measured(given, "cka")


def test_distances_by_hand(study_case):
    """Sorted, the version's 27 and 29 stand beside the retrained 34 and 35; face by face beside 35 and 34."""
    hand = comparison_of(study_case())
    assert distances.w1(hand)[0] == 6.5
    assert distances.difference(hand)[0] == (8 + 5) / 2


WORLD = world(3000)
RETRAINED, VERSION = WORLD.model(False, 2), WORLD.model(True, 1)


def resampled(version=VERSION, resamples=400) -> Comparison:
    case = Case(version, RETRAINED, WORLD.forget, about=WORLD.faces)
    ground = ground_of(case, resamples)
    tables = {"U": version, "R": RETRAINED}
    return Comparison(*(Witness(name, ground, table.predicted.to_numpy()[ground.order]) for name, table in tables.items()))


def test_resampled_distances_lie_about_the_sample_s_where_the_models_differ_much():
    drawn = distances.w1(resampled())
    assert drawn[1:].mean() == pytest.approx(drawn[0], rel=0.05)
    assert 0 < drawn[1:].std() < 0.1 * drawn[0]


def test_the_spread_of_a_difference_of_means_is_that_of_the_normal_theory():
    """Predictions moved by about 8 years each: W1 is the mean difference, known to its standard error."""
    comparison = resampled(resamples=2000)
    rows = comparison.ground.faces("forget")
    apart = comparison.subject.predicted[rows] - comparison.retrained.predicted[rows]
    assert distances.w1(comparison)[1:].std() == pytest.approx(apart.std() / np.sqrt(len(rows)), rel=0.1)
