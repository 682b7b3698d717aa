"""What hand edits make of a registry: found, explained, and put right."""

import warnings

import mlflow
import pytest

from registered import SET, promoting
from unlearning.registry import answer, servers
from unlearning.registry.journal import find_journal
from unlearning.registry.lock import registry_lock
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.transitions import transition
from unlearning.registry.version import Facts
from unlearning.registry.writes import write_scores
from unlearning.repair import mending
from unlearning.repair.scores import with_scores
from unlearning.tracking.own_experiments import own_experiment

MODEL = "age-resnet50"


@pytest.fixture
def served(filled):
    """Version 3 is the champion, 4 a candidate."""
    transition(MODEL, promoting(3))
    return mlflow.MlflowClient()


def set_stage(client, number: str, stage: str, **more) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        client.transition_model_version_stage(MODEL, number, stage, **more)


EDITS = {
    "a stage": (
        lambda client: set_stage(client, "4", "Production"),
        ["version 4 is in stage Production and should be in Staging: the journal has it there as of install"],
    ),
    "a stage with archiving": (
        lambda client: set_stage(client, "4", "Production", archive_existing_versions=True),
        ["version 3 is in stage Archived and should be in Production", "version 4 is in stage Production"],
    ),
    "the champion": (
        lambda client: client.set_registered_model_alias(MODEL, "champion", "4"),
        ["the alias champion is at version 4 and should be at version 3: the journal has it there as of promote"],
    ),
    "no champion": (
        lambda client: client.delete_registered_model_alias(MODEL, "champion"),
        ["the alias champion is missing at version 3: the journal has it there as of promote"],
    ),
    "a false claim": (
        lambda client: client.set_registered_model_alias(MODEL, "forgotten-44-52", "3"),
        ["version 3 has the alias forgotten-44-52, which it should not have: the journal knows of no such move"],
    ),
    "a state": (
        lambda client: client.set_model_version_tag(MODEL, "1", "state", "forgotten"),
        ["version 1 has the tag state='forgotten', which should be 'retired': the journal says so as of promote"],
    ),
    "a tag that is gone": (
        lambda client: client.delete_model_version_tag(MODEL, "3", "forgotten"),
        [f"version 3 has lost the tag forgotten='{SET}': the journal says so"],
    ),
    "a tag too many": (
        lambda client: client.set_model_version_tag(MODEL, "4", "promoted_by", "nobody"),
        ["version 4 has the tag promoted_by='nobody', which should not be there"],
    ),
    "a description": (
        lambda client: client.update_model_version(MODEL, "3", "has forgotten everything"),
        ["the description of version 3 is not the one of promote"],
    ),
    "an alias of a candidate": (
        lambda client: client.set_registered_model_alias(MODEL, f"ft-{SET}-e2", "2"),
        [f"the alias ft-{SET}-e2 is at version 2 and should be at version 4"],
    ),
}
APART = {"a stage with archiving", "no champion"}  # they meet with others at one place


@pytest.mark.parametrize("edits", [sorted(set(EDITS) - APART), *([edit] for edit in sorted(APART))], ids=lambda edits: edits[0])
def test_hand_edits_are_found_explained_and_put_back_all_at_once_or_not_at_all(served, monkeypatch, edits):
    before, page, words = all_versions(MODEL), answer.current(MODEL), []
    for edit in edits:
        EDITS[edit][0](served)
        words += EDITS[edit][1]
    found, edited = mending.examine(MODEL).found, all_versions(MODEL)
    assert len(found) == len(words)
    assert [part for part in words if not any(part in sentence for sentence in found)] == []
    with monkeypatch.context() as patch:

        def fail_once(*arguments):
            patch.undo()
            raise OSError("disk full")

        patch.setattr(mlflow.MlflowClient, "set_registered_model_tag", fail_once)
        with pytest.raises(OSError, match="disk full"):
            mending.repair(MODEL)
    assert all_versions(MODEL) == edited
    said = served.get_registered_model(MODEL).description
    assert said == answer.current(MODEL), "the page says what the registry says, also where it said something else before"
    assert mending.repair(MODEL, reason="as it was") == found + [mending.UNTOLD] * (said != page)
    assert all_versions(MODEL) == before
    assert mending.examine(MODEL).found == []
    noted, repaired = find_journal(MODEL).entries[-2:]
    assert (noted["what"], repaired["what"], repaired["reason"]) == ("found", "repair", "as it was")
    assert mending.repair(MODEL) == []
    assert find_journal(MODEL).entries[-2:] == [noted, repaired], "where nothing is wrong, nothing is done"


