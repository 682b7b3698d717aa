"""The three scores of the study, on the example that it works by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.evaluation import study

RETRAINED, EVALUATED = np.array([10.0, 4.0]), np.array([2.0, -1.0])
years = st.floats(-100, 100)
pairs = st.lists(st.tuples(years, years), min_size=1, max_size=6).map(np.array)


def test_each_face_of_the_example():
    """E = 8 and 3 years; f = exp(-8/15) = .5866 and exp(-3/15) = .8187."""
    scores = [study.forgetting(RETRAINED[[i]], EVALUATED[[i]]) for i in (0, 1)]
    assert scores == pytest.approx([0.5866, 0.8187], abs=5e-5)


def test_utility_f_and_forgetting_of_the_example_with_alpha_15_by_default():
    assert study.forgetting(RETRAINED, EVALUATED) == pytest.approx(0.7027, abs=5e-5)
    assert study.forgetting(RETRAINED, EVALUATED, 15) == study.forgetting(RETRAINED, EVALUATED)
    utility = study.utility(np.array([4.0, 8.0]), np.array([5.0, 5.0]))
    assert utility == pytest.approx(1.2)
    assert study.f_score(utility, study.forgetting(RETRAINED, EVALUATED)) == pytest.approx(0.8432, abs=5e-5)


def test_forgetting_rises_with_alpha():
    scores = [study.forgetting(RETRAINED, EVALUATED, alpha) for alpha in (2, 5, 10, 15, 20, 25, 30, 35)]
    assert scores == sorted(set(scores))
    assert scores[0] == pytest.approx((math.exp(-4) + math.exp(-1.5)) / 2)


@given(pairs, st.floats(0.5, 50))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_forgetting_lies_between_0_and_1_and_the_two_models_can_be_swapped(errors, alpha):
    forward = study.forgetting(errors[:, 0], errors[:, 1], alpha)
    assert 0 <= forward <= 1
    assert study.forgetting(errors[:, 1], errors[:, 0], alpha) == forward


@given(pairs)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_model_with_the_retrained_one_s_errors_has_forgotten(errors):
    assert study.forgetting(errors[:, 0], errors[:, 0]) == 1


def test_a_test_error_of_zero_is_better_than_any_other():
    assert study.utility(np.array([6.0]), np.array([0.0])) == math.inf
    assert math.isnan(study.utility(np.array([0.0]), np.array([0.0])))
