"""Several processes at once, on a fresh store."""

import os
import subprocess
import sys

import mlflow
import pytest

from places import ROOT


@pytest.mark.slow
def test_sixteen_processes_that_start_on_a_fresh_store_all_succeed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/fresh.db")
    code = "from unlearning.tracking import runs\nwith runs.run('test', 'one of many'): pass"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(16)]
    said = [process.communicate(timeout=600)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 16, "\n".join(said)
    runs = mlflow.search_runs(output_format="list")
    assert [run.info.status for run in runs] == ["FINISHED"] * 16
