"""Checkpoints beside the run: another machine finds them, whole, when nobody is at work there any more."""

import json
import shutil
import threading
from dataclasses import replace

import mlflow
import pytest

from dying import Killed, die_after
from made import small, weights
from unlearning.data import unfinished
from unlearning.jobs import artifact_copy
from unlearning.registry.lookup import find
from unlearning.settings.registry import PurgeSettings
from unlearning.steps.purge import purge
from unlearning.steps.train import train
from unlearning.tracking import artifacts, runs
from unlearning.training.checkpoint import MINUTES_VARIABLE, Checkpoint

SETTINGS = small(2, name="whole")


@pytest.fixture(autouse=True)
def _beside_the_run(monkeypatch):
    monkeypatch.setenv(artifact_copy.VARIABLE, artifact_copy.ARTIFACTS)
    monkeypatch.setenv(MINUTES_VARIABLE, "0")


def test_a_training_that_is_killed_goes_on_on_another_machine(store, own_cache, monkeypatch):
    whole = train(SETTINGS)
    die_after(monkeypatch, Checkpoint, "write", 6)
    with pytest.raises(Killed):
        train(replace(SETTINGS, name="moved"))
    [killed] = artifact_copy.everywhere()
    shutil.rmtree(unfinished.place())
    made = train(replace(SETTINGS, name="moved"))
    assert made.run_id == killed.info.run_id
    assert weights(made) == weights(whole)
    assert artifacts.listed(made.run_id, artifact_copy.FOLDER) == []
    assert artifact_copy.everywhere() == []


def test_a_purge_erases_what_was_begun_on_the_same_data(two_models, own_cache):
    version = find("age-resnet50", "3")
    with runs.run("train", "a run") as active:
        runs.set_tags({artifact_copy.MARK: "mark", artifact_copy.DATA: version.tag("data_digest")})
        runs.log_text("weights", f"{artifact_copy.FOLDER}/0/fit-1.safetensors")
    purge(PurgeSettings("3", "age-resnet50/3", force=True))
    assert artifacts.listed(active.info.run_id, artifact_copy.FOLDER) == []


def test_a_copy_that_was_being_written_is_passed_over_for_the_one_before(store, tmp_path):
    place, other = tmp_path / "here", tmp_path / "there"
    place.mkdir()
    with runs.run("train", "a run") as active:
        runs.set_tags({artifact_copy.MARK: "mark"})
        copy = artifact_copy._Copy(place, active.info.run_id)
        for content in ("first", "second"):
            (place / "fit-1.safetensors").write_text(content)
            copy.put()
        runs.log_text("half of the th", f"{artifact_copy.FOLDER}/1/fit-1.safetensors")
        artifact_copy.fetch("mark", other)
        assert (other / "fit-1.safetensors").read_text() == "first"
        assert artifact_copy._Copy(place, active.info.run_id).turn == 2, "it goes on over the older one"


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside"])
def test_a_copy_whose_list_is_half_written_or_leads_elsewhere_is_passed_over(store, tmp_path, name):
    place, other = tmp_path / "here", tmp_path / "there"
    place.mkdir()
    (place / "fit-1.safetensors").write_text("whole")
    with runs.run("train", "a run") as active:
        runs.set_tags({artifact_copy.MARK: "mark"})
        artifact_copy._Copy(place, active.info.run_id).put()
        for text in ('{"turn": 1, "fi', json.dumps({"turn": 1, "files": {name: "0" * 64}})):
            runs.log_text(text, f"{artifact_copy.FOLDER}/1/{artifact_copy.LIST}")
            assert [turn for turn, _ in artifact_copy._lists(active.info.run_id)] == [0]
        artifact_copy.fetch("mark", other)
    assert (other / "fit-1.safetensors").read_text() == "whole"


def test_a_run_that_says_nothing_for_a_while_is_left(store, monkeypatch):
    monkeypatch.setattr(artifact_copy, "BEAT", 0.2)
    monkeypatch.setattr(artifact_copy, "SILENCE", 2.0)
    with runs.run("train", "a run") as active:

        def found():
            return mlflow.get_run(active.info.run_id)

        assert not artifact_copy.is_left(found()), "it copies nothing"
        runs.set_tags({artifact_copy.SEEN: "0"})
        assert artifact_copy.is_left(found())
        ended, before = threading.Event(), found()
        pulse = threading.Thread(target=artifact_copy._beat, args=(active.info.run_id, ended))
        pulse.start()
        assert not artifact_copy.is_left(before)
        ended.set()
        pulse.join()
