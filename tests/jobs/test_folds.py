"""Folds keep together what belongs together, and no fold's model sees a face of its fold."""

import numpy as np
import pandas as pd
import pytest

from unlearning.jobs import crossfit
from unlearning.jobs.crossfit import Kept, deal_folds, fold_predictions, joined
from unlearning.tracking import runs


@pytest.fixture
def seen(monkeypatch):
    """The ids that each training was shown."""
    shown = []
    train = crossfit.train_ensemble

    def watch(training, folder):
        shown.append(set(training.faces.frame.id))
        return train(training, folder)

    monkeypatch.setattr(crossfit, "train_ensemble", watch)
    return shown


def people(count: int) -> pd.DataFrame:
    """Every third face has a near-copy, and every fifth subject two pictures."""
    frame = pd.DataFrame({"id": [f"face-{i}" for i in range(count)], "age": np.arange(count) % 41 + 20})
    return frame.assign(
        near=[f"n{i - (i % 3 == 1)}" for i in range(count)], subject=[f"s{i - (i % 5 == 1)}" for i in range(count)]
    )


def test_what_belongs_together_lies_in_one_fold_and_all_folds_are_alike():
    faces = people(600)
    folds = deal_folds(faces, 5, seed=0)
    assert set(folds) == set(range(5))
    for together in ("near", "subject"):
        assert pd.Series(folds).groupby(faces[together]).nunique().max() == 1
    assert np.bincount(folds).max() - np.bincount(folds).min() < 30
    means = [faces.age[folds == fold].mean() for fold in range(5)]
    assert means == pytest.approx([faces.age.mean()] * 5, abs=1.5)
    assert np.array_equal(folds, deal_folds(faces, 5, seed=0))
    assert not np.array_equal(folds, deal_folds(faces, 5, seed=1))


def test_a_fold_s_model_sees_no_face_of_its_fold_and_no_test_face(store, faces, spec, recipe, seen, tmp_path):
    folds = deal_folds(faces.frame, 4, seed=0)
    with runs.run("fold", "seed 0, fold 1"):
        predictions = fold_predictions(faces, folds == 1, "fold 1", (spec, recipe, 0), tmp_path)
    inside = faces.frame.id[folds == 1]
    assert list(predictions.id) == list(inside)
    assert predictions.predicted.notna().all()
    [shown] = seen
    assert not shown & set(inside)
    assert not shown & set(faces.frame.id[faces.frame.split == "test"])
    assert shown == set(faces.frame.id[(folds != 1) & (faces.frame.split != "test")])


def test_each_face_gets_the_answer_of_its_own_fold_s_model():
    faces = pd.DataFrame({"id": ["a", "b"], "split": ["train", "test"], "age": [30, 40]})
    made = [(0, pd.DataFrame({"id": [name], "predicted": [years]})) for name, years in (("b", 41.0), ("a", 29.0))]
    made += [(7, pd.DataFrame({"id": ["a", "b"], "predicted": [28.0, 42.0]}))]
    table = joined(faces, np.array([1, 0]), iter(made))
    assert table.to_dict("list") == {
        **{"id": ["a", "b"], "split": ["train", "test"], "age": [30, 40]},
        **{"fold": [1, 0], "seed_0": [29.0, 41.0], "seed_7": [28.0, 42.0]},
    }


def test_what_was_killed_goes_on_after_its_last_whole_fold(tmp_path):
    table, trained = pd.DataFrame({"id": ["a"], "predicted": [1.5]}), []

    def make():
        trained.append(1)
        return table

    kept = Kept(tmp_path)
    for _ in range(2):
        pd.testing.assert_frame_equal(kept(0, 3, make), table)
    assert trained == [1]
    [file] = tmp_path.rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-9])
    pd.testing.assert_frame_equal(kept(0, 3, make), table)
    assert trained == [1, 1]
