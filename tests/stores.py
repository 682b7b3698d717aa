"""Stores for tests of the registry."""

import mlflow
import pytest

from postgres import postgres as postgres
from registered import fill
from unlearning.tracking.store import prepare_store

MODEL = "age-resnet50"


@pytest.fixture
def filled(store):
    """A SQLite store of this test's own, with versions that have no models behind them."""
    fill(MODEL)
    return store


@pytest.fixture(scope="session")
def filled_postgres(postgres, workplace):
    """A PostgreSQL store for the session; MLflow's tables are made once."""
    folder = workplace / "postgres"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_TRACKING_URI", postgres)
        prepare_store()
    return postgres, folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def either_store(request, monkeypatch):
    """A name of a registered model that is free, in each kind of store in turn."""
    if request.param == "sqlite":
        request.getfixturevalue("store")
    else:
        uri, folder = request.getfixturevalue("filled_postgres")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    yield f"model-of-{request.node.name[:40]}".replace("[", "-").replace("]", "")
    mlflow.MlflowClient().search_registered_models()
