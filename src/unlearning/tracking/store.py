"""The tracking store, before anything is written to it.

No code of this project sets a tracking URI: MLflow's own default or ``MLFLOW_TRACKING_URI`` decides. What is done here is
what MLflow leaves to chance: its SQLite schema is created once, under a file lock, and two set-ups that cannot work are
refused in a sentence.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.tracking.answers import ask_database, impatience, why_not_open
from unlearning.tracking.answers import first_line as first_line

SQLITE = "sqlite:///"
DATABASES = ("postgresql", "mysql", "mssql")
RUN_ID = "MLFLOW_RUN_ID"


def prepare_store() -> None:
    """Make the store usable, whoever else does the same at this moment.

    Raises:
        InputError: a relative SQLite URI that does not mean the caller's file, an old ``mlruns/`` folder that holds runs,
            or a store that does not answer.
    """
    _be_quiet()
    uri = mlflow.get_tracking_uri()
    _refuse_old_file_store(uri)
    if not uri.startswith(SQLITE):
        _open_store()
        return
    _refuse_misplaced(uri)
    with FileLock(f"{Path(uri.removeprefix(SQLITE)).resolve()}.lock"):
        _open_store()


def _be_quiet() -> None:
    """MLflow's bars and notes for every small file would hide what the user waits for; warnings stay."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)


def _open_store() -> None:
    uri = mlflow.get_tracking_uri()
    if uri.startswith(DATABASES):
        ask_database(uri)
    client = mlflow.MlflowClient()
    try:
        with impatience():
            client.search_experiments(max_results=1)
            client.search_registered_models(max_results=1)
    except MlflowException as error:
        raise InputError(why_not_open(error)) from error


def _refuse_old_file_store(uri: str) -> None:
    """An ``mlruns`` folder with runs in files makes MLflow choose, and then refuse, its retired file store."""
    folder = Path(uri.removeprefix("file://") if uri.startswith(("file:", "/", ".")) else "mlruns")
    if os.environ.get("MLFLOW_TRACKING_URI") and not uri.startswith(("file:", "/", ".")):
        return
    if next(folder.glob("*/meta.yaml"), None):
        raise InputError(
            f"{folder.resolve()} holds runs of MLflow's retired file store (meta.yaml files); move that folder away, or "
            f"take its runs along with: mlflow migrate-filestore --source {folder} --target sqlite:///mlflow.db"
        )


def is_misplaced() -> bool:
    """Does a relative SQLite URI mean another file here than it meant where ``mlflow run`` was typed?"""
    uri = mlflow.get_tracking_uri()
    path = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or path.is_absolute() or RUN_ID not in os.environ:
        return False
    return not _holds_run(path, os.environ[RUN_ID])


def _refuse_misplaced(uri: str) -> None:
    """``mlflow run`` works in the project's folder, where a caller's relative path means another file."""
    if is_misplaced():
        raise InputError(
            f"MLFLOW_TRACKING_URI={uri} is relative, and mlflow run works in {Path.cwd()}, where it means another file "
            f"than yours; give the absolute path: MLFLOW_TRACKING_URI=sqlite:////path/to/{Path(uri).name}"
        )


def _holds_run(path: Path, run_id: str) -> bool:
    if not path.exists():
        return False
    try:
        mlflow.MlflowClient().get_run(run_id)
    except MlflowException:
        return False
    return True
