"""Kill a command at any write, type it again: it ends as if it had been left alone, and nothing is left behind.

KILLS=40 kills each command so often, at moments drawn from a seed; the suite kills two commands once.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from erasable import copy_store
from made import weights
from places import ROOT
from unlearning.data import unfinished
from unlearning.registry.lookup import all_versions
from unlearning.repair import mending
from unlearning.tracking import temporary

KILLS = int(os.environ.get("KILLS", "0"))
SHORT = ("train", "ft")
MODEL, RULE = "age-resnet50", ["--forget_set", "20-28"]
TRAIN = ["--drawn_faces", "160", "--arch", "test_resnet", "--image_size", "32", "--epochs", "2", "--precision", "32-true"]
SLICED = ["--scheme", "sisa", "--shards", "2", "--slices", "2", "--name", "sliced"]
# What is done before, in order, and the command that is killed.
COMMANDS = {
    "train": ([], ["train", *TRAIN, "--seeds", "0,1"]),
    "retrain": ([["train", *TRAIN]], ["retrain", *RULE]),
    "ft": ([["train", *TRAIN]], ["unlearn", *RULE, "--reference", "none", "--epochs", "1,2"]),
    "scrub": ([["train", *TRAIN]], ["unlearn", *RULE, "--reference", "none", "--method", "scrub", "--epochs", "2"]),
    "sisa": ([["train", *TRAIN, *SLICED]], ["unlearn", *RULE, "--reference", "none", "--method", "sisa", "--name", "sliced"]),
    "crossfit": ([["train", *TRAIN]], ["crossfit", "--folds", "2", "--seeds", "0,1"]),
    "process": (
        [["train", *TRAIN], ["request", "--forget_set", "random:5"]],
        ["process", "--epochs", "1", "--gates", "test_mae < 100", "--reference", "none"],
    ),
    "experiment": ([], ["experiment", "--study", "alpha", "--preset", "demo", "--forget_sets", "20-28", "--seeds", "0"]),
}
NAMES = {"sisa": "sliced", "experiment": "age-study-demo-seed-0"}
REPEATED = ("evaluate", "promote", "process")  # process opens a run each time, and measures and decides again in it
VOLATILE = ("seconds", "run_id", "data_run", "peak_memory_mb", "certificate", "request")
NUMBERED = ("parent_version", "reference_version")


@pytest.fixture(scope="module")
def warm():
    """A process that forks entry points."""
    own = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, str(ROOT / "tools" / "warm.py")]
    with subprocess.Popen(words, env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


class Stage:
    """A store, and commands that are played on it."""

    def __init__(self, process: subprocess.Popen, folder: Path, key: Path):
        self.process, self.folder = process, folder
        own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        own |= {"UNLEARNING_CHECKPOINT_MINUTES": "0", "UNLEARNING_SIGNING_KEY": str(key), "TMPDIR": str(folder / "tmp")}
        self.environment = os.environ | own
        (folder / "tmp").mkdir(exist_ok=True)

    def play(self, words: list[str], last_write: int = 0) -> int:
        """Type a command; returns its exit status, -9 for one that was killed at its ``last_write``."""
        job = {"entry": words[0], "words": words[1:], "folder": str(self.folder), "environment": dict(self.environment)}
        job |= {"said": str(self.folder / "said.txt"), "last_write": last_write, "account": str(self.folder / "writes.txt")}
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        self.process.stdout.readline()
        return int(self.process.stdout.readline())

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text()

    @property
    def writes(self) -> int:
        return int((self.folder / "writes.txt").read_text())


def at_work(runs: list[mlflow.entities.Run]) -> bool:
    """Does a run say that it has not ended?"""
    return not {run.info.status for run in runs} <= {"FINISHED", "KILLED"}


def look(name: str) -> dict:
    """What a command has left, but for what is another in every run: ids, seconds, times.

    A run that was killed before there was anything to keep stays killed, and so does one of ``process``, which opens one each
    time. A version that was being written to the registry is undone, and the one that takes its place has the next number.
    """
    client = mlflow.MlflowClient()
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    points = []
    assert not at_work(runs)
    for run in (one for one in runs if one.info.status == "FINISHED" and one.data.tags.get("step") not in REPEATED):
        steps = {one: [p.step for p in client.get_metric_history(run.info.run_id, one)] for one in run.data.metrics}
        points.append((run.data.tags.get("step", ""), sorted(steps.items())))
    known = all_versions(name)
    places = {str(version.number): f"the {place}." for place, version in enumerate(known, 1)}
    return {
        "versions": [
            {
                **{"stage": version.stage, "aliases": sorted(version.aliases)},
                **{"weights": weights(version)},
                **{
                    name: places.get(text, text) if name in NUMBERED else text
                    for name, text in version.tags.items()
                    if not name.startswith(VOLATILE) and "sha256" not in name
                },
            }
            for version in known
        ],
        "runs": sorted(points),
        "logged models": len(client.search_logged_models([one.experiment_id for one in client.search_experiments()])),
        "found": mending.examine(name).found,
    }


def nothing_is_left(stage: Stage, cache: Path) -> None:
    """No file is left; the folder for them, where a kill came while it was made or removed, is empty and goes after a day."""
    assert unfinished.everything() == []
    assert list(cache.rglob("*.part")) == []
    places = [path for path in (stage.folder / "tmp").iterdir() if not path.name.startswith("torch")]
    assert [path for place in places for path in place.rglob("*") if path.name != temporary.OWNER] == []


@pytest.mark.parametrize("what", COMMANDS if KILLS else SHORT)
def test_a_command_that_is_killed_at_any_write_ends_as_if_it_had_been_left_alone(
    what, warm, empty_store, tmp_path, monkeypatch, own_cache
):
    before, words = COMMANDS[what]
    name = NAMES.get(what, MODEL)
    key, base = tmp_path / "key.pem", tmp_path / "base"

    def stage(folder: Path, template: Path) -> Stage:
        folder.mkdir()
        copy_store(template, folder)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        return Stage(warm, folder, key)

    begun = stage(base, empty_store)
    for earlier in (["key", "--path", str(key)], *before):
        assert begun.play(earlier) == 0, begun.said
    whole = stage(tmp_path / "whole", base / "mlflow.db")
    assert whole.play(words) == 0, whole.said
    expected, writes = look(name), whole.writes
    for moment in sorted(random.Random(what).sample(range(1, writes + 1), min(KILLS or 1, writes))):
        killed = stage(tmp_path / f"killed-{moment}", base / "mlflow.db")
        assert killed.play(words, moment) in (0, -9), killed.said
        if not at_work(mlflow.search_runs(search_all_experiments=True, output_format="list")) and look(name) == expected:
            continue  # it died over its waste, which goes with the next training; typed again, it would be another one
        assert killed.play(words) == 0, f"{moment} of {writes}: {killed.said}"
        assert look(name) == expected, f"{moment} of {writes}: {killed.said}"
        nothing_is_left(killed, own_cache)
