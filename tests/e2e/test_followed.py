"""A server that is told by MLflow's registry webhook, through ``mlflow server``."""

import mlflow
import pytest

from asking import MODEL, started
from asking import pictures as pictures
from asking import texts as texts
from erasable import take_own_models
from server import listening
from waiting import wait_until


@pytest.fixture
def far(use, promoted_store, monkeypatch):
    """The promoted store behind a server whose webhooks may go to this machine."""
    folder = take_own_models(use(promoted_store))
    words = ["server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    local = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
    with listening(folder, "health", *words, **local) as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        yield mlflow.MlflowClient()


def test_a_webhook_of_the_registry_lets_a_server_follow_at_once(far, texts):
    body = {"inputs": {"image": texts}}
    with started(refresh=3600.0) as asked:
        far.create_webhook("serve", f"{asked.address}/refresh", ["model_version_alias.created"])
        assert asked.json(body).headers["model-version"] == f"{MODEL}/3"
        far.set_registered_model_alias(MODEL, "champion", "4")
        wait_until(lambda: asked.json(body).headers["model-version"] == f"{MODEL}/4")
