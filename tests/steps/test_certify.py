"""Certificates of promoted versions, and what verify says of them."""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import mlflow
import pytest

from certificates.issued import SCHEMA, flipped
from places import ROOT
from typed import typed
from unlearning.certificates.keys import VARIABLE, make_key
from unlearning.errors import InputError
from unlearning.registry import journal
from unlearning.registry.lock import Lock, LockLostError
from unlearning.registry.lookup import download_model, find
from unlearning.registry.writes import write_scores
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.requests import CertifySettings, VerifySettings
from unlearning.steps.certify import certify
from unlearning.steps.promote import promote
from unlearning.steps.verify import verify
from unlearning.tracking import finished, runs
from unlearning.versions import certificates, forget_sets
from unlearning.versions.certificate_facts import (
    _gated,
    earlier_certificates,
    files_of,
    picture_names,
    predicate_of,
    weights_of,
)
from unlearning.versions.findings import note

MODEL = "age-resnet50"
CERTIFICATE, PAGE = "person-17.json", "person-17.html"


@pytest.fixture(scope="module")
def place(signing_key):
    """The folder of the signing key, and of a stranger's."""
    make_key(signing_key.with_name("other-key.pem"))
    return signing_key.parent


@pytest.fixture(scope="module")
def certified_store(fill, trained_store, place):
    """Version 4, which has forgotten 20-28, was promoted and certified; the certificate lies in the store's folder."""
    promoting, certifying = PromoteSettings("4", "test_mae < 100, F > 0.1"), CertifySettings("champion", CERTIFICATE)
    return fill("certified", trained_store, lambda: (promote(promoting), certify(certifying)))


@pytest.fixture(scope="module")
def predicate(certified_store):
    """What the certificate says."""
    return predicate_of((certified_store.parent / CERTIFICATE).read_bytes())


@pytest.fixture
def certified(use, certified_store, place):
    """A copy of the store; the certificate's file and page are in the working directory."""
    use(certified_store)
    for name in (CERTIFICATE, PAGE):
        shutil.copy(certified_store.parent / name, name)
    return find(MODEL, "champion")


def test_a_certificate_before_it_that_is_gone_stops_nothing_and_is_named_as_not_proved(trained, place):
    """As if version 4 had been made from version 3, and that one's certificate were gone with its run."""
    client, gone = mlflow.MlflowClient(), "ab" * 32
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    client.set_model_version_tag(MODEL, "3", "certificate", gone)
    promote(PromoteSettings("4", "test_mae < 100"))
    certify(CertifySettings("champion", CERTIFICATE))
    predicate = predicate_of(Path(CERTIFICATE).read_bytes())
    assert predicate["earlier"] == []
    assert f"What the earlier certificate with the sha256 {gone} stated:" in " ".join(predicate["does_not_prove"])
    assert check().good


def test_another_signing_key_certifies_what_comes_from_a_version_that_the_first_one_certified(trained, place):
    mlflow.MlflowClient().set_model_version_tag(MODEL, "4", "parent_version", "3")
    promote(PromoteSettings("3", "test_mae < 100"))
    first = certify(CertifySettings("3"))
    promote(PromoteSettings("4", "test_mae < 100"))
    certify(CertifySettings("4", CERTIFICATE, key=str(place / "other-key.pem")))
    assert check(key=f"{place / 'other-key.pem.pub'}, {place / 'signing-key.pem.pub'}").good
    assert earlier_certificates(find(MODEL, "4")) == ([first.envelope], ())
    certificates.attach(find(MODEL, "3").run_id, Path(CERTIFICATE).read_bytes(), "an exchanged one")
    assert earlier_certificates(find(MODEL, "4")) == ([], (first.sha256,))


def check(**more):
    return verify(VerifySettings(CERTIFICATE, **more))


def test_the_certificate_names_the_version_its_parent_and_every_file(certified, predicate):
    assert predicate["model"] == {"name": MODEL, "version": "4", "weights_digest": weights_of(certified)}
    assert (predicate["parent"]["version"], predicate["earlier"]) == ("1", [])
    assert (predicate["method"]["name"], predicate["method"]["approximate"]) == ("ft", True)
    assert predicate["method"]["settings"].items() >= {"epochs": "2", "seeds": "0,1"}.items()
    names = files_of(certified)
    assert {"MLmodel", "artifacts/age_model/member-0.safetensors", "artifacts/age_model/spec.json"} <= names.keys()
    assert not [name for name in names if "registered_model_meta" in name]


