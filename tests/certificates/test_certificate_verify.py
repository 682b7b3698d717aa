"""Verification: what is whole passes, and every single change is named where it was made."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.issued import (
    FILES,
    FORGET_SHA256,
    PRIVATE_KEY,
    PUBLIC_KEY,
    SAMPLES,
    SECRET,
    STRANGER,
    flipped,
    issue,
    line,
    payload_of,
    with_payload,
)
from unlearning.canonical import canonical, read
from unlearning.certificates import sections
from unlearning.certificates.envelope import digest, sign
from unlearning.certificates.findings import KINDS
from unlearning.certificates.keys import key_id
from unlearning.certificates.proofs import check_opened, prove
from unlearning.certificates.sample_ids import keyed_id
from unlearning.certificates.subjects import digests
from unlearning.certificates.verify import Evidence, open_certificate, verify
from unlearning.errors import InputError

KEYS = [PUBLIC_KEY]
EVERYTHING = settings(derandomize=True, max_examples=300, deadline=None)


def kinds(verdict):
    found = [finding.kind for finding in verdict.findings]
    assert set(found) <= set(KINDS)
    return found


@pytest.fixture(scope="module")
def proof(envelope, predicate):
    return prove(envelope, predicate, SECRET, SAMPLES, SAMPLES[2])


def test_a_whole_certificate_passes_with_everything_that_can_be_compared(envelope, files, proof):
    facts = {"model.version": "7", "data_digest": "0123456789abcdef", "parent.weights_digest": "b" * 64}
    verdict = verify(envelope, KEYS, Evidence(files, [], proof, SAMPLES[2], facts))
    assert verdict.good
    assert verdict.checked == ("signature", "files", "earlier certificates", "registry", "proof")
    assert verdict.unchecked == ()


def test_what_was_not_given_is_said_not_to_be_checked(envelope):
    verdict = verify(envelope, KEYS)
    assert verdict.good
    assert verdict.unchecked == ("files", "registry", "proof")
    assert str(verdict).splitlines()[-1] == "not checked proof"


def test_one_of_several_keys_is_enough(envelope):
    assert verify(envelope, [STRANGER.public_key(), PUBLIC_KEY]).good


@given(data=st.data())
@EVERYTHING
def test_any_byte_of_the_envelope_that_is_changed_is_named(envelope, data):
    at, mask = data.draw(st.integers(0, len(envelope) - 1)), data.draw(st.integers(1, 255))
    found = verify(flipped(envelope, at, mask), KEYS)
    assert kinds(found)
    start, end = envelope.index(b'"payload":"') + 11, envelope.index(b'","payloadType"')
    if not start <= at < end:
        assert set(kinds(found)) <= {"envelope", "signature", "key"}
    elif "signature" in kinds(found):
        assert {"payload", "type"} & set(kinds(found))


def test_every_byte_outside_the_payload_is_watched_in_every_bit(envelope):
    start, end = envelope.index(b'"payload":"') + 11, envelope.index(b'","payloadType"')
    outside = [*range(start), *range(end - 4, len(envelope))]
    for at in outside:
        for bit in range(8):
            assert not verify(flipped(envelope, at, 1 << bit), KEYS).good, (at, bit)


@given(data=st.data())
@EVERYTHING
def test_any_byte_of_the_statement_that_is_changed_is_named_by_its_section(envelope, data):
    payload = payload_of(envelope)
    at, mask = data.draw(st.integers(0, len(payload) - 1)), data.draw(st.integers(1, 255))
    changed = flipped(payload, at, mask)
    found = verify(with_payload(envelope, changed), KEYS).findings
    assert found[0].kind == "signature"
    places = {finding.where for finding in found[1:]}
    try:
        truth = true_sections(read(payload), read(changed))
    except ValueError:
        assert places == {"payload"}
    else:
        assert places & {f"payload {name}" for name in truth}


def true_sections(before, after):
    """The names of the parts in which two statements differ."""
    outer = [name for name in {*before, *after} - {"predicate"} if before.get(name) != after.get(name)]
    if not isinstance(after.get("predicate"), dict):
        return [*outer, "predicate"]
    old, new = before["predicate"], after["predicate"]
    if sections.NAME not in new:
        return [f"predicate.{sections.NAME}"]
    inner = [f"predicate.{name}" for name in {*old, *new} - {sections.NAME} if old.get(name) != new.get(name)]
    sealed = (old[sections.NAME], new[sections.NAME])
    return outer + inner + [name for name in {*sealed[0], *sealed[1]} if sealed[0].get(name) != sealed[1].get(name)]


def test_a_section_that_was_rewritten_is_named(envelope):
    statement = read(payload_of(envelope))
    statement["predicate"]["metrics"][0]["value"] = "0.99"
    found = verify(with_payload(envelope, canonical(statement)), KEYS)
    assert [finding.where for finding in found.findings] == ["signature", "payload predicate.metrics"]


def test_a_statement_rewritten_with_its_hashes_is_told_by_the_signature(envelope):
    statement = read(payload_of(envelope))
    statement["predicate"]["gates"]["decision"] = "forced"
    found = verify(with_payload(envelope, canonical(sections.seal(statement))), KEYS)
    assert kinds(found) == ["signature"]
    assert found.unchecked[0].startswith("files, earlier certificates")


def test_the_signature_of_another_key_is_told_from_a_broken_one(files, envelope):
    (found,) = verify(issue(files, STRANGER), KEYS).findings
    assert (found.kind, found.where) == ("key", "signature")
    assert key_id(STRANGER.public_key()) in str(found)
    assert key_id(PUBLIC_KEY) in str(found)
    (broken,) = verify(with_signature(envelope, sig=base64.b64encode(bytes(64)).decode()), KEYS).findings
    assert (broken.kind, broken.where) == ("signature", "signature")


def with_signature(envelope, **others):
    content = json.loads(envelope)
    content["signatures"][0] |= others
    return canonical(content)


def test_a_key_that_is_named_wrongly_is_told_although_the_signature_fits(envelope):
    (found,) = verify(with_signature(envelope, keyid="0" * 64), KEYS).findings
    assert str(found) == f"keyid: it names the key {'0' * 64}, but {key_id(PUBLIC_KEY)} signed"


def test_every_signature_must_be_good(files, envelope):
    both = json.loads(envelope)
    both["signatures"] += json.loads(issue(files, STRANGER))["signatures"]
    both["signatures"].sort(key=lambda signature: signature["keyid"])
    assert verify(canonical(both), [PUBLIC_KEY, STRANGER.public_key()]).good
    assert kinds(verify(canonical(both), KEYS)) == ["key"]


@pytest.mark.parametrize(
    ("envelope_text", "sentence"),
    [
        (b"", "byte 0"),
        (b"[]", "no object"),
        (b"{}", "no field 'payload'"),
        (b'{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[]}', "no signature"),
        (b'{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":["a"]}', "a signature is no object"),
        (b'{"payload":"","payloadType":"text/plain","signatures":[]}', "payloadType is 'text/plain'"),
        (b'{"extra":"","payload":"","payloadType":"","signatures":[]}', "unknown field 'extra'"),
        (
            b'{"payload":null,"payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"","sig":""}]}',
            "payload is not base64",
        ),
    ],
)
def test_what_is_no_envelope_is_named(envelope_text, sentence):
    (found,) = verify(envelope_text, KEYS).findings
    assert found.kind == "envelope"
    assert sentence in str(found)


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b'{"predicate":{}}', b'{"predicate":{"section_sha256":{}}}'])
def test_something_else_that_the_key_signed_is_no_certificate(payload):
    assert set(kinds(verify(sign(payload, PRIVATE_KEY), KEYS))) <= {"payload", "type"}
    assert not verify(sign(payload, PRIVATE_KEY), KEYS).good


def test_a_statement_without_its_parts_is_no_certificate(envelope):
    statement = read(payload_of(envelope))
    bare = {name: part for name, part in statement["predicate"].items() if name not in ("earlier", sections.NAME)}
    for less in (statement | {"predicate": bare}, {name: part for name, part in statement.items() if name != "subject"}):
        assert kinds(verify(sign(canonical(sections.seal(less)), PRIVATE_KEY), KEYS)) == ["type"]


def test_another_kind_of_statement_that_the_key_signed_is_no_certificate(envelope):
    statement = read(payload_of(envelope)) | {"predicateType": "https://example.org/other"}
    assert kinds(verify(sign(canonical(sections.seal(statement)), PRIVATE_KEY), KEYS)) == ["type"]


@given(data=st.data())
@settings(derandomize=True, max_examples=100, deadline=None)
def test_any_byte_of_any_file_that_is_changed_names_the_file(tmp_path_factory, envelope, data):
    name = data.draw(st.sampled_from(sorted(FILES)))
    at, mask = data.draw(st.integers(0, len(FILES[name]) - 1)), data.draw(st.integers(1, 255))
    place = tmp_path_factory.mktemp("changed")
    for other, content in FILES.items():
        (place / other).parent.mkdir(exist_ok=True)
        (place / other).write_bytes(flipped(content, at, mask) if other == name else content)
    (found,) = verify(envelope, KEYS, Evidence(digests(place))).findings
    assert (found.kind, found.where) == ("changed", f"file {name}")


def test_files_that_are_missing_added_renamed_or_swapped_are_named(envelope, folder):
    def found():
        return {finding.where: finding.kind for finding in verify(envelope, KEYS, Evidence(digests(folder))).findings}

    assert found() == {}
    (folder / "MLmodel").rename(folder / "mlmodel")
    assert found() == {"file MLmodel": "renamed"}
    (folder / "mlmodel").unlink()
    assert found() == {"file MLmodel": "missing"}
    (folder / "notes.txt").write_text("x")
    assert found() == {"file MLmodel": "missing", "file notes.txt": "extra"}
    spec, weights = folder / "model" / "spec.json", folder / "model" / "member_0.safetensors"
    spec.rename(folder / "spare")
    weights.rename(spec)
    (folder / "spare").rename(weights)
    assert found() | {"file model/spec.json": "changed", "file model/member_0.safetensors": "changed"} == found()


def test_a_link_in_the_place_of_a_file_is_named_even_with_the_same_content(envelope, folder, tmp_path):
    spec = folder / "model" / "spec.json"
    spec.rename(tmp_path / "elsewhere.json")
    spec.symlink_to(tmp_path / "elsewhere.json")
    (found,) = verify(envelope, KEYS, Evidence(digests(folder))).findings
    assert found.where == "file model/spec.json"
    assert "link to" in str(found)


def test_files_of_no_folder_cannot_be_compared(tmp_path):
    with pytest.raises(NotADirectoryError):
        digests(tmp_path / "none")


def test_the_registry_is_compared_field_by_field(envelope):
    facts = {"model.version": "8", "data_digest": "0123456789abcdef", "model.stage": "Production"}
    found = verify(envelope, KEYS, Evidence(facts=facts)).findings
    assert [str(finding) for finding in found] == [
        "registry model.version: it says '8', and the certificate '7'",
        "registry model.stage: it says 'Production', and the certificate None",
    ]


def test_a_chain_of_certificates_is_whole_in_any_order(files):
    *earlier, last = line(files, 4)
    assert verify(last, KEYS, Evidence(earlier=earlier)).good
    assert verify(last, KEYS, Evidence(earlier=earlier[::-1])).good
    assert "earlier certificates" in verify(last, KEYS).unchecked


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_certificate_that_is_missing_from_the_chain_is_named_by_its_number(files, number):
    *earlier, last = line(files, 4)
    (found,) = verify(last, KEYS, Evidence(earlier=earlier[: number - 1] + earlier[number:])).findings
    assert (found.kind, found.where) == ("chain", f"earlier certificate {number}")


def test_a_certificate_of_the_chain_that_was_changed_is_named_by_its_number(files):
    *earlier, last = line(files, 4)
    earlier[1] = flipped(earlier[1], 500)
    found = verify(last, KEYS, Evidence(earlier=earlier)).findings
    assert [finding.where for finding in found] == ["earlier certificate 2", f"earlier certificate {digest(earlier[1])}"]


def test_a_certificate_that_names_others_before_it_breaks_the_chain(files):
    first, second, _ = line(files, 3)
    other = issue(files, earlier=(digest(second),))
    last = issue(files, earlier=(digest(first), digest(other)))
    (found,) = verify(last, KEYS, Evidence(earlier=[first, other])).findings
    assert (found.kind, found.where) == ("chain", "earlier certificate 2")


def test_an_earlier_certificate_of_another_key_is_named(files):
    forged = issue(files, STRANGER)
    last = issue(files, earlier=(digest(forged),))
    (found,) = verify(last, KEYS, Evidence(earlier=[forged])).findings
    assert found.where == "earlier certificate 1"
    assert "unknown key" in str(found)


def test_the_proof_of_every_sample_holds_for_it_and_for_no_other(envelope, predicate):
    for sample in SAMPLES:
        proof = prove(envelope, predicate, SECRET, SAMPLES, sample)
        for other in SAMPLES:
            assert verify(envelope, KEYS, Evidence(proof=proof, sample=other)).good == (other == sample)


def test_a_proof_tells_of_one_sample_only(proof):
    text = proof.decode()
    assert keyed_id(SECRET, SAMPLES[2]).hex() in text
    others = [keyed_id(SECRET, sample).hex() for sample in SAMPLES if sample != SAMPLES[2]]
    assert not [word for word in [*others, *SAMPLES, SECRET.hex(), FORGET_SHA256] if word in text]


@given(data=st.data())
@EVERYTHING
def test_any_byte_of_a_proof_that_is_changed_is_found(envelope, proof, data):
    at, mask = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(1, 255))
    verdict = verify(envelope, KEYS, Evidence(proof=flipped(proof, at, mask), sample=SAMPLES[2]))
    assert kinds(verdict) == ["proof"]


def test_a_proof_for_another_certificate_is_told(files, proof):
    other = issue(files, code_version="other")
    (found,) = verify(other, KEYS, Evidence(proof=proof, sample=SAMPLES[2])).findings
    assert "another certificate" in str(found)


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        {"type": "x"},
        {"path": "ab"},
        {"path": [{}]},
        {"path": [{"side": "up", "sha256": "0" * 64}]},
        {"path": [{"side": "left", "sha256": "0" * 62 + "  "}]},
        {"keyed_id": "A" * 64},
        {"keyed_id": None},
    ],
)
def test_what_is_no_proof_is_told(envelope, proof, content):
    changed = content if isinstance(content, list) or not content else read(proof) | content
    found = verify(envelope, KEYS, Evidence(proof=canonical(changed), sample=SAMPLES[2]))
    assert kinds(found) == ["proof"]


def test_only_what_was_certified_can_be_proved(envelope, predicate):
    with pytest.raises(InputError, match="not in the forget set"):
        prove(envelope, predicate, SECRET, SAMPLES, "f" * 32)
    with pytest.raises(InputError, match="do not give the Merkle root"):
        prove(envelope, predicate, SECRET, SAMPLES[:-1], SAMPLES[0])


def test_an_auditor_with_the_secret_finds_the_manifest_that_was_certified(predicate):
    assert check_opened(SECRET, FORGET_SHA256, SAMPLES, predicate) == []
    other_hash = check_opened(SECRET, "6" * 64, SAMPLES, predicate)
    assert [finding.where for finding in other_hash] == ["forget_set.manifest_hmac_sha256"]
    other_ids = check_opened(SECRET, FORGET_SHA256, SAMPLES[1:], predicate)
    assert [finding.where for finding in other_ids] == ["forget_set.merkle_root"]


def test_a_statement_is_handed_out_only_when_it_is_signed(envelope):
    statement, findings = open_certificate(envelope, KEYS)
    assert findings == []
    assert statement["predicate"]["model"]["version"] == "7"
    statement, findings = open_certificate(envelope, [STRANGER.public_key()])
    assert statement is None
    assert findings
    statement, findings = open_certificate(envelope, [])
    assert statement is None
    assert "given: none" in str(findings[0])
