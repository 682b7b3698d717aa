"""Several people on one server, as docs/server.md sets it up: who may do what, and what becomes of work when it fails."""

import base64
import os
import re
import subprocess
import sys
import threading
import time

import mlflow
import pandas as pd
import pytest

from made import small
from places import ROOT
from postgres import free_port
from server import ADMIN, PASSWORD, READER, READING, as_user, wire
from typed import typed
from unlearning.certificates.keys import make_key
from unlearning.errors import InputError
from unlearning.registry.journal import EXPERIMENT
from unlearning.registry.lookup import all_versions, find
from unlearning.repair import mending
from unlearning.requests.store import EXPERIMENT as REQUESTS
from unlearning.requests.store import listed
from unlearning.settings.forgetting import PromoteSettings, UnlearnSettings
from unlearning.settings.registry import RollbackSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps import train as train_step
from unlearning.steps.promote import promote
from unlearning.steps.retrain import retrain
from unlearning.steps.rollback import rollback
from unlearning.steps.train import train
from unlearning.steps.unlearn import unlearn
from unlearning.tracking.own_experiments import own_experiment

MODEL, OTHER = "age-resnet50", "age-other"
EASY = "F > 0.01"
TYPED = ["--arch", "test_resnet", "--image_size", "32", "--drawn_faces", "160", "--epochs", "1", "--precision", "32-true"]


@pytest.fixture(scope="module")
def filled(server):
    """Original (1), reference (2), and two versions made to forget 20-28 (3, 4), of which 3 is served; by the admin."""
    with pytest.MonkeyPatch.context() as patch:
        as_user(patch, server.address, ADMIN, PASSWORD)
        train(small())
        retrain(RetrainSettings("20-28"))
        unlearn(UnlearnSettings(forget_set="20-28", epochs=(1, 2)))
        promote(PromoteSettings("ft-20-28-e1", gates=EASY))
    return server


@pytest.fixture
def admin(server, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    as_user(monkeypatch, server.address, ADMIN, PASSWORD)
    return server


@pytest.fixture
def reader(filled, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    as_user(monkeypatch, filled.address, READER, READING)
    return filled


def told(outcome) -> str:
    """The one sentence in which an entry point failed."""
    assert outcome.exit_code == 1, outcome.output
    assert "Traceback" not in outcome.output
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit)
    (sentence,) = [line for line in outcome.output.splitlines() if line.startswith("Error: ")]
    return sentence


def locks() -> list[str]:
    return [one.name for one in mlflow.MlflowClient().search_registered_models() if ".lock" in one.name]


@pytest.mark.usefixtures("filled")
def test_registry_and_artifacts_are_whole_on_the_server_and_no_password_can_be_read(admin):
    assert mending.examine(MODEL).found == []
    champion = find(MODEL, "champion")
    assert (champion.number, champion.stage, champion.tag("state")) == (3, "Production", "unproven")
    assert locks() == []
    run = mlflow.MlflowClient().get_run(find(MODEL, "champion").run_id)
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
    assert list((admin.folder / "artifacts").rglob("spec.json"))
    assert {(admin.folder / name).stat().st_mode & 0o077 for name in ("secrets", "pgpass", "auth.ini")} == {0}
    assert PASSWORD not in admin.log


def test_a_reader_sees_the_registry_and_needs_no_run_for_that(reader):
    before = len(mlflow.search_runs(search_all_experiments=True, output_format="list"))
    outcome = typed("status", "--check", "true")
    assert outcome.exit_code == 0, outcome.output
    assert "champion" in outcome.output
    assert "are what the journal says" in outcome.output
    assert len(mlflow.search_runs(search_all_experiments=True, output_format="list")) == before


def test_a_reader_serves_the_champion(reader, data):
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    face = next(path for path in sorted((reader.folder / "artifacts").rglob("input_example.json")))
    picture = base64.b64decode(pd.read_json(face, orient="split").image[0])
    (years,) = model.predict(pd.DataFrame({"image": [picture]}))
    assert 0 <= years <= 60
    assert model.metadata.metadata["forgotten"] == "20-28"


def test_a_reader_is_told_why_no_run_can_be_opened(reader):
    sentence = told(typed("promote", "--version", "ft-20-28-e2", "--gates", EASY))
    assert f"the server {reader.address} lets you read, and open no run in this experiment" in sentence
    assert "EDIT" in sentence
    assert "MLFLOW_EXPERIMENT_NAME" in sentence


@pytest.mark.parametrize("move", ["promote", "roll back"])
def test_a_reader_with_an_experiment_of_ones_own_is_refused_all_the_same(reader, monkeypatch, move):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the reader")
    before = all_versions(MODEL)
    if move == "promote":
        outcome = typed("promote", "--version", "ft-20-28-e2", "--gates", EASY)
    else:
        outcome = typed("rollback", "--to", "original", "--reason", "I may not", "--allow_regain", "true")
    sentence = told(outcome)
    assert f"lets you read {MODEL} and not change it" in sentence
    assert f"MANAGE on the registered model {MODEL}" in sentence
    assert all_versions(MODEL) == before
    assert mending.examine(MODEL).found == []
    assert locks() == []


def test_a_reader_files_no_request_among_those_of_the_team(reader, admin, monkeypatch):
    own_experiment(REQUESTS, "the requests")
    as_user(monkeypatch, reader.address, READER, READING)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "of the reader")
    sentence = told(typed("request", "--forget_set", "36-44"))
    assert f"the server {reader.address} lets you read the requests and file none" in sentence
    assert f"EDIT on {REQUESTS}" in sentence
    assert listed(MODEL) == []
    assert locks() == []


