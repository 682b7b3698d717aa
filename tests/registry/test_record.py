"""The tags of a version: some that people read, and one that holds all others."""

import json
import threading
from functools import partial

import mlflow
import pytest

from registered import UNLEARNED, fill, register
from unlearning.registry import moves, writes
from unlearning.registry.lookup import find
from unlearning.registry.record import READ, RECORD, changed, packed, unpacked
from unlearning.registry.transitions import transition
from unlearning.registry.version import Change
from unlearning.registry.writes import write_scores

MODEL = "age-resnet50"
TAGS = {"role": "unlearned", "F": "0.5", "data_run": "r1", "seeds": "0,1"}


def stored(number: int) -> dict[str, str]:
    return dict(mlflow.MlflowClient().get_model_version(MODEL, str(number)).tags)


def one_more() -> None:
    """A candidate, 3, with a tag that people do not read, beside an original and its reference."""
    fill(MODEL, candidates=0)
    move = partial(moves.install_candidate, alias="ft-20-28-e1")
    assert register(MODEL, UNLEARNED | {"epochs": "1", "alpha": "15.0"}, move) == 3


def write(number: int, drop: tuple[str, ...] = (), **tags: str) -> None:
    transition(MODEL, lambda known: ([Change(number, find(MODEL, str(number)).stage, tags, drop)], {}))


def test_all_tags_are_read_back_from_those_that_people_read_and_the_record():
    kept = packed(TAGS)
    assert kept == {"role": "unlearned", "F": "0.5", RECORD: json.dumps({"data_run": "r1", "seeds": "0,1"})}
    assert unpacked(kept) == TAGS
    assert unpacked(TAGS) == TAGS, "a version of an earlier release"
    assert packed({"role": "original"}) == {"role": "original"}


@pytest.mark.parametrize("damaged", ["", "[1]", "{", "null"])
def test_a_record_that_was_changed_by_hand_holds_nothing(damaged):
    assert unpacked({"role": "original", RECORD: damaged}) == {"role": "original"}


def test_what_is_in_the_record_is_changed_there_and_everything_else_beside_it():
    kept = packed(TAGS)
    written = {RECORD: json.dumps({"data_run": "r1", "seeds": "7"}), "state": "retired"}
    assert changed(kept, {"seeds": "7", "state": "retired"}) == written
    assert changed(kept | {"seeds": "9"}, {"seeds": None}) == {RECORD: json.dumps({"data_run": "r1"}), "seeds": None}
    assert changed(kept, {"mia_auc": "0.5"}) == {"mia_auc": "0.5"}
    assert json.loads(changed(kept, {"mia_auc": "0.5"}, scores=True)[RECORD])["mia_auc"] == "0.5"
    assert changed(TAGS, {"seeds": "7", "mia_auc": "0.5"}, scores=True) == {"seeds": "7", "mia_auc": "0.5"}


def test_a_registered_version_has_few_tags_that_transitions_and_scores_keep_few(store):
    one_more()
    assert stored(3).keys() == {"role", "state", "forgotten", "forget_set", "parent_version", "method", "epochs", RECORD}
    before = find(MODEL, "3").tags
    write(3, ticket="17", forget_set="30-40")
    write_scores(find(MODEL, "3"), {"F": "0.25", "mia_auc": "0.5"})
    assert find(MODEL, "3").tags == before | {"ticket": "17", "forget_set": "30-40", "F": "0.25", "mia_auc": "0.5"}
    assert stored(3).keys() - {RECORD, "ticket"} <= set(READ)
    write(3, drop=("ticket", "mia_auc"))
    assert find(MODEL, "3").tags == before | {"forget_set": "30-40", "F": "0.25"}


def test_scores_that_somebody_else_writes_at_the_same_moment_both_stay(store, monkeypatch):
    one_more()
    version = find(MODEL, "3")
    other = threading.Thread(target=write_scores, args=(version, {"forget_auc": "0.25"}))

    def meanwhile(*words):
        monkeypatch.setattr(writes, "changed", changed)
        other.start()
        other.join(0.5)
        return changed(*words)

    monkeypatch.setattr(writes, "changed", meanwhile)
    write_scores(version, {"mia_auc": "0.5"})
    other.join()
    assert find(MODEL, "3").tags.items() >= {"mia_auc": "0.5", "forget_auc": "0.25"}.items()


def test_what_somebody_writes_beside_the_record_is_seen_and_taken_back(store):
    one_more()
    mlflow.MlflowClient().set_model_version_tag(MODEL, "3", "alpha", "mine")
    assert find(MODEL, "3").tag("alpha") == "mine"
    write(3, alpha="15.0")
    assert find(MODEL, "3").tag("alpha") == "15.0"
    assert "alpha" not in stored(3)
