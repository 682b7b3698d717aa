"""What a version cost beside retraining, and single figures of merit, by hand."""

import math

import numpy as np
import pytest

from evaluation.worlds import world
from unlearning.evaluation.ground import Comparison, NotKnownError, Witness, comparison_of
from unlearning.evaluation.numbers import adaptations, costs
from unlearning.evaluation.numbers.accuracy import accuracy
from unlearning.evaluation.numbers.membership import balanced_accuracy, by_error

KNOWN = {
    "seconds": 30.0,
    "retrained_seconds": 120.0,
    "samples": 64.0,
    "retrained_samples": 640.0,
    "peak_memory_mb": 512.0,
}


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
    with pytest.raises(NotKnownError, match="seconds was not recorded"):
        costs.cost_ratio(comparison_of(study_case(seconds=3.0)), "seconds")
    with pytest.raises(NotKnownError, match="retraining are 0"):
        costs.cost_ratio(comparison_of(study_case(seconds=3.0, retrained_seconds=0.0)), "seconds")


def test_a_number_from_elsewhere_is_taken_as_it_is(study_case):
    ground = comparison_of(study_case()).ground
    given = Comparison(Witness("version", ground, ground.ages, measured={"relearn_ratio": 0.4}))
    assert costs.measured(given, "relearn_ratio").tolist() == [0.4]
    with pytest.raises(NotKnownError, match="not measured"):
        costs.measured(given, "cka")


@pytest.fixture(scope="module")
def compared():
    faces = world(2000)
    witnesses = faces.witnesses(faces.model(True, 5))
    return comparison_of(witnesses.case())


def maes(comparison):
    return {part: accuracy(comparison, part, "mae")[0] for part in ("retain", "forget", "test")}


def test_the_average_gap_by_its_formula(compared):
    retrained = Comparison(compared.retrained)
    own, other = maes(compared), maes(retrained)
    gaps = [abs(own[part] - other[part]) / 15 for part in own]
    gaps.append(abs(by_error(compared, "auc")[0] - by_error(retrained, "auc")[0]))
    assert adaptations.average_gap(compared)[0] == pytest.approx(np.mean(gaps))
    assert adaptations.average_gap(Comparison(compared.retrained, compared.retrained))[0] == 0


def test_the_adapted_adaptive_unlearning_score_by_its_formula(compared):
    own, original = maes(compared), maes(Comparison(compared.original))
    by_hand = (1 - (own["test"] - original["test"]) / 15) / (1 + abs(own["test"] - own["forget"]) / 15)
    assert adaptations.aus(compared)[0] == pytest.approx(by_hand)


def test_the_adapted_machine_unlearning_score_by_its_formula(compared):
    useful = math.exp(-maes(compared)["test"] / 15)
    by_hand = useful / 2 + (1 - 2 * abs(balanced_accuracy(compared)[0] - 0.5)) / 2
    assert adaptations.nomus(compared)[0] == pytest.approx(by_hand)
