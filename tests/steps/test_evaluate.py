"""Scores from logged predictions, those of planted signals too: trained on, forgotten, and looked for in any version."""

import mlflow
import pandas as pd
import pytest

from made import small
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.evaluation.on_models import relearn
from unlearning.registry.lookup import all_versions, find
from unlearning.settings.forgetting import EvaluateSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps.evaluate import TABLE, evaluate
from unlearning.steps.retrain import retrain
from unlearning.steps.train import train
from unlearning.tracking import finished, runs

MODEL = "age-resnet50"
SCORES = ["Utility", "Forgetting", "F"]


def test_a_version_scored_again_has_the_numbers_it_was_registered_with(trained):
    version = find(MODEL, "ft-20-28-e2")
    row = evaluate(EvaluateSettings("ft-20-28-e2")).iloc[0]
    assert [row[name] for name in SCORES] == pytest.approx([float(version.tag(name)) for name in SCORES], rel=1e-5)


def test_another_alpha_leaves_the_tags_of_the_version(untouched):
    before = find(MODEL, "3").tags
    evaluate(EvaluateSettings("3", alpha=5.0))
    assert find(MODEL, "3").tags == before


def test_the_original_is_scored_on_what_was_retrained_for(trained):
    evaluate(EvaluateSettings("original"))
    tags = find(MODEL, "original").tags
    assert tags["scored_on"] == "20-28"
    assert 0 < float(tags["Forgetting"]) < 1


def test_all_versions_get_a_child_run_each_under_the_exact_names(trained):
    table = evaluate(EvaluateSettings("all"))
    assert table.version.tolist() == [1, 2, 3, 4]
    parent = mlflow.search_runs(filter_string="tags.step = 'evaluate'", output_format="list")[0]
    children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", output_format="list")
    assert len(children) == 4
    assert all(set(SCORES) <= child.data.metrics.keys() for child in children)


def test_one_version_that_cannot_be_scored_leaves_no_half_of_the_others(untouched):
    before = all_versions(MODEL)
    with pytest.raises(InputError, match=r"retrain -P forget_set=36-44"):
        evaluate(EvaluateSettings("1,3", forget_set="36-44"))
    assert all_versions(MODEL) == before


def audited(kind: str, forget_set: str = "") -> pd.DataFrame:
    """What an audit of the original logs, by metric."""
    evaluate(EvaluateSettings("original", forget_set, audit=kind))
    run_id = finished.find_by_tags({"step": "evaluate"})[0]["run_id"]
    return runs.read_table(run_id, TABLE).set_index("metric")


def planted(**signal) -> None:
    train(small(data=DataSettings(drawn_faces=160, **signal)))


@pytest.mark.slow
def test_confused_labels_are_scored_from_tables(store):
    planted(confuse="20-28,52-60", confuse_fraction=0.3)
    retrain(RetrainSettings("signal:confused"))
    rows = audited("tables")
    assert 0 <= rows.version["confusion"] <= 1
    assert rows.retrained["confusion_pull"] != rows.version["confusion_pull"]
    assert "30% of the training faces of 20-28,52-60" in rows.note["confusion"]


@pytest.mark.slow
def test_an_injected_patch_is_scored_on_models_with_and_without_a_reference(store, monkeypatch):
    monkeypatch.setattr(relearn, "EPOCHS", 1)
    monkeypatch.setattr(relearn, "SEEDS", (0,))
    planted(inject="20-28")
    alone = audited("full", "signal:injected")
    assert alone.verdict["patch_effect"] == "not known"
    retrain(RetrainSettings("signal:injected"))
    rows = audited("full")
    assert rows.version["patch_effect"] == pytest.approx(alone.version["patch_effect"])
    assert rows.retrained["patch_effect"] != rows.version["patch_effect"]
    assert "20-28 carried the patch, and 10 years more" in rows.note["patch_effect"]
