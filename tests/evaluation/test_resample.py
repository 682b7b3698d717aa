"""Intervals by resampling faces."""

import numpy as np
import pandas as pd
import pytest

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.case import Case
from unlearning.evaluation.resample import Resampled, interval, weights

FORGET = ForgetSet("20-28", "20-28", "digest", tuple(f"f{n}" for n in range(200)))


def table(test: np.ndarray, forget: np.ndarray) -> pd.DataFrame:
    """Predictions of 40-year-olds with these errors, in years."""
    ids = [f"t{n}" for n in range(len(test))] + [f"f{n}" for n in range(len(forget))]
    split = ["test"] * len(test) + ["train"] * len(forget)
    return pd.DataFrame({"id": ids, "split": split, "age": 40.0, "predicted": 40.0 + np.concatenate([test, forget])})


@pytest.fixture
def case():
    random = np.random.default_rng(0)
    own = table(random.normal(0, 5, 400), random.normal(0, 4, 200))
    reference = table(random.normal(0, 8, 400), random.normal(0, 9, 200))
    return Case(own, reference, FORGET)


def test_weights_of_a_resample_sum_to_one_and_are_whole_draws():
    drawn = weights(7, 50, seed=0)
    assert drawn.sum(axis=1) == pytest.approx(1)
    assert np.allclose(drawn * 7, np.rint(drawn * 7))


def test_equal_models_never_differ_because_the_resamples_are_the_same(case):
    resampled = Resampled(case)
    assert interval(resampled.f_score((case,)) - resampled.f_score((case,))) == (0.0, 0.0)


def test_the_interval_holds_what_the_metrics_say(case):
    from unlearning.evaluation.metrics import METRICS

    resampled = Resampled(case)
    for name, values in (
        ("Utility", resampled.utility((case,))),
        ("Forgetting", resampled.forgetting((case,))),
        ("F", resampled.f_score((case,))),
    ):
        low, high = interval(values)
        assert low < METRICS[name].function(case) < high
        assert np.mean(values) == pytest.approx(METRICS[name].function(case), rel=0.01)


def test_the_width_is_that_of_the_normal_theory():
    """The mean of 400 errors of spread s is known to 1.96 s / sqrt(400) on either side."""
    drawn = np.random.default_rng(1).normal(10, 2, 400)
    low, high = interval(weights(400, 4000, seed=2) @ drawn)
    assert (high - low) / 2 == pytest.approx(1.96 * drawn.std() / 20, rel=0.08)
