"""Intervals by resampling faces."""

import numpy as np
import pandas as pd
import pytest

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import measure
from unlearning.evaluation.resample import BLOCKS, Resampled, draw_blocks, interval, weights

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
    resampled = Resampled(case)
    for name, values in (
        ("Utility", resampled.utility((case,))),
        ("Forgetting", resampled.forgetting((case,))),
        ("F", resampled.f_score((case,))),
    ):
        low, high = interval(values)
        assert low < measure(case)[name] < high
        assert np.mean(values) == pytest.approx(measure(case)[name], rel=0.01)


def test_the_width_is_that_of_the_normal_theory():
    """The mean of 400 errors of spread s is known to 1.96 s / sqrt(400) on either side."""
    drawn = np.random.default_rng(1).normal(10, 2, 400)
    low, high = interval(weights(400, 4000, seed=2) @ drawn)
    assert (high - low) / 2 == pytest.approx(1.96 * drawn.std() / 20, rel=0.08)


def spread(clusters: np.ndarray, values: np.ndarray, resamples: int = 3000) -> float:
    blocks = draw_blocks(clusters, resamples, seed=0)
    totals = blocks.totals(np.arange(len(values)), [values, np.ones(len(values))])
    return float((totals[1:, 0] / totals[1:, 1]).std())


@pytest.mark.parametrize("count", [200, BLOCKS, 20 * BLOCKS])
def test_blocks_of_faces_spread_a_mean_as_faces_do(count):
    """s / sqrt(n), be a face its own block or one of twenty in a block."""
    values = np.random.default_rng(1).normal(10, 2, count)
    assert spread(np.arange(count), values) == pytest.approx(values.std() / np.sqrt(count), rel=0.08)


def test_copies_that_are_drawn_together_make_no_mean_surer():
    """Each of 200 faces four times: the spread is that of 200 faces and not of 800."""
    values = np.random.default_rng(1).normal(10, 2, 200)
    assert spread(np.repeat(np.arange(200), 4), np.repeat(values, 4)) == pytest.approx(values.std() / np.sqrt(200), rel=0.08)


def test_the_first_row_of_totals_is_the_sample_exactly():
    values = np.random.default_rng(2).normal(1e6, 1, 5000)
    blocks, rows = draw_blocks(np.arange(5000), 4, seed=0), np.arange(0, 5000, 7)
    assert blocks.totals(rows, [values[rows]])[0, 0] == np.sum(values[rows])
    assert np.array_equal(blocks.still().totals(rows, [values[rows]]), blocks.totals(rows, [values[rows]])[:1])


def test_counts_are_those_of_the_codes():
    blocks = draw_blocks(np.arange(6), 2, seed=0)
    counts = blocks.counts(np.array([1, 3, 3]), np.array([0, 2, 2]), 3)
    assert counts.sum() == 3
    assert counts[blocks.of_row[3], 2] == 2


def test_nobody_can_be_drawn_from():
    blocks = draw_blocks(np.empty(0, dtype=np.int64), 3, seed=0)
    assert blocks.totals(np.empty(0, dtype=np.int64), [np.empty(0)]).tolist() == [[0]] * 4
