"""Distances to the retrained model: by hand, and resampled."""

import numpy as np
import pytest

from evaluation.worlds import world
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import Comparison, Witness, comparison_of, ground_of
from unlearning.evaluation.numbers import distances


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
