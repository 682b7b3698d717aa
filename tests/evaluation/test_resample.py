"""Intervals by resampling seeds and faces."""

import numpy as np
import pytest

from unlearning.evaluation.resample import BLOCKS, draw_blocks, draw_seeds, interval_of_seeds


def test_the_mean_of_drawn_seeds_spreads_as_the_mean_of_all_does():
    """s / sqrt(n) with the deviation of n - 1, also of three seeds, where drawing all three would give .82 of it."""
    values = np.array([1.0, 2.0, 6.0])
    counts = draw_seeds(3, 20_000, seed=0)
    means = counts @ values / counts.sum(axis=1)
    assert means[0] == 3
    assert means[1:].std() == pytest.approx(values.std(ddof=1) / np.sqrt(3), rel=0.02)


def test_an_interval_of_three_seeds_is_students_where_faces_say_nothing_and_that_of_the_faces_where_seeds_agree():
    """The mean of 1, 2 and 6 is 3, and 4.303 standard errors of a mean of three with 2 degrees of freedom lie on each side."""
    values = np.array([1.0, 2.0, 6.0])
    counts = draw_seeds(3, 50_000, seed=0)
    both = counts @ values / counts.sum(axis=1)
    low, high = interval_of_seeds(both, np.full(len(both), 3.0), 3)
    assert (low + high) / 2 == pytest.approx(3)
    assert (high - low) / 2 == pytest.approx(4.303 * values.std(ddof=1) / np.sqrt(3), rel=0.02)
    faces = np.concatenate([[3.0], np.random.default_rng(0).normal(3, 0.5, 50_000)])
    assert interval_of_seeds(faces, faces, 3) == pytest.approx((3 - 1.96 * 0.5, 3 + 1.96 * 0.5), rel=0.02)


def test_of_one_seed_nothing_is_known_but_itself():
    assert set(draw_seeds(1, 5, seed=0).ravel()) == {1}


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
