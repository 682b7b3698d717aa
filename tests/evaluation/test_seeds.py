"""Scores over seeds: right on known distributions, and silent where there is nothing to find."""

import math

import numpy as np
import pytest

from unlearning.errors import InputError
from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.on_models import seeds
from unlearning.evaluation.on_models.seeds import divergences, held_out_scores, klom, klom_null, likelihood_attack


def normal(value: float) -> float:
    """The standard normal distribution function."""
    return (1 + math.erf(value / math.sqrt(2))) / 2


def draw(models, faces, shift=0.0, seed=0, common=0.0):
    """Outputs of models that differ in their seed, in years: spread 2 by face, and ``common`` to all faces of a model."""
    random = np.random.default_rng(seed)
    kinds = random.normal(40, 2, (2, models, faces)) + random.normal(0, 1, (2, models, 1)) * common
    return kinds[0] + shift, kinds[1]


def auc(scores):
    return float(attacks.auc(attacks.count(*scores))[0])


@pytest.mark.parametrize("models", [3, 8])
def test_without_a_difference_the_attack_guesses(models):
    """96,000 and 256,000 scores; at N = 3 leaving out single models would give .46."""
    assert auc(held_out_scores(*draw(models, 8000))) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("models", [3, 8])
def test_models_that_err_on_all_faces_alike_do_not_bias_the_attack(models):
    found = [auc(held_out_scores(*draw(models, 200, seed=seed, common=2.0))) for seed in range(120)]
    assert np.mean(found) == pytest.approx(0.5, abs=4 * np.std(found) / math.sqrt(120))


@pytest.mark.parametrize("models", [3, 5])
def test_pairs_are_told_apart_as_often_as_the_normal_distribution_says(models, monkeypatch):
    """The attack has learned the right direction with chance p, and then orders a pair rightly with chance q."""
    shift = 1.5
    p, q = normal(shift / 2 / math.sqrt(2 / (models - 1))), normal(shift / 2 / math.sqrt(2))
    monkeypatch.setattr(seeds, "FLOOR", 1e-9)
    members, others = held_out_scores(*draw(models, 8000, shift))
    assert np.mean(members > others) == pytest.approx(p * q + (1 - p) * (1 - q), abs=0.01)


def test_with_many_models_the_auc_is_that_of_two_known_distributions():
    """Two normal distributions 2 years apart with spread 2 have an AUC of Phi(1 / sqrt 2) = .760."""
    assert auc(held_out_scores(*draw(64, 400, 2.0))) == pytest.approx(0.760, abs=0.015)


def test_the_floor_keeps_three_equal_answers_from_being_a_certainty():
    """Two unlearned models left say 30, two retrained ones 30.5: the ratio at 30 is that of spreads of .25 years, 2."""
    unlearned, retrained = np.full((3, 1), 30.0), np.full((3, 1), 30.5)
    members, others = held_out_scores(unlearned, retrained)
    assert members.tolist() == [2.0] * 9
    assert others.tolist() == [-2.0] * 9


def test_the_score_of_a_pair_is_computed_without_it():
    """Without (30, 36) the kinds are 31, 33 and 38, 40: means 32 and 39, pooled variance (2 + 2) / 2."""
    members, others = held_out_scores(np.array([[30.0], [31], [33]]), np.array([[36.0], [38], [40]]))
    first = [((t - 39) ** 2 - (t - 32) ** 2) / 4 for t in (30, 36)]
    assert [members[0], others[0]] == pytest.approx(first)


def test_a_difference_of_kinds_lies_beyond_what_dealing_the_models_out_again_gives_and_one_of_models_does_not():
    found = likelihood_attack(*draw(8, 200, 2.0, common=0.5), rounds=60)
    assert found.auc > found.null[1]
    between_models = likelihood_attack(*draw(8, 200, seed=3, common=2.0), rounds=60)
    assert between_models.null[0] <= between_models.auc <= between_models.null[1]
    assert between_models.null[1] - between_models.null[0] > 0.1
    three = likelihood_attack(*draw(3, 100, 50.0))
    assert three.auc == three.null[1] == 1, "three of a kind can never lie beyond all ways of dealing"


def test_the_divergence_of_a_face_by_hand_which_shift_and_scale_of_the_ages_do_not_change():
    """Means 10 and 14 with spreads 2 and 4: ln 2 + (4 + 16) / 32 - 1/2; then equal ones; then ones without any spread."""
    unlearned = np.array([[8.0, 8.0, 5.0, 5.0], [12.0, 12.0, 5.0, 5.0]])
    retrained = np.array([[10.0, 8.0, 4.0, 5.0], [18.0, 12.0, 4.0, 5.0]])
    assert divergences(unlearned, retrained).tolist() == pytest.approx([math.log(2) + 20 / 32 - 0.5, 0.0, math.inf, 0.0])
    unlearned, retrained = draw(4, 50, 1.0)
    assert divergences(3 * unlearned - 20, 3 * retrained - 20) == pytest.approx(divergences(unlearned, retrained))


@pytest.mark.parametrize(("models", "expected"), [(3, 17), (8, 1.35)])
def test_chance_alone_gives_a_large_divergence_with_few_models(models, expected):
    assert klom_null(models, models) == pytest.approx(expected, rel=0.06)
    found = klom(*draw(models, 20_000, seed=7))
    assert found.value == pytest.approx(found.null, rel=0.08)


def test_klom_rises_with_the_shift_and_survives_a_model_that_says_one_age():
    values = [klom(*draw(8, 500, shift)).value for shift in (0.0, 2.0, 10.0)]
    assert values == sorted(set(values))
    unlearned, retrained = draw(8, 50)
    assert klom(np.full_like(unlearned, 40.0), retrained).value == math.inf


@pytest.mark.parametrize("function", [likelihood_attack, klom])
@pytest.mark.parametrize(
    ("shapes", "named"),
    [(((2, 5), (3, 5)), "2 models of a kind"), (((3, 5), (3, 4)), r"\(3, 5\)"), (((3, 0), (3, 0)), r"\(3, 0\)")],
)
def test_too_few_models_or_other_faces_are_refused(function, shapes, named):
    with pytest.raises(InputError, match=named):
        function(*(np.zeros(shape) for shape in shapes))
