"""What was found out about a version decides what the registry says of it, and every place says the same."""

import json
from dataclasses import replace

import mlflow
import pandas as pd
import pytest

from certificates.issued import SCHEMA
from made import drawn
from unlearning import finding as findings
from unlearning.errors import InputError
from unlearning.evaluation.never_seen import Unseen
from unlearning.finding import EXACT, FORGOTTEN, IN_PART, NOT_FORGOTTEN, NOT_KNOWN, OVER, VERDICTS, Finding
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.version import Facts
from unlearning.repair import mending
from unlearning.repair.consistency import mirrored
from unlearning.reports.audit_page import in_two
from unlearning.requests.states import PROMOTED
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.registry import RollbackSettings
from unlearning.settings.requests import CertifySettings, ProcessSettings, RequestSettings
from unlearning.steps import certify, promote
from unlearning.steps import process as process_step
from unlearning.steps.evaluate import evaluate
from unlearning.steps.process import process
from unlearning.steps.request import request
from unlearning.steps.rollback import rollback
from unlearning.steps.status import look_at, render
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import finished
from unlearning.versions import certificate_facts
from unlearning.versions import findings as findings_of
from unlearning.versions.certificate_facts import predicate_of
from unlearning.versions.data import account_of
from unlearning.versions.findings import Found, find_out, note, of_unseen, standing
from unlearning.versions.forget_sets import of_version

MODEL = "age-resnet50"
STATES = {"exact": "forgotten", "as retraining": "forgotten", "forgotten in part": "forgotten-in-part"}


def planted(verdict: str) -> Finding:
    return Finding(verdict, "retrained", f"{VERDICTS[verdict]}: planted.", 12.0, 3.0, 21.0)


def test_only_a_verdict_of_forgetting_earns_a_state_of_it():
    assert {verdict: findings.state_of(verdict) for verdict in VERDICTS} == dict.fromkeys(VERDICTS, "unproven") | STATES
    certified = SCHEMA["properties"]["predicate"]["properties"]["finding"]["properties"]["verdict"]
    assert certified["enum"] == list(VERDICTS)


@pytest.mark.parametrize("verdict", ["as retraining", "forgotten in part", "not known"])  # one of each state that is earned
def test_state_aliases_tags_status_page_certificate_and_served_model_say_one_verdict(
    trained, signing_key, monkeypatch, verdict
):
    for step in (promote, certify):
        monkeypatch.setattr(step, "find_out", lambda *asked, **more: Found(planted(verdict)))
    served = promote.promote(PromoteSettings("4", "test_mae < 100"))
    issued = certify.certify(CertifySettings("champion"))
    state, told = STATES.get(verdict, "unproven"), f"{verdict} (memory left 12 %, 3 to 21; by retrained)"
    assert (served.tag("state"), served.tag("verdict"), served.tag("reference")) == (state, verdict, "retrained")
    aliases = {"forgotten", "forgotten-20-28"}
    assert aliases & set(served.aliases) == (aliases if state == FORGOTTEN else set())
    row = next(one for one in json.loads(render(look_at(MODEL), "json"))["versions"] if one["version"] == 4)
    assert (row["state"], row["verdict"], row["memory_left"], row["found"]) == (state, verdict, 12.0, told)
    assert f"Version 4 is served. It was made to forget 20-28: {told}." in render(look_at(MODEL), "html")
    certified = predicate_of(issued.envelope)["finding"]
    assert (certified["verdict"], float(certified["memory_left"]), certified["reference"]) == (verdict, 12.0, "retrained")
    lead, basis = in_two(f"{VERDICTS[verdict]}: planted.")
    assert f"<h1>{lead}</h1>" in issued.page
    assert f"<p>{basis}</p>" in issued.page
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    answer = model.predict(pd.DataFrame({"image": drawn()[:1]}), params={"tell_version": True})
    assert answer.verdict.tolist() == [told]
    assert mending.examine(MODEL).found == []


