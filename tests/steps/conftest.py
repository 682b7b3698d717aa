"""Stores that some tests share: filled once for a module, and copied for each test."""

import shutil

import pytest

from erasable import take_own_runs


@pytest.fixture(scope="session")
def fill(workplace):
    """Act in a folder with a copy of a store, as a caller in that folder would; returns the database."""

    def act(name, template, action):
        folder = workplace / name
        folder.mkdir()
        shutil.copy(template, folder / "mlflow.db")
        take_own_runs(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
            action()
        return folder / "mlflow.db"

    return act


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Give the test a copy of a store, free to be changed."""

    def copy(template):
        shutil.copy(template, tmp_path / "mlflow.db")
        take_own_runs(tmp_path)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    return copy
