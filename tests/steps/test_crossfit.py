"""One table serves all later requests, and nothing that remembers a face is left of what made it."""

import mlflow
import pandas as pd
import pytest

from unlearning.errors import InputError
from unlearning.naming import NEVER_SEEN_TABLE
from unlearning.once import afresh
from unlearning.registry.lookup import all_versions, find
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings
from unlearning.settings.training import CrossfitSettings
from unlearning.steps.crossfit import crossfit
from unlearning.steps.evaluate import evaluate
from unlearning.steps.promote import promote
from unlearning.tracking import finished, sealed
from unlearning.versions import forget_sets
from unlearning.versions.never_seen import has_seen, never_seen_of, said_again

MODEL = "age-resnet50"


def test_every_face_has_a_number_of_each_seed_and_no_weights_are_kept(crossfitted):
    table = never_seen_of(find(MODEL, "1"))
    assert table.notna().all(axis=None)
    assert list(table.columns) == ["id", "split", "age", "fold", "seed_0", "seed_1"]
    assert (table.seed_0 != table.seed_1).any()
    assert len(all_versions(MODEL)) == len(mlflow.search_logged_models(output_format="list")) == 4


def test_the_original_of_a_version_is_followed_and_by_default_that_of_the_champion(crossfitted):
    promote(PromoteSettings("4", force=True))
    mlflow.MlflowClient().set_registered_model_alias(MODEL, "original", "2")
    assert CrossfitSettings().model == "champion"
    for model in ("champion", "4", "1"):
        assert crossfit(CrossfitSettings(model, 2, (0, 1))).equals(never_seen_of(find(MODEL, "1")))
    assert len(finished.find_by_tags({"step": "fold"})) == 4, "it was made once"


def test_without_a_cross_fitting_nothing_is_said_of_what_was_seen(trained):
    assert has_seen(find(MODEL, "4"), forget_sets.of_version(find(MODEL, "4"))) is None


def test_a_photograph_is_one_witness_however_often_it_was_saved():
    """Of five near-copies one stays, and if they are asked about it is one that was trained on."""
    splits = ["test", "validation", "train", "train", "train", "train", "train"]
    manifest = pd.DataFrame({"id": list("abcdefg"), "near": list("aaaaafa"), "copy_of": ["", "", "", "", "", "", "c"]})
    for asked, stays in (("bcdeg", {"c", "f"}), ("de", {"d", "f"}), ("f", {"a", "f"})):
        left_out = said_again(manifest.assign(split=splits), set(asked))
        assert set(manifest.id) - set(left_out) == stays


def test_a_request_for_single_faces_is_judged_without_a_retrained_reference(crossfitted, capsys):
    evaluate(EvaluateSettings("original", "random:5"))
    said = capsys.readouterr()
    assert "without a retrained reference for random:5" in said.out + said.err
    assert "this test notices a model that remembers as the original does in" in said.out + said.err
    [run] = finished.find_by_tags({"step": "evaluate"})
    logged = mlflow.get_run(run["run_id"]).data.metrics
    assert 1 <= logged["never_seen/faces"] <= 5  # those drawn for validation were not trained on
    assert 0 < logged["never_seen/p"] <= 1
    assert 0 <= logged["never_seen/power"] <= 1


def test_a_whole_age_group_is_left_to_a_retrained_reference(crossfitted, capsys):
    evaluate(EvaluateSettings("4"))
    assert "too many of one age" in "".join(capsys.readouterr())


def test_the_table_names_people_so_it_is_sealed_with_them_and_stops_nobody_when_it_cannot_be_read(crossfitted, capsys):
    table = never_seen_of(find(MODEL, "1"))
    [run] = finished.find_by_tags({"step": "crossfit"})
    assert sealed.naming(mlflow.get_run(run["run_id"]), {table.id[0]}) == [NEVER_SEEN_TABLE]
    [kept] = crossfitted.rglob(NEVER_SEEN_TABLE)
    kept.write_bytes(b"cut")
    with afresh():
        evaluate(EvaluateSettings("4"))
    assert "crossfit: the artifact crossfit.parquet of run" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("wrong", "said"), [({"seeds": (0,)}, "two or more"), ({"folds": 1}, "from 2"), ({"spread": "x"}, "legal")]
)
def test_settings_with_which_the_table_could_tell_nothing_are_refused_before_anything_is_trained(wrong, said):
    with pytest.raises(InputError, match=said):
        CrossfitSettings(**wrong)
