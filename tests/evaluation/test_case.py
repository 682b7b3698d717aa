"""Which faces a number is about, and the table that it is computed from."""

import numpy as np
import pytest
import torch

from forgetting import forget_set
from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.table import COLUMNS, align, prediction_table
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble, weights_digest
from unlearning.training.predict import predict

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


@pytest.fixture(scope="module")
def ensemble(spec):
    return Ensemble(spec, (3, 4), tuple(build(spec, seed=seed).eval() for seed in (3, 4)))


@pytest.fixture(scope="module")
def few(faces):
    return FaceSet(faces.frame[5:25], faces.pixels)


def test_there_is_one_row_a_face_and_one_column_a_member(ensemble, few):
    table = prediction_table(ensemble, few)
    assert list(table) == [*COLUMNS, "member_0", "member_1"]
    assert table[["id", "split", "age"]].equals(few.frame[["id", "split", "age"]])


def test_the_prediction_is_the_mean_of_the_members_in_years(ensemble, few):
    table = prediction_table(ensemble, few)
    members = [predict(member, few).double().numpy() for member in ensemble.members]
    assert np.array_equal(table.member_0, members[0])
    assert np.array_equal(table.member_1, members[1])
    assert table.predicted.to_numpy() == pytest.approx((members[0] + members[1]) / 2)
    assert not np.array_equal(members[0], members[1])
    alone = prediction_table(Ensemble(ensemble.spec, (3,), ensemble.members[:1]), few)
    assert alone.predicted.equals(alone.member_0.rename("predicted"))


def test_predicting_changes_neither_the_members_nor_the_faces(ensemble, few):
    before, frame = [weights_digest(member) for member in ensemble.members], few.frame.copy()
    first = prediction_table(ensemble, few)
    assert [weights_digest(member) for member in ensemble.members] == before
    assert few.frame.equals(frame)
    assert prediction_table(ensemble, few).equals(first)


def test_nobody_gives_an_empty_table(ensemble, few):
    nobody = few.where(torch.zeros(len(few), dtype=torch.bool).numpy())
    assert list(prediction_table(ensemble, nobody)) == [*COLUMNS, "member_0", "member_1"]
    assert prediction_table(ensemble, nobody).empty
