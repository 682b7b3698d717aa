"""Forgetting quality: against a search of every threshold, against simulated values, and what no model can change."""

import math

import numpy as np
import pytest

from unlearning.errors import InputError
from unlearning.evaluation.on_models.quality import epsilons, final_score, points, quality, score, simulated_ceiling

FORMS = ("official", "holdout")
both_forms = pytest.mark.parametrize("form", FORMS)


def draw(models, faces, shift=0.0, seed=0, spread=1.0):
    """Outputs of so many unlearned and retrained models, in years; ``shift`` in standard deviations."""
    random = np.random.default_rng(seed)
    centre = random.uniform(20, 60, faces)
    unlearned, retrained = random.normal(0, spread, (2, models, faces))
    return centre + unlearned + shift * spread, centre + retrained


def loss(false, missed):
    """The definition, for one rule."""
    if false == missed == 0:
        return math.inf
    if false == 0 or missed == 0:
        return -math.inf
    candidates = [(1 - 1e-5 - a) / b for a, b in ((false, missed), (missed, false))]
    return max([0.0, *(math.log(ratio) for ratio in candidates if ratio > 0)])


def try_every_threshold(unlearned, retrained):
    """eps of one face by the competition's grids, threshold by threshold."""
    scale = math.sqrt((np.var(unlearned, ddof=1) + np.var(retrained, ddof=1)) / 2)
    lower, upper = sorted((retrained / scale, unlearned / scale), key=np.median)
    both = np.concatenate([lower, upper])
    tried = [
        loss(np.mean(lower >= limit), np.mean(upper < limit))
        for limit in np.linspace(both.min(), both.max(), math.ceil(np.ptp(both) * 100))
    ]
    peaked, other = sorted((lower, upper), key=np.ptp)
    for right in np.linspace(peaked.max() - 2, peaked.max() + 2, 400):
        lefts = np.linspace(right - np.ptp(peaked) - 2, right - np.ptp(peaked) + 2, 400)[:, None]
        rates = [np.mean((lefts <= kind) & (kind <= right), axis=1) for kind in (peaked, other)]
        tried += [loss(false, 1 - hit) for hit, false in set(zip(*rates, strict=True))]
    return min(max(0.0, *tried), 50.0)


@pytest.mark.parametrize("models", [3, 4, 8])
def test_the_official_form_finds_what_trying_every_threshold_finds(models):
    unlearned, retrained = draw(models, 4, shift=0.7, seed=models)
    by_hand = [try_every_threshold(unlearned[:, face], retrained[:, face]) for face in range(4)]
    assert epsilons(unlearned, retrained, "official") == pytest.approx(by_hand)


@pytest.mark.parametrize(("models", "expected"), [(3, 0.36), (4, 0.25), (8, 0.19), (16, 0.18), (64, 0.17)])
def test_models_of_one_distribution_score_what_was_simulated_for_the_official_form(models, expected):
    assert score(*draw(models, 800), "official") == pytest.approx(expected, abs=0.045)


@pytest.mark.parametrize(
    ("models", "expected"),
    [(8, (0.78, 0.74, 0.62, 0.08, 0)), (16, (0.84, 0.78, 0.5, 0.05, 0.03)), (64, (0.84, 0.78, 0.38, 0.02, 0))],
)
def test_the_holdout_form_scores_what_was_simulated_at_shifts_of_0_half_1_3_and_10_deviations(models, expected):
    scores = [score(*draw(models, 500, shift)) for shift in (0, 0.5, 1, 3, 10)]
    assert scores == pytest.approx(expected, abs=0.08)


def test_ten_deviations_are_told_apart_by_everybody():
    """Perfect separation leaves the held-out attacker with ln 5 at N = 4 and ln 17 at N = 16: 1/8 and 1/32 points."""
    assert score(*draw(8, 50, 10), "official") == 0
    assert epsilons(*draw(4, 50, 10)) == pytest.approx(np.full(50, math.log(5)), abs=1e-4)
    assert epsilons(*draw(16, 50, 10)) == pytest.approx(np.full(50, math.log(17)), abs=1e-3)
    assert score(*draw(4, 50, 10)) == 1 / 8
    assert score(*draw(16, 50, 10)) == 1 / 32


@both_forms
def test_the_retrained_tables_themselves_score_one(form):
    _, retrained = draw(8, 50)
    assert score(retrained, retrained, form) == 1
    assert score(retrained, retrained[::-1], "official") == 1


