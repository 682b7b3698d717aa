"""What tests share: drawn faces, a small network, and stores that are copied rather than made.

A fresh MLflow store takes seconds, so one is made for the session and copied; a store with an original, a retrained
reference and unlearned versions likewise. Their models stay where they were written; what belongs to runs is copied with
the store, because tests add to it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from erasable import take_own_runs

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"

pytest_plugins = ["stores"]

SIDE = 32
RULE = "20-28"
OTHER = "other"
# Fixtures that start a program of their own, or run a whole experiment: minutes, where a fact about them takes seconds.
COSTLY = {"browser", "postgres", "server", "measured_store"}
# What takes longest begins first: pytest-xdist hands out whole files, and a long one at the end keeps one core busy alone.
LONGEST = (
    *("test_story", "test_experiment_report", "test_whole_job", "test_shared_server", "test_experiment"),
    *("test_process", "test_forget_sets", "test_sisa_steps", "test_method_conformance", "test_method_reach", "test_two_models"),
    *("test_bad_input", "test_changed_by_hand", "test_certify", "test_study_report", "test_all_or_nothing", "test_cheats"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is costly as ``slow``, which ``make test`` leaves to ``make test-all``, and put the longest files first."""
    for item in items:
        if item.path.parent.name == "e2e" or COSTLY & set(item.fixturenames):
            item.add_marker("slow")
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder for the session: the cache of pixels, stores and their artifacts."""
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="session", autouse=True)
def _cache(workplace):
    os.environ["UNLEARNING_CACHE"] = str(workplace / "cache")


def no_bar(items, count, title):
    """Stands for a progress bar."""
    return items


@pytest.fixture(scope="session")
def data():
    """160 drawn faces of 32 pixels, prepared."""
    from unlearning.data.manifest import prepare
    from unlearning.data.settings import DataSettings

    return prepare(DataSettings(drawn_faces=160), SIDE, no_bar)


@pytest.fixture(scope="session")
def faces(data):
    from unlearning.data.faces import FaceSet

    return FaceSet(data.manifest, data.pixels)


@pytest.fixture(scope="session")
def spec():
    from unlearning.models.spec import ModelSpec

    return ModelSpec(arch="test_resnet", image_size=SIDE)


@pytest.fixture(scope="session")
def recipe():
    from dataclasses import replace

    from unlearning.training.recipe import PRESETS

    return replace(PRESETS["scratch"], epochs=2, precision="32-true")


@pytest.fixture
def fabric():
    from unlearning.training.precision import make_fabric

    return make_fabric("32-true")


def _in_store(folder: Path, action) -> Path:
    """Run ``action`` with a store of its own in ``folder``, as a caller in that folder would."""
    before, was = Path.cwd(), os.environ.get("MLFLOW_TRACKING_URI")
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    try:
        action()
    finally:
        os.chdir(before)
        os.environ.pop("MLFLOW_TRACKING_URI")
        if was:
            os.environ["MLFLOW_TRACKING_URI"] = was
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def empty_store(workplace):
    from unlearning.tracking.store import prepare_store

    return _in_store(workplace / "empty", prepare_store)


@pytest.fixture(scope="session")
def trained_store(workplace, empty_store):
    """An original (version 1), its reference without 20-28 (2), and ft after 1 and 2 epochs (3, 4)."""
    from unlearning.data.settings import DataSettings
    from unlearning.models.spec import ModelSpec
    from unlearning.steps.retrain import retrain
    from unlearning.steps.settings import UnlearnSettings
    from unlearning.steps.train import train
    from unlearning.steps.training_settings import RetrainSettings, TrainSettings
    from unlearning.steps.unlearn import unlearn

    def fill():
        changes = {"epochs": 2, "precision": "32-true"}
        train(TrainSettings(DataSettings(drawn_faces=160), ModelSpec("test_resnet", SIDE), changes=changes, seeds=(0, 1)))
        retrain(RetrainSettings(RULE))
        unlearn(UnlearnSettings(forget_set=RULE, epochs=(1, 2)))

    folder = workplace / "trained"
    folder.mkdir()
    shutil.copy(empty_store, folder / "mlflow.db")
    return _in_store(folder, fill)


@pytest.fixture(scope="session")
def two_models_store(workplace, trained_store):
    """The trained store and a second registered model, ``other``, of one seed: as the first, and its version 3 is served."""
    from unlearning.data.settings import DataSettings
    from unlearning.models.spec import ModelSpec
    from unlearning.steps.promote import promote
    from unlearning.steps.retrain import retrain
    from unlearning.steps.settings import PromoteSettings, UnlearnSettings
    from unlearning.steps.train import train
    from unlearning.steps.training_settings import RetrainSettings, TrainSettings
    from unlearning.steps.unlearn import unlearn

    def fill():
        changes = {"epochs": 1, "precision": "32-true"}
        data, spec = DataSettings(drawn_faces=160), ModelSpec("test_resnet", SIDE)
        train(TrainSettings(data, spec, changes=changes, name=OTHER))
        retrain(RetrainSettings(RULE, name=OTHER))
        unlearn(UnlearnSettings(forget_set=RULE, epochs=(1, 2), name=OTHER))
        promote(PromoteSettings("3", "test_mae < 100", name=OTHER))

    folder = workplace / "two models"
    folder.mkdir()
    shutil.copy(trained_store, folder / "mlflow.db")
    take_own_runs(folder)
    return _in_store(folder, fill)


def _use(monkeypatch, folder: Path, template: Path) -> Path:
    shutil.copy(template, folder / "mlflow.db")
    take_own_runs(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    return folder


@pytest.fixture
def store(monkeypatch, tmp_path, empty_store):
    """An empty store of this test's own; the working directory is its folder."""
    return _use(monkeypatch, tmp_path, empty_store)


@pytest.fixture
def trained(monkeypatch, tmp_path, trained_store):
    """A copy of ``trained_store``, free to be changed."""
    return _use(monkeypatch, tmp_path, trained_store)


@pytest.fixture(scope="session")
def untouched_store(workplace, trained_store):
    folder = workplace / "untouched"
    folder.mkdir()
    shutil.copy(trained_store, folder / "mlflow.db")
    return take_own_runs(folder)


def _registry(folder: Path) -> list:
    """All that the database holds of registered models."""
    tables = ("registered_models", "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags")
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return [sorted(map(repr, database.execute(f"SELECT * FROM {table}"))) for table in tables]


@pytest.fixture
def untouched(monkeypatch, untouched_store):
    """One copy of ``trained_store`` for all tests that only read or are refused: fails where one changes a version."""
    monkeypatch.chdir(untouched_store)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{untouched_store}/mlflow.db")
    before = _registry(untouched_store)
    yield untouched_store
    assert _registry(untouched_store) == before


@pytest.fixture
def two_models(monkeypatch, tmp_path, two_models_store):
    """A copy of ``two_models_store``, free to be changed, models included."""
    from erasable import take_own_models

    return take_own_models(_use(monkeypatch, tmp_path, two_models_store))


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once."""
    from browser import chromium, executable

    path = executable()
    with chromium(path) as started:
        yield started


@pytest.fixture
def opened(browser, tmp_path):
    """Opens pages, ``opened(text)`` or ``opened.phone(text)``, and fails if they err, say anything or ask for anything."""
    from browser import Window

    window = Window(*browser, tmp_path)
    yield window
    window.close()
