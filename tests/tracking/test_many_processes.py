"""Several processes at once, on a fresh store."""

import os
import subprocess
import sys

import mlflow
import pytest

from places import ROOT


def start(code: str, *arguments: str) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes: list[subprocess.Popen]) -> list[str]:
    answers = [process.communicate(timeout=300) for process in processes]
    assert [p.returncode for p in processes] == [0] * len(processes), "\n".join(err for _, err in answers)
    return [out for out, _ in answers]


@pytest.mark.slow
def test_sixteen_processes_that_start_on_a_fresh_store_all_succeed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/fresh.db")
    code = "from unlearning.tracking import runs\nwith runs.run('test', 'one of many'): pass"
    finish([start(code) for _ in range(16)])
    runs = mlflow.search_runs(output_format="list")
    assert [run.info.status for run in runs] == ["FINISHED"] * 16
