"""Rows of the tracking store before and after a purge: of the database where it can be reached, else what the server shows."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.db.db_types import DATABASE_ENGINES
from mlflow.store.db.utils import create_sqlalchemy_engine_with_retry

from unlearning.registry.lookup import find, logged_model_id
from unlearning.registry.version import Version
from unlearning.tracking.store import when_free

ALL, OWN = "all", "of the version"
KEYS = {"run_uuid": "run", "run_id": "run", "model_id": "model"}
OF_REGISTRY = ("model_versions", "model_version_tags", "registered_model_aliases")
Rows = dict[str, dict[str, int]]


def rows_of(version: Version) -> Rows:
    """How many rows each table has, and how many of them belong to a version, its run and its logged model.

    Behind a server the tables cannot be seen: then ``of the version`` counts what its API shows, and ``all`` is empty.
    """
    uris = dict.fromkeys((mlflow.get_tracking_uri(), mlflow.get_registry_uri()))
    counted: Rows = {ALL: {}, OWN: {}}
    for uri in uris:
        found = when_free(partial(_of_database, uri, version)) if _is_database(uri) else {ALL: {}, OWN: _of_server(version)}
        for part, counts in found.items():
            counted[part] |= counts
    return counted


def source_of_rows() -> str:
    """Where the rows were counted, without the address: that may hold a password."""
    uri = mlflow.get_tracking_uri()
    return f"the {urlsplit(uri).scheme.partition('+')[0]} database" if _is_database(uri) else "what the server's API shows"


def _is_database(uri: str) -> bool:
    return urlsplit(uri).scheme.partition("+")[0] in DATABASE_ENGINES


def _of_database(uri: str, version: Version) -> Rows:
    engine = create_sqlalchemy_engine_with_retry(uri)
    counted: Rows = {ALL: {}, OWN: {}}
    try:
        with engine.connect() as connection:
            for table in sorted(engine.dialect.get_table_names(connection)):
                columns = {column["name"] for column in engine.dialect.get_columns(connection, table)}
                keys = _keys(table, columns, version)
                for part, condition in ((ALL, {}), (OWN, keys)):
                    if part == ALL or keys:
                        counted[part][table] = _count(connection, table, condition)
    finally:
        engine.dispose()
    return {part: {table: count for table, count in counts.items() if count} for part, counts in counted.items()}


def _keys(table: str, columns: set[str], version: Version) -> dict[str, object]:
    """The columns of a table that tell what belongs to a version, with their values; none where nothing does."""
    if table in OF_REGISTRY:
        return {"name": version.model, "version": version.number}
    ids = {"run": version.run_id, "model": logged_model_id(version)}
    return next(({column: ids[kind]} for column, kind in KEYS.items() if column in columns), {})


def _count(connection, table: str, condition: dict[str, object]) -> int:
    quote, mark = connection.dialect.identifier_preparer.quote, "?" if connection.dialect.paramstyle == "qmark" else "%s"
    where = " AND ".join(f"{quote(column)} = {mark}" for column in condition)
    query = f"SELECT COUNT(*) FROM {quote(table)}" + (f" WHERE {where}" if where else "")
    return int(connection.exec_driver_sql(query, tuple(condition.values())).scalar())


def _of_server(version: Version) -> dict[str, int]:
    client = mlflow.MlflowClient()
    known = find(version.model, str(version.number))
    counts = {"versions": 1, "tags of the version": len(known.tags), "aliases of the version": len(known.aliases)}
    if version.run_id:
        data = client.get_run(version.run_id).data
        counts |= {"metrics of the run": len(data.metrics), "parameters of the run": len(data.params)}
        counts |= {"tags of the run": len(data.tags)}
    try:
        model = client.get_logged_model(logged_model_id(version))
    except MlflowException:
        return counts | {"logged models": 0}
    return counts | {"logged models": 1, "metrics of the logged model": len(model.metrics or [])}
