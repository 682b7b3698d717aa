"""The search for settings: on validation faces alone, resumed after a kill, and its best is registered."""

import os
import subprocess
import sys

import mlflow
import numpy as np
import optuna
import pandas as pd
import pytest

from dying import Killed, die_after
from forgetting import forget_set
from places import ROOT
from unlearning.data import unfinished
from unlearning.errors import InputError
from unlearning.evaluation.validation import validation_scores
from unlearning.experiments import search
from unlearning.methods import METHODS
from unlearning.methods.params import idle
from unlearning.settings.forgetting import TuneSettings
from unlearning.steps.tune import tune
from unlearning.targets import AGE, Classes
from unlearning.tracking import finished, runs
from unlearning.training.checkpoint import MINUTES_VARIABLE, Checkpoint


@pytest.fixture
def tables():
    """Two faces to keep and two to forget, validation first; one test face that no score may depend on."""
    frame = pd.DataFrame({"id": list("abcde"), "split": ["validation", "validation", "train", "train", "test"]})
    frame["age"] = [40.0, 25.0, 41.0, 26.0, 26.0]
    evaluated = frame.assign(predicted=[42.0, 27.0, 41.0, 26.0, 0.0])
    return evaluated, frame.assign(predicted=[44.0, 35.0, 50.0, 50.0, 99.0])


def test_validation_scores_are_the_study_s_on_validation_faces(tables):
    evaluated, retrained = tables
    forget = forget_set("20-28", evaluated)
    scores = validation_scores(evaluated, retrained, forget, 15.0)
    spoilt = evaluated.assign(predicted=evaluated.predicted.where(evaluated.split != "test", 1e6))
    assert validation_scores(spoilt, retrained, forget, 15.0) == scores, "no test face moves one"
    assert scores["Utility"] == pytest.approx((4 + 10) / (2 + 2))
    assert scores["Forgetting"] == pytest.approx(np.exp(-8 / 15)), "abs(10 - 2) on the one forgotten validation face"
    assert scores["F"] == pytest.approx(3.5 * np.exp(-8 / 15))
    assert scores["distance"] == pytest.approx((8 + 2) / 2)


def test_without_forgotten_validation_faces_the_forgotten_training_faces_serve(tables):
    evaluated, retrained = (table[table.id != "b"] for table in tables)
    scores = validation_scores(evaluated, retrained, forget_set("20-28", evaluated), 15.0)
    assert scores["Forgetting"] == pytest.approx(np.exp(-24 / 15))
    evaluated, retrained = (table[table.split != "validation"] for table in tables)
    with pytest.raises(InputError, match="no validation faces"):
        validation_scores(evaluated, retrained, forget_set("20-28", evaluated), 15.0)


def test_trials_are_nested_runs_of_one_study_and_the_best_one_s_settings_are_registered(trained):
    for trials in (1, 2):  # the second call goes on where the first has ended
        best = tune(TuneSettings("ft", trials, "distance", "20-28", (1,)))
    found = {run["tags"]["mlflow.runName"]: run for run in finished.find_by_tags({"step": "trial"})}
    assert sorted(found) == ["trial 0", "trial 1"]
    assert found["trial 0"]["params"]["method.lr"] == str(METHODS["ft"].lr), "the defaults are tried first"
    parent = finished.find_by_tags({"step": "tune"})[0]
    assert parent["params"]["best.lr"] == best.tag("params").removeprefix("lr=")
    numbers = mlflow.MlflowClient().get_run(parent["run_id"]).data.metrics
    trials = pd.read_csv(runs.download(parent["run_id"], "trials.csv")).dropna(subset="value")
    assert numbers["best"] == pytest.approx(trials.value.min())
    assert best.tag("role") == "unlearned"
    assert best.tag("state") == "candidate"


