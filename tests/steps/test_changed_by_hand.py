"""What people change in MLflow's UI: what can still be done goes on, a check names it, and repair mends it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from registered import fill, lose_tag
from unlearning.certificates.statement import ModelVersion
from unlearning.errors import InputError
from unlearning.evaluation.registry import METRICS
from unlearning.purge import store as purge
from unlearning.registry import journal
from unlearning.registry.descent import Line
from unlearning.registry.lookup import all_versions, find, logged_model_id
from unlearning.repair import mending
from unlearning.requests import store as requests
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.registry import RepairSettings, StatusSettings
from unlearning.steps.evaluate import evaluate
from unlearning.steps.promote import promote
from unlearning.steps.repair import repair
from unlearning.steps.status import show
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import processes, runs
from unlearning.tracking.own_experiments import own_experiment
from unlearning.versions import certificate_facts, certificates, forget_sets
from unlearning.versions.line import is_approximate, line_of

MODEL = "age-resnet50"
SRC = str(Path(__file__).parents[2] / "src")
BESIDE_BOTH = "test_mae <= 100 * original.test_mae, test_mae <= 100 * retrained.test_mae"


@pytest.fixture
def client(trained):
    return mlflow.MlflowClient()


def found() -> list[str]:
    return mending.examine(MODEL).found


def test_what_descends_from_a_deleted_version_is_promoted_all_the_same(client):
    """As if version 4 had been made from version 3: of that one the journal knows where it came from."""
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    client.delete_model_version(MODEL, "3")
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4


def test_what_descends_from_a_deleted_version_is_certified_by_what_the_log_and_its_run_know(client):
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    gone, version = find(MODEL, "3"), find(MODEL, "4")
    certificates.attach(gone.run_id, b"{}", "page")
    client.delete_model_version(MODEL, "3")
    line = line_of(version)
    assert certificate_facts._parent(version, line) == ModelVersion(MODEL, "3", certificate_facts.GONE)
    assert list(certificate_facts.certificates_before(version).values()) == [b"{}"]
    exact = replace(line.steps[0].facts, tags=version.tags | {"exact": "true"})
    assert is_approximate(Line((replace(line.steps[0], facts=exact),), "nobody knows more"))


def test_a_parent_whose_files_cannot_be_read_is_not_called_gone(trained, monkeypatch):
    def away(version):
        raise InputError("the store is away")

    monkeypatch.setattr(certificate_facts, "model_folder", away)
    version = find(MODEL, "4")
    assert certificate_facts._parent(version, line_of(version)).weights_digest == certificate_facts.UNREAD


def test_without_an_original_the_gates_that_name_it_are_refused_and_others_decide(client):
    client.delete_model_version(MODEL, "1")
    with pytest.raises(InputError, match=r"original\.test_mae cannot be decided: .*version 1 was deleted.*retrained\.METRIC"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    assert promote(PromoteSettings("4", "test_mae <= 100 * retrained.test_mae")).number == 4


def test_versions_that_name_each_other_as_parents_end_in_a_sentence(client):
    client.set_model_version_tag(MODEL, "3", "parent_version", "4")
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    with pytest.raises(InputError, match=r"version 3 names version 4 as its parent.*mlflow run \. -e status -P check=true"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    repair(RepairSettings())
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4


@pytest.mark.parametrize(("tag", "value"), [("exact", "true"), ("target", "{"), ("target", '{"kind": "classes"}')])
def test_what_a_version_promises_and_predicts_is_the_journals_to_say(client, capsys, tag, value):
    client.set_model_version_tag(MODEL, "3", tag, value)
    with pytest.raises(InputError, match="the registry has 1 inconsistency; put them right"):
        show(StatusSettings(check=True))
    shown = capsys.readouterr().out
    assert "ft-20-28-e1" in shown
    assert f"version 3 has the tag {tag}={value!r}, which should" in shown
    repair(RepairSettings())
    assert found() == []


@pytest.mark.parametrize("value", ["good", "0.987"])
def test_a_score_that_was_written_over_is_shown_named_and_measured_anew(client, capsys, value):
    assert found() == []
    before = find(MODEL, "3").tag("F")
    client.set_model_version_tag(MODEL, "3", "F", value)
    with pytest.raises(InputError, match=r"1 inconsistency.*-e repair"):
        show(StatusSettings(check=True))
    assert f"version 3 has the tag F={value!r}, which should be {before!r}: that was measured" in capsys.readouterr().out
    repair(RepairSettings())
    assert find(MODEL, "3").tag("F") == before
    assert found() == []


def test_a_reference_that_lost_its_seconds_is_measured_against_and_gets_them_back(client):
    before = find(MODEL, "2").tag("seconds")
    lose_tag(MODEL, 2, "seconds")
    (made,) = unlearn(UnlearnSettings(forget_set="20-28", epochs=(1,)))
    assert "seconds_ratio" not in made.tags
    assert found() == [f"version 2 has lost the tag seconds={before!r}: that was measured"]
    repair(RepairSettings())
    assert find(MODEL, "2").tag("seconds") == before


def test_a_number_without_which_nothing_can_be_decided_is_asked_for_and_words_that_nobody_measured_go(client):
    client.set_model_version_tag(MODEL, "4", "alpha", "wide")
    with pytest.raises(InputError, match=r"alpha='wide', which is no number; put it back with: mlflow run \. -e repair"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    repair(RepairSettings())
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4
    client.set_model_version_tag(MODEL, "3", "cka", "high")
    assert found() == [
        "version 3 has the tag cka='high', which should not be there: it is no number, and nobody has measured one"
    ]
    repair(RepairSettings())
    assert "cka" not in find(MODEL, "3").tags


def test_a_deleted_run_is_named_and_brought_back_and_a_deleted_logged_model_is_named(client):
    run_id = find(MODEL, "4").run_id
    client.delete_run(run_id)
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4
    assert found() == [f"the run {run_id} of version 4 was deleted: nothing more can be written to it"]
    repair(RepairSettings())
    assert client.get_run(run_id).info.lifecycle_stage == "active"
    assert found() == []
    version = find(MODEL, "3")
    client.delete_logged_model(logged_model_id(version))
    (said,) = found()
    assert said.startswith(f"the logged model {logged_model_id(version)} of version 3 was deleted")
    assert "mlflow run . -e purge -P version=3" in said


def test_a_deleted_experiment_is_named_and_brought_back(client, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    client.delete_experiment("0")
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4
    assert found() == ["the experiment 'Default', which holds the runs of versions 1, 2, 3, 4, was deleted"]
    repair(RepairSettings())
    assert client.get_experiment("0").lifecycle_stage == "active"
    assert found() == []
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    client.delete_experiment("0")
    with pytest.raises(InputError, match=r"experiment 0.*mlflow experiments restore --experiment-id 0.*MLFLOW_EXPERIMENT_NAME"):
        promote(PromoteSettings("4"))


def test_a_renamed_model_is_found_under_its_new_name_with_all_that_belongs_to_it(client):
    client.rename_registered_model(MODEL, "faces")
    (renamed, pages) = mending.examine("faces").found
    assert renamed.startswith("the registered model faces was called age-resnet50")
    assert pages == "MLflow's pages of the logged models of versions 1, 2, 3, 4 do not name these versions"
    repair(RepairSettings(name="faces"))
    assert mending.examine("faces").found == []
    assert promote(PromoteSettings("4", BESIDE_BOTH, name="faces")).model == "faces"
    with pytest.raises(InputError, match=r"no registered model 'age-resnet50' yet \(there is faces: -P name=faces\)"):
        promote(PromoteSettings("4"))


def test_a_new_model_of_the_old_name_begins_a_log_of_its_own(client):
    before = journal.find_journal(MODEL).run_id
    client.rename_registered_model(MODEL, "faces")
    fill(MODEL)
    assert journal.find_journal(MODEL).run_id != before
    assert (mending.examine(MODEL).found, len(all_versions("faces"))) == ([], 4)


def test_a_log_that_is_gone_for_good_is_begun_anew_by_repair(client):
    lost = journal.find_journal(MODEL).run_id
    client.delete_run(lost)
    assert found() == [f"the run {lost}, which holds the journal, was deleted: nothing more can be written to it"]
    client._tracking_client.store._hard_delete_run(lost)
    with pytest.raises(InputError, match=r"damaged: its run \w+ was deleted for good.*mlflow run \. -e repair"):
        promote(PromoteSettings("4", "test_mae < 100"))
    assert repair(RepairSettings())
    assert promote(PromoteSettings("4", "test_mae < 100")).number == 4
    assert found() == []


def test_requests_in_a_deleted_experiment_are_not_taken_for_none(store):
    client = mlflow.MlflowClient()
    client.delete_experiment(own_experiment(requests.EXPERIMENT, requests.HOLDS))
    with pytest.raises(InputError, match=r"which holds the requests, was deleted; .* restore --experiment-id"):
        requests.listed(MODEL)


def test_requests_in_an_experiment_that_was_renamed_are_named_and_found_again(client):
    asked = requests.create(MODEL, "key", forget_sets.of_version(find(MODEL, "3")), "", None, "asked")
    client.rename_experiment(client.get_run(asked.run_id).info.experiment_id, "wishes")
    assert found() == ["the experiment 'wishes' holds requests, which are looked for in 'age-unlearning requests' only"]
    repair(RepairSettings())
    assert ([one.key for one in requests.listed(MODEL)], found()) == (["key"], [])


UNKNOWN = '{"state": "lost", "time": "2026-01-01T00:00:00.000Z", "user": "anna", "why": "because"}'
GAPS = [("request.history.0001", ""), ("request.history.0001", UNKNOWN), ("request.state", "promoted")]


@pytest.mark.parametrize(("tag", "value"), [("request.history.0001", "{"), ("forget_count", "many"), *GAPS])
def test_a_request_with_a_broken_tag_is_told_and_the_others_are_served(trained, capfd, tag, value):
    forget = forget_sets.of_version(find(MODEL, "3"))
    broken, whole = (requests.create(MODEL, key, forget, "", None, "asked") for key in ("a", "b"))
    assert tag in mlflow.get_run(broken.run_id).data.tags
    client = mlflow.MlflowClient()
    client.set_tag(broken.run_id, tag, value) if value else client.delete_tag(broken.run_id, tag)
    assert [one.key for one in requests.listed(MODEL)] == [whole.key]
    (told,) = found()
    assert told.startswith(f"the request in run {broken.run_id} cannot be read")
    assert told in capfd.readouterr().err


def test_a_store_whose_first_experiment_is_gone_for_good_goes_on(store):
    """As after ``mlflow gc``."""
    client = mlflow.MlflowClient()
    client.create_experiment("mine")
    client.delete_experiment("0")
    client._tracking_client.store._hard_delete_experiment("0")
    assert own_experiment(requests.EXPERIMENT, requests.HOLDS)


@pytest.mark.slow
def test_what_a_killed_process_left_is_ended_named_and_removed(store):
    left = _killed_while_it_logs_a_model()
    client = mlflow.MlflowClient()
    fill(MODEL)
    (run_id,) = [run.info.run_id for run in client.search_runs(["0"]) if run.info.status == "RUNNING"]
    with runs.run("test", "meets it"):
        pass
    ended = client.get_run(run_id)
    assert (ended.info.status, ended.data.tags["killed.noticed_by"]) == ("KILLED", processes.owner())
    assert client.search_runs(["0"])[0].info.status == "FINISHED"
    assert found() == [f"the logged model {left} (ft-20-28-e1) belongs to no version: its run {run_id} died before that"]
    repair(RepairSettings())
    assert found() == []
    with pytest.raises(MlflowException, match="not found"):
        client.get_logged_model(left)


def _killed_while_it_logs_a_model() -> str:
    """A process opens a run and a logged model, and is gone; returns the id of the model."""
    code = (
        "import mlflow, os\nfrom unlearning.tracking import runs\n"
        "with runs.run('unlearned version', 'ft-20-28-e1') as run:\n"
        "    client = mlflow.MlflowClient()\n"
        "    made = client.create_logged_model('0', name='ft-20-28-e1', source_run_id=run.info.run_id)\n"
        "    print(made.model_id, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    own = os.environ | {"PYTHONPATH": SRC}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=own)
    assert done.returncode == -9, done.stderr
    return done.stdout.strip()


def test_a_logged_model_of_a_run_that_goes_on_is_nobodys_leftover(store):
    fill(MODEL)
    with runs.run("unlearned version", "at work") as run:
        mlflow.MlflowClient().create_logged_model("0", source_run_id=run.info.run_id)
        assert found() == []


def test_every_metric_of_a_version_has_one_point_a_step_and_its_page_shows_it(client):
    evaluate(EvaluateSettings("4", audit="tables"))
    (evaluated,) = client.search_runs(["0"], "tags.step = 'evaluate'")
    own = [client.get_run(version.run_id) for version in all_versions(MODEL)]
    for run in (*own, evaluated):
        for name in run.data.metrics:
            steps = [point.step for point in client.get_metric_history(run.info.run_id, name)]
            assert len(steps) == len(set(steps)), (run.info.run_name, name)
    for version, run in zip(all_versions(MODEL), own, strict=True):
        shown = {point.key: point.value for point in client.get_logged_model(logged_model_id(version)).metrics}
        measured = {name: value for name, value in run.data.metrics.items() if name in METRICS}
        assert {name: shown[name] for name in measured} == pytest.approx(measured, rel=1e-4)
    assert found() == []


def test_pages_of_logged_models_name_them_and_their_versions(client):
    names = {}
    for version in all_versions(MODEL):
        model = client.get_logged_model(logged_model_id(version))
        names[version.number] = model.name
        assert json.loads(model.tags["mlflow.modelVersions"]) == [{"name": MODEL, "version": str(version.number)}]
        assert find(MODEL, f"runs:/{version.run_id}/{model.name}").number == version.number
        assert find(MODEL, f"runs:/{version.run_id}/model").number == version.number
    assert names == {1: "original", 2: "retrained-20-28", 3: "ft-20-28-e1", 4: "ft-20-28-e2"}


def test_a_version_whose_run_is_gone_for_good_is_purged_all_the_same(client):
    version = find(MODEL, "3")
    client.delete_run(version.run_id)
    client._tracking_client.store._hard_delete_run(version.run_id)
    (told,) = found()
    assert "mlflow run . -e purge -P version=3" in told
    with pytest.raises(InputError, match=f"its run {version.run_id} is gone for good"):
        certificates.made_by(version.run_id)
    places = purge.places_of(version)
    assert [place.kind for place in places] == ["model"]
    purge.mark(version, "purged")
