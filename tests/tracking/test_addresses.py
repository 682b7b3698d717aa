"""People are led to what a command has made, and past MLflow's front page."""

import mlflow
import pytest
from click.testing import CliRunner
from mlflow.exceptions import MlflowException

from entrypoints.command import Entry
from unlearning.registry.lookup import all_versions
from unlearning.tracking import addresses, runs


def told(capsys) -> list[str]:
    capsys.readouterr()
    addresses.tell()
    return capsys.readouterr().err.splitlines()


def test_the_last_page_of_each_name_and_the_outermost_run_are_told_once(store, capsys):
    with runs.run("main", "all") as outer:
        for name in ("one", "two"):
            with runs.run("evaluate", name) as inner:
                runs.log_text(f"<p>{name}", "audit.html")
    page, shown = told(capsys)
    path = store / "mlruns" / "0" / inner.info.run_id / "artifacts" / "audit.html"
    assert (page, path.read_text()) == (f"page: {path}", "<p>two")
    run = f"http://127.0.0.1:5000/#/experiments/0/runs/{outer.info.run_id}"
    assert shown == f"to look at it in MLflow type: mlflow ui; and open {run}"
    assert told(capsys) == []


def test_a_command_that_was_typed_elsewhere_names_the_store(store, tmp_path_factory, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with runs.run("train", "one"):
        pass
    assert f"mlflow ui --backend-store-uri sqlite:///{store}/mlflow.db; and open" in told(capsys)[0]


def test_a_server_shows_run_and_model_itself(untouched, monkeypatch, capsys):
    with runs.run("evaluate", "one") as run:
        all_versions("age-resnet50")
        all_versions("not made yet")
    monkeypatch.setattr(addresses, "store_name", lambda: "https://models.example/")
    place = f"https://models.example/#/experiments/0/runs/{run.info.run_id}"
    assert told(capsys) == [f"in MLflow: {place} and https://models.example/#/models/age-resnet50"]


def test_an_earlier_run_that_goes_on_is_told_in_the_place_of_the_one_that_is_removed(store, capsys):
    with runs.run("train", "killed") as earlier:
        pass
    with runs.run("train", "again"):
        runs.when_ended(runs.continues(earlier.info.run_id, "again"))
    assert earlier.info.run_id in told(capsys)[0]


@pytest.mark.parametrize("own", ["", "mine"])
def test_an_experiment_says_what_is_in_it_unless_somebody_has_said_so(store, own):
    if own:
        mlflow.MlflowClient().set_experiment_tag("0", addresses.NOTE, own)
    with runs.run("train", "one"):
        pass
    said = mlflow.get_experiment("0").tags[addresses.NOTE]
    assert said == (own or addresses.description("0"))
    assert own or "(#/experiments/0/runs)" in said


def test_an_experiment_that_takes_no_note_is_worked_in_all_the_same(store, monkeypatch, capsys):
    def refuse(*given):
        raise MlflowException("Permission denied")

    monkeypatch.setattr(mlflow.MlflowClient, "set_experiment_tag", refuse)
    with runs.run("train", "one") as run:
        pass
    assert mlflow.get_run(run.info.run_id).info.status == "FINISHED"
    assert "the experiment 0 was given no note: Permission denied" in capsys.readouterr().err


def test_a_command_tells_nothing_of_what_was_made_before_it_in_the_same_process(store):
    with runs.run("train", "of somebody else"):
        runs.log_text("<p></p>", "page.html")
    called = CliRunner().invoke(Entry("nothing", callback=lambda: None))
    assert (called.exit_code, called.output) == (0, "")
