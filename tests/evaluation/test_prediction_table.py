import numpy as np
import pytest
import torch

from unlearning.data.faces import FaceSet
from unlearning.evaluation.table import COLUMNS, prediction_table
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble, weights_digest
from unlearning.training.predict import predict


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
