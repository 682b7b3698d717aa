"""Scores from logged predictions."""

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions, find
from unlearning.settings.forgetting import EvaluateSettings
from unlearning.steps.evaluate import evaluate

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
