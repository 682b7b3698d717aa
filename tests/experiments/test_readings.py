"""What counts as a confirmation of the study's sentences."""

import pytest

from unlearning.experiments.readings import CONFIRMED, CONTRADICTED, NOT_RUN, OPEN, READINGS, Evidence, verdict
from unlearning.experiments.results import Results


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_that_is_true_is_confirmed(as_the_study_says, name):
    evidence = READINGS[name].function(as_the_study_says)
    assert evidence
    assert verdict(evidence) == CONFIRMED, evidence


@pytest.mark.parametrize("name", ["original", "utility", "forgetting", "best"])
def test_models_that_are_all_alike_confirm_nothing(all_the_same, name):
    assert verdict(READINGS[name].function(all_the_same)) != CONFIRMED


@pytest.mark.parametrize("name", READINGS)
def test_what_was_not_run_is_said_to_be_so(name, as_the_study_says):
    only_rnd = Results("small", "digest", tuple(o for o in as_the_study_says.outcomes if o.arm == "rnd"))
    assert verdict(READINGS[name].function(only_rnd)) == NOT_RUN


@pytest.mark.parametrize(
    ("low", "high", "seeds", "expected"),
    [
        (0.1, 0.3, (0.2, 0.2, 0.2), CONFIRMED),
        (0.1, 0.3, (0.4, 0.3, -0.1), OPEN),
        (-0.1, 0.3, (0.1, 0.1, 0.1), OPEN),
        (-0.3, -0.1, (-0.2, -0.2, -0.2), CONTRADICTED),
    ],
)
def test_an_interval_above_0_in_all_seeds_confirms(low, high, seeds, expected):
    assert Evidence("claim", 0.2, low, high, seeds).verdict == expected


def test_one_part_that_is_open_leaves_the_whole_open():
    parts = [Evidence("a", 1, 0.5, 1.5, (1.0,)), Evidence("b", 0, -1, 1, (0.0,))]
    assert verdict(parts) == OPEN
