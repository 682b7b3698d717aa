"""MLflow runs: one run a step, readable in the UI, that says what it was made from and why it failed."""

from __future__ import annotations

import getpass
import hashlib
import json
import math
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.tracking.store import RUN_ID, first_line, is_misplaced, prepare_store

PACKAGE = Path(__file__).resolve().parents[1]
PACKAGES = ("mlflow", "torch", "timm", "lightning-fabric", "numpy", "pandas", "pillow", "scikit-learn")
FINGERPRINT = "fingerprint"


@contextmanager
def run(step: str, name: str) -> Iterator[mlflow.ActiveRun]:
    """A run of ``step``, nested when another one is open. An exception leaves it FAILED, with the reason as a tag."""
    nested = mlflow.active_run() is not None
    if not nested:
        prepare_store()
    with mlflow.start_run(run_name=name, nested=nested) as active:
        mlflow.set_tags({"mlflow.runName": name, "step": step, "code.digest": code_digest(), **_versions()})
        try:
            yield active
        except BaseException as error:
            mlflow.set_tag("failure", f"{type(error).__name__}: {first_line(error)}"[:500])
            raise


def launched() -> bool:
    """Has ``mlflow run`` opened a run for this process, or this process one of its own?"""
    return mlflow.active_run() is not None or RUN_ID in os.environ


def active_id() -> str:
    """The id of the run that is open."""
    return mlflow.active_run().info.run_id


def rename(name: str) -> None:
    """Call the run that is open by what is known only now."""
    mlflow.set_tag("mlflow.runName", name)


def tag_failure(reason: str) -> None:
    """Leave the reason on the run that ``mlflow run`` has opened for this process, if it has."""
    run_id = os.environ.get(RUN_ID)
    if run_id and not is_misplaced():
        try:
            mlflow.MlflowClient().set_tag(run_id, "failure", reason[:500])
        except MlflowException as error:
            print(f"the reason could not be left on run {run_id}: {first_line(error)}")


@cache
def code_digest() -> str:
    """sha256 (12 hex digits) of this package's sources: the code version, also in a tree with uncommitted changes."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def code_commit() -> str:
    """The git commit of the sources; empty outside a git checkout."""
    command = ["git", "-C", str(PACKAGE), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


@cache
def _versions() -> dict[str, str]:
    packages = {f"package.{name}": version(name) for name in PACKAGES}
    return {**packages, "code.commit": code_commit()}


def user() -> str:
    """Who is acting."""
    return getpass.getuser()


def log_settings(prefix: str, values: dict) -> None:
    """Resolved settings as parameters ``prefix.name``: the bare names are taken by what ``mlflow run`` logs, quoted."""
    mlflow.log_params({f"{prefix}.{name}": str(value) for name, value in values.items()})


def log_numbers(values: dict[str, float], step: int | None = None, **more) -> None:
    """Metrics of the run (and, with ``model_id``, of the logged model); what is not a number is left out."""
    mlflow.log_metrics({name: value for name, value in values.items() if math.isfinite(value)}, step=step, **more)


def log_json(content: dict, name: str) -> None:
    """A dictionary as an artifact."""
    mlflow.log_dict(content, name)


def log_text(text: str, name: str) -> None:
    """A text as an artifact."""
    mlflow.log_text(text, name)


def log_table(table: pd.DataFrame, name: str) -> None:
    """A table as an artifact: CSV or parquet, by the name's ending."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path, index=False)
        mlflow.log_artifact(str(path), str(Path(name).parent) if "/" in name else None)


def log_dataset(frame: pd.DataFrame, name: str, context: str, digest: str) -> None:
    """A part of the data as an input of the run: labels only, no pixels, no file names."""
    labels = frame[["age", "gender", "race"]].astype(np.float64)
    dataset = mlflow.data.from_pandas(labels, name=name, digest=f"{digest[:16]}-{len(frame)}")
    mlflow.log_input(dataset, context=context)


def download(run_id: str, name: str) -> Path:
    """A local copy of an artifact; InputError when the run has none of that name."""
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=name))
    except (MlflowException, OSError) as error:
        raise InputError(f"the artifact {name} of run {run_id} cannot be read: {first_line(error)}") from error


def read_table(run_id: str, name: str) -> pd.DataFrame:
    """A table that ``log_table`` wrote."""
    path = download(run_id, name)
    return pd.read_csv(path, keep_default_na=False) if path.suffix == ".csv" else pd.read_parquet(path)


def read_json(run_id: str, name: str) -> dict:
    """What ``log_json`` wrote."""
    return json.loads(download(run_id, name).read_text())


def read_parameter(run_id: str, name: str) -> str:
    """A parameter of a run; empty when it has none of that name."""
    return mlflow.MlflowClient().get_run(run_id).data.params.get(name, "")


def fingerprint(step: str, **inputs) -> str:
    """sha256 (16 hex digits) of a step, its inputs and the code version: equal ones make equal results."""
    text = json.dumps({"step": step, "code": code_digest(), **inputs}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark_finished(mark: str, **results: str) -> None:
    """Let a later run with the same fingerprint find this one and what it made."""
    mlflow.set_tags({FINGERPRINT: mark, **{f"result.{name}": value for name, value in results.items()}})


def find_finished(mark: str) -> dict[str, str] | None:
    """The results of the newest finished run with this fingerprint, and its ``run_id``; None when there is none."""
    client = mlflow.MlflowClient()
    experiments = [e.experiment_id for e in client.search_experiments()]
    query = f"tags.{FINGERPRINT} = '{mark}' and attributes.status = 'FINISHED'"
    for found in client.search_runs(experiments, query, max_results=1):
        results = {k.removeprefix("result."): v for k, v in found.data.tags.items() if k.startswith("result.")}
        return {"run_id": found.info.run_id, **results}
    return None
