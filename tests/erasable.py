"""Copies of stores: what of their artifacts has to be a test's own, because it is changed or erased.

A copy of a store shares its artifacts with all tests. The audit log is replaced by every transition, so each copy takes its
own; a test that erases takes everything.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

LOG = "age-unlearning audit"
PLACES = (("runs", "artifact_uri"), ("logged_models", "artifact_location"))


def take_own_log(folder: Path) -> Path:
    """Let the database in ``folder`` have an audit log of its own."""
    return _take(folder, "SELECT experiment_id, artifact_location FROM experiments WHERE name = ?", (LOG,))


def take_own_artifacts(folder: Path) -> Path:
    """Copy the artifacts that the database in ``folder`` names to that folder, without the logged code, and name the copies."""
    return _take(folder, "SELECT experiment_id, artifact_location FROM experiments", ())


def _take(folder: Path, query: str, values: tuple) -> Path:
    with closing(sqlite3.connect(folder / "mlflow.db")) as database, database:
        for number, location in database.execute(query, values).fetchall():
            _move(database, number, location, str(folder / "mlruns" / str(number)))
    return folder


def _move(database: sqlite3.Connection, number: int, location: str, own: str) -> None:
    if location == own:
        return
    for table, column in PLACES:
        for (uri,) in database.execute(f"SELECT {column} FROM {table} WHERE experiment_id = ?", (number,)).fetchall():
            _copy(Path(uri), Path(uri.replace(location, own)))
        database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (location, own))
    query = "UPDATE model_versions SET storage_location = replace(storage_location, ?, ?)"
    database.execute(query, (location, own))
    database.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (own, number))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("code"), dirs_exist_ok=True)
