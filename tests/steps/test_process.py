"""Requests are served: each ends once, whatever happens on the way, and what was forgotten stays forgotten."""

import os
import signal
import subprocess
import sys

import mlflow
import pytest

from places import ROOT
from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import VARIABLE, load_key
from unlearning.certificates.samples import secret_of
from unlearning.certificates.verify import Comparison, verify
from unlearning.data.forget import ForgetSet, retain_mask
from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions, find
from unlearning.repair import mending
from unlearning.requests import store as requests
from unlearning.requests.states import FAILED, GATED, PROMOTED, RECEIVED, REFUSED, RUNNING
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.requests import ProcessSettings, RequestSettings
from unlearning.steps import process as step
from unlearning.steps.process import process
from unlearning.steps.promote import decide, promote
from unlearning.steps.request import request
from unlearning.tracking import runs
from unlearning.versions import certificates, forget_sets
from unlearning.versions.certificate_facts import predicate_of

MODEL = "age-resnet50"
EASY = "test_mae < 100"

pytestmark = pytest.mark.usefixtures("signing_key")


def ask(rule, **more):
    return request(RequestSettings(rule, "Art. 17", **more))


def serve(**settings):
    return process(ProcessSettings(**{"epochs": (1,), "gates": EASY} | settings))


def states(one):
    return [change.state for change in one.history]


def champion():
    return find(MODEL, "champion")


def unlearned():
    return [version.number for version in all_versions(MODEL) if version.tag("role") == "unlearned"]


@pytest.fixture(scope="module")
def served_store(fill, trained_store, signing_key):
    """20-28 was asked for and is forgotten: version 5 is the champion."""
    return fill("served", trained_store, lambda: (ask("20-28"), serve()))


@pytest.fixture(scope="module")
def served_twice_store(fill, served_store):
    """Then 36-44: version 6 is its reference, version 7 the champion."""
    return fill("served-twice", served_store, lambda: (ask("36-44"), serve()))


@pytest.fixture
def served(use, served_store):
    use(served_store)


@pytest.fixture
def served_twice(use, served_twice_store):
    use(served_twice_store)


@pytest.fixture
def candidate(monkeypatch):
    """Nobody trains: version 3, which has forgotten 20-28, is what every unlearning makes."""
    monkeypatch.setattr(step, "_unlearned", lambda service, parent, forget: find(MODEL, "3"))


def test_a_request_ends_once_with_a_certified_champion_that_has_forgotten_it(served, capfd):
    one = requests.listed(MODEL)[0]
    assert states(one) == [RECEIVED, RUNNING, GATED, PROMOTED]
    assert one.version == str(champion().number) == "5"
    assert champion().tag("forgotten") == "20-28"
    assert mlflow.get_run(one.run_id).info.status == "FINISHED"
    version = champion()
    envelope = certificates.read(one.run_id)
    assert envelope == certificates.read(version.run_id)
    assert digest(envelope) == one.certificate == version.tag("certificate")
    assert {info.path for info in mlflow.MlflowClient().list_artifacts(one.run_id, "certificate")} == {
        "certificate/certificate.json",
        "certificate/certificate.html",
    }
    predicate = predicate_of(envelope)
    assert predicate["gates"]["decision"] == "passed"
    assert predicate["forget_set"]["rule"] == "20-28"
    assert {"received", "unlearned", "promoted", "issued"} == predicate["times"].keys()
    assert serve() == []
    assert f"there is no open request to {MODEL}" in capfd.readouterr().err


def test_the_second_request_starts_from_the_champion_and_keeps_what_it_forgot_out(served_twice, data):
    version, reference = champion(), find(MODEL, "retrained-36-44")
    assert version.tag("parent_version") == "5"
    assert version.tag("forgotten") == reference.tag("forgotten") == "20-28,36-44"
    kept = retain_mask(data.manifest, forget_sets.forgotten_by(version)).sum()
    for run_id in (reference.run_id, mlflow.get_run(version.run_id).data.tags["mlflow.parentRunId"]):
        names = {one.dataset.name: one.dataset.digest for one in mlflow.get_run(run_id).inputs.dataset_inputs}
        assert names["retain 36-44"].endswith(f"-{kept}")
    first, second = (certificates.read(one.run_id) for one in requests.listed(MODEL))
    predicate, sets = predicate_of(second), forget_sets.forgotten_by(champion())
    assert predicate["earlier"] == [digest(first)]
    assert predicate["forget_set"]["rule"] == "20-28 | 36-44"
    assert int(predicate["forget_set"]["count"]) == len({face for forget in sets for face in forget.ids})
    assert verify(second, [load_key().public_key()], Comparison(earlier=[first])).good
    assert mending.examine(MODEL).found == []


