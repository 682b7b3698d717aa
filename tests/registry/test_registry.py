"""Versions, stages and aliases on a real store, what the page of a model says first, and what a version was made from."""

from functools import partial

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from registered import promoting
from unlearning.errors import InputError
from unlearning.registry import answer, moves
from unlearning.registry.descent import line_of
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.transitions import transition
from unlearning.registry.version import Change, Facts

MODEL = "age-resnet50"


def facts(version) -> tuple:
    return version.stage, set(version.aliases), version.tag("role"), version.tag("state")


def test_the_registry_says_which_version_is_what_and_every_version_carries_the_tags_of_its_line(untouched):
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Production", {"original", "champion"}, "original", "remembers")
    assert facts(retrained) == ("None", {"retrained-20-28"}, "retrained", "reference")
    assert facts(first) == ("Staging", {"ft-20-28-e1"}, "unlearned", "candidate")
    assert facts(second) == ("Staging", {"ft-20-28-e2"}, "unlearned", "candidate")
    always = {"role", "state", "forget_set", "forgotten", "epochs", "seeds"}
    for version in all_versions(MODEL):
        assert always | {"data_digest", "data_run", "parent_version", "run_id"} <= version.tags.keys()
        assert version.tag("run_id") == version.run_id
        assert version.description
        if version.tag("role") == "unlearned":
            assert {"method", "params", "Utility", "Forgetting", "F"} <= version.tags.keys()


def test_promotion_moves_stage_aliases_and_state_together(trained):
    tags = {"promoted_by": "me", "verdict": "as retraining"}
    [promoted, *_], _ = moves.promote(all_versions(MODEL), 4, "20-28", tags | {"forced_by": "me"})
    assert {"forced_gates", "restored_by", "restored_because"} <= set(promoted.drop) <= {*promoted.drop} - {"forced_by"}
    transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags=tags))
    original, retrained, first, second = all_versions(MODEL)
    assert facts(original) == ("Archived", {"original"}, "original", "retired")
    aliases = {"champion", "forgotten", "forgotten-20-28", "ft-20-28-e2"}
    assert facts(second) == ("Production", aliases, "unlearned", "forgotten")
    assert (retrained.stage, first.stage) == ("None", "Staging")
    assert [model.name for model in mlflow.MlflowClient().search_registered_models()] == [MODEL], "no lock is left"


def test_a_new_original_takes_over_from_an_original_and_never_from_a_champion_that_has_forgotten(trained):
    changes, aliases = moves.install_original(all_versions(MODEL), 4)
    assert aliases == {"original": 4, "champion": 4}
    assert Change(1, "Archived", {"state": "retired"}) in changes
    known = transition(MODEL, partial(moves.promote, number=4, forget_set="20-28", tags={}))
    changes, aliases = moves.install_original(known, 3)
    assert aliases == {"original": 3}
    assert changes == [Change(3, "None")]


def test_a_version_is_found_by_alias_number_or_uri_of_its_model_or_run_and_what_is_not_there_answered_with_what_is(untouched):
    for reference in ("champion", "1", f"models:/{MODEL}/1", f"models:/{MODEL}@original"):
        assert find(MODEL, reference).number == 1
    version = find(MODEL, "3")
    assert version.source.startswith("models:/m-")
    assert find(MODEL, version.source).number == find(MODEL, f"runs:/{version.run_id}/model").number == 3
    with pytest.raises(InputError, match=r"did you mean 'champion'.*retrained-20-28.*1, 2, 3, 4"):
        find(MODEL, "champoin")
    assert all_versions("other") == []
    with pytest.raises(InputError, match=r"mlflow run \. -e train"):
        find("other", "champion")


def said() -> str:
    return mlflow.MlflowClient().get_registered_model(MODEL).description


def test_the_description_is_the_answer_at_the_moment_and_follows_every_transition(filled):
    assert "|  | served: version 1 |" in said()
    assert "| found out | remembers everything |" in said()
    transition(MODEL, promoting(3))
    assert said() == answer.current(MODEL)
    assert "|  | served: version 3 | original: version 1 |" in said()
    assert "| made to forget | 20-28 | nothing |" in said()
    assert "| found out | as retraining | remembers everything |" in said()


def test_without_a_champion_none_is_said_to_be_served(filled):
    transition(MODEL, lambda known: ([], {"champion": None}))
    assert "none is served" in said()


def test_what_people_have_written_there_stays(filled):
    mlflow.MlflowClient().update_registered_model(MODEL, "Ours; ask Ann.")
    transition(MODEL, promoting(3))
    assert said() == "Ours; ask Ann."


def test_a_page_that_takes_no_description_does_not_undo_the_transition(filled, monkeypatch, capsys):

    def refuse(*given):
        raise MlflowException("Permission denied")

    monkeypatch.setattr(mlflow.MlflowClient, "update_registered_model", refuse)
    known = transition(MODEL, promoting(3))
    assert next(one for one in known if "champion" in one.aliases).number == 3
    assert f"MLflow's page of the model {MODEL} does not say what is served: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "ours"), [(None, True), ("", True), (answer.LEAD + "\n\n* alias", True), ("mine", False)])
def test_only_what_this_project_wrote_is_written_over(text, ours):
    assert answer.is_ours(text) == ours


ORIGINAL = Facts("None", (), {"role": "original", "parent_version": "none"})


def made_from(parent: str) -> Facts:
    return Facts("None", (), {"role": "unlearned", "parent_version": parent})


STATE = {1: ORIGINAL, 3: made_from("1"), 4: made_from("3")}


def test_a_line_leads_to_its_original_also_beyond_a_version_that_was_deleted_where_the_log_knows_it():
    line = line_of(STATE, 4)
    assert [one.number for one in line.steps] == [4, 3, 1]
    assert (line.original.number, line.broken) == (1, "")
    state = {1: STATE[1], 4: STATE[4]}
    line = line_of(state, 4, lambda: STATE)
    assert [(one.number, one.gone) for one in line.steps] == [(4, False), (3, True), (1, False)]
    assert line.original.facts == ORIGINAL
    assert line_of(state, 4).broken == "version 3, the parent of version 4, was deleted"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("4", "version 3 names version 4 as its parent, which was made from version 3"),
        ("3", "version 3 names version 3 as its parent, which was made from version 3"),
        ("none", "version 3 names no version that it was made from"),
        ("²", "version 3 has the tag parent_version='²', which is no number of a version"),
    ],
)
def test_a_line_that_leads_nowhere_ends_and_says_why(tag, said):
    line = line_of(STATE | {3: made_from(tag)}, 4)
    assert ([one.number for one in line.steps], line.original, line.broken) == ([4, 3], None, said)
