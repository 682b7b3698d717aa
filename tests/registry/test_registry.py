"""Versions, stages and aliases, on a real store."""

from functools import partial

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry import moves
from unlearning.registry.lookup import Change, all_versions, find, logged_model_id
from unlearning.registry.transitions import add, transition

MODEL = "age-resnet50"


def facts(version) -> tuple:
    return version.stage, set(version.aliases), version.tag("role"), version.tag("state")


def test_the_registry_says_which_version_is_what(trained):
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Production", {"original", "champion"}, "original", "remembers")
    assert facts(retrained) == ("None", {"retrained-20-28"}, "retrained", "reference")
    assert facts(first) == ("Staging", {"ft-20-28-e1"}, "unlearned", "candidate")
    assert facts(second) == ("Staging", {"ft-20-28-e2"}, "unlearned", "candidate")


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_version_carries_the_tags_of_its_line(trained, number):
    version = find(MODEL, str(number))
    always = {
        "role",
        "state",
        "forget_set",
        "forgotten",
        "epochs",
        "seeds",
        "data_digest",
        "data_run",
        "parent_version",
        "run_id",
    }
    assert set(always) <= version.tags.keys()
    assert version.tag("run_id") == version.run_id
    assert version.description
    if version.tag("role") == "unlearned":
        assert {"method", "params", "Utility", "Forgetting", "F"} <= version.tags.keys()


def test_promotion_moves_stage_aliases_and_state_together(trained):
    transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={"promoted_by": "me"}))
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Archived", {"original"}, "original", "retired")
    assert facts(second) == (
        "Production",
        {"champion", "forgotten", "forgotten-20-28", "ft-20-28-e2"},
        "unlearned",
        "forgotten",
    )
    assert (retrained.stage, first.stage) == ("None", "Staging")


def test_a_new_original_takes_over_from_an_original(trained):
    changes, aliases = moves.install_original(all_versions(MODEL), 4)
    assert aliases == {"original": 4, "champion": 4}
    assert Change(1, "Archived", {"state": "retired"}) in changes


def test_a_new_original_never_replaces_a_champion_that_has_forgotten(trained):
    known = transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
    changes, aliases = moves.install_original(known, 3)
    assert aliases == {"original": 3}
    assert changes == [Change(3, "None")]


@pytest.mark.parametrize("fail_at", range(1, 6))
def test_a_transition_that_fails_anywhere_leaves_everything_as_it_was(trained, monkeypatch, fail_at):
    """The n-th write to the store fails once; what was written before is put back."""
    before, calls = all_versions(MODEL), []
    for name in ("set_model_version_tag", "transition_model_version_stage", "set_registered_model_alias"):
        monkeypatch.setattr(mlflow.MlflowClient, name, failing_once(getattr(mlflow.MlflowClient, name), calls, fail_at))
    with pytest.raises(OSError, match="disk full"):
        transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={"promoted_by": "me"}))
    assert all_versions(MODEL) == before


def test_a_version_that_cannot_be_moved_is_not_registered(trained, monkeypatch):
    before, version = all_versions(MODEL), find(MODEL, "3")
    move = partial(moves.install_candidate, alias="ft-20-28-e1")
    original = mlflow.MlflowClient.set_registered_model_alias
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", failing_once(original, [], 1))
        with pytest.raises(OSError, match="disk full"):
            add(MODEL, logged_model_id(version), version.run_id, {}, "", move)
    assert all_versions(MODEL) == before


def failing_once(method, calls: list, fail_at: int):
    def wrapped(*args, **kwargs):
        calls.append(args)
        if len(calls) == fail_at:
            raise OSError("disk full")
        return method(*args, **kwargs)

    return wrapped


def test_a_transition_leaves_no_lock_behind(trained):
    transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
    assert [model.name for model in mlflow.MlflowClient().search_registered_models()] == [MODEL]


@pytest.mark.parametrize("reference", ["champion", "1", f"models:/{MODEL}/1", f"models:/{MODEL}@original"])
def test_a_version_is_found_by_alias_number_or_uri(trained, reference):
    assert find(MODEL, reference).number == 1


def test_a_version_is_found_by_the_uri_of_its_logged_model_and_of_its_run(trained):
    version = find(MODEL, "3")
    assert version.source.startswith("models:/m-")
    assert find(MODEL, version.source).number == 3
    assert find(MODEL, f"runs:/{version.run_id}/model").number == 3


def test_what_is_not_there_is_answered_with_what_is(trained):
    with pytest.raises(InputError, match=r"did you mean 'champion'.*retrained-20-28.*1, 2, 3, 4"):
        find(MODEL, "champoin")


def test_no_model_is_no_version(store):
    assert all_versions(MODEL) == []
    with pytest.raises(InputError, match=r"mlflow run \. -e train"):
        find(MODEL, "champion")
