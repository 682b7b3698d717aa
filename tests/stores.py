"""Stores that several files begin with, and the key that signs what is certified in them."""

import mlflow
import pytest

import registered
from postgres import postgres as postgres
from unlearning.certificates.keys import VARIABLE, make_key
from unlearning.tracking.store import prepare_store


@pytest.fixture(scope="module")
def signing_key(tmp_path_factory):
    """The file of a signing key, which the environment names as long as the module's tests run."""
    path = tmp_path_factory.mktemp("key") / "signing-key.pem"
    make_key(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(path))
        yield path


@pytest.fixture(scope="session")
def filled_store(fill, empty_store):
    """Versions that have no models behind them, as ``registered.fill`` makes them."""
    return fill("filled", empty_store, lambda: registered.fill("age-resnet50"))


@pytest.fixture
def filled(use, filled_store):
    """A copy of ``filled_store``, free to be changed."""
    return use(filled_store)


@pytest.fixture(scope="session")
def promoted_store(fill, trained_store):
    """The trained store, whose version 3 is the champion and version 4 a candidate."""
    from unlearning.settings.forgetting import PromoteSettings
    from unlearning.steps.promote import promote

    return fill("promoted", trained_store, lambda: promote(PromoteSettings("3", "test_mae < 100")))


@pytest.fixture(scope="session")
def crossfitted_store(fill, trained_store):
    """The trained store, whose original is followed by a cross-fitting of two folds and two seeds."""
    from unlearning.settings.training import CrossfitSettings
    from unlearning.steps.crossfit import crossfit

    return fill("crossfitted", trained_store, lambda: crossfit(CrossfitSettings(folds=2, seeds=(0, 1))))


@pytest.fixture
def crossfitted(use, crossfitted_store):
    """A copy of ``crossfitted_store``, free to be changed."""
    return use(crossfitted_store)


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