def test_numbers_stand_in_it_exactly_with_intervals_and_verdicts(certified, predicate):
    gates, metrics = predicate["gates"], {one["metric"]: one for one in predicate["metrics"]}
    assert gates["decision"] == "passed"
    assert [one["gate"] for one in gates["decided"]] == ["test_mae < 100", "F > 0.1"]
    assert float(gates["decided"][1]["value"]) == pytest.approx(float(certified.tag("F")), rel=1e-5)
    assert len(gates["decided"][1]["value"]) > 10
    assert float(metrics["test_mae"]["low"]) <= float(metrics["test_mae"]["value"]) <= float(metrics["test_mae"]["high"])
    assert metrics["forget_mae"]["verdict"]
    assert metrics["forget_mae"]["unit"] == "years"
    assert {"Utility", "Forgetting", "F", "train_mae"} <= metrics.keys()
    assert metrics["mia_auc"]["value"] == "nan", "what could not be measured stands there too"


def test_a_promotion_is_called_forced_as_long_as_it_is_the_last(trained, place):
    promote(PromoteSettings("3", "F > 1000", force=True))
    assert predicate_of(certify(CertifySettings("3")).envelope)["gates"]["decision"] == "forced"
    promote(PromoteSettings("3", "test_mae < 100"))
    assert _gated(find(MODEL, "3")).forced is False
    assert not {"forced_by", "forced_gates"} & find(MODEL, "3").tags.keys()


def _another_run(version, dry_run: bool, **own) -> None:
    """A later run of ``promote`` with the same version number and the same gates."""
    gates = version.tag("gates")
    with runs.run("promote", "later"):
        runs.log_settings("promote", {"version": version.number, **own})
        runs.log_json({"decision": "forced", "dry_run": dry_run, "gates": []}, "gates.json")
        runs.set_tags({"gates": gates})


@pytest.mark.parametrize("logged", [True, False], ids=["the journal tells", "only runs tell"])
def test_the_promotion_is_the_run_that_did_it_and_no_later_one_that_looks_like_it(certified, monkeypatch, logged):
    (run_id,) = [run["run_id"] for run in finished.find_by_tags({"step": "promote"})]
    assert journal.find_promotion(MODEL, 4) == run_id
    assert journal.find_promotion(MODEL, 3) == ""
    _another_run(certified, dry_run=True, name=MODEL)
    _another_run(certified, dry_run=False, name="other")
    if not logged:
        monkeypatch.setattr(journal, "find_promotion", lambda model, number: "")
    decisions, forced, time = _gated(certified)
    assert (time, forced, len(decisions)) == (certificates.made_by(run_id).time, False, 2)


def test_nobody_is_named_in_it(certified, predicate):
    forgotten = forget_sets.of_version(certified)
    text = Path(CERTIFICATE).read_text() + Path(PAGE).read_text() + str(predicate)
    names = picture_names(certified, forgotten.ids)
    assert names
    assert not [word for word in (*forgotten.ids, *names) if word in text]


def test_a_version_keeps_the_certificate_that_it_has_and_what_was_never_promoted_gets_none(certified):
    before = certificates.read(certified.run_id)
    assert certify(CertifySettings("4")).envelope == before == Path(CERTIFICATE).read_bytes()
    with pytest.raises(InputError, match=r"version 3 \(ft-20-28-e1\) was not promoted.*-e promote -P version=3"):
        certify(CertifySettings("3"))


def test_of_two_that_certify_at_once_one_is_told_of_the_others_certificate(certified, place, monkeypatch):
    mlflow.MlflowClient().delete_model_version_tag(MODEL, "4", "certificate")
    others = []

    def meanwhile(version, finding):
        monkeypatch.setattr("unlearning.steps.certify.note", note)
        others.append(certify(CertifySettings("4", key=str(place / "other-key.pem"))).sha256)

    monkeypatch.setattr("unlearning.steps.certify.note", meanwhile)
    named = certify(CertifySettings("4")).sha256
    assert [named] == others == [find(MODEL, "4").tag("certificate")]


def test_who_has_lost_the_lock_writes_no_certificate_over_anothers(certified, monkeypatch):
    mlflow.MlflowClient().delete_model_version_tag(MODEL, "4", "certificate")
    before = certificates.read(certified.run_id)
    find_now = find

    def slow(model, version):
        monkeypatch.setattr(Lock, "confirm", _lost)
        return find_now(model, version)

    monkeypatch.setattr("unlearning.steps.certify.find", slow)
    with pytest.raises(LockLostError):
        certify(CertifySettings("4"))
    assert certificates.read(certified.run_id) == before


def _lost(lock):
    raise LockLostError("the lock ran out")


def test_an_original_was_made_to_forget_nothing_and_gets_none(untouched, place):
    with pytest.raises(InputError, match=r"version 1 \(original\) cannot be certified.*-e unlearn -P forget_set=\.\.\."):
        certify(CertifySettings())


def test_a_whole_certificate_agrees_with_everything_at_hand(certified, capsys):
    verdict = check()
    assert verdict.checked == ("signature", "files", "earlier certificates", "registry")
    assert verdict.unchecked == ("proof",)
    assert "ok signature" in capsys.readouterr().out


