"""One table serves all later requests, and nothing that remembers a face is left of what made it."""

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions, find
from unlearning.steps.crossfit import crossfit
from unlearning.steps.training_settings import CrossfitSettings
from unlearning.versions.never_seen import never_seen_of

MODEL = "age-resnet50"


def test_the_table_is_found_for_all_versions_of_the_line_and_no_weights_are_kept(trained):
    versions, models = len(all_versions(MODEL)), len(mlflow.search_logged_models(output_format="list"))
    table = crossfit(CrossfitSettings(folds=2, seeds=(0, 1)))
    assert table.notna().all(axis=None)
    assert list(table.columns) == ["id", "split", "age", "fold", "seed_0", "seed_1"]
    assert (table.seed_0 != table.seed_1).any()
    for number in ("1", "4"):
        assert never_seen_of(find(MODEL, number)).equals(table)
    assert len(all_versions(MODEL)) == versions
    assert len(mlflow.search_logged_models(output_format="list")) == models


def test_only_an_original_is_followed(trained):
    with pytest.raises(InputError, match="is no original"):
        crossfit(CrossfitSettings(model="4"))
    assert never_seen_of(find(MODEL, "4")) is None
