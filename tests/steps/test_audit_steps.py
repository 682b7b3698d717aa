"""evaluate with an audit, and compare: what a person types, and what they find in MLflow."""

import math

import mlflow
import pandas as pd
import pytest

from made import weights
from unlearning.errors import InputError
from unlearning.evaluation.on_models import relearn
from unlearning.registry.lookup import find, find_version, logged_model_id
from unlearning.reports.audit_figures import render_audit
from unlearning.settings.forgetting import CompareSettings, EvaluateSettings, PromoteSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps.compare import compare
from unlearning.steps.evaluate import HEADLINES, JSON, PAGE, TABLE, evaluate
from unlearning.steps.promote import promote
from unlearning.steps.retrain import retrain
from unlearning.tracking import finished, runs

MODEL = "age-resnet50"


def newest(step: str) -> str:
    return finished.find_by_tags({"step": step})[0]["run_id"]


def audited_rows() -> pd.DataFrame:
    """Of the newest audit, by metric."""
    return runs.read_table(newest("evaluate"), TABLE).set_index("metric")


def test_an_audit_stands_on_run_model_and_version_and_passes_nothing_without_a_second_seed(trained, monkeypatch):
    monkeypatch.setattr("unlearning.steps.evaluate.render_audit", render_audit)
    evaluate(EvaluateSettings("ft-20-28-e2", audit="tables"))
    content = runs.read_json(newest("evaluate"), JSON)
    assert any("no second retrained model" in warning for warning in content["warnings"])
    rows = {row["metric"]: row for row in content["rows"]}
    assert rows["Utility"]["retrained"] == 1
    assert rows["forget_difference"]["verdict"] == "not known"
    run_id = newest("evaluate")
    page = runs.download(run_id, PAGE).read_text()
    assert "<html" in page
    assert "data:image/svg" in page
    version = find_version(MODEL, "ft-20-28-e2")
    known = audited_rows().version.dropna()
    client = mlflow.MlflowClient()
    logged = {metric.key for metric in client.get_logged_model(logged_model_id(version)).metrics}
    for name in set(HEADLINES) & set(known.index):
        assert float(version.tag(name)) == pytest.approx(known[name], rel=1e-4)
        assert name in logged
        assert client.get_run(run_id).data.metrics[name] == pytest.approx(known[name])
    assert (version.tag("verdict"), version.tag("reference")) == (content["verdict"], "retrained")
    assert content["sentence"] == version.tag("finding")


def test_a_second_seed_gives_the_floor_and_stands_beside_the_reference(trained):
    other = retrain(RetrainSettings("20-28", seeds=(7, 8)))
    assert other.aliases == ("retrained-20-28-seeds-7-8",)
    assert find(MODEL, "retrained-20-28").number == 2, "the first reference stays"
    evaluate(EvaluateSettings("original", forget_set="20-28", audit="tables"))
    rows = audited_rows()
    assert rows.floor["forget_difference"] > 0
    assert rows.second["forget_mae"] != rows.retrained["forget_mae"]


def test_a_second_reference_has_none_of_the_first_one_s_seeds(trained):
    with pytest.raises(
        InputError, match=r"seeds=1,2: the version that is followed, and so its reference, was trained with 1; free: seeds=2,3"
    ):
        retrain(RetrainSettings("20-28", seeds=(1, 2)))


def test_without_a_reference_the_audit_says_what_it_can_and_lists_what_not(trained, briefly):
    evaluate(EvaluateSettings("ft-20-28-e2", forget_set="36-44", audit="full"))
    assert runs.read_json(newest("evaluate"), JSON)["unsaid"]
    rows = audited_rows()
    assert math.isnan(rows.version["Utility"])
    assert rows.version["test_mae"] > 0
    assert rows.version["relearn_steps"] >= 0
    assert rows.original["relearn_steps"] >= 0
    assert rows.verdict["relearn_steps"] == "not known"
    assert {"relearn_ratio", "activation_distance"}.isdisjoint(rows.index)


@pytest.fixture
def briefly(monkeypatch):
    """One shuffle, one pass: relearning is tested by itself."""
    monkeypatch.setattr(relearn, "EPOCHS", 1)
    monkeypatch.setattr(relearn, "SEEDS", (0,))


def test_a_full_audit_measures_the_models_and_changes_none(trained, briefly):
    version = find_version(MODEL, "ft-20-28-e2")
    before = weights(version)
    evaluate(EvaluateSettings("ft-20-28-e2", audit="full"))
    rows = audited_rows()
    assert rows.version["activation_distance"] > 0
    assert 0 < rows.version["cka"] <= 1
    assert rows.version["relearn_steps"] >= 0
    assert "steps in 1 shuffles" in rows.note["relearn_steps"]
    assert "relearn_ratio" in rows.index
    assert weights(version) == before


def test_several_alphas_are_a_row_each_and_the_first_gives_the_headline(trained):
    table = evaluate(EvaluateSettings("ft-20-28-e2", alpha=15.0, alphas=(2.0, 35.0)))
    assert table.alpha.tolist() == [15.0, 2.0, 35.0]
    assert table.Forgetting[1] < table.Forgetting[0] < table.Forgetting[2]
    numbers = mlflow.MlflowClient().get_run(newest("evaluate")).data.metrics
    assert numbers["Forgetting_alpha_2"] == table.Forgetting[1]


def test_versions_are_compared_on_one_forget_set_in_one_page(untouched):
    table = compare(CompareSettings("original,retrained-20-28,ft-20-28-e2"))
    assert set(table.label) == {"original", "retrained-20-28", "ft-20-28-e2"}
    page = runs.download(newest("compare"), "compare.html").read_text()
    assert all(label in page for label in set(table.label))


def test_a_gate_may_name_any_number_of_the_audit_and_what_is_measured_on_models(trained, briefly):
    with pytest.raises(InputError, match=r"forget_difference < -1"):
        promote(PromoteSettings("ft-20-28-e2", gates="forget_difference < -1"))
    assert promote(PromoteSettings("ft-20-28-e2", gates="F>0,forget_difference<100")).number == 4
    with pytest.raises(InputError, match=r"activation_distance < 0 failed"):
        promote(PromoteSettings("ft-20-28-e2", gates="activation_distance<0"))
    with pytest.raises(InputError, match=r"has no number for a gate .*three seeds"):
        promote(PromoteSettings("ft-20-28-e2", gates="klom<1"))
