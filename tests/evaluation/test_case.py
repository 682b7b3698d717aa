"""Which faces a number is about."""

import numpy as np
import pytest

from forgetting import forget_set
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.table import align

ROWS = [
    ("train", 20, 21.0),
    ("train", 28, 28.5),
    ("train", 29, 27.0),
    ("train", 50, 54.0),
    ("validation", 24, 24.0),
    ("validation", 51, 56.0),
    ("test", 28, 34.0),
    ("test", 40, 33.0),
    ("test", 52, 60.0),
]


def case_of(table, rule, before=None):
    rows = table(*ROWS)
    return Case(rows, forget=forget_set(rule, rows), forgotten=(forget_set(before, rows),) if before else ())


def members(case, part):
    return np.flatnonzero(case.mask(part)).tolist()


def test_the_rows_of_a_part(table):
    case, whole = case_of(table, "20-28"), {"train": [0, 1, 2, 3], "validation": [4, 5], "test": [6, 7, 8]}
    for part, rows in (whole | {"forget": [0, 1, 4], "retain": [2, 3, 5], "test_in_range": [6]}).items():
        assert members(case, part) == rows
        assert case.errors(part).tolist() == [ROWS[row][2] - ROWS[row][1] for row in rows]


def test_what_was_forgotten_before_is_not_retained_and_not_forgotten_again(table):
    case = case_of(table, "20-28", before="50-52")
    assert members(case, "retain") == [2]
    assert members(case, "forget") == [0, 1, 4]
    assert members(case, "train") == [0, 1, 2, 3]
    both = case_of(table, "20-28", before="28-36")
    assert members(both, "forget") == [0, 1, 4], "a face that two rules name is forgotten again"
    assert members(both, "retain") == [3, 5]


def test_without_a_forget_set_nobody_is_forgotten_or_retained(table):
    case = Case(table(*ROWS))
    assert [members(case, part) for part in ("forget", "retain", "test_in_range")] == [[], [], []]
    assert members(case, "test") == [6, 7, 8]


def test_errors_of_the_reference_are_of_the_same_faces_in_the_same_order(table):
    retrained = table(*((split, age, age + i) for i, (split, age, _) in enumerate(ROWS)))
    case = Case(table(*ROWS), retrained.iloc[::-1], forget_set("20-28", retrained))
    assert case.reference_errors("forget").tolist() == [0, 1, 4]
    assert case.reference_errors("test").tolist() == [6, 7, 8]
    assert len(case_of(table, "20-28").reference_errors("test")) == 0, "without a reference there are none"


def test_align_reorders_rows_and_leaves_its_tables_alone(table):
    first = table(*ROWS)
    shuffled = first.sample(frac=1, random_state=3)
    before = shuffled.copy()
    assert align(shuffled, first)[list(first)].equals(first)
    assert shuffled.equals(before)


def test_tables_of_other_faces_are_refused(table):
    first = table(*ROWS)
    twice = first.iloc[[0, 0, 2, 3, 4, 5, 6, 7, 8]]
    for other in (table(*ROWS[:-1]), table(*ROWS, ROWS[0]), table(*ROWS, first=1), twice):
        with pytest.raises(InputError, match="different faces"):
            align(other, first)
