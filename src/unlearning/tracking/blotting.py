"""Parameters that ``mlflow run`` has logged before any code of ours ran, and that nobody may read."""

import os

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import create_sqlalchemy_engine

from unlearning.errors import InputError
from unlearning.secrets import HIDDEN, holds_key
from unlearning.tracking.store import DATABASES, RUN_ID, SQLITE, is_misplaced, when_free


def blot_out(name: str = "") -> str:
    """Blot out keys, and the parameter called ``name``, on the run of ``mlflow run``; says what became of them.

    MLflow's API changes no parameter, so that is done in the database; behind a server only who runs it can.
    """
    run_id = os.environ.get(RUN_ID)
    if not run_id or is_misplaced():
        return "it was not logged"
    try:
        logged = mlflow.MlflowClient().get_run(run_id).data.params
        names = [other for other, value in logged.items() if other == name or holds_key(value)]
        if mlflow.get_tracking_uri().startswith((SQLITE, *DATABASES)):
            when_free(lambda: _overwrite(run_id, names))
            return f"mlflow run has printed it; on run {run_id} it was blotted out"
    except (MlflowException, InputError):
        names = [name or "it was given as"]
    return (
        f"mlflow run has printed it and logged it as the parameter {', '.join(names)} of run {run_id}: delete that run, and "
        f"have mlflow gc run on the server"
    )


def _overwrite(run_id: str, names: list[str]) -> None:
    """SQLite would leave what was overwritten in the file."""
    engine = create_sqlalchemy_engine(mlflow.get_tracking_uri())
    try:
        with engine.begin() as connection:
            quote, mark = engine.dialect.identifier_preparer.quote, "?" if engine.dialect.paramstyle == "qmark" else "%s"
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            query = f"UPDATE params SET {quote('value')} = {mark} WHERE run_uuid = {mark} AND {quote('key')} = {mark}"
            for name in names:
                connection.exec_driver_sql(query, (HIDDEN, run_id, name))
    finally:
        engine.dispose()