def test_a_file_of_the_version_that_was_changed_is_named(certified):
    weights = download_model(certified) / "artifacts" / "age_model" / "member-1.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(flipped(whole, len(whole) - 1))
    try:
        with pytest.raises(InputError, match=r"file artifacts/age_model/member-1\.safetensors: it was changed"):
            check()
    finally:
        weights.write_bytes(whole)


def test_a_registry_that_says_something_else_is_named(certified):
    write_scores(certified, {"data_digest": "another", "certificate": "0" * 64})
    with pytest.raises(InputError, match=r"registry data_digest: it says 'another'.*names another certificate.*0000"):
        check()


def test_the_certificate_of_a_purged_version_still_stands(certified, capfd):
    write_scores(certified, {"state": "purged"})
    verdict = check()
    assert verdict.checked == ("signature", "earlier certificates", "registry")
    assert "version 4 (ft-20-28-e2) was purged, so its files are gone" in capfd.readouterr().err


def test_another_signer_is_named_and_whose_key_it_is_must_be_said(certified, place, monkeypatch):
    with pytest.raises(InputError, match="no key that was given signed"):
        check(key=str(place / "other-key.pem.pub"))
    both = f"{place / 'other-key.pem.pub'}, {place / 'signing-key.pem.pub'}"
    assert check(key=both).good
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(InputError, match=r"give the signer's public key: -P key="):
        check()


def test_without_a_registry_the_certificate_still_stands(certified, use, empty_store, capfd):
    use(empty_store)
    verdict = check()
    assert verdict.checked == ("signature", "earlier certificates")
    assert verdict.unchecked == ("files", "registry", "proof")
    assert f"has no version 4 of a model {MODEL}" in capfd.readouterr().err


def test_offline_asks_nobody(certified, monkeypatch):
    monkeypatch.setattr(certificates, "registered", lambda model, number: pytest.fail("the registry was asked"))
    assert check(offline=True).unchecked == ("files", "registry", "proof")
    assert check(offline=True, folder=str(download_model(certified))).checked[1] == "files"


def test_the_holder_of_a_sample_can_show_that_it_is_forgotten(certified):
    forgotten = forget_sets.of_version(certified)
    with pytest.raises(InputError, match="not in the forget set of the certificate"):
        certify(CertifySettings("4", sample="0" * 32, proof="proof.json"))
    assert not Path("proof.json").exists()
    certify(CertifySettings("4", sample=forgotten.ids[0], proof="proof.json"))
    assert "proof" in check(sample=forgotten.ids[0], proof="proof.json").checked
    with pytest.raises(InputError, match="proof: it does not lead from this sample"):
        check(sample=forgotten.ids[1], proof="proof.json")
    assert not [face for face in forgotten.ids if face in Path("proof.json").read_text()]


def test_a_proof_without_its_sample_is_asked_for(certified):
    for settings in ({"sample": "x"}, {"proof": "x.json"}):
        with pytest.raises(InputError, match="give both"):
            certify(CertifySettings("4", **settings))
        with pytest.raises(InputError, match="give both"):
            check(**settings)


def test_the_stand_alone_script_and_the_schema_agree(certified, place):
    command = [sys.executable, "-I", ROOT / "tools" / "verify_certificate.py", CERTIFICATE]
    command += ["--key", place / "signing-key.pem.pub"]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok signature" in done.stdout
    envelope = json.loads(Path(CERTIFICATE).read_text())
    jsonschema.validate(json.loads(base64.b64decode(envelope["payload"])), SCHEMA)


def test_an_ancestor_that_was_certified_later_does_not_break_the_line(certified, monkeypatch):
    monkeypatch.setattr("unlearning.steps.verify.certificates_before", lambda version: {"f" * 64: b"later"})
    assert check().good


def test_what_the_registry_cannot_tell_of_earlier_certificates_is_said_and_stops_nothing(certified, monkeypatch, capfd):
    def unread(version):
        raise InputError("the journal cannot be read")

    monkeypatch.setattr("unlearning.steps.verify.certificates_before", unread)
    assert check().checked == ("signature", "earlier certificates", "registry")
    assert "the registry was not asked, or not about everything: the journal cannot be read" in capfd.readouterr().err


def test_make_key_prints_no_key_and_says_what_to_type(tmp_path):
    done = typed("key", "--path", str(tmp_path / "keys" / "mine.pem"))
    assert done.exit_code == 0, done.output
    private = (tmp_path / "keys" / "mine.pem").read_text()
    assert not [line for line in private.splitlines()[1:-1] if line in done.stdout + done.stderr]
    assert re.search(r"export UNLEARNING_SIGNING_KEY=\S+/keys/mine\.pem", done.stderr)