def test_a_page_that_does_not_say_what_is_served_says_it_again(served):
    served.update_registered_model(MODEL, f"{answer.LEAD}\n\nVersion 4 is served.")
    assert mending.examine(MODEL).found == [mending.UNTOLD]
    mending.repair(MODEL)
    assert served.get_registered_model(MODEL).description == answer.current(MODEL)
    served.update_registered_model(MODEL, "Ours; ask Ann.")
    assert mending.examine(MODEL).found == []


def test_scores_and_peoples_own_aliases_tags_and_notes_are_no_inconsistency(served):
    write_scores(find(MODEL, "3"), {"F": "0.9", "regained": "-0.4", "certificate": "5" * 64})
    served.set_registered_model_alias(MODEL, "mine", "2")
    served.set_model_version_tag(MODEL, "2", "ticket", "17")
    served.update_model_version(MODEL, "2", find(MODEL, "2").description + "\nGood one.")
    assert mending.examine(MODEL).found == []


def test_aliases_that_were_moved_on_purpose_can_be_trusted_and_stages_and_states_follow(served):
    served.set_registered_model_alias(MODEL, "champion", "4")
    assert mending.repair(MODEL, "aliases", "moved on purpose")
    states = [(v.stage, v.tag("state"), "forgotten" in v.aliases) for v in all_versions(MODEL)[2:]]
    assert states == [("Archived", "retired", False), ("Production", "unproven", False)], "nobody has judged it"
    assert mending.examine(MODEL).found == []


def test_a_version_that_was_deleted_is_told_and_then_known(served):
    served.delete_model_version(MODEL, "4")
    (found,) = mending.examine(MODEL).found
    assert found.startswith("version 4 is gone: the journal has it in stage Staging as of install of ")
    mending.repair(MODEL)
    assert mending.examine(MODEL).found == []


def test_a_champion_that_was_deleted_leaves_nobody_and_nobody_is_chosen(served):
    served.delete_model_version(MODEL, "3")
    mending.repair(MODEL)
    assert mending.examine(MODEL).found == [
        "no version has the alias champion, so none is served: promote one, or roll back to one"
    ]


def test_a_version_that_other_hands_registered_is_told_and_kept(served):
    made = served.create_model_version(MODEL, served.get_model_version(MODEL, "4").source)
    assert mending.examine(MODEL).found == [f"version {made.version} is not in the journal: it was registered by other means"]
    mending.repair(MODEL)
    assert len(all_versions(MODEL)) == 5
    assert mending.examine(MODEL).found == []


def test_a_check_waits_for_a_transition_that_is_under_way(served, monkeypatch):
    monkeypatch.setattr(mending, "PATIENCE", 0.5)
    waits = []
    monkeypatch.setattr(mending.time, "sleep", waits.append)
    with registry_lock(MODEL):
        mending.examine(MODEL)
    assert waits
    waits.clear()
    mending.examine(MODEL)
    assert not waits


def test_without_a_journal_the_champion_is_the_truth_and_the_stage_its_mirror(served):
    """As in a registry of this project's first version."""
    served.delete_run(find_journal(MODEL).run_id)
    for tag in ("audit.run", "audit.head"):
        served.delete_registered_model_tag(MODEL, tag)
    assert mending.examine(MODEL).found == []
    set_stage(served, "4", "Production")
    (found,) = mending.examine(MODEL).found
    assert "the champion alone is in Production" in found
    mending.repair(MODEL)
    assert find(MODEL, "4").stage == "Staging"


def test_what_a_registry_of_real_versions_says_is_consistent(trained):
    assert mending.examine(MODEL).found == []
    transition(MODEL, promoting(4))
    seen = mending.examine(MODEL)
    assert seen.found == []
    assert seen.journal.named == seen.journal.head


def test_the_accuracy_of_a_model_of_classes_is_put_back_as_it_was_measured():
    edited = {1: Facts("None", (), {"role": "original", "test_accuracy": "0.9"})}
    assert with_scores(edited, {1: {"test_accuracy": 0.5}})[1].tags["test_accuracy"] == "0.5"


def test_the_experiment_of_servers_that_was_deleted_is_named_and_brought_back(filled):
    client, experiment = mlflow.MlflowClient(), own_experiment(servers.EXPERIMENT, servers.HOLDS)
    client.delete_experiment(experiment)
    assert servers.live(MODEL) == []
    assert mending.repair(MODEL) == ["the experiment 'age-unlearning servers', which holds who serves what, was deleted"]
    assert client.get_experiment(experiment).lifecycle_stage == "active"
