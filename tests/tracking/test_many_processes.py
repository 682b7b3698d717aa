"""Several processes at once, on one store."""

import os
import subprocess
import sys
import time

import mlflow
import pytest

from places import ROOT
from unlearning.errors import InputError
from unlearning.tracking import lock, registry

MODEL = "age-resnet50"


def start(code: str, *arguments: str) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes: list[subprocess.Popen]) -> list[str]:
    answers = [process.communicate(timeout=300) for process in processes]
    assert [p.returncode for p in processes] == [0] * len(processes), "\n".join(err for _, err in answers)
    return [out for out, _ in answers]


def test_sixteen_processes_that_start_on_a_fresh_store_all_succeed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/fresh.db")
    code = "from unlearning.tracking import runs\nwith runs.run('test', 'one of many'): pass"
    finish([start(code) for _ in range(16)])
    runs = mlflow.search_runs(output_format="list")
    assert [run.info.status for run in runs] == ["FINISHED"] * 16


PROMOTE = """
import sys
from functools import partial
from unlearning.tracking import moves, registry
number = int(sys.argv[1])
registry.transition('age-resnet50', partial(moves.promote, number=number, forget_set='20-28', tags={}))
"""


def test_processes_that_promote_at_once_end_with_one_champion(trained):
    finish([start(PROMOTE, str(number)) for number in (2, 3, 4, 2, 3, 4)])
    known = registry.versions(MODEL)
    champions = [version.number for version in known if "champion" in version.aliases]
    assert len(champions) == 1
    assert [version.number for version in known if version.stage == "Production"] == champions
    assert [version.number for version in known if version.tag("state") == "forgotten"] == champions


def test_the_lock_of_a_dead_process_is_taken_over(store, monkeypatch):
    mlflow.MlflowClient().create_registered_model(f"{MODEL}.lock", tags={"owner": "dead", "expires": str(time.time() - 1)})
    with lock.registry_lock(MODEL):
        assert mlflow.MlflowClient().get_registered_model(f"{MODEL}.lock").tags["owner"] != "dead"
    assert mlflow.MlflowClient().search_registered_models() == []


def test_a_lock_that_is_held_is_waited_for_and_its_owner_named(store, monkeypatch):
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.5)
    held = {"owner": "anna:17", "expires": str(time.time() + 60)}
    mlflow.MlflowClient().create_registered_model(f"{MODEL}.lock", tags=held)
    with pytest.raises(InputError, match="anna:17 holds the lock"), lock.registry_lock(MODEL):
        pytest.fail("two held the lock")