def test_another_verdict_moves_the_champion_s_state_and_an_earlier_one_comes_back_with_its_own(trained, monkeypatch):
    monkeypatch.setattr(promote, "find_out", lambda *asked, **more: Found(planted(NOT_KNOWN)))
    for number in "34":
        promote.promote(PromoteSettings(number, "test_mae < 100"))
    note(find(MODEL, "4"), planted(EXACT))
    assert {"forgotten", "forgotten-20-28"} <= set(find(MODEL, "4").aliases)
    note(find(MODEL, "4"), planted(NOT_FORGOTTEN))
    assert find(MODEL, "4").tag("state") == "unproven"
    assert not {"forgotten", "forgotten-20-28"} & set(find(MODEL, "4").aliases)
    note(find(MODEL, "3"), planted(IN_PART))  # not served now: only what is known of it changes
    assert find(MODEL, "3").tag("state") == "retired"
    note(find(MODEL, "4"), planted(EXACT))
    rollback(RollbackSettings("3", "better"))
    assert find(MODEL, "champion").tag("state") == "forgotten-in-part"
    assert "forgotten-20-28" in find(MODEL, "4").aliases
    note(find(MODEL, "4"), planted(NOT_FORGOTTEN))
    assert "forgotten-20-28" not in find(MODEL, "4").aliases, "it is not served, and says no more than was shown"
    assert mending.examine(MODEL).found == []


def test_a_verdict_that_somebody_wrote_by_hand_is_found_also_where_it_stood_before_the_promotion(trained):
    note(find(MODEL, "4"), find_out(find(MODEL, "4"), of_version(find(MODEL, "4")), 15.0).finding)
    promote.promote(PromoteSettings("4", "test_mae < 100"))
    assert mending.examine(MODEL).found == []
    mlflow.MlflowClient().set_model_version_tag(MODEL, "4", "verdict", "as retraining")
    assert any("verdict='as retraining'" in one for one in mending.examine(MODEL).found)


def test_what_was_never_served_and_is_rolled_back_to_has_proved_nothing_whatever_stands_in_its_tags(trained):
    promote.promote(PromoteSettings("4", "test_mae < 100"))
    mlflow.MlflowClient().set_model_version_tag(MODEL, "3", "verdict", "as retraining")
    rollback(RollbackSettings("3", "better"))
    served = find(MODEL, "champion")
    assert (served.number, served.tag("state"), served.tag("verdict")) == (3, "unproven", "")
    assert mending.examine(MODEL).found == []


def test_a_later_finding_by_another_reference_is_what_the_registry_should_say(trained, capsys):
    evaluate(EvaluateSettings("1,2,4", audit="tables"))
    assert find(MODEL, "4").tag("reference") == "retrained"
    assert mending.examine(MODEL).found == [], "the original has numbers, and no finding"
    evaluate(EvaluateSettings("4", reference="none"))
    assert f"{VERDICTS[NOT_KNOWN]}: no retrained model" in capsys.readouterr().err
    assert (find(MODEL, "4").tag("reference"), find(MODEL, "4").tag("memory_left")) == ("none", "")
    assert mending.examine(MODEL).found == []
    served = promote.promote(PromoteSettings("4", "test_mae < 100", reference="none"))
    assert (served.tag("state"), served.tag("memory_left")) == ("unproven", "")
    assert mending.examine(MODEL).found == []


def test_what_became_the_champion_since_it_was_looked_up_is_judged_on_record(trained):
    looked_up = find(MODEL, "4")
    promote.promote(PromoteSettings("4", "test_mae < 100"))
    note(looked_up, planted(EXACT))
    assert find(MODEL, "4").tag("state") == "forgotten"
    assert mending.examine(MODEL).found == []


def test_nothing_is_certified_that_may_not_be_written_into_the_registry(trained, signing_key, monkeypatch):
    monkeypatch.setattr(promote, "find_out", lambda *asked, **more: Found(planted(NOT_KNOWN)))
    promote.promote(PromoteSettings("4", "test_mae < 100"))
    monkeypatch.setattr(certify, "find_out", lambda *asked, **more: Found(planted(EXACT)))

    def refused(*asked):
        raise InputError("you may read it and not change it")

    monkeypatch.setattr(certify, "note", refused)
    with pytest.raises(InputError, match="and not change it"):
        certify.certify(CertifySettings("champion"))
    assert find(MODEL, "champion").tag("certificate") == ""


