"""Planted signals from the command to the score: trained on, forgotten, and looked for in any version."""

import pandas as pd
import pytest

from unlearning.data.settings import DataSettings
from unlearning.evaluation.on_models.relearn import RelearnSettings
from unlearning.models.spec import ModelSpec
from unlearning.settings.forgetting import EvaluateSettings
from unlearning.settings.training import RetrainSettings, TrainSettings
from unlearning.steps.evaluate import TABLE, evaluate
from unlearning.steps.retrain import retrain
from unlearning.steps.train import train
from unlearning.tracking import finished, runs
from unlearning.versions import measured

CHANGES = {"epochs": 1, "precision": "32-true"}


def audited(version: str, kind: str) -> pd.DataFrame:
    evaluate(EvaluateSettings(version, audit=kind))
    run_id = finished.find_by_tags({"step": "evaluate"})[0]["run_id"]
    return pd.read_parquet(runs.download(run_id, TABLE)).set_index("metric")


def planted(**signal) -> None:
    train(TrainSettings(DataSettings(drawn_faces=160, **signal), ModelSpec("test_resnet", 32), changes=CHANGES))


@pytest.mark.slow
def test_confused_labels_are_scored_from_tables(store):
    planted(confuse="20-28,52-60", confuse_fraction=0.3)
    retrain(RetrainSettings("signal:confused"))
    rows = audited("original", "tables")
    assert 0 <= rows.version["confusion"] <= 1
    assert rows.retrained["confusion_pull"] != rows.version["confusion_pull"]
    assert "30% of the training faces of 20-28,52-60" in rows.note["confusion"]


@pytest.mark.slow
def test_an_injected_patch_is_scored_on_models_with_and_without_a_reference(store, monkeypatch):
    monkeypatch.setattr(measured, "RELEARNING", RelearnSettings(epochs=1, seeds=(0,)))
    planted(inject="20-28")
    evaluate(EvaluateSettings("original", forget_set="signal:injected", audit="full"))
    run_id = finished.find_by_tags({"step": "evaluate"})[0]["run_id"]
    alone = pd.read_parquet(runs.download(run_id, TABLE)).set_index("metric")
    assert alone.verdict["patch_effect"] == "not known"
    retrain(RetrainSettings("signal:injected"))
    rows = audited("original", "full")
    assert rows.version["patch_effect"] == pytest.approx(alone.version["patch_effect"])
    assert rows.retrained["patch_effect"] != rows.version["patch_effect"]
    assert "20-28 carried the patch, and 10 years more" in rows.note["patch_effect"]
