"""Runs that say RUNNING although their process has died: a process that is killed cannot say so, so the next one does."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import mlflow
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException

from unlearning.tracking import processes
from unlearning.tracking.answers import first_line

PROCESS = "process"
NOTICED_BY, NOTICED_AT = "killed.noticed_by", "killed.noticed_at"
OPEN = ("RUNNING", "SCHEDULED")


def has_ended(found: Run) -> bool:
    """Is nobody at work in a run any more, as far as this machine can know?"""
    return found.info.status not in OPEN or processes.is_gone(found.data.tags.get(PROCESS, ""))


def end_abandoned() -> None:
    """End, as KILLED, all runs whose process was on this machine and is gone; each says who noticed, and when."""
    client = mlflow.MlflowClient()
    experiments = [one.experiment_id for one in client.search_experiments()]
    query = f"attributes.status = 'RUNNING' and tags.{PROCESS} LIKE '{processes.place()} %'"
    for found in client.search_runs(experiments, query):
        # What ended between the search and the question whether its process lives has said so by now.
        if has_ended(found) and client.get_run(found.info.run_id).info.status == "RUNNING":
            _end(client, found)


def _end(client: mlflow.MlflowClient, found: Run) -> None:
    """One that is somebody else's may refuse; that is told, and nobody's work stops because of it."""
    run_id, now = found.info.run_id, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    said = f"the run {found.info.run_name} ({run_id}) says RUNNING, but its process is gone"
    noticed = {NOTICED_BY: processes.owner(), NOTICED_AT: now, "failure": "its process died and could not say why"}
    try:
        client.log_batch(run_id, tags=[RunTag(name, value) for name, value in noticed.items()])
        client.set_terminated(run_id, "KILLED")
    except MlflowException as error:
        print(f"{said}; it could not be ended: {first_line(error)}", file=sys.stderr)
        return
    print(f"{said}: it was ended as KILLED", file=sys.stderr)