def test_a_certificate_about_several_sets_says_on_which_its_finding_rests(trained):
    forget = of_version(find(MODEL, "4"))
    told = certificate_facts._about(planted(IN_PART), [forget, replace(forget, ids=forget.ids[:7])]).sentence
    assert told == f"{planted(IN_PART).sentence} This was found out on the 7 samples that it was made to forget last."
    assert certificate_facts._about(planted(EXACT), [forget, forget]) == planted(EXACT), "it never saw any of them"


def test_copies_of_faces_do_not_make_enough_of_them_for_an_audit(trained, monkeypatch):
    version = find(MODEL, "4")
    forget = of_version(version)
    manifest, rejected = account_of(version.tag("data_run"))
    copies = manifest.assign(copy_of=manifest.id.where(manifest.id.isin(forget.ids[9:]), ""))
    monkeypatch.setattr(findings_of, "has_seen", lambda *asked: True)
    assert standing(version, forget) == "retrained"
    monkeypatch.setattr(findings_of, "account_of", lambda run_id: (copies, rejected))
    assert standing(version, forget) == "crossfit"


def test_a_request_is_measured_against_a_reference_that_lacks_what_was_forgotten_before(trained, monkeypatch):
    champion = promote.promote(PromoteSettings("4", "test_mae < 100"))
    forget = of_version(champion)
    monkeypatch.setattr(process_step, "ensure_reference", lambda *asked: "a fair one")
    monkeypatch.setattr(process_step, "standing", lambda *asked: "retrained")
    assert process_step._reference(ProcessSettings(), champion, forget) == "a fair one"
    assert process_step._reference(ProcessSettings(reference="none"), champion, forget) is None


def test_a_champion_from_before_there_were_verdicts_keeps_what_was_said_of_it():
    tags = {"role": "unlearned", "state": "forgotten", "forgotten": "20-28", "forget_set": "20-28"}
    before = {4: Facts("Production", ("champion", "forgotten", "forgotten-20-28"), tags)}
    assert mirrored(before) == before


@pytest.mark.parametrize(
    ("p", "power", "high", "verdict"),
    [
        (0.4, 0.9, 0.2, "as retraining"),
        (0.4, 0.5, 0.9, "not known"),
        (0.99, 0.9, 0.1, OVER),
        (0.01, 0.9, 0.8, IN_PART),
        (0.01, 0.9, 1.1, NOT_FORGOTTEN),
    ],
)
def test_a_test_that_could_hardly_have_noticed_a_memory_proves_nothing(p, power, high, verdict):
    found = of_unseen(Unseen(5, p, power, 0.1, (-0.2, high), 0.8))
    assert (found.verdict, found.reference, found.left, found.high) == (verdict, "crossfit", 10.0, 100 * high)
    assert VERDICTS[verdict] in found.sentence
    assert "takes 5% for ones that remember, and 5% for ones that are farther from their ages" in found.sentence, "both faults"


def test_a_verdict_is_told_with_what_it_rests_on():
    assert findings.in_words({}) == "not judged yet"
    assert findings.in_words({"verdict": "exact", "reference": "none"}) == "exact (by none)"
    tags = {"verdict": "not known", "reference": "retrained"}
    tags |= {"memory_left": "-0.3", "memory_left_low": "-9", "memory_left_high": "8"}
    assert findings.in_words(tags) == "not known (memory left 0 %, -9 to 8; by retrained)"
    assert findings.in_words(tags | {"memory_left": ""}) == "not known (by retrained)", "an end is not the number"
    assert findings.in_words(tags | {"memory_left_high": "much"}) == "not known (memory left 0 %; by retrained)"


