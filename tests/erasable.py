"""Copies of stores: what of their artifacts has to be a test's own, because it is added to, changed or erased.

A copy of a store shares its models, the bulk of it, with all tests. What belongs to runs is replaced by many steps (the
journal by every transition), so each copy takes its own; a test that erases takes the models too.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from mlflow.tracking._tracking_service import utils


def copy_store(database: Path, folder: Path) -> Path:
    """Copy a store to a folder, with what belongs to its runs."""
    shutil.copy(database, folder / "mlflow.db")
    return take_own_runs(folder)


def take_own_runs(folder: Path) -> Path:
    """Copy the artifacts of the runs in the database in ``folder`` to that folder, and name the copies."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        query = "SELECT run_uuid, experiment_id, artifact_uri FROM runs"
        for run_id, number, uri in database.execute(query).fetchall():
            own = _copy(Path(uri), folder / "mlruns" / str(number) / run_id / "artifacts")
            database.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (own, run_id))
        for (number,) in database.execute("SELECT experiment_id FROM experiments").fetchall():
            own = str(folder / "mlruns" / str(number))
            database.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (own, number))
    _forget_places()
    return folder


def take_own_models(folder: Path) -> Path:
    """Copy the models that the database in ``folder`` names to that folder, without the logged code, and name the copies."""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        query = "SELECT model_id, experiment_id, artifact_location FROM logged_models"
        for model_id, number, uri in database.execute(query).fetchall():
            own = _copy(Path(uri), folder / "mlruns" / str(number) / "models" / model_id / "artifacts")
            database.execute("UPDATE logged_models SET artifact_location = ? WHERE model_id = ?", (own, model_id))
            database.execute("UPDATE model_versions SET storage_location = ? WHERE storage_location = ?", (own, uri))
    _forget_places()
    return folder


def _forget_places() -> None:
    """MLflow remembers, for as long as the process lives, where the artifacts of a run are."""
    utils._artifact_repos_cache.clear()


def _copy(source: Path, target: Path) -> str:
    if source.is_dir() and source != target:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("code"), dirs_exist_ok=True)
    return str(target)