def test_what_was_forgotten_first_does_not_come_back(served_twice):
    """The first set is scored again: its error is no less than it was, in years."""
    assert float(champion().tag("regained")) < 0
    run = mlflow.search_runs(filter_string="tags.step = 'evaluate'", output_format="list")[0]
    assert run.data.metrics["earlier/20-28/forget_mae"] > float(find(MODEL, "5").tag("forget_mae"))
    assert run.data.metrics["regained"] == pytest.approx(float(champion().tag("regained")), abs=1e-4)
    assert 0 < run.data.metrics["earlier/20-28/Forgetting"] < 1
    passed, failed = decide(champion(), "regained <= 0, regained < -50").decisions
    assert (passed.passed, failed.passed) == (True, False)
    assert passed.value == pytest.approx(float(champion().tag("regained")), abs=1e-4)


@pytest.mark.slow
def test_several_are_served_by_one_version_when_asked_to(trained):
    one, other = ask("20-24"), ask("50-56")
    done = serve(batch=True)
    assert [each.run_id for each in done] == [one.run_id, other.run_id]
    assert [each.state for each in done] == [PROMOTED, PROMOTED]
    assert {each.version for each in done} == {str(champion().number)}
    assert len({each.certificate for each in done}) == 1
    forgotten = {face for forget in forget_sets.forgotten_by(champion()) for face in forget.ids}
    assert forgotten == {face for each in done for face in requests.manifest_of(each).ids}
    assert champion().tag("forget_rule") == "20-24 | 50-56"
    assert find(MODEL, champion().tag("reference_version")).tag("forget_sha256") == champion().tag("forget_sha256")


def test_a_version_that_fails_its_gates_is_refused_and_the_champion_stays(trained, candidate):
    ask("20-28")
    before = champion()
    (one,) = serve(gates="F > 1000, test_mae < 100")
    assert states(one) == [RECEIVED, RUNNING, GATED, REFUSED]
    assert "F > 1000 failed. It has over-forgotten: " in one.history[-1].why
    assert "version 1 (original) is served as before. What may help: fewer epochs, or another method" in one.history[-1].why
    assert "test_mae <" not in one.history[-1].why
    assert one.certificate == ""
    assert champion() == before
    decided = runs.read_json(one.run_id, "gates.json")
    assert (decided["version"], decided["decision"]) == (3, "failed")
    assert [(each["gate"], each["passed"]) for each in decided["gates"]] == [("F > 1000", False), ("test_mae < 100", True)]
    assert mlflow.get_run(one.run_id).data.tags["gate_decision"] == "failed"


def test_what_the_default_gates_could_not_pass_fails_before_anything_is_trained_and_says_what_can(trained, monkeypatch):
    one, before = ask("random:3"), unlearned()
    with pytest.raises(InputError, match="1 of 1 requests failed"):
        serve(gates="")
    (ended,) = requests.listed(MODEL)
    assert (ended.run_id, ended.state) == (one.run_id, FAILED)
    assert ended.history[-1].why.endswith(
        "make it, once for all requests, with: mlflow run . -e crossfit -P model=1 --env-manager local, or give a method that "
        "is exact: -P method=retrain"
    )
    monkeypatch.setattr(step, "by_crossfit", lambda version, forget: None)
    ask("random:3")
    with pytest.raises(InputError, match="1 of 1 requests failed"):
        serve(gates="", reference="retrained")
    assert "a cross-fitting can judge them: -P reference=auto, or give" in requests.listed(MODEL)[-1].history[-1].why
    monkeypatch.setattr(step, "find_original", lambda version: None)
    for method in ("ft", "retrain"):
        ask("30-31")
        with pytest.raises(InputError, match="1 of 1 requests failed"):
            serve(gates="", method=method, epochs=())
        why = requests.listed(MODEL)[-1].history[-1].why
        assert f"give others: -P gates='{step.WITHOUT_ORIGINAL}' -P reference=retrained, or" in why
        assert why.endswith("a method that is exact: -P method=retrain -P reference=retrained")
    assert unlearned() == before
    exact = ProcessSettings("retrain", reference="retrained")
    step._require_decidable(exact, champion(), requests.manifest_of(one))


def test_one_that_fails_says_why_and_the_others_are_served(trained, candidate, monkeypatch):
    bad, good = ask("36-44"), ask("20-28")
    real = step._unlearned

    def sometimes(service, parent, forget):
        if forget.rule == "36-44":
            raise ZeroDivisionError("a method divided by zero")
        return real(service, parent, forget)

    monkeypatch.setattr(step, "_unlearned", sometimes)
    with pytest.raises(InputError, match=r"1 of 2 requests failed: request \w+ \(36-44\); when mended, ask again"):
        serve()
    ended = {one.run_id: one for one in requests.listed(MODEL)}
    assert states(ended[bad.run_id]) == [RECEIVED, RUNNING, FAILED]
    assert ended[bad.run_id].history[-1].why == "ZeroDivisionError: a method divided by zero"
    assert mlflow.get_run(bad.run_id).info.status == "FAILED"
    assert ended[good.run_id].state == PROMOTED


