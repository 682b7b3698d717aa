"""What the page of a registered model says first."""

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from registered import fill, promoting
from unlearning.registry import answer
from unlearning.registry.transitions import transition

MODEL = "age-resnet50"


def said() -> str:
    return mlflow.MlflowClient().get_registered_model(MODEL).description


def test_the_description_is_the_answer_at_the_moment_and_follows_every_transition(store):
    fill(MODEL)
    assert "|  | served: version 1 |" in said()
    assert "| found out | remembers everything |" in said()
    transition(MODEL, promoting(3))
    assert said() == answer.current(MODEL)
    assert "|  | served: version 3 | original: version 1 |" in said()
    assert "| made to forget | 20-28 | nothing |" in said()
    assert "| found out | as retraining | remembers everything |" in said()


def test_without_a_champion_none_is_said_to_be_served(store):
    fill(MODEL)
    transition(MODEL, lambda known: ([], {"champion": None}))
    assert "none is served" in said()


def test_what_people_have_written_there_stays(store):
    fill(MODEL)
    mlflow.MlflowClient().update_registered_model(MODEL, "Ours; ask Ann.")
    transition(MODEL, promoting(3))
    assert said() == "Ours; ask Ann."


def test_a_page_that_takes_no_description_does_not_undo_the_transition(store, monkeypatch, capsys):
    fill(MODEL)

    def refuse(*given):
        raise MlflowException("Permission denied")

    monkeypatch.setattr(mlflow.MlflowClient, "update_registered_model", refuse)
    known = transition(MODEL, promoting(3))
    assert next(one for one in known if "champion" in one.aliases).number == 3
    assert f"MLflow's page of the model {MODEL} does not say what is served: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "ours"), [(None, True), ("", True), (answer.LEAD + "\n\n* alias", True), ("mine", False)])
def test_only_what_this_project_wrote_is_written_over(text, ours):
    assert answer.is_ours(text) == ours
