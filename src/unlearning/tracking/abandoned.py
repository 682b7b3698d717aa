"""Runs that say RUNNING although nobody works in them: a process that is killed cannot say so, so the next one does.

``mlflow run`` opens a run before it builds the environment. Where that fails (there is no conda), nothing of this project ever
begins in the run, and no tag names a process.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
from mlflow.entities import Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path

from unlearning.canonical import moment
from unlearning.tracking import processes
from unlearning.tracking.answers import first_line
from unlearning.tracking.paging import every, experiment_ids

PROCESS = "process"
NOTICED_BY, NOTICED_AT = "killed.noticed_by", "killed.noticed_at"
FAILURE = "failure"
LEFT_TAGS = (NOTICED_BY, NOTICED_AT, FAILURE)
PROJECT = Path(__file__).resolve().parents[3]
# In milliseconds. Building an environment takes minutes; MLflow opens a run again whose step begins later all the same.
PATIENCE = 3_600_000
OPEN = ("RUNNING", "SCHEDULED")


def has_ended(found: Run) -> bool:
    """Is nobody at work in a run any more, as far as this machine can know?"""
    return found.info.status not in OPEN or processes.is_gone(found.data.tags.get(PROCESS, ""))


def end_abandoned() -> None:
    """End, as KILLED, all runs that nobody works in; each says who noticed, and when.

    They are those whose process was on this machine and is gone, and those in which no step of this project has begun.
    """
    client = mlflow.MlflowClient()
    experiments = experiment_ids()
    query = f"attributes.status = 'RUNNING' and tags.{PROCESS} LIKE '{processes.place()} %'"
    for found in every(client.search_runs, experiments, query):
        # What ended between the search and the question whether its process lives has said so by now.
        if has_ended(found) and client.get_run(found.info.run_id).info.status == "RUNNING":
            _end(client, found, "its process is gone", "its process died and could not say why")
    for found in _never_begun(client, experiments):
        reason = "no step has begun in it for an hour, as where mlflow run cannot build the environment"
        _end(client, found, reason, reason)


def _never_begun(client: mlflow.MlflowClient, experiments: list[str]) -> Iterator[Run]:
    """Runs that ``mlflow run`` has opened for this folder long ago, and that no process has put its name on."""
    before = int(time.time() * 1000) - PATIENCE
    query = f"attributes.status = 'RUNNING' and attributes.start_time < {before} and tags.mlflow.source.type = 'PROJECT'"
    for found in every(client.search_runs, experiments, query):
        folder = local_file_uri_to_path(found.data.tags.get("mlflow.source.name", "").partition("#")[0])
        if PROCESS not in found.data.tags and Path(folder) == PROJECT:
            yield found


def _end(client: mlflow.MlflowClient, found: Run, sign: str, reason: str) -> None:
    """One that is somebody else's may refuse; that is told, and nobody's work stops because of it."""
    run_id = found.info.run_id
    said = f"the run {found.info.run_name} ({run_id}) says RUNNING, but {sign}"
    noticed = {NOTICED_BY: processes.owner(), NOTICED_AT: moment(), FAILURE: reason}
    try:
        client.log_batch(run_id, tags=[RunTag(name, value) for name, value in noticed.items()])
        client.set_terminated(run_id, "KILLED")
    except MlflowException as error:
        print(f"{said}; it could not be ended: {first_line(error)}", file=sys.stderr)
        return
    print(f"{said}: it was ended as KILLED", file=sys.stderr)
