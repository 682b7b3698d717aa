"""Verification: what is whole passes, and every single change is named where it was made."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.conftest import write_files
from certificates.issued import FILES, PUBLIC_KEY, SAMPLES, SECRET, STRANGER, flipped, issue, line, payload_of, with_payload
from unlearning.canonical import canonical, read
from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import key_id
from unlearning.certificates.payload import HASHES, with_hashes
from unlearning.certificates.samples import prove
from unlearning.certificates.verify import Comparison, digests, open_certificate, verify

KEYS = [PUBLIC_KEY]
MANY = settings(derandomize=True, max_examples=300, deadline=None)


def places(verdict):
    """Where something is wrong, without the words."""
    return [fault.split(": ")[0] for fault in verdict.faults]


def test_a_whole_certificate_passes_and_what_was_not_given_is_said_not_to_be_checked(envelope, files, predicate):
    proof = prove(envelope, predicate, SECRET, SAMPLES, SAMPLES[2])
    facts = {"model.version": "7", "data_digest": "0123456789abcdef", "parent.weights_digest": "b" * 64}
    verdict = verify(envelope, KEYS, Comparison(files, [], proof, SAMPLES[2], facts))
    assert verdict.good
    assert verdict.checked == ("signature", "files", "earlier certificates", "registry", "proof")
    assert verdict.unchecked == ()
    verdict = verify(envelope, KEYS)
    assert verdict.good
    assert verdict.unchecked == ("files", "registry", "proof")
    assert str(verdict).splitlines()[-1] == "not checked proof"


def outside_the_payload(envelope):
    start, end = envelope.index(b'"payload":"') + 11, envelope.index(b'","payloadType"')
    return {*range(start), *range(end, len(envelope))}


@given(data=st.data())
@MANY
def test_any_byte_of_the_envelope_that_is_changed_is_named(envelope, data):
    at, mask = data.draw(st.integers(0, len(envelope) - 1)), data.draw(st.integers(1, 255))
    named = places(verify(flipped(envelope, at, mask), KEYS))
    assert named
    if at in outside_the_payload(envelope):
        assert set(named) <= {"envelope", "signature", "keyid"}
    elif "signature" in named:
        assert any(place.startswith("payload") for place in named)


def test_every_byte_outside_the_payload_is_watched_in_every_bit(envelope):
    for at in outside_the_payload(envelope):
        for bit in range(8):
            assert not verify(flipped(envelope, at, 1 << bit), KEYS).good, (at, bit)


@given(data=st.data())
@MANY
def test_any_byte_of_the_statement_that_is_changed_is_named_by_its_section(envelope, data):
    payload = payload_of(envelope)
    at, mask = data.draw(st.integers(0, len(payload) - 1)), data.draw(st.integers(1, 255))
    changed = flipped(payload, at, mask)
    signature, *named = places(verify(with_payload(envelope, changed), KEYS))
    assert signature == "signature"
    try:
        truth = true_sections(read(payload), read(changed))
    except ValueError:
        assert named == ["payload"]
    else:
        assert set(named) & {f"payload {name}" for name in truth}


def true_sections(before, after):
    """The names of the parts in which two statements differ."""
    outer = [name for name in {*before, *after} - {"predicate"} if before.get(name) != after.get(name)]
    if not isinstance(after.get("predicate"), dict):
        return [*outer, "predicate"]
    old, new = before["predicate"], after["predicate"]
    if HASHES not in new:
        return [f"predicate.{HASHES}"]
    inner = [f"predicate.{name}" for name in {*old, *new} - {HASHES} if old.get(name) != new.get(name)]
    was, now = old[HASHES], new[HASHES]
    return outer + inner + [name for name in {*was, *now} if was.get(name) != now.get(name)]


def test_a_section_that_was_rewritten_is_named_and_with_its_hashes_the_signature_tells(envelope):
    statement = read(payload_of(envelope))
    statement["predicate"]["metrics"][0]["value"] = "0.99"
    assert places(verify(with_payload(envelope, canonical(statement)), KEYS)) == ["signature", "payload predicate.metrics"]
    verdict = verify(with_payload(envelope, canonical(with_hashes(statement))), KEYS)
    assert places(verdict) == ["signature"]
    assert verdict.unchecked[0].startswith("files, earlier certificates")


def with_signature(envelope, **others):
    content = json.loads(envelope)
    content["signatures"][0] |= others
    return canonical(content)


def test_another_key_a_broken_signature_and_a_key_that_is_named_wrongly_are_told_apart(files, envelope):
    (other,) = verify(issue(files, STRANGER), KEYS).faults
    assert other == (
        f"signature: it names the unknown key {key_id(STRANGER.public_key())}, and no key that was given signed; "
        f"given: {key_id(PUBLIC_KEY)}"
    )
    (broken,) = verify(with_signature(envelope, sig=base64.b64encode(bytes(64)).decode()), KEYS).faults
    assert broken == f"signature: it does not fit the payload; the key {key_id(PUBLIC_KEY)} did not sign both"
    (named,) = verify(with_signature(envelope, keyid="0" * 64), KEYS).faults
    assert named == f"keyid: it names the key {'0' * 64}, but {key_id(PUBLIC_KEY)} signed"


def test_one_of_several_keys_is_enough_and_every_signature_must_be_good(files, envelope):
    both_keys = [STRANGER.public_key(), PUBLIC_KEY]
    assert verify(envelope, both_keys).good
    both = json.loads(envelope)
    both["signatures"] += json.loads(issue(files, STRANGER))["signatures"]
    both["signatures"].sort(key=lambda signature: signature["keyid"])
    assert verify(canonical(both), both_keys).good
    assert places(verify(canonical(both), KEYS)) == ["signature"]


def test_what_is_no_envelope_is_named():
    for data, sentence in {
        b"": "byte 0",
        b"[]": "no object",
        b"{}": "no field 'payload'",
        b'{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}': "no signature",
        b'{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":["a"]}': "a signature is no object",
        b'{"payload":"","payloadType":"text/plain","signatures":[]}': "payloadType is 'text/plain'",
        b'{"extra":"","payload":"","payloadType":"","signatures":[]}': "unknown field 'extra'",
    }.items():
        (fault,) = verify(data, KEYS).faults
        assert fault.startswith("envelope: ")
        assert sentence in fault


@given(data=st.data())
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_byte_of_any_file_that_is_changed_names_the_file(tmp_path_factory, envelope, data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    at, mask = data.draw(st.integers(0, len(FILES[name]) - 1)), data.draw(st.integers(1, 255))
    folder = write_files(tmp_path_factory.mktemp("changed"))
    (folder / name).write_bytes(flipped(FILES[name], at, mask))
    (fault,) = verify(envelope, KEYS, Comparison(digests(folder))).faults
    assert fault.startswith(f"file {name}: it was changed: ")


def test_files_that_are_missing_added_renamed_swapped_or_links_are_named(envelope, folder):
    def faults():
        return [fault.split(" instead of")[0] for fault in verify(envelope, KEYS, Comparison(digests(folder))).faults]

    assert faults() == []
    (folder / "MLmodel").rename(folder / "mlmodel")
    assert faults() == ["file MLmodel: it was renamed to mlmodel"]
    (folder / "mlmodel").rename(folder.parent / "away")
    assert faults() == ["file MLmodel: it is missing"]
    (folder / "notes.txt").write_text("x")
    assert faults() == ["file MLmodel: it is missing", "file notes.txt: it is not one of the version's files"]
    (folder / "notes.txt").unlink()
    (folder / "MLmodel").symlink_to(folder.parent / "away")
    assert faults() == [f"file MLmodel: it was changed: link to {folder.parent / 'away'}"]
    (folder.parent / "away").replace(folder / "MLmodel")
    spec, weights = folder / "model" / "spec.json", folder / "model" / "member_0.safetensors"
    spec.rename(folder / "spare")
    weights.rename(spec)
    (folder / "spare").rename(weights)
    assert [fault.split(": ")[1] for fault in faults()] == ["it was changed"] * 2
    with pytest.raises(NotADirectoryError):
        digests(folder / "none")


def test_the_registry_is_compared_field_by_field(envelope):
    facts = {"model.version": "8", "data_digest": "0123456789abcdef", "model.stage": "Production"}
    assert verify(envelope, KEYS, Comparison(facts=facts)).faults == (
        "registry model.version: it says '8', and the certificate '7'",
        "registry model.stage: it says 'Production', and the certificate None",
    )


def test_a_chain_of_certificates_is_whole_in_any_order(files):
    *earlier, last = line(files, 4)
    assert verify(last, KEYS, Comparison(earlier=earlier)).good
    assert verify(last, KEYS, Comparison(earlier=earlier[::-1])).good
    assert "earlier certificates" in verify(last, KEYS).unchecked


def test_a_certificate_of_the_chain_that_is_missing_changed_or_of_another_key_is_named_by_its_number(files):
    *earlier, last = line(files, 4)
    for number in (1, 2, 3):
        rest = earlier[: number - 1] + earlier[number:]
        assert places(verify(last, KEYS, Comparison(earlier=rest))) == [f"earlier certificate {number}"]
    earlier[1] = flipped(earlier[1], 500)
    named = places(verify(last, KEYS, Comparison(earlier=earlier)))
    assert named == ["earlier certificate 2", f"earlier certificate {digest(earlier[1])}"]
    forged = issue(files, STRANGER)
    (fault,) = verify(issue(files, earlier=(digest(forged),)), KEYS, Comparison(earlier=[forged])).faults
    assert fault.startswith("earlier certificate 1: signature: it names the unknown key")


def test_a_certificate_that_names_others_before_it_breaks_the_chain(files):
    first, second, _ = line(files, 3)
    other = issue(files, earlier=(digest(second),))
    last = issue(files, earlier=(digest(first), digest(other)))
    assert places(verify(last, KEYS, Comparison(earlier=[first, other]))) == ["earlier certificate 2"]


def test_a_statement_is_handed_out_only_when_it_is_signed(envelope):
    statement, faults = open_certificate(envelope, KEYS)
    assert (statement["predicate"]["model"]["version"], faults) == ("7", [])
    for keys, words in (([STRANGER.public_key()], "given: "), ([], "given: none")):
        statement, faults = open_certificate(envelope, keys)
        assert statement is None
        assert words in faults[0]
