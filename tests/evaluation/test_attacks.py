"""Attacks on scores of members beside non-members of the same ages: by hand, beside scipy, and on scores that tell nothing."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.numbers.matching import match
from unlearning.evaluation.resample import draw_blocks

few = settings(derandomize=True, max_examples=60, deadline=None)
scores = st.lists(st.integers(-8, 8).map(float), min_size=1, max_size=25).map(np.array)


def auc(members, others) -> float:
    return float(attacks.auc(attacks.count(np.array(members, dtype=float), np.array(others, dtype=float)))[0])


def test_the_auc_by_hand():
    """Of the six pairs (3, 1), (3, 2), (3, 2), (2, 1), (2, 2), (2, 2) four are right and two even."""
    assert auc([3, 2], [1, 2, 2]) == pytest.approx((4 + 2 / 2) / 6)


@given(scores, scores)
@few
def test_the_auc_is_the_mann_whitney_statistic(members, others):
    statistic = mannwhitneyu(members, others, method="asymptotic").statistic
    assert auc(members, others) == pytest.approx(statistic / len(members) / len(others), abs=1e-9)


def test_a_fitted_attack_tells_nothing_from_noise_and_all_from_a_difference():
    random = np.random.default_rng(2)
    noise = [np.mean(attacks.rightly_told(*random.normal(size=(2, 60, 3)), 10, seed)) for seed in range(40)]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.02)
    apart = attacks.rightly_told(random.normal(9, 1, (60, 1)), random.normal(0, 1, (60, 1)), 10, 0)
    assert np.mean(apart) == 1


def test_a_fitted_attack_learns_nothing_of_the_pairs_that_it_judges():
    """Not their spread either: one of them may lie as far off as it likes, the others are told as before."""
    members, others = np.random.default_rng(3).normal([[[1.0]], [[0.0]]], 1, (2, 60, 1))
    before = np.array(attacks.rightly_told(members, others, 1, 0))
    judged = np.flatnonzero(before[0] != 0.5)
    members[judged[0]] = 1e9
    after = np.array(attacks.rightly_told(members, others, 1, 0))
    assert len(judged) == 30
    assert after[:, judged[1:]].tolist() == before[:, judged[1:]].tolist()


def test_age_bins_hold_enough_faces_and_leave_none_out():
    ages = np.repeat([20.0, 21.0, 22.0, 40.0, 41.0], [25, 12, 9, 30, 4])
    assert attacks.age_bins(ages).tolist() == [20, 21, 40]
    assert attacks.age_bins(ages[:3]).tolist() == [20]


def conditioned_by_hand(error, partner, known):
    others = list(np.log(np.array(known) + 0.01))
    others.remove(np.log(partner + 0.01))
    return -(np.log(error + 0.01) - np.mean(others)) / np.std(others, ddof=1)


def test_the_score_given_age_by_hand():
    """Two bins; each pair is judged by the non-members of its bin without its own."""
    known, bins = np.array([1.0, 4.0, 2.0, 8.0, 30.0, 5.0]), np.array([0, 0, 0, 1, 1, 1])
    members, partners, own = np.array([0.5, 3.0]), np.array([4.0, 8.0]), np.array([0, 1])
    first = attacks.conditioned(members, partners, own, known, bins)
    second = attacks.conditioned(partners, partners, own, known, bins)
    hands = [
        conditioned_by_hand(*pair, part) for pair, part in zip([(0.5, 4.0), (3.0, 8.0)], (known[:3], known[3:]), strict=True)
    ]
    assert first == pytest.approx(hands)
    assert second[0] == pytest.approx(conditioned_by_hand(4.0, 4.0, known[:3]))


def test_members_and_partners_score_alike_given_age_when_nobody_was_trained_on():
    """With 8 faces an age: the judged face made no part of its own measure."""
    random, bins, own = np.random.default_rng(1), np.repeat(np.arange(40), 8), np.arange(320)
    told = []
    for _ in range(60):
        known, members = np.abs(random.normal(0, 5, (2, 320)))
        both = [attacks.conditioned(errors, known[own], bins, known, bins) for errors in (members, known)]
        told.append(auc(*both))
    assert np.mean(told) == pytest.approx(0.5, abs=0.01)


def test_resampled_readings_spread_as_theory_says():
    """The AUC of 300 against 300 scores that tell nothing has a standard error of sqrt(601 / 12) / 300."""
    random = np.random.default_rng(3)
    members, others = random.normal(size=(2, 300))
    blocks = draw_blocks(np.arange(600), 2000, seed=0)
    drawn = attacks.auc(attacks.resample(blocks, (np.arange(300), np.arange(300, 600)), (members, others)))
    assert drawn[0] == pytest.approx(auc(members, others), abs=0.002), "thinning moves little"
    assert drawn[1:].std() == pytest.approx(np.sqrt(601 / 12) / 300, rel=0.06)


def test_the_interval_of_the_auc_holds_a_half_as_often_as_it_says():
    """95 % of the intervals of scores that tell nothing, within what 100 can show."""
    rows, held = (np.arange(80), np.arange(80, 160)), []
    blocks = draw_blocks(np.arange(160), 200, seed=0)
    for seed in range(100):
        told = np.random.default_rng(seed).normal(size=(2, 80))
        low, high = np.quantile(attacks.auc(attacks.resample(blocks, rows, tuple(told)))[1:], [0.025, 0.975])
        held.append(low <= 0.5 <= high)
    assert 0.89 <= np.mean(held) <= 0.99


@given(scores, scores)
@few
def test_the_first_resample_is_the_sample(members, others):
    rows = np.arange(len(members)), np.arange(len(members), len(members) + len(others))
    blocks = draw_blocks(np.arange(len(members) + len(others)), 3, seed=0)
    drawn = attacks.resample(blocks, rows, (members, others))
    assert attacks.auc(drawn)[0] == pytest.approx(auc(members, others))


ages_of = st.lists(st.integers(20, 26), max_size=40)


@given(ages_of, ages_of, st.integers(0, 5))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_every_pair_has_one_age_and_no_face_stands_in_two(first, second, seed):
    ages = np.array([*first, *second], dtype=float)
    members, others = np.arange(len(first)), np.arange(len(first), len(ages))
    pairs = match(members, others, ages, seed)
    assert np.array_equal(ages[pairs.members], ages[pairs.others])
    assert len(set(pairs.members)) == len(set(pairs.others)) == len(pairs)
    assert set(pairs.members) <= set(members)
    assert set(pairs.others) <= set(others)
    rarer = {age: min(Counter(first)[age], Counter(second)[age]) for age in set(first) & set(second)}
    assert Counter(ages[pairs.members]) == Counter(rarer), "as many of each age as there are of the rarer kind"


def test_ages_are_matched_by_whole_years():
    pairs = match(np.array([0]), np.array([1, 2]), np.array([20.9, 21.1, 20.1]), seed=0)
    assert (pairs.members.tolist(), pairs.others.tolist()) == ([0], [2])


def test_the_seed_draws_others_and_the_same_seed_the_same():
    ages = np.full(300, 25.0)
    first, again, other = (match(np.arange(100), np.arange(100, 300), ages, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.others, again.others)
    assert not np.array_equal(first.others, other.others)


def test_of_too_many_pairs_some_are_drawn_of_all_ages():
    ages = np.tile(np.arange(20, 30), 200).astype(float)
    pairs = match(np.arange(1000), np.arange(1000, 2000), ages, seed=0, most=300)
    assert len(pairs) == 300
    assert set(ages[pairs.members]) == set(range(20, 30))
    assert np.array_equal(ages[pairs.members], ages[pairs.others])