def become_user(monkeypatch, server, name: str, permission: str) -> None:
    """A new user who may write both experiments that a transition needs, and has this right on the registered model."""
    password = "promotes-what-has-passed"
    server.add_user(name, password)
    for experiment in ("Default", EXPERIMENT):
        server.grant(name, "experiment", mlflow.get_experiment_by_name(experiment).experiment_id, "EDIT")
    server.grant(name, "registered_model", MODEL, permission)
    as_user(monkeypatch, server.address, name, password)


@pytest.mark.usefixtures("filled")
def test_whoever_may_write_the_model_and_not_take_away_from_it_changes_nothing(admin, monkeypatch):
    before = all_versions(MODEL)
    become_user(monkeypatch, admin, "editor", "EDIT")
    with pytest.raises(InputError, match=f"MANAGE on the registered model {MODEL}"):
        rollback(RollbackSettings("original", "I may not", allow_regain=True))
    assert all_versions(MODEL) == before
    assert mending.examine(MODEL).found == []
    assert locks() == []


@pytest.mark.usefixtures("filled")
def test_a_colleague_with_the_documented_rights_promotes_and_rolls_back(admin, monkeypatch):
    become_user(monkeypatch, admin, "colleague", "MANAGE")
    promote(PromoteSettings("ft-20-28-e2", gates=EASY))
    assert find(MODEL, "champion").number == 4
    rollback(RollbackSettings("ft-20-28-e1", "it was a try"))
    assert find(MODEL, "champion").number == 3
    assert mending.examine(MODEL).found == []
    assert locks() == []


def test_a_wrong_password_is_told_as_one(filled, monkeypatch):
    as_user(monkeypatch, filled.address, READER, "not-the-readers-own")
    sentence = told(typed("status"))
    assert f"the server {filled.address} does not accept the name and password" in sentence
    assert "MLFLOW_TRACKING_USERNAME is 'reader'" in sentence
    assert "not-the-readers-own" not in sentence


def test_a_store_that_is_not_there_is_told_at_once(filled, monkeypatch):
    """No server, no machine, no database, and a database that does not take the password."""
    database = f"postgresql+psycopg2://mlflow:wrong@127.0.0.1:{filled.database_port}/mlflow"
    for address, said in {
        f"http://127.0.0.1:{free_port()}": "does not answer: Connection refused",
        "http://no-such-machine.invalid": "the server http://no-such-machine.invalid does not answer",
        f"postgresql+psycopg2://mlflow@127.0.0.1:{free_port()}/mlflow": "Connection refused",
        database: f"the database {database.replace('wrong', '***')} does not answer",
    }.items():
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        begun = time.monotonic()
        sentence = told(typed("status"))
        assert said in sentence
        assert "MLFLOW_TRACKING_URI names" in sentence
        assert "wrong" not in sentence
        assert time.monotonic() - begun < 60


