"""Runs that have finished: found again by what they were made from, or by their tags, so that nothing is made twice."""

import hashlib
import json
import shlex
from pathlib import Path

import mlflow

from unlearning.tracking.code import code_digest
from unlearning.tracking.paging import every, experiment_ids
from unlearning.tracking.store import STEP

FINGERPRINT = "fingerprint"
# What decides weights. Scores are not in it: they are measured again from the predictions whenever they are shown.
DECIDING = ("data", "models", "targets", "training")


def fingerprint(step: str, *, code: tuple[str, ...] = (), **inputs) -> str:
    """sha256 (16 hex digits) of a step, its inputs, and the code that decides weights: equal ones give equal results.

    ``code``: files or folders of the package that decide what this step makes, besides ``DECIDING``.
    """
    text = json.dumps({"step": step, "code": code_digest(*DECIDING, *code), **inputs}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark_finished(mark: str, **results: str) -> None:
    """Let a later run with the same fingerprint find this one and what it made."""
    mlflow.set_tags({FINGERPRINT: mark, **{f"result.{name}": value for name, value in results.items()}})


def find_by_tags(tags: dict[str, str]) -> list[dict]:
    """Finished runs with all these tags, newest first: dictionaries with run_id, tags, params, seconds and command."""
    query = " and ".join([*(f"tags.{name} = '{value}'" for name, value in tags.items()), "attributes.status = 'FINISHED'"])
    search, order = mlflow.MlflowClient().search_runs, ["attributes.start_time DESC"]
    return [_described(found) for found in every(search, experiment_ids(), query, order_by=order)]


def _described(found: mlflow.entities.Run) -> dict:
    info, data = found.info, found.data
    command = data.tags.get("mlflow.project.entryPoint", data.tags.get(STEP, ""))
    typed = {name: value for name, value in sorted(data.params.items()) if "." not in name and value != ""}
    if "data_dir" in typed:  # where the faces lie is nobody else's business
        typed["data_dir"] = shlex.quote(Path(typed["data_dir"].strip("'")).name)  # MLflow logs it as it was typed, quoted
    given = " ".join(f"-P {name}={value}" for name, value in typed.items())
    seconds = ((info.end_time or info.start_time) - info.start_time) / 1000
    own = {"run_id": info.run_id, "tags": dict(data.tags), "params": dict(data.params), "seconds": seconds}
    return own | {"command": f"mlflow run . -e {command} {given}".strip()}


def find_finished(mark: str) -> dict[str, str] | None:
    """The results of the newest finished run with this fingerprint, and its ``run_id``; None when there is none."""
    query = f"tags.{FINGERPRINT} = '{mark}' and attributes.status = 'FINISHED'"
    for found in mlflow.MlflowClient().search_runs(experiment_ids(), query, max_results=1):
        results = {k.removeprefix("result."): v for k, v in found.data.tags.items() if k.startswith("result.")}
        return {"run_id": found.info.run_id, **results}
    return None
