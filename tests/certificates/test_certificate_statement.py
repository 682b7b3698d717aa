"""What is written into a certificate, and what never is."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest

from certificates.issued import FORGET_SHA256, PICTURES, SAMPLES, SCHEMA, SECRET, SECRET_TEXTS, facts, issue, line, payload_of
from unlearning.canonical import canonical, read
from unlearning.certificates.samples import forget_root, keyed_manifest
from unlearning.certificates.statement import APPROXIMATE, EXACT, WITHHELD, Measured, decision, public_rule, statement_bytes
from unlearning.errors import InputError


def written(files, **others):
    return read(statement_bytes(facts(files, **others), SECRET))


def test_the_schema_is_one_and_a_certificate_follows_it(files):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    several = [
        written(files),
        written(files, rule="subject:ann", forced=True, decisions=(), metrics=(), settings={}),
        read(payload_of(line(files, 3)[-1])),
    ]
    for statement in several:
        jsonschema.validate(statement, SCHEMA)


def test_every_field_of_the_predicate_is_required_and_no_other_is_allowed(files):
    statement = written(files, target="hand (degrees)")
    described = SCHEMA["properties"]["predicate"]
    assert set(described["properties"]) == set(statement["predicate"])
    assert set(described["required"]) == set(statement["predicate"]) - {"finding", "target"}  # from before; of the age
    for name in described["required"]:
        fewer = {key: part for key, part in statement["predicate"].items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(statement | {"predicate": fewer}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(statement | {"predicate": statement["predicate"] | {"subject_name": "Ann"}}, SCHEMA)


def test_an_end_of_memory_left_that_is_nowhere_is_not_known(files):
    found = replace(facts(files).finding, low=-math.inf, high=math.inf)
    said = written(files, finding=found)["predicate"]["finding"]
    assert (said["low"], said["high"]) == ("nan", "nan")


def test_every_file_is_a_subject_with_its_name(files):
    subjects = written(files)["subject"]
    assert [subject["name"] for subject in subjects] == sorted(files)
    assert {subject["name"]: subject["digest"]["sha256"] for subject in subjects} == files


def test_the_same_facts_give_the_same_bytes_of_canonical_json_around_another(files, envelope):
    first = statement_bytes(facts(files), SECRET)
    backwards = dict(reversed(files.items()))
    settings = {"schedule": "constant", "epochs": 8, "lr": 1e-4}
    assert statement_bytes(facts(backwards, settings=settings, samples=SAMPLES[::-1]), SECRET) == first
    assert canonical(read(first)) == first
    assert canonical(read(envelope)) == envelope == issue(files)


def test_numbers_and_settings_are_strings_that_read_back_exactly_and_infinity_is_refused(files):
    predicate = written(files)["predicate"]
    measured = predicate["metrics"][0]
    assert [float(measured[name]) for name in ("value", "low", "high")] == [0.1 + 0.2, 0.25, 1 / 3]
    assert predicate["method"]["settings"] == {"lr": "0.0001", "epochs": "8", "schedule": "constant"}
    assert predicate["gates"]["decided"][1]["bound"] == repr(1.1 * 5.5)
    assert math.isnan(float(predicate["metrics"][2]["value"]))
    assert predicate["metrics"][2]["low"] is None
    with pytest.raises(ValueError, match="infinite"):
        written(files, metrics=(Measured("F", math.inf),))
    settings = {"a": True, "b": 3, "c": 1e-5, "d": "20-28", "e": None}
    told = written(files, settings=settings)["predicate"]["method"]["settings"]
    assert told == {"a": "True", "b": "3", "c": "1e-05", "d": "20-28", "e": "None"}


def test_neither_ids_nor_the_manifests_hash_nor_anything_of_the_key_is_in_it(envelope):
    text = envelope.decode() + payload_of(envelope).decode()
    hidden = [*SAMPLES, FORGET_SHA256, SECRET.hex(), *SECRET_TEXTS, *(picture.decode() for picture in PICTURES)]
    assert not [word for word in hidden if word in text]


def test_the_forget_set_is_told_by_its_number_root_and_keyed_hash(files):
    assert written(files)["predicate"]["forget_set"] == {
        "rule": "20-28",
        "count": str(len(SAMPLES)),
        "manifest_hmac_sha256": keyed_manifest(SECRET, FORGET_SHA256),
        "merkle_root": forget_root(SECRET, SAMPLES),
    }


@pytest.mark.parametrize(
    "rule", ["20-28", "label:-2.5-7 & !gender:1", "20-28 & !gender:1", "(group:0|race:asian) & random:0.05@7", "hardest:50"]
)
def test_a_rule_that_speaks_of_nobody_is_told(rule):
    assert public_rule(rule) == rule


@pytest.mark.parametrize(
    "rule", ["subject:ann", "label:ann", "20-28 & subject:ann", "file:ann.csv", 'file:"my & 20-28"', "", "Ann Example"]
)
def test_a_rule_that_may_name_somebody_is_withheld(rule, files):
    assert public_rule(rule) == WITHHELD
    text = statement_bytes(facts(files, rule=rule), SECRET).decode()
    assert "ann" not in text.lower()


@pytest.mark.parametrize(
    "others",
    [{"settings": {"start": f"near {SAMPLES[3]}"}}, {"settings": {"list": "24_1_0_20170116.jpg"}}, {"code_version": "ann"}],
)
def test_a_certificate_that_would_tell_an_id_or_a_name_is_refused_without_repeating_it(files, others):
    with pytest.raises(InputError, match="the certificate would contain") as refusal:
        statement_bytes(facts(files, **others), SECRET, private=["ann"])
    assert not [word for word in (SAMPLES[3], "20170116", "ann ") if word in str(refusal.value)]


def test_there_must_be_something_to_certify_and_nothing_named_like_a_picture(files):
    with pytest.raises(InputError, match="forget set is empty"):
        written(files, samples=())
    with pytest.raises(InputError, match="has no files"):
        written({})
    with pytest.raises(InputError, match="only regular files"):
        written(files | {"weights": "link to ../other"})
    with pytest.raises(InputError, match="the name of a picture"):
        written(files | {"examples/24_1_0_20170116174525125.jpg": "0" * 64})


def test_times_are_told_in_utc_and_must_have_a_zone(files):
    tokyo = timezone(timedelta(hours=9))
    told = written(files, times={"issued": datetime(2026, 3, 2, 8, 30, tzinfo=tokyo)})["predicate"]["times"]
    assert told == {"issued": "2026-03-01T23:30:00Z"}
    with pytest.raises(ValueError, match="no time zone"):
        written(files, times={"issued": datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)})


def test_the_gates_decision_says_when_somebody_overruled_one(files):
    passed, failed = facts(files).decisions[0], facts(files).decisions[0].gate.decide({"F": 0.1}, {"original": {"F": 0.5}})
    cases = [((), False), ((passed,), False), ((passed, failed), False), ((passed, failed), True), ((passed,), True)]
    assert [decision(*case) for case in cases] == ["none", "passed", "failed", "forced", "passed"]


def test_what_is_not_proved_depends_on_the_method_and_always_speaks_of_backups(files):
    for approximate, sentence in ((True, APPROXIMATE), (False, EXACT)):
        told = written(files, approximate=approximate)["predicate"]["does_not_prove"]
        assert told[0] == sentence
        assert any("backups" in each for each in told)


def test_what_training_began_with_is_named_by_its_digest_among_what_is_not_proved(files):
    began = "the weights in the file with the sha256 " + "b" * 64
    plain, told = (written(files, first_weights=one)["predicate"]["does_not_prove"] for one in ("", began))
    assert [sentence for sentence in told if sentence not in plain] == [sentence for sentence in told if "b" * 64 in sentence]
    assert len(told) == len(plain) + 1
