"""Several processes at once, on a fresh store."""

import multiprocessing
import os
from pathlib import Path

import mlflow
import pytest

from unlearning.tracking import runs

COUNT, SECONDS = 16, 600


def open_a_run(uri: str, folder: str, start) -> None:
    """In a process of its own: open a run when all are ready."""
    os.environ["MLFLOW_TRACKING_URI"] = uri
    os.chdir(folder)
    start.wait(SECONDS)
    with runs.run("test", "one of many"):
        pass


@pytest.mark.slow
def test_sixteen_processes_that_start_on_a_fresh_store_all_succeed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/fresh.db")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["mlflow", "mlflow.store.db.utils", "mlflow.store.tracking.sqlalchemy_store", "unlearning.tracking.runs"]
    )
    given = os.environ["MLFLOW_TRACKING_URI"], str(Path.cwd()), context.Barrier(COUNT)
    processes = [context.Process(target=open_a_run, args=given) for _ in range(COUNT)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)
    assert [process.exitcode for process in processes] == [0] * COUNT
    found = mlflow.search_runs(output_format="list")
    assert [run.info.status for run in found] == ["FINISHED"] * COUNT
