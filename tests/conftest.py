"""What tests share: drawn faces, a small network, and stores that are copied rather than made.

A fresh MLflow store takes seconds, so one is made for the session and copied; a store with an original, a retrained
reference and unlearned versions likewise. Their models stay where they were written; what belongs to runs is copied with
the store, because tests add to it.
"""

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engines import share
from erasable import copy_store, take_own_models

os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
share()

pytest_plugins = ["stores"]

SIDE = 32
RULE = "20-28"
MODEL, OTHER = "age-resnet50", "other"
# Fixtures that start a program of their own, or run a whole experiment: minutes, where a fact about them takes seconds.
COSTLY = {"browser", "buckets", "postgres", "server", "hidden", "measured_store"}
IN_MAKE_TEST = "test_targets_served"  # the one end-to-end test of the main pipeline that make test runs
# What takes longest begins first: pytest-xdist hands out whole files, and a long one at the end keeps one core busy alone.
LONGEST = (
    *("test_killed_anywhere", "test_story", "test_experiment_report", "test_whole_job", "test_shared_server", "test_officer"),
    *("test_experiment", "test_node_killed", "test_bucket", "test_served"),
    *("test_process", "test_forget_sets", "test_sisa_steps", "test_method_conformance", "test_method_reach", "test_two_models"),
    *("test_bad_input", "test_changed_by_hand", "test_certify", "test_study_report", "test_all_or_nothing", "test_cheats"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark what is costly as ``slow``, which ``make test`` leaves to ``make test-all``, and put the longest files first."""
    for item in items:
        if (item.path.parent.name == "e2e" and item.path.stem != IN_MAKE_TEST) or COSTLY & set(item.fixturenames):
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


@pytest.fixture(autouse=True)
def _own_code():
    """MLflow puts the code of a model that it loads first on the path, where processes that a test begins would find it."""
    yield
    sys.path[:] = [path for path in sys.path if not (Path(path).parent / "MLmodel").exists()]


@pytest.fixture(scope="session")
def data():
    """160 drawn faces of 32 pixels, prepared."""
    from unlearning.data.manifest import prepare
    from unlearning.data.settings import DataSettings
    from unlearning.progress import untold

    return prepare(DataSettings(drawn_faces=160), SIDE, untold)


@pytest.fixture
def own_cache(monkeypatch, tmp_path, data):
    """A cache of this test's own: the faces of ``data``, which take seconds to draw, and what was read of them."""
    from unlearning.data.manifest import prepare
    from unlearning.data.settings import DataSettings
    from unlearning.progress import untold

    names = "160-faces-of-20-60-seed-0", "160-faces-of-20-60-seed-0.complete"
    drawn, complete = (Path(os.environ["UNLEARNING_CACHE"]) / "drawn" / name for name in names)
    shutil.copytree(drawn, tmp_path / "cache" / "drawn" / drawn.name)
    shutil.copy(complete, tmp_path / "cache" / "drawn")
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    prepare(DataSettings(drawn_faces=160), SIDE, untold)
    return tmp_path / "cache"


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


@pytest.fixture(scope="session")
def fill(workplace):
    """Act in a folder with a copy of a store, as a caller in that folder would; returns the database."""

    def act(name, template, action):
        folder = workplace / name
        folder.mkdir()
        if template:
            copy_store(template, folder)
        with pytest.MonkeyPatch.context() as patch:
            _enter(patch, folder)
            action()
        return folder / "mlflow.db"

    return act


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Give the test a copy of a store, free to be changed; returns its folder, where the test is from then on."""

    def copy(template):
        _enter(monkeypatch, copy_store(template, tmp_path))
        return tmp_path

    return copy


def _enter(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Be in a folder with a store. Figures take seconds, and are left to test_prepare and test_audit_steps in tests/steps."""
    from unlearning.reports.audit_figures import AUDIT_FIGURES, Drawn

    undrawn = Drawn({"light": {}}, dict.fromkeys(AUDIT_FIGURES, "undrawn"))

    patch.setattr("unlearning.steps.prepare._log_report", lambda data, settings: None)
    patch.setattr("unlearning.steps.evaluate.render_audit", lambda audit, case: undrawn)
    patch.chdir(folder)
    patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")


def make_versions(name: str, epochs: int, seeds: tuple[int, ...]) -> None:
    """An original (version 1), its reference without 20-28 (2), and ft after 1 and 2 epochs (3, 4)."""
    from made import small
    from unlearning.settings.forgetting import UnlearnSettings
    from unlearning.settings.training import RetrainSettings
    from unlearning.steps.retrain import retrain
    from unlearning.steps.train import train
    from unlearning.steps.unlearn import unlearn

    train(small(epochs, seeds=seeds, name=name))
    retrain(RetrainSettings(RULE, name=name))
    unlearn(UnlearnSettings(forget_set=RULE, epochs=(1, 2), name=name))


@pytest.fixture(scope="session")
def empty_store(fill):
    from unlearning.tracking.store import prepare_store

    return fill("empty", None, prepare_store)


@pytest.fixture(scope="session")
def trained_store(fill, empty_store):
    """A model of two seeds and its versions, as ``make_versions`` tells."""
    return fill("trained", empty_store, lambda: make_versions(MODEL, 2, (0, 1)))


@pytest.fixture(scope="session")
def two_models_store(fill, trained_store):
    """The trained store and a second registered model, ``other``, of one seed: as the first, and its version 3 is served."""
    from unlearning.settings.forgetting import PromoteSettings
    from unlearning.steps.promote import promote

    def act():
        make_versions(OTHER, 1, (0,))
        promote(PromoteSettings("3", "test_mae < 100", name=OTHER))

    return fill("two models", trained_store, act)


@pytest.fixture
def store(use, empty_store):
    """An empty store of this test's own; the working directory is its folder."""
    return use(empty_store)


@pytest.fixture
def trained(use, trained_store):
    """A copy of ``trained_store``, free to be changed."""
    return use(trained_store)


@pytest.fixture
def two_models(use, two_models_store):
    """A copy of ``two_models_store``, free to be changed, models included."""
    return take_own_models(use(two_models_store))


@pytest.fixture(scope="session")
def untouched_store(fill, trained_store):
    return fill("untouched", trained_store, lambda: None)


@pytest.fixture
def untouched(monkeypatch, untouched_store):
    """One copy of ``trained_store`` for all tests that only read or are refused: fails where one changes a version."""
    _enter(monkeypatch, untouched_store.parent)
    before = _registry(untouched_store)
    yield untouched_store.parent
    assert _registry(untouched_store) == before


def _registry(database: Path) -> list:
    """All that the database holds of registered models."""
    tables = ("registered_models", "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags")
    with closing(sqlite3.connect(database)) as opened:
        return [sorted(map(repr, opened.execute(f"SELECT * FROM {table}"))) for table in tables]


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
