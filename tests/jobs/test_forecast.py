"""What is told before a long training, and that nothing depends on it."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from unlearning.data.faces import FaceSet
from unlearning.jobs import forecast
from unlearning.jobs.ensemble import Training, train_ensemble
from unlearning.models.ensemble import load_model, weights_digest
from unlearning.targets import Classes
from unlearning.tracking import runs


@pytest.fixture
def training(faces, spec, recipe):
    return Training(faces, spec, recipe, (0, 1), "original")


def test_a_long_training_says_minutes_disk_and_memory_and_a_short_one_nothing(training, monkeypatch, capsys):
    forecast.foretell("train", training)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(forecast, "LEAST_STEPS", 1)
    forecast.foretell("train", training)
    told = capsys.readouterr().err
    faces = len(training.faces.part("train"))
    assert f"train: at most 4 passes over {faces} faces: about 1 minute on this machine" in told
    assert re.search(r"[\d.]+ GB of disk \(\d+ GB are free\) and [\d.]+ GB of \d+ GB of memory", told)
    forecast.foretell("crossfit", training, passes=40, networks=1)
    assert "crossfit: at most 40 passes" in capsys.readouterr().err


def test_the_weights_do_not_depend_on_it(training, monkeypatch, tmp_path):
    monkeypatch.setattr(runs, "log_numbers", lambda *values, **more: None)
    training = replace(training, seeds=(0,))
    train_ensemble(training, tmp_path / "before" / "age_model")
    monkeypatch.setattr(forecast, "LEAST_STEPS", 1)
    before = torch.random.get_rng_state()
    forecast.foretell("train", training)
    assert torch.equal(torch.random.get_rng_state(), before)
    train_ensemble(training, tmp_path / "after" / "age_model")
    one, other = (load_model(tmp_path / place / "age_model").members[0] for place in ("before", "after"))
    assert weights_digest(one) == weights_digest(other)


def test_a_training_of_classes_is_tried_by_its_own_loss(training, monkeypatch, capsys):
    monkeypatch.setattr(forecast, "LEAST_STEPS", 1)
    faces, gender = training.faces, Classes("gender", ("male", "female"))
    labelled = FaceSet(faces.frame.assign(label=faces.frame.gender), np.asarray(faces.pixels))
    forecast.foretell("train", replace(training, faces=labelled, spec=training.spec.predicting(gender)))
    assert "train: at most 4 passes" in capsys.readouterr().err


def test_hours_are_told_where_minutes_are_many():
    assert [forecast.in_words(minutes) for minutes in (0.2, 12.4, 210)] == ["1 minute", "12 minutes", "3.5 hours"]
