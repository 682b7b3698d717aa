"""Members beside non-members of the same ages."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.evaluation.numbers.matching import match

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
