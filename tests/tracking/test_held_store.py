"""A store that others use: held, which is waited for also where MLflow gives up, and fresh, for many at once."""

import multiprocessing
import os
import sqlite3
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.tracking import runs
from unlearning.tracking import store as tracking


@pytest.fixture
def hasty(monkeypatch):
    """SQLite gives up after a tenth of a second where nobody says how long to wait."""
    monkeypatch.setattr(sqlite3.dbapi2, "connect", partial(sqlite3.dbapi2.connect, timeout=0.1))


class Held:
    """The database, held by somebody else until the clock or the end of the block lets go."""

    def __init__(self, path, seconds: float):
        self.path, self.seconds, self.ended, self.taken = path, seconds, threading.Event(), threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._hold)
        self.thread.start()
        self.taken.wait()

    def _hold(self):
        with closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.execute("BEGIN EXCLUSIVE")
            self.taken.set()
            self.ended.wait(self.seconds)

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def test_eight_that_open_a_store_that_is_held_all_succeed(store, hasty):
    failed = []

    def open_store():
        try:
            tracking.prepare_store()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test fails with it
            failed.append(error)

    threads = [threading.Thread(target=open_store) for _ in range(8)]
    with Held(store / "mlflow.db", 1.5):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    assert mlflow.MlflowClient().search_experiments()


def test_a_store_that_is_held_for_too_long_is_told_in_a_sentence(store, hasty, monkeypatch):
    monkeypatch.setattr(tracking, "WAIT_SECONDS", 0.3)
    with Held(store / "mlflow.db", 60), pytest.raises(InputError, match="another process has held the store sqlite"):
        tracking.prepare_store()


def test_another_error_is_not_waited_for():
    with pytest.raises(ZeroDivisionError):
        tracking.when_free(lambda: 1 / 0)


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
