"""The tracking store, before anything is written to it.

No code of this project sets a tracking URI: MLflow's own default or ``MLFLOW_TRACKING_URI`` decides. What is done here is
what MLflow leaves to chance: its SQLite schema is created once, under a file lock, and two set-ups that cannot work are
refused in a sentence.
"""

import logging
import os
import random
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.tracking.answers import ask_database, impatience, store_name, why_not_open

SQLITE = "sqlite:///"
DATABASES = ("postgresql", "mysql", "mssql")
RUN_ID = "MLFLOW_RUN_ID"
STEP = "step"  # a tag that every run of this project has
LOCKED, WAIT_SECONDS, PAUSES = "database is locked", 120.0, (0.1, 0.4)
Result = TypeVar("Result")


def prepare_store() -> None:
    """Make the store usable, whoever else does the same at this moment; InputError for one that cannot be used."""
    _be_quiet()
    uri = mlflow.get_tracking_uri()
    _refuse_old_file_store(uri)
    if not uri.startswith(SQLITE):
        _open_store()
        return
    if is_misplaced():  # mlflow run works in the project's folder, where a caller's relative path means another file
        raise InputError(
            f"MLFLOW_TRACKING_URI={uri} is relative, and mlflow run works in {Path.cwd()}, where it means another file "
            f"than yours; give the absolute path: MLFLOW_TRACKING_URI=sqlite:////path/to/{Path(uri).name}"
        )
    with FileLock(f"{Path(uri.removeprefix(SQLITE)).resolve()}.lock"):
        when_free(_open_store)


def when_free(act: Callable[[], Result]) -> Result:
    """Do something with the database, and again as long as SQLite says that another process holds it.

    MLflow waits for 20 seconds where it reads and writes, and for 5 where it opens a store; what comes out then is an error of
    either library, and twelve processes at once take longer. InputError when it is held for too long.
    """
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return act()
        except Exception as error:
            if LOCKED not in str(error):
                raise
            if time.monotonic() > until:
                raise InputError(
                    f"another process has held the store {store_name()} for {WAIT_SECONDS:.0f} seconds; wait until it has "
                    f"ended, and type the same command again"
                ) from error
        time.sleep(random.uniform(*PAUSES))


def _be_quiet() -> None:
    """MLflow's bars and notes for every small file would hide what the user waits for; warnings stay.

    What a database refuses is said once, in the error; MLflow would print the whole traceback as well.
    """
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow.pyfunc").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def _open_store() -> None:
    uri = mlflow.get_tracking_uri()
    if uri.startswith((SQLITE, *DATABASES)):
        ask_database(uri)
    try:
        with impatience():
            client = mlflow.MlflowClient()
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
            f"take its runs along with: mlflow migrate-filestore --source {shlex.quote(str(folder))} --target sqlite:///mlflow.db"
        )


def is_misplaced() -> bool:
    """Does a relative SQLite URI mean another file here than it meant where ``mlflow run`` was typed?"""
    uri = mlflow.get_tracking_uri()
    path = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or path.is_absolute() or RUN_ID not in os.environ:
        return False
    if not path.exists():
        return True
    try:
        when_free(lambda: mlflow.MlflowClient().get_run(os.environ[RUN_ID]))
    except MlflowException:
        return True
    return False
