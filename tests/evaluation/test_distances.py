"""Distances to the retrained model: by hand, and beside scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evaluation.worlds import world
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import Comparison, NotKnownError, Witness, comparison_of, ground_of
from unlearning.evaluation.numbers import distances

few = settings(derandomize=True, max_examples=30, deadline=None)
samples = st.lists(st.floats(-100, 100), min_size=4, max_size=30).map(np.array)


@given(samples, samples)
@few
def test_distances_of_any_two_samples_are_scipy_s(first, second):
    assert distances.wasserstein(first, second) == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-9)
    assert distances.kolmogorov_smirnov(first, second) == pytest.approx(
        stats.ks_2samp(first, second, method="asymp").statistic, abs=1e-9
    )


@given(samples, st.floats(-20, 20), st.integers(0, 99))
@few
def test_a_shift_is_as_long_as_it_is_and_order_and_doubling_do_not_matter(sample, years, seed):
    mixed = np.random.default_rng(seed).permutation(sample)
    assert distances.wasserstein(sample, mixed + years) == pytest.approx(abs(years), abs=1e-9)
    assert distances.wasserstein(sample, np.tile(mixed, 3)) == pytest.approx(0, abs=1e-9)
    assert distances.kolmogorov_smirnov(sample, np.tile(mixed, 3)) == pytest.approx(0, abs=1e-9)


@pytest.fixture
def hand(study_case):
    """On the forget set the version says 27, 29 and the retrained model 35, 34, of faces of 25 and 30 years."""
    return study_case(original=study_case().evaluated.assign(predicted=[26.0, 31.0, 41.0, 51.0]))


@pytest.mark.parametrize(("values", "years"), [("predictions", 6.5), ("errors", 6.5), ("abs_errors", 5.5)])
def test_w1_by_hand(hand, values, years):
    """Sorted: 27, 29 beside 34, 35; errors -1, 2 beside 4, 10; their sizes 1, 2 beside 4, 10."""
    assert distances.distance(comparison_of(hand), "forget", "w1", values)[0] == years


def test_the_other_distances_by_hand(hand):
    comparison = comparison_of(hand)
    assert distances.distance(comparison, "forget", "ks", "predictions")[0] == 1
    assert distances.difference(comparison, "forget")[0] == (8 + 5) / 2
    assert distances.correlation(comparison, "forget")[0] == pytest.approx(-1)
    assert distances.normalised(comparison, "forget")[0] == pytest.approx(13 / 12)


def test_a_model_that_answers_every_face_alike_has_no_correlation(hand, study_case):
    constant = study_case(evaluated=hand.evaluated.assign(predicted=40.0))
    with pytest.raises(NotKnownError, match="every face alike"):
        distances.correlation(comparison_of(constant), "forget")


def test_there_is_no_scale_where_the_original_predicts_what_the_retrained_model_predicts(hand, study_case):
    with pytest.raises(NotKnownError, match="the original predicts"):
        distances.normalised(comparison_of(study_case(original=hand.retrained)), "forget")


@pytest.mark.parametrize("missing", ["retrained", "original"])
def test_what_is_missing_is_named(hand, study_case, missing):
    models = {"retrained": hand.retrained, "original": hand.original} | {missing: None}
    with pytest.raises(NotKnownError, match=f"no {missing} model"):
        distances.normalised(comparison_of(study_case(**models)), "forget")


WORLD = world(3000)
RETRAINED, VERSION = WORLD.model(False, 2), WORLD.model(True, 1)


def resampled(version=VERSION, resamples=400) -> Comparison:
    case = Case(version, RETRAINED, WORLD.forget, about=WORLD.faces)
    ground, order = ground_of(case, resamples)
    both = [Witness(name, ground, table.predicted.to_numpy()[order]) for name, table in (("U", version), ("R", RETRAINED))]
    return Comparison(*both)


@pytest.mark.parametrize("part", ["forget", "test_in_range"])
def test_distances_of_a_whole_world_are_scipy_s(part):
    comparison = resampled(resamples=0)
    rows = comparison.ground.faces(part)
    both = [model.predicted[rows] for model in (comparison.subject, comparison.retrained)]
    w1, ks = (distances.distance(comparison, part, kind, "predictions")[0] for kind in ("w1", "ks"))
    assert w1 == pytest.approx(stats.wasserstein_distance(*both), abs=1e-9)
    assert ks == pytest.approx(stats.ks_2samp(*both, method="asymp").statistic, abs=1e-9)
    assert distances.correlation(comparison, part)[0] == pytest.approx(stats.pearsonr(*both).statistic, abs=1e-9)


@pytest.mark.parametrize("kind", ["w1", "ks"])
def test_resampled_distances_lie_about_the_sample_s_where_the_models_differ_much(kind):
    drawn = distances.distance(resampled(), "forget", kind, "predictions")
    assert drawn[1:].mean() == pytest.approx(drawn[0], rel=0.05)
    assert 0 < drawn[1:].std() < 0.1 * drawn[0]


def test_the_spread_of_a_difference_of_means_is_that_of_the_normal_theory():
    """Predictions moved by about 8 years each: W1 is the mean difference, known to its standard error."""
    comparison = resampled(resamples=2000)
    rows = comparison.ground.faces("forget")
    apart = comparison.subject.predicted[rows] - comparison.retrained.predicted[rows]
    drawn = distances.distance(comparison, "forget", "w1", "predictions")
    assert drawn[1:].std() == pytest.approx(apart.std() / np.sqrt(len(rows)), rel=0.1)


def test_a_model_is_at_no_distance_from_itself_in_every_resample():
    comparison = resampled(RETRAINED)
    for values in distances.VALUES:
        assert not distances.distance(comparison, "forget", "w1", values).any()
    assert not distances.difference(comparison, "forget").any()
    assert distances.correlation(comparison, "forget") == pytest.approx(1, abs=1e-4)