@both_forms
def test_the_score_falls_with_the_shift(form):
    scores = [score(*draw(16, 600, shift), form) for shift in (0, 0.75, 1.5, 3, 10)]
    assert scores == sorted(set(scores), reverse=True)


def test_a_model_that_always_says_the_same_is_recognised():
    _, retrained = draw(8, 20)
    assert epsilons(np.full_like(retrained, 40.0), retrained, "official").tolist() == [50.0] * 20
    assert epsilons(retrained, np.full_like(retrained, 40.0), "official").tolist() == [50.0] * 20


def test_where_all_models_say_the_same_nobody_can_tell_and_where_each_kind_has_its_own_everybody_can():
    same, other = np.full((4, 3), 30.0), np.full((4, 3), 31.0)
    assert epsilons(same, same, "official").tolist() == [0.0] * 3
    assert epsilons(same, other, "official").tolist() == [50.0] * 3


@both_forms
def test_units_and_ages_do_not_matter(form):
    unlearned, retrained = draw(8, 60, shift=1)
    assert epsilons(3 * unlearned - 7, 3 * retrained - 7, form) == pytest.approx(epsilons(unlearned, retrained, form))


def test_the_order_of_the_models_does_not_matter_to_the_official_form():
    unlearned, retrained = draw(6, 60, shift=1)
    random = np.random.default_rng(1)
    mixed = random.permutation(unlearned), random.permutation(retrained)
    assert epsilons(*mixed, "official").tolist() == epsilons(unlearned, retrained, "official").tolist()


def test_the_holdout_form_follows_its_seed():
    outputs = draw(6, 60, shift=1)
    first, again, other = (epsilons(*outputs, seed=seed).tolist() for seed in (0, 0, 1))
    assert first == again != other


@both_forms
def test_every_face_is_judged_by_itself_and_tables_stay_as_they_are(form):
    unlearned, retrained = draw(8, 30, shift=1)
    before = unlearned.copy(), retrained.copy()
    together, alone = epsilons(unlearned, retrained, form), epsilons(unlearned[:, 7:8], retrained[:, 7:8], form)
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
    assert found.share == pytest.approx(found.value / found.ceiling)


def test_without_a_second_set_the_halves_are_compared_with_as_many_unlearned_models():
    found = quality(*draw(9, 600))
    assert (found.measured, found.models, found.ceiling_models) == ("halves", 9, 4)
    assert found.compared == pytest.approx(found.ceiling, abs=0.08)


def test_a_second_set_of_fewer_models_is_compared_with_as_few():
    unlearned, retrained = draw(8, 50)
    found = quality(unlearned, retrained, retrained[:4] + 1)
    assert (found.models, found.ceiling_models) == (8, 4)
    assert found.compared == score(unlearned[:4], retrained)


@both_forms
def test_with_three_models_the_ceiling_is_simulated(form):
    found = quality(*draw(3, 800), form=form)
    assert (found.measured, found.ceiling) == ("simulated", simulated_ceiling(3, form))
    assert found.share == pytest.approx(1, abs=0.12)


def test_the_final_score_multiplies_by_what_is_left_of_the_accuracy():
    """F = .8, errors 4 against 5 years on the retain set and 6 against 8 on the test set: .8 * .8 * .75."""
    assert final_score(0.8, (4.0, 5.0), (6.0, 8.0)) == pytest.approx(0.48)
    assert math.isnan(final_score(0.8, (4.0, 0.0), (6.0, 8.0)))


@pytest.mark.parametrize(
    ("unlearned", "retrained", "form", "named"),
    [
        (np.zeros((2, 4)), np.zeros((5, 4)), "official", "2 models of a kind.*3 or more"),
        (np.zeros((3, 4)), np.zeros((3, 5)), "official", r"\(3, 4\) and \(3, 5\)"),
        (np.zeros((3, 0)), np.zeros((3, 0)), "official", r"\(3, 0\)"),
        (np.full((3, 4), np.nan), np.zeros((3, 4)), "holdout", "not finite"),
        (np.zeros((3, 4)), np.zeros((3, 4)), "hold", "'hold'.*holdout"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_reason(unlearned, retrained, form, named):
    with pytest.raises(InputError, match=named):
        quality(unlearned, retrained, form=form)
