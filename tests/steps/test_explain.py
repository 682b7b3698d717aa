"""explain from the command to the page: which versions stand beside each other, what is logged, and that nothing is changed."""

import json

import mlflow
import pandas as pd
import pytest

from reports.reading import Page, assert_alone, words
from unlearning.explain import attributions
from unlearning.explain.attributions import GRID
from unlearning.explain.regions import REGIONS
from unlearning.settings.forgetting import ExplainSettings
from unlearning.steps.explain import JSON, MAPS, PAGE, explain
from unlearning.tracking import finished, runs


def test_the_versions_are_explained_beside_the_retrained_one_and_no_face_is_on_the_page(untouched, monkeypatch):
    monkeypatch.setattr(attributions, "STEPS", 4)
    monkeypatch.setattr(attributions, "WINDOWS", 4)
    found = explain(ExplainSettings("original,ft-20-28-e2", faces=12))
    assert list(found.looks) == ["original", "ft-20-28-e2", "retrained-20-28"]
    assert found.retrained == ("retrained-20-28",)
    assert all(count >= 10 for count in found.groups.values())
    run_id = finished.find_by_tags({"step": "explain"})[0]["run_id"]
    table = pd.read_parquet(runs.download(run_id, MAPS))
    sums = table.groupby(["version", "method", "group"]).share.agg(["sum", "size"])
    assert sums["sum"].to_list() == pytest.approx([1.0] * len(sums))
    assert set(sums["size"]) == {GRID**2}
    assert set(table.region) == set(REGIONS)
    told = json.loads(runs.download(run_id, JSON).read_text())
    judged = told["judged"]["forgotten"]
    assert set(judged) == {"original", "ft-20-28-e2"}
    assert judged["original"]["floor"] == pytest.approx(2 * judged["original"]["second"])
    numbers = mlflow.MlflowClient().get_run(run_id).data.metrics
    assert numbers["original/attribution_distance"] == pytest.approx(judged["original"]["version"])
    text = runs.download(run_id, PAGE).read_text()
    assert_alone(text, ".jpg")
    page = Page(text)
    assert len(page.all("img")) == 4
    assert "20 to 28" in words(page)