def test_what_was_trained_anew_is_exact_for_what_it_never_saw_and_for_nothing_else(trained):
    retrained = find(MODEL, "2")
    assert find_out(retrained, of_version(retrained), 15.0).finding.verdict == EXACT
    assert find_out(find(MODEL, "1"), of_version(retrained), 15.0).finding.verdict != EXACT


def test_a_request_of_two_faces_is_served_by_retraining_whatever_the_few_happen_to_be_answered(trained, signing_key):
    request(RequestSettings("random:2"))
    (asked,) = process(ProcessSettings(method="retrain", reference="retrained"))
    assert asked.state == PROMOTED, asked.history[-1].why
    served = find(MODEL, "champion")
    assert (served.tag("verdict"), served.tag("reference"), served.tag("state")) == (EXACT, "retrained", FORGOTTEN)
    assert served.tag("memory_left") == "", "two faces tell nothing, and a gate on what is not known never passes"
    assert served.tag("gates").startswith("passed  test_mae <= 1.5 * original.test_mae")


def test_by_default_what_is_exact_is_asked_for_its_use_alone_and_the_rest_for_what_is_left(trained, monkeypatch):
    version, exact = find(MODEL, "4"), planted(EXACT)
    assert [gate.metric for gate in promote.default_gates(version, exact)] == ["test_mae"]
    assert [gate.metric for gate in promote.default_gates(version, planted(IN_PART))][:2] == ["memory_left", "memory_left_high"]
    monkeypatch.setattr(promote, "find_original", lambda purged: None)
    assert list(map(str, promote.default_gates(version, exact))) == ["test_mae <= 1.1 * retrained.test_mae"]


def test_a_refusal_says_what_may_help_by_what_is_lacking(trained, monkeypatch):
    for verdict, gate, helps in (
        (IN_PART, "memory_left < 5", "more epochs, or another method, may forget more; another version: .* -P epochs=4,8,16"),
        (OVER, "memory_left < 5", "fewer epochs"),
        (NOT_KNOWN, "memory_left < 5", r".*a method that is exact \(retrain, sisa\) .* -P method=retrain"),
        (NOT_KNOWN, "test_mae < 1", "other settings, or another method, may keep more of the accuracy"),
    ):
        monkeypatch.setattr(promote, "find_out", lambda *asked, told=verdict: Found(planted(told)))
        with pytest.raises(InputError, match=f"{gate} failed.* What may help: {helps}"):
            promote.promote(PromoteSettings("4", gate))


def test_nothing_is_made_to_forget_without_something_to_measure_it_by_unless_that_is_said(trained):
    with pytest.raises(
        InputError, match=r"crossfit makes one for all single people; reference=none does without.*-e retrain .*random:5"
    ):
        unlearn(UnlearnSettings(forget_set="random:5", epochs=(1,)))
    with pytest.raises(InputError, match="there is no cross-fitting of version 1"):
        unlearn(UnlearnSettings(forget_set="random:5", epochs=(1,), reference="crossfit"))
    (made,) = unlearn(UnlearnSettings(forget_set="random:5", epochs=(1,), reference="none"))
    assert (made.tag("reference"), made.tag("reference_version"), made.tag("Utility")) == ("none", "none", "")
    found = find_out(made, of_version(made), 15.0, "none").finding
    assert (found.verdict, found.reference) == (NOT_KNOWN, "none")


def test_a_person_s_request_trains_nothing_but_the_unlearning_where_a_cross_fitting_stands(crossfitted, signing_key):
    versions, retrained = len(all_versions(MODEL)), len(finished.find_by_tags({"step": "retrain"}))
    request(RequestSettings("random:4"))
    (asked,) = process(ProcessSettings(epochs=(1,)))
    assert asked.state == PROMOTED, asked.history[-1].why
    served = find(MODEL, "champion")
    assert (served.number, len(all_versions(MODEL))) == (versions + 1, versions + 1)
    assert len(finished.find_by_tags({"step": "retrain"})) == retrained
    assert (served.tag("reference"), served.tag("reference_version")) == ("crossfit", "none")
    assert "its answers on them are" in asked.history[-1].why
