"""Entry points as processes that need not import anything: they are forked from one that has.

An entry point takes seconds to import what it needs, and less to work on small data. Where a story of twenty of them is told
for its outcome, this tells it sooner: the same code with the same words, each in a process of its own that can be killed.
"""

import contextlib
import importlib
import json
import os
import sys
import traceback
from pathlib import Path

ENTRIES = ("key", "train", "crossfit", "request", "process", "certify", "verify", "promote", "rollback", "purge", "status")
HEAVY = ("lightning_fabric", "mlflow.pyfunc", "psycopg2", "scipy.stats", "matplotlib.figure", "unlearning.reports.audit_page")
STEPS = ("train", "crossfit", "request", "process", "certify", "verify", "promote", "rollback", "purge", "status")


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


def act(entry, job: dict) -> None:
    """The entry point with the words, the folder and the environment of a job, and its words in a file; does not return."""
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    said = os.open(Path(job["said"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    status = 1
    try:
        entry(job["words"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
