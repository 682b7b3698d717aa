"""What a version cost beside retraining, by hand."""

import pytest

from unlearning.evaluation.ground import Comparison, NotKnownError, Witness, comparison_of
from unlearning.evaluation.numbers import costs

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
