"""Who is to be forgotten: rules, and what they mean for each part of the data."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.forget import GROUPS, ForgetRule, check_rule, forget_mask, parse_rule, parse_rules, retain_mask
from unlearning.data.manifest import SPLITS
from unlearning.errors import InputError

LEARNED = ("train", "validation")
RULES = st.tuples(st.integers(0, 120), st.integers(0, 120)).map(lambda ends: ForgetRule(*sorted(ends)))
TABLES = st.lists(st.tuples(st.integers(0, 120), st.sampled_from(SPLITS)), min_size=1, max_size=40).map(
    lambda rows: pd.DataFrame(rows, columns=["age", "split"])
)


def table(**ages: list[int]) -> pd.DataFrame:
    """Ages by split."""
    return pd.DataFrame([(age, part) for part, some in ages.items() for age in some], columns=["age", "split"])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("20-28", ForgetRule(20, 28)),
        ("25-25", ForgetRule(25, 25)),
        ("0-120", ForgetRule(0, 120)),
        (" 30-40 ", ForgetRule(30, 40)),
        ("group:0", ForgetRule(20, 28)),
        ("group:1", ForgetRule(28, 36)),
        ("group:2", ForgetRule(36, 44)),
        ("group:3", ForgetRule(44, 52)),
        ("group:4", ForgetRule(52, 60)),
    ],
)
def test_a_rule_is_an_age_range_or_one_of_the_five_groups(text, rule):
    assert parse_rule(text) == rule


def test_the_groups_are_five_and_share_their_ends():
    groups = [parse_rule(f"group:{number}") for number in range(len(GROUPS))]
    assert len(groups) == 5
    assert [group.high for group in groups[:-1]] == [group.low for group in groups[1:]]


@pytest.mark.parametrize(
    "text",
    [
        *("", "20", "20:28", "20 - 28", "20-28-30", "-5-10", "1000-2000", "2.5-7", "20\N{EN DASH}28", "20-28,30-40"),
        *("group:5", "group:99", "group:-1", "group:", "group:x", "group", "Group:1"),
    ],
)
def test_what_is_no_rule_is_named_with_the_legal_forms(text):
    with pytest.raises(InputError) as refusal:
        parse_rule(text)
    assert repr(text) in str(refusal.value)
    assert "20-28" in str(refusal.value)
    assert "group:0 .. group:4" in str(refusal.value)


def test_a_range_that_ends_before_it_begins_is_turned_round_for_the_user():
    with pytest.raises(InputError, match=r"'28-20' ends before it begins; did you mean 20-28\?"):
        parse_rule("28-20")


@settings(derandomize=True, max_examples=30, deadline=None)
@given(RULES)
def test_a_rule_is_read_back_from_its_name(rule):
    assert parse_rule(rule.name) == rule


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", []),
        ("none", []),
        ("20-28", [ForgetRule(20, 28)]),
        ("20-28,group:4", [ForgetRule(20, 28), ForgetRule(52, 60)]),
        ("20-28, 30-30", [ForgetRule(20, 28), ForgetRule(30, 30)]),
    ],
)
def test_rules_joined_by_commas_are_read_in_order(text, rules):
    assert parse_rules(text) == rules


def test_a_wrong_rule_among_others_is_refused():
    with pytest.raises(InputError, match="'30'"):
        parse_rules("20-28,30")


def test_both_ends_of_a_range_belong_to_it():
    ages = table(train=[19, 20, 24, 28, 29])
    assert ForgetRule(20, 28).matches(ages).tolist() == [False, True, True, True, False]


def test_the_forget_set_is_training_and_validation_and_the_test_set_keeps_the_ages():
    ages = table(train=[20, 50], validation=[28, 29], test=[20, 24, 50])
    rule = ForgetRule(20, 28)
    assert forget_mask(ages, rule).tolist() == [True, False, True, False, False, False, False]
    assert retain_mask(ages, [rule]).tolist() == [False, True, False, True, False, False, False]
    assert rule.matches(ages).tolist() == [True, False, True, False, True, True, False]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(TABLES, RULES)
def test_forget_and_retain_set_divide_the_learned_faces(ages, rule):
    forget, retain = forget_mask(ages, rule), retain_mask(ages, [rule])
    assert not (forget & retain).any()
    assert ((forget | retain) == ages.split.isin(LEARNED)).all()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(TABLES, st.lists(RULES, max_size=4))
def test_a_retained_face_is_in_none_of_the_forget_sets(ages, rules):
    retain = retain_mask(ages, rules)
    assert not any((retain & rule.matches(ages)).any() for rule in rules)
    assert not retain[(ages.split == "test").to_numpy()].any()
    named = [any(rule.low <= age <= rule.high for rule in rules) for age in ages.age]
    assert (retain == [part in LEARNED and not out for part, out in zip(ages.split, named, strict=True)]).all()


def test_without_a_rule_all_learned_faces_are_retained(data):
    assert (retain_mask(data.manifest, []) == data.manifest.split.isin(LEARNED)).all()


def test_masks_leave_the_table_as_it_was():
    ages = table(train=[20, 30], test=[25])
    before = ages.copy()
    forget_mask(ages, ForgetRule(20, 28))
    retain_mask(ages, [ForgetRule(20, 28)])
    assert ages.equals(before)


@pytest.mark.parametrize("ages", [table(train=[30, 60], validation=[40]), table(train=[30], validation=[25, 60], test=[25])])
def test_a_rule_that_names_no_training_face_is_refused_with_the_ages_there_are(ages):
    low = ages.age.min()
    with pytest.raises(InputError, match=f"forget set 20-28 is empty: .* the ages in the data are {low}-60"):
        check_rule(ages, ForgetRule(20, 28), [])


@pytest.mark.parametrize(
    ("ages", "missing"),
    [
        (table(train=[20, 25], validation=[22, 40], test=[50]), "train"),
        (table(train=[20, 40], validation=[22], test=[50]), "validation"),
        (table(train=[20, 25], validation=[22], test=[50]), "train and validation"),
        (table(train=[20, 25], test=[50]), "train and validation"),
    ],
)
def test_a_rule_that_leaves_nothing_to_retain_is_refused(ages, missing):
    with pytest.raises(InputError, match=f"20-28 leaves nothing to retain in {missing}; the ages in the data are 20-50"):
        check_rule(ages, ForgetRule(20, 28), [])


def test_what_was_forgotten_before_is_not_left_to_retain():
    ages = table(train=[20, 30, 40], validation=[30, 40])
    check_rule(ages, ForgetRule(20, 28), [ForgetRule(29, 35)])
    with pytest.raises(InputError, match="leaves nothing to retain in train and validation"):
        check_rule(ages, ForgetRule(20, 28), [ForgetRule(29, 35), ForgetRule(36, 60)])


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_the_studys_groups_can_all_be_forgotten(data, group):
    check_rule(data.manifest, parse_rule(f"group:{group}"), [])
