"""What MLflow makes anew for each store is made once for all of them: nearly every test opens a store of its own.

SQLAlchemy keeps what it has compiled for one engine and its dialect, and MLflow reads its migrations for the newest schema.
Stores are apart all the same: an engine, its connections and its file stay their own. MLflow also reads a whole registered
model before it writes a tag or an alias, in case it is a prompt; in SQLite none is, and a server is asked as ever.
"""

import functools
from typing import Any

import mlflow
from mlflow.store.db import utils

SQLITE: dict[str, Any] = {}


def share() -> None:
    """From now on: one dialect and one cache of compiled statements for all SQLite engines, and the migrations read once."""
    create, newest = utils.create_sqlalchemy_engine, utils._get_latest_schema_revision
    ask = mlflow.MlflowClient._raise_if_prompt

    def sharing(uri: str):
        engine = create(uri)
        if uri.startswith("sqlite"):
            engine.dialect = SQLITE.setdefault("dialect", engine.dialect)
            engine.update_execution_options(compiled_cache=SQLITE.setdefault("compiled", {}))
        return engine

    def asking(client: mlflow.MlflowClient, name: str) -> None:
        if not client._registry_uri.startswith("sqlite"):
            ask(client, name)

    utils.create_sqlalchemy_engine = sharing
    utils._get_latest_schema_revision = functools.cache(newest)
    mlflow.MlflowClient._raise_if_prompt = asking
