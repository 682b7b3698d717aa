"""Versions, stages and aliases, on a real store."""

from functools import partial

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry import moves
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.transitions import transition
from unlearning.registry.version import Change

MODEL = "age-resnet50"


def facts(version) -> tuple:
    return version.stage, set(version.aliases), version.tag("role"), version.tag("state")


def test_the_registry_says_which_version_is_what(trained):
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Production", {"original", "champion"}, "original", "remembers")
    assert facts(retrained) == ("None", {"retrained-20-28"}, "retrained", "reference")
    assert facts(first) == ("Staging", {"ft-20-28-e1"}, "unlearned", "candidate")
    assert facts(second) == ("Staging", {"ft-20-28-e2"}, "unlearned", "candidate")


def test_every_version_carries_the_tags_of_its_line(trained):
    always = {"role", "state", "forget_set", "forgotten", "epochs", "seeds"}
    for version in all_versions(MODEL):
        assert always | {"data_digest", "data_run", "parent_version", "run_id"} <= version.tags.keys()
        assert version.tag("run_id") == version.run_id
        assert version.description
        if version.tag("role") == "unlearned":
            assert {"method", "params", "Utility", "Forgetting", "F"} <= version.tags.keys()


def test_promotion_moves_stage_aliases_and_state_together(trained):
    tags = {"promoted_by": "me", "verdict": "as retraining"}
    transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags=tags))
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Archived", {"original"}, "original", "retired")
    aliases = {"champion", "forgotten", "forgotten-20-28", "ft-20-28-e2"}
    assert facts(second) == ("Production", aliases, "unlearned", "forgotten")
    assert (retrained.stage, first.stage) == ("None", "Staging")
    assert [model.name for model in mlflow.MlflowClient().search_registered_models()] == [MODEL], "no lock is left"


def test_a_new_original_takes_over_from_an_original(trained):
    changes, aliases = moves.install_original(all_versions(MODEL), 4)
    assert aliases == {"original": 4, "champion": 4}
    assert Change(1, "Archived", {"state": "retired"}) in changes


def test_a_new_original_never_replaces_a_champion_that_has_forgotten(trained):
    known = transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
    changes, aliases = moves.install_original(known, 3)
    assert aliases == {"original": 3}
    assert changes == [Change(3, "None")]


def test_a_version_is_found_by_alias_number_or_uri_and_by_those_of_its_logged_model_and_run(trained):
    for reference in ("champion", "1", f"models:/{MODEL}/1", f"models:/{MODEL}@original"):
        assert find(MODEL, reference).number == 1
    version = find(MODEL, "3")
    assert version.source.startswith("models:/m-")
    assert find(MODEL, version.source).number == find(MODEL, f"runs:/{version.run_id}/model").number == 3


def test_what_is_not_there_is_answered_with_what_is(trained):
    with pytest.raises(InputError, match=r"did you mean 'champion'.*retrained-20-28.*1, 2, 3, 4"):
        find(MODEL, "champoin")
    assert all_versions("other") == []
    with pytest.raises(InputError, match=r"mlflow run \. -e train"):
        find("other", "champion")
