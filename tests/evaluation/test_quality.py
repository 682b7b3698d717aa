"""Forgetting quality: against a search of every threshold, against simulated values, and what no model can change."""

import math

import numpy as np
import pytest

from unlearning.errors import InputError
from unlearning.evaluation.on_models.quality import epsilons, points, quality, score, simulated_ceiling


def draw(models, faces, shift=0.0, seed=0, spread=1.0):
    """Outputs of so many unlearned and retrained models, in years; ``shift`` in standard deviations."""
    random = np.random.default_rng(seed)
    centre = random.uniform(20, 60, faces)
    unlearned, retrained = random.normal(0, spread, (2, models, faces))
    return centre + unlearned + shift * spread, centre + retrained


@pytest.mark.parametrize(
    ("models", "expected"),
    [(8, (0.78, 0.74, 0.62, 0.08, 0)), (16, (0.84, 0.78, 0.5, 0.05, 0.03)), (64, (0.84, 0.78, 0.38, 0.02, 0))],
)
def test_the_holdout_form_scores_what_was_simulated_at_shifts_of_0_half_1_3_and_10_deviations(models, expected):
    scores = [score(*draw(models, 500, shift)) for shift in (0, 0.5, 1, 3, 10)]
    assert scores == pytest.approx(expected, abs=0.08)


def test_ten_deviations_are_told_apart_by_everybody():
    """Perfect separation leaves the held-out attacker with ln 5 at N = 4 and ln 17 at N = 16: 1/8 and 1/32 points."""
    assert epsilons(*draw(4, 50, 10)) == pytest.approx(np.full(50, math.log(5)), abs=1e-4)
    assert epsilons(*draw(16, 50, 10)) == pytest.approx(np.full(50, math.log(17)), abs=1e-3)
    assert score(*draw(4, 50, 10)) == 1 / 8
    assert score(*draw(16, 50, 10)) == 1 / 32


def test_the_retrained_tables_themselves_score_one():
    _, retrained = draw(8, 50)
    assert score(retrained, retrained) == 1


def test_units_and_ages_do_not_matter():
    unlearned, retrained = draw(8, 60, shift=1)
    assert epsilons(3 * unlearned - 7, 3 * retrained - 7) == pytest.approx(epsilons(unlearned, retrained))


def test_the_holdout_form_follows_its_seed():
    outputs = draw(6, 60, shift=1)
    first, again, other = (epsilons(*outputs, seed=seed).tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_every_face_is_judged_by_itself_and_tables_stay_as_they_are():
    unlearned, retrained = draw(8, 30, shift=1)
    before = unlearned.copy(), retrained.copy()
    together, alone = epsilons(unlearned, retrained), epsilons(unlearned[:, 7:8], retrained[:, 7:8])
    assert alone.tolist() == [together[7]]
    assert (unlearned == before[0]).all()
    assert (retrained == before[1]).all()


def test_points_halve_with_every_half_of_eps_and_end_at_the_rounded_logarithm_of_the_models():
    """ln 7 is 1.9 and rounds up to 2; ln 15 is 2.7 and rounds up to 3."""
    eps = np.array([0, 0.49, 0.5, 1.0, 1.99, 2.0, 2.9, 3.0, 50.0])
    assert points(eps, 8).tolist() == [1, 1, 1 / 2, 1 / 4, 1 / 8, 0, 0, 0, 0]
    assert points(eps, 16).tolist() == [1, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 0, 0]


def test_the_ceiling_is_measured_with_a_second_set_of_retrained_models():
    unlearned, retrained = draw(8, 400, shift=3)
    _, second = draw(8, 400)
    second = second + np.random.default_rng(5).normal(0, 1, second.shape)
    found = quality(unlearned, retrained, second)
    assert (found.measured, found.models, found.ceiling_models) == ("second set", 8, 8)
    assert found.ceiling == score(second, retrained)
    assert found.value == found.compared == score(unlearned, retrained)


def test_a_second_set_of_fewer_models_is_compared_with_as_few():
    unlearned, retrained = draw(8, 50)
    found = quality(unlearned, retrained, retrained[:4] + 1)
    assert (found.models, found.ceiling_models) == (8, 4)
    assert found.compared == score(unlearned[:4], retrained)


def test_without_a_second_set_the_halves_are_compared_and_with_three_models_the_ceiling_is_simulated():
    found = quality(*draw(9, 600))
    assert (found.measured, found.models, found.ceiling_models) == ("halves", 9, 4)
    assert found.compared == pytest.approx(found.ceiling, abs=0.08)
    found = quality(*draw(3, 800))
    assert (found.measured, found.ceiling) == ("simulated", simulated_ceiling(3))
    assert found.compared == pytest.approx(found.ceiling, abs=0.12)


@pytest.mark.parametrize(
    ("unlearned", "retrained", "named"),
    [
        (np.zeros((2, 4)), np.zeros((5, 4)), "2 models of a kind.*3 or more"),
        (np.zeros((3, 4)), np.zeros((3, 5)), r"\(3, 4\) and \(3, 5\)"),
        (np.zeros((3, 0)), np.zeros((3, 0)), r"\(3, 0\)"),
        (np.full((3, 4), np.nan), np.zeros((3, 4)), "not finite"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(unlearned, retrained, named):
    with pytest.raises(InputError, match=named):
        quality(unlearned, retrained)
