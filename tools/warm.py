"""Entry points as processes that need not import anything: they are forked from one that has.

An entry point takes seconds to import what it needs, and less to work on small data. Where a story of twenty of them is told
for its outcome, this tells it sooner: the same code with the same words, each in a process of its own that can be killed.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from multiprocessing.util import _run_finalizers
from pathlib import Path

ENTRIES = ("key", "train", "retrain", "unlearn", "crossfit", "request", "process", "certify", "verify")
ENTRIES += ("promote", "rollback", "purge", "status", "experiment")
HEAVY = ("lightning_fabric", "mlflow.pyfunc", "psycopg2", "scipy.stats", "matplotlib.figure", "unlearning.reports.audit_page")
STEPS = ENTRIES[1:]
at_end: list[Callable[[], object]] = []


def main() -> None:
    """Serve jobs, one a line of standard input; answer each with its process id, and then with its exit status."""
    for name in (*HEAVY, *(f"unlearning.steps.{step}" for step in STEPS)):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    importlib.import_module("unlearning.models.timm_backbone").import_timm()
    entries = {name: importlib.import_module(f"entrypoints.{name}").main for name in ENTRIES}
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            act(entries[job["entry"]], job)
        answer(child)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def answer(number: int) -> None:
    print(number, flush=True)


def count_writes(last: int, account: Path) -> None:
    """Kill the process at write number ``last``, and say at its end how many there were.

    A write is a commit to a database, or a file that is opened to be written, renamed or removed.
    """
    import sqlalchemy

    number = 0

    def note(*_) -> None:
        nonlocal number
        number += 1
        if number == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple) -> None:
        opened = event == "open" and isinstance(arguments[1], str) and set("wxa+") & set(arguments[1])
        if opened or event in ("os.rename", "os.remove", "os.rmdir"):
            note()

    sqlalchemy.event.listen(sqlalchemy.engine.Engine, "commit", note)
    sys.addaudithook(heard)
    at_end.append(lambda: account.write_text(str(number), encoding="utf-8"))


def act(entry, job: dict) -> None:
    """The entry point with the words, the folder and the environment of a job, and its words in a file; does not return."""
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    said = os.open(Path(job["said"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    tempfile.tempdir = None  # it was asked for before there was a job
    status = 1
    if "last_write" in job:
        count_writes(job["last_write"], Path(job["account"]))
    try:
        entry(job["words"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        for last in at_end:
            last()
        _run_finalizers()  # as at an interpreter's own end: temporary folders go
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
