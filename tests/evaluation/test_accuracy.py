"""Errors by hand, of a part and of its groups."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import forget_set
from unlearning.evaluation.case import PARTS, Case
from unlearning.evaluation.ground import FEWEST, NotKnownError, comparison_of
from unlearning.evaluation.metrics import measure
from unlearning.evaluation.numbers import accuracy

ROWS = [
    ("test", 20, 21.0),
    ("test", 30, 27.0),
    ("test", 40, 45.0),
    ("test", 50, 41.0),
    ("train", 25, 27.0),
    ("train", 45, 45.0),
]
BY_HAND = {"mae": 4.5, "rmse": np.sqrt(29), "bias": -1.5, "abs_bias": 1.5, "r2": 1 - 116 / 500}
WITHIN = {"cs_1": 0.25, "cs_3": 0.5, "cs_5": 0.75, "cs_8": 0.75}


@pytest.fixture
def case(table):
    rows = table(*ROWS)
    return Case(rows, forget=forget_set("20-28", rows), about=rows[["id"]].assign(gender=[0, 0, 1, 1, 0, -1], race=0))


def test_the_scores_of_four_test_faces_by_hand(case):
    """Errors 1, -3, 5, -9: squares sum to 116, and the ages 20, 30, 40, 50 to squares of 500 about their mean."""
    found = {name: float(accuracy.accuracy(comparison_of(case), "test", name)[0]) for name in accuracy.SCORES}
    assert found == pytest.approx(BY_HAND | WITHIN)


def test_an_error_of_exactly_k_years_is_within_k():
    ages = np.array([20.0, 30.0])
    sums = np.sum(accuracy.columns(np.array([3.0, -5.0]), ages), axis=1)
    assert [float(accuracy.scores(sums)[f"cs_{k}"]) for k in (1, 3, 5, 8)] == [0, 0.5, 1, 1]


@pytest.mark.parametrize("part", PARTS)
def test_the_mae_is_that_of_the_metrics(case, part):
    found = accuracy.accuracy(comparison_of(case), part, "mae") if len(case.errors(part)) else [np.nan]
    assert found[0] == pytest.approx(measure(case)[f"{part}_mae"], nan_ok=True)


def test_groups_by_hand(case):
    table = accuracy.by_group(case, "test", "gender")
    assert table[["group", "count", "mae", "bias"]].to_numpy().tolist() == [[0, 2, 2, -1], [1, 2, 7, -2]]
    assert accuracy.by_group(case, "train", "gender")["group"].tolist() == [0], "faces of an unknown gender are in no group"
    assert accuracy.by_group(case, "test", "age")["group"].tolist() == [20, 30, 40, 50]
    assert accuracy.by_group(case, "test", "all").loc[0, "mae"] == 4.5


@pytest.mark.parametrize("by", ["age", "gender", "race", "all"])
def test_an_empty_part_has_no_groups(case, by):
    table = accuracy.by_group(case, "validation", by)
    assert table.empty
    assert list(table) == ["group", "count", *accuracy.SCORES]


def test_an_error_in_one_large_batch_weighs_as_much_as_in_a_small_one(case):
    """Means of batch means would weigh the last batch more; groups of 1 and 3 faces show the difference."""
    rows = case.evaluated[case.mask("test")]
    uneven = accuracy.by_group(Case(rows, about=rows[["id"]].assign(gender=[0, 1, 1, 1])), "test", "gender")
    assert np.average(uneven.mae, weights=uneven["count"]) == 4.5 != uneven.mae.mean()


@pytest.mark.parametrize(("part", "score"), [("validation", "mae"), ("retain", "r2")])
def test_what_cannot_be_computed_says_why(case, part, score):
    with pytest.raises(NotKnownError, match="nobody: validation faces" if part == "validation" else "one age"):
        accuracy.accuracy(comparison_of(case), part, score)


def grouped(errors: dict[int, float], count: int = FEWEST) -> Case:
    """``count`` test faces of every gender, all with the same error."""
    rows = [(f"{gender}-{i}", "test", 30, 30 + error, gender) for gender, error in errors.items() for i in range(count)]
    frame = pd.DataFrame(rows, columns=["id", "split", "age", "predicted", "gender"])
    return Case(frame, about=frame[["id", "gender"]])


def test_the_worst_group_by_hand():
    """Errors of 2 and 6 years, 4 on average: the worst group errs 2 years more."""
    assert accuracy.worst_gap(comparison_of(grouped({0: 2.0, 1: -6.0})), "gender")[0] == 2


def test_groups_of_few_or_unknown_faces_are_not_compared():
    with pytest.raises(NotKnownError, match="1 groups of 10 faces"):
        accuracy.worst_gap(comparison_of(grouped({0: 2.0, -1: 6.0})), "gender")
    with pytest.raises(NotKnownError, match="0 groups"):
        accuracy.worst_gap(comparison_of(grouped({0: 2.0, 1: 6.0}, FEWEST - 1)), "gender")


errors_of = st.lists(st.floats(-60, 60), min_size=2, max_size=30)


@given(errors_of, st.integers(-10, 10))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_scores_do_not_depend_on_order_shift_of_ages_or_doubling(errors, shift):
    errors, ages = np.array(errors), np.linspace(20, 60, len(errors))
    first = accuracy.scores(np.sum(accuracy.columns(errors, ages), axis=1))
    for other, years in ((errors[::-1], ages[::-1]), (errors, ages + shift), (np.tile(errors, 2), np.tile(ages, 2))):
        again = accuracy.scores(np.sum(accuracy.columns(other, years), axis=1))
        assert {k: float(v) for k, v in again.items()} == pytest.approx({k: float(v) for k, v in first.items()}, abs=1e-6)
