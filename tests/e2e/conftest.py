"""What end-to-end tests share."""

import pytest

from server import server as server


@pytest.fixture
def user(place, monkeypatch):
    """In a user's folder, the file's own ``place``, with MLflow's default store, which is that folder's."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    return place
