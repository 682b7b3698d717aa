"""What MLflow makes anew for each store is made once for all of them: nearly every test opens a store of its own.

SQLAlchemy keeps what it has compiled for one engine and its dialect, and MLflow reads its migrations for the newest schema.
Stores are apart all the same: an engine, its connections and its file stay their own.
"""

import functools
from typing import Any

from mlflow.store.db import utils

SQLITE: dict[str, Any] = {}


def share() -> None:
    """From now on: one dialect and one cache of compiled statements for all SQLite engines, and the migrations read once."""
    create, newest = utils.create_sqlalchemy_engine, utils._get_latest_schema_revision

    def sharing(uri: str):
        engine = create(uri)
        if uri.startswith("sqlite"):
            engine.dialect = SQLITE.setdefault("dialect", engine.dialect)
            engine.update_execution_options(compiled_cache=SQLITE.setdefault("compiled", {}))
        return engine

    utils.create_sqlalchemy_engine = sharing
    utils._get_latest_schema_revision = functools.cache(newest)
