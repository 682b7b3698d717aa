"""What is suggested next is not known to fail, and says again what was said before."""

from datetime import date
from types import SimpleNamespace

import pytest

from unlearning.errors import InputError
from unlearning.evaluation.gates import Decision, read_gate
from unlearning.finding import AS_RETRAINING, NOT_KNOWN, Finding
from unlearning.purge.rules import require_confirmed
from unlearning.registry.version import Version
from unlearning.requests.states import Request, StateChange
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.training import PipelineSettings
from unlearning.steps import pipeline
from unlearning.steps.promote import Decided, _forced, _from_champion
from unlearning.steps.request import told

GATES = "test_mae < 8, F > 0.5"


def version(number: int, **tags: str) -> Version:
    return Version("faces of o'brien", number, "Staging", (), tags, f"run{number}", f"models:/m-{number}", "")


def job(forget_set: str = "20-28") -> PipelineSettings:
    return PipelineSettings(SimpleNamespace(name="other"), forget_set, "ft", (2,), 15.0, GATES)


def decided(number: int, passes: bool, verdict: str) -> Decided:
    gate = read_gate("F > 0.5")
    return Decided(Finding(verdict, "retrained", "so it is."), [Decision(gate, number, 0.5, passes)])


@pytest.mark.parametrize(("shown", "first", "rest"), [(0, "5", [3]), (3, "3", [5])])
def test_the_whole_job_ends_with_what_passes_the_gates_and_best_with_what_was_shown(monkeypatch, shown, first, rest):
    def decide(one: Version, gates: str) -> Decided:
        return decided(one.number, one.number in (3, 5), AS_RETRAINING if one.number == shown else NOT_KNOWN)

    monkeypatch.setattr(pipeline, "decide", decide)
    monkeypatch.setattr(pipeline, "promote", lambda settings, decided: served.append(settings.version))
    candidates, served = [version(3, F="0.6"), version(4, F="0.9"), version(5, F="0.7")], []
    others = pipeline._promote_best(job(), candidates)
    assert (served, [one.number for one in others]) == ([first], rest)
    told = pipeline._next(job(), version(1), others)
    assert f"mlflow run . -e promote -P version={rest[0]} -P gates='{GATES}' -P name=other" in told
    assert "promote" not in pipeline._next(job(), version(1), [])


def test_the_next_method_is_asked_to_forget_the_same_faces_from_the_same_model(monkeypatch):
    monkeypatch.setattr(pipeline.shutil, "which", str)
    told = pipeline._next(job("hardest:40"), version(1), [])
    assert "unlearn -P method=rnd -P epochs=2,4,8 -P model=1 -P forget_set=hardest:40 -P name=other" in told
    assert "age-unlearning serve --port 5001 --name other" in told


def test_a_promotion_that_was_refused_names_gates_and_faces_again():
    settings = PromoteSettings("ft e8", GATES)
    assert f"-P version=7 -P gates='{GATES}' -P force=true" in _forced(settings, version(7))
    assert "gates" not in _forced(PromoteSettings("ft e8"), version(7))
    assert "-P forget_set='20-28 & gender:1'" in _from_champion(version(7, forget_set="a1b2", forget_rule="20-28 & gender:1"))
    assert "-P forget_set=manifest:run7/a1b2" in _from_champion(version(7, forget_set="a1b2", forget_rule="hardest:40"))


def test_a_purge_is_confirmed_with_all_that_was_given():
    with pytest.raises(InputError, match=r"-P version=1 -P confirm=m/1 -P reason='Art\. 17' -P force=true"):
        require_confirmed("m", 1, "", reason="Art. 17", force=True)


def test_a_request_says_that_serving_it_needs_a_key_that_is_not_there(monkeypatch):
    asked = Request(
        "5d0c1f2e", "other", "key", "20-28", "20-28", "0" * 64, 3, "", None, (StateChange("received", "", "ann", "why"),)
    )
    monkeypatch.delenv("UNLEARNING_SIGNING_KEY", raising=False)
    said = " ".join(told(asked, date(2026, 1, 1)))
    assert "mlflow run . -e process -P name=other" in said
    assert "make key && export UNLEARNING_SIGNING_KEY=$PWD/signing-key.pem" in said
    monkeypatch.setenv("UNLEARNING_SIGNING_KEY", "signing-key.pem")
    assert "make key" not in " ".join(told(asked, date(2026, 1, 1)))