@pytest.mark.usefixtures("filled")
def test_a_slow_server_is_asked_few_questions_and_answers_them(admin, monkeypatch):
    with wire(admin.port, delay=0.3) as slow:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", slow.address)
        assert typed("status").exit_code == 0
        assert 0 < slow.asked <= 5
        promote(PromoteSettings("ft-20-28-e2", gates=EASY))
    as_user(monkeypatch, admin.address, ADMIN, PASSWORD)
    assert find(MODEL, "champion").number == 4
    assert mending.examine(MODEL).found == []
    assert locks() == []


def test_a_server_that_takes_too_long_is_named(admin, monkeypatch):
    with wire(admin.port, delay=60) as slow:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", slow.address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        sentence = told(typed("status"))
    assert f"the server {slow.address} does not answer: nothing came within 1" in sentence


def test_a_server_that_is_killed_and_started_again_in_mid_run_loses_nothing(admin, monkeypatch):
    again = threading.Thread(target=admin.start)

    def killing(*arguments):
        took = train_ensemble(*arguments)
        admin.kill()
        again.start()
        return took

    train_ensemble = train_step.train_ensemble
    monkeypatch.setattr(train_step, "train_ensemble", killing)
    made = train(small(seeds=(7,), name=OTHER))
    again.join()
    run = mlflow.MlflowClient().get_run(made.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test_mae"] == pytest.approx(float(made.tag("test_mae")), rel=1e-4)
    assert made.aliases == ("champion", "original")
    names = [one.path for one in mlflow.MlflowClient().list_artifacts(made.run_id)]
    assert "predictions.parquet" in names
    assert mending.examine(OTHER).found == []


def test_a_server_that_stays_away_makes_the_run_fail_loudly(admin, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    train_ensemble = train_step.train_ensemble
    with wire(admin.port) as line:
        monkeypatch.setattr(train_step, "train_ensemble", lambda *given: (line.cut(), train_ensemble(*given))[1])
        monkeypatch.setenv("MLFLOW_TRACKING_URI", line.address)
        sentence = told(typed("train", *TYPED, "--seeds", "8", "--name", "age-never"))
    assert line.address in sentence
    as_user(monkeypatch, admin.address, ADMIN, PASSWORD)
    assert all_versions("age-never") == []
    mlflow.end_run()


def test_a_full_artifact_store_fails_the_run_and_registers_nothing(admin, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with admin.full_disk(most=500_000):
        sentence = told(typed("train", *TYPED, "--seeds", "9", "--name", "age-full"))
    assert re.search(rf"the server {admin.address} (answered 500|broke the connection) each time that it was sent", sentence)
    assert "disk is full" in sentence
    assert all_versions("age-full") == []
    assert locks() == []
    newest = mlflow.search_runs(["0"], max_results=1, output_format="list")[0]
    assert newest.info.status == "FAILED"
    assert newest.data.tags["step"] == "train"
    assert "disk is full" in newest.data.tags["failure"]


@pytest.mark.usefixtures("filled")
def test_nothing_that_was_fetched_stays_on_a_client_after_promotion_certificate_and_purge(admin, tmp_path):
    """Weights, prediction tables and names of faces go with the process that fetched them, here one for all three."""
    place, key = tmp_path / "temporary", tmp_path / "signing-key.pem"
    place.mkdir()
    make_key(key)
    environment = os.environ | {"TMPDIR": str(place), "UNLEARNING_CACHE": str(tmp_path / "cache")}
    environment |= {"UNLEARNING_SIGNING_KEY": str(key), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    program = "import sys\nfrom importlib import import_module\nfor entry, *words in eval(sys.argv[1]):\n"
    program += "    import_module(f'entrypoints.{entry}').main(words, standalone_mode=False)\nprint('all three')"
    played = [
        ("promote", "--version", "ft-20-28-e2", "--gates", EASY),
        ("certify", "--version", "champion"),
        ("purge", "--version", "original", "--confirm", f"{MODEL}/1"),
    ]
    command = [sys.executable, "-c", program, repr(played)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("all three\n"), done.stderr
    assert list(place.iterdir()) == []