def test_a_trial_that_is_killed_goes_on_in_its_run_with_its_settings(trained, own_cache, monkeypatch):
    monkeypatch.setenv(MINUTES_VARIABLE, "0")
    asked = TuneSettings("ft", 1, "F", "20-28", (2,))
    die_after(monkeypatch, Checkpoint, "write", 3)
    with pytest.raises(Killed):
        tune(asked)
    [killed] = mlflow.search_runs(filter_string="tags.step = 'trial'", output_format="list")
    best = tune(asked)
    [trial] = finished.find_by_tags({"step": "trial"})
    assert trial["run_id"] == killed.info.run_id
    assert best.tag("params") == f"lr={trial['params']['method.lr']}"
    assert unfinished.everything() == []


def test_a_trial_whose_score_has_no_value_fails_in_a_sentence(trained, own_cache, monkeypatch):
    monkeypatch.setattr("unlearning.steps.tune._score", lambda *given: {"F": np.nan})
    with pytest.raises(InputError, match="none of the trials came to an end"):
        tune(TuneSettings("ft", 1, "F", "20-28", (1,)))
    [trial] = finished.find_by_tags({"step": "trial"})
    assert trial["tags"]["trial.reason"].startswith("F has no value for these settings")


def test_the_higher_f_is_the_better_and_the_smaller_distance(monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    studies = {objective: search.open_study("m", objective, objective, 0) for objective in search.DIRECTIONS}
    for study, value in ((study, value) for study in studies.values() for value in (1.0, 3.0, 2.0)):
        study.tell(study.ask(), value)
    assert {objective: study.best_value for objective, study in studies.items()} == {"F": 3, "distance": 1}


def test_settings_that_do_nothing_for_classes_are_not_searched_there():
    targets = (AGE, Classes("breed", ("a", "b")))
    every, of_classes = (search.suggest(optuna.create_study().ask(), METHODS["reset"], idle(target)) for target in targets)
    assert every.keys() - of_classes.keys() == {"scale"}


@pytest.mark.slow
def test_trials_of_other_processes_are_children_of_the_search_and_the_same_seed_tries_the_same(trained, own_cache):
    best = tune(TuneSettings("ft", 3, "F", "20-28", (1,), workers=2))
    found = {run["tags"]["mlflow.runName"]: run for run in finished.find_by_tags({"step": "trial"})}
    [parent] = finished.find_by_tags({"step": "tune"})
    assert sorted(found) == ["trial 0", "trial 1", "trial 2"]
    assert {run["tags"]["mlflow.parentRunId"] for run in found.values()} == {parent["run_id"]}
    assert found["trial 0"]["params"]["method.lr"] == str(METHODS["ft"].lr), "the defaults are tried first"
    assert best.tag("params") == f"lr={parent['params']['best.lr']}"
    assert unfinished.everything() == []


@pytest.mark.slow
def test_a_trial_that_was_killed_is_made_up_for(monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    code = "from unlearning.experiments import search; import os; search.open_study('m', 's', 'F', 0).ask(); os._exit(9)"
    subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"})
    study = search.open_study("m", "s", "F", 0)
    assert [trial.state for trial in study.trials] == [optuna.trial.TrialState.FAIL]
    assert search.finished(study) == 0


def test_a_damaged_record_of_trials_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    path = tmp_path / "searches" / "m" / "s.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"junk" * 5000)
    with pytest.raises(InputError, match=rf"trials {path} cannot be used: .*not a database; delete it"):
        search.open_study("m", "s", "F", 0)


def test_a_record_of_trials_that_is_damaged_meanwhile_is_named_and_not_the_tracking_store(trained, monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))

    def damage(*about):
        (path,) = tmp_path.rglob("searches/*/*.db")
        path.write_bytes(b"junk" * 5000)

    monkeypatch.setattr(search, "begin_with_defaults", damage)
    with pytest.raises(InputError, match=rf"trials ({tmp_path}\S*\.db) cannot be used: .*; delete it, .*: rm \1$"):
        tune(TuneSettings("ft", 1, "F", "20-28", (1,)))