def test_a_request_that_another_one_has_covered_ends_with_it(trained, candidate):
    ask("20-28")
    ask("22-26")
    wide, narrow = serve()
    assert states(narrow) == [RECEIVED, RUNNING, PROMOTED]
    assert (narrow.version, narrow.certificate) == (wide.version, wide.certificate)


def test_what_was_promoted_meanwhile_is_not_lost(trained, candidate, monkeypatch):
    """Version 4 has forgotten 20-28 too, and nobody may serve a version again that was made from the one before."""
    ask("20-28")
    monkeypatch.setattr(step, "evaluate", lambda settings: promote(PromoteSettings("4", EASY)))
    (one,) = serve()
    assert states(one) == [RECEIVED, RUNNING, RUNNING, PROMOTED]
    assert one.history[2].why == "begun again from version 4 (ft-20-28-e2), which became the champion meanwhile"
    assert one.version == str(champion().number) == "4"


def test_a_request_about_other_data_fails(trained, monkeypatch):
    ask("20-28")
    monkeypatch.setattr(requests, "manifest_of", lambda one: ForgetSet("20-28", "20-28", "other", ("face",)))
    with pytest.raises(InputError, match="1 of 1 requests failed"):
        serve()
    assert "it names samples of data other, and version 1 (original)" in requests.listed(MODEL)[0].history[-1].why


KILLED = """
import os, signal
from unlearning.steps import process as step
from unlearning.settings.requests import ProcessSettings

step.evaluate = lambda settings: os.kill(os.getpid(), signal.SIGKILL)
step.process(ProcessSettings(epochs=(1,), gates="test_mae < 100"))
"""


@pytest.mark.slow
def test_one_that_was_killed_is_picked_up_and_nothing_is_done_twice(trained, capfd):
    one = ask("20-28")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    killed = subprocess.run([sys.executable, "-c", KILLED], env=environment, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert requests.listed(MODEL)[0].state == RUNNING
    before = unlearned()
    (ended,) = serve()
    assert ended.run_id == one.run_id
    assert states(ended) == [RECEIVED, RUNNING, RUNNING, GATED, PROMOTED]
    assert ended.history[2].why == "picked up again: whoever left it running has ended"
    assert "is picked up again: whoever left it running has ended" in capfd.readouterr().err
    assert unlearned() == before == [3, 4, int(ended.version)]


def test_one_that_was_stopped_after_its_promotion_only_lacks_its_certificate(trained, candidate, monkeypatch):
    ask("20-28")

    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(step, "issue", stop)
        with pytest.raises(KeyboardInterrupt):
            serve()
    assert requests.listed(MODEL)[0].state == GATED
    assert champion().number == 3
    (ended,) = serve()
    assert states(ended) == [RECEIVED, RUNNING, GATED, RUNNING, PROMOTED]
    assert (ended.version, ended.certificate) == ("3", champion().tag("certificate"))


def test_one_that_failed_after_its_promotion_says_what_is_served_and_gets_its_certificate_when_asked_again(
    trained, candidate, monkeypatch
):
    ask("20-28")
    with monkeypatch.context() as patch:
        patch.setattr(step, "issue", lambda *arguments: 1 / 0)
        with pytest.raises(InputError, match="1 of 1 requests failed"):
            serve()
    why = requests.listed(MODEL)[0].history[-1].why
    assert why == "ZeroDivisionError: division by zero. version 3 (ft-20-28-e1) became the champion meanwhile and is served"
    assert ask("20-28").state == RECEIVED
    (ended,) = serve()
    assert (ended.state, ended.certificate) == (PROMOTED, champion().tag("certificate"))


def test_two_do_not_serve_at_once_and_nobody_without_a_key(trained, monkeypatch):
    ask("20-28")
    with requests.serving(MODEL), pytest.raises(InputError, match=r"process \d+\) is serving the requests of age-resnet50"):
        serve()
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(InputError, match="make one with make key"):
        serve()
    assert requests.listed(MODEL)[0].state == RECEIVED
    (met_another,) = mlflow.search_runs(filter_string="tags.step = 'process'", output_format="list")
    assert met_another.info.status == "FAILED"


def test_the_private_key_is_in_no_run_and_no_certificate(served, signing_key):
    key = load_key(signing_key)
    names = (key.private_bytes_raw().hex().encode(), signing_key.read_bytes().splitlines()[1])
    names += (secret_of(key, "5" * 64).hex().encode(),)
    found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    told = [str(run.to_dictionary()).encode() for run in found] + [certificates.read(champion().run_id)]
    assert not [name for name in names for text in told if name in text]
