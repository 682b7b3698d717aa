"""Whatever a key has signed, both verifiers answer in sentences, and the same: neither raises, and neither is more lenient."""

import base64
import hashlib
import json
import time
from copy import deepcopy

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certificates.issued import PRIVATE_KEY, PUBLIC_KEY, SAMPLES, SCHEMA, STRANGER, issue, line, payload_of
from unlearning.canonical import canonical, read
from unlearning.certificates.envelope import sign
from unlearning.certificates.keys import key_id
from unlearning.certificates.payload import check_payload
from unlearning.certificates.verify import Comparison, verify

LEGAL = jsonschema.Draft202012Validator(SCHEMA)
MANY = settings(derandomize=True, max_examples=250, deadline=None)
VALUES = st.one_of(
    st.sampled_from(
        [None, True, False, 1, 0, -1.5, "", "a", "nan", "0" * 64, f"{'0' * 64}\n", "\u0660", "passed", [], {}, [[]], [None]]
    ),
    st.sampled_from([["a"], ["a", "a"], {"a": "b"}, {"name": "x"}, {"sha256": "0" * 64}, [{"name": "x", "digest": None}]]),
    st.just(json.loads("[" * 60 + "]" * 60)),
)


@pytest.fixture(scope="module")
def chain(files):
    """Three certificates, each of which names all before it."""
    return line(files, 3)


@pytest.fixture(scope="module")
def statement(chain):
    return read(payload_of(chain[-1]))


def dumped(content):
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sealed(statement):
    """A statement of any kind, with true hashes of whatever its parts are."""
    predicate = statement.get("predicate")
    if not isinstance(predicate, dict):
        return statement
    parts = {name: part for name, part in statement.items() if name != "predicate"}
    parts |= {f"predicate.{name}": part for name, part in predicate.items() if name != "section_sha256"}
    hashes = {name: hashlib.sha256(dumped(part)).hexdigest() for name, part in parts.items()}
    return statement | {"predicate": predicate | {"section_sha256": hashes}}


def places(content, path=()):
    """The ways to every value in a statement."""
    yield path
    for key, part in content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ():
        yield from places(part, (*path, key))


def changed(statement, way, deed, value):
    """A copy in which one value is another, is gone, stands there twice, or has a neighbour."""
    if not way:
        return value
    copy = deepcopy(statement)
    holder = copy
    for key in way[:-1]:
        holder = holder[key]
    if deed == "put":
        holder[way[-1]] = value
    elif deed == "take":
        del holder[way[-1]]
    elif isinstance(holder, list):
        holder.append(deepcopy(holder[way[-1]]) if deed == "again" else value)
    else:
        holder["another"] = value
    return copy


def answers(script, envelope, known):
    """What script and library say, as places without words; whichever of them raises fails the test."""
    keys = {key_id(PUBLIC_KEY): PUBLIC_KEY}
    opened, theirs = script.open_certificate(envelope, keys)
    if opened:
        theirs = theirs + script.check_chain(opened, known.earlier, keys)
        theirs += script.check_proof(known.proof, known.sample, envelope, opened)
    ours = [fault for fault in verify(envelope, [PUBLIC_KEY], known).faults if not fault.startswith("registry ")]
    return [fault.split(":")[0] for fault in theirs], [fault.split(":")[0] for fault in ours]


@given(data=st.data())
@MANY
def test_both_verifiers_refuse_every_statement_that_the_schema_does_not_allow(script, statement, chain, data):
    way = data.draw(st.sampled_from(list(places(statement))))
    deed, value = data.draw(st.sampled_from(["put", "put", "take", "again", "add"])), data.draw(VALUES)
    content = changed(statement, way, deed, value)
    content = sealed(content) if isinstance(content, dict) else content
    envelope = sign(dumped(content), PRIVATE_KEY)
    known = Comparison(earlier=chain[:2], proof=b"{}", sample=SAMPLES[0], facts={"model.version": "2"})
    theirs, ours = answers(script, envelope, known)
    assert theirs == ours
    if not LEGAL.is_valid(content):
        assert {place.split(" ")[0] for place in ours} == {"payload"}


def test_a_subject_of_another_kind_is_named_and_so_is_a_file_that_is_named_twice(script, statement):
    digest = {"digest": {"sha256": "0" * 64}}
    twice = [statement["subject"][0] | digest, *statement["subject"]]
    for value in (None, "text", True, {}, [], [None], ["a"], [{}], [{"name": None} | digest], twice):
        envelope = sign(canonical(sealed(statement | {"subject": value})), PRIVATE_KEY)
        theirs, ours = script.open_certificate(envelope, {key_id(PUBLIC_KEY): PUBLIC_KEY})[1], verify(envelope, [PUBLIC_KEY])
        assert (*theirs,) == ours.faults == ("payload subject: it does not hold what a certificate holds there",)


def test_one_signature_of_a_key_in_one_order_makes_one_file(script, files):
    envelope = json.loads(issue(files))
    (own,), (other,) = envelope["signatures"], json.loads(issue(files, STRANGER))["signatures"]
    right = sorted([own, other], key=lambda signature: signature["keyid"])
    keys = [PUBLIC_KEY, STRANGER.public_key()]
    for signatures, is_good in ((right, True), (right[::-1], False), ([own, own], False), ([own, other, own], False)):
        data = canonical(envelope | {"signatures": signatures})
        assert verify(data, keys).good is is_good
        assert (script.open_certificate(data, {key_id(key): key for key in keys})[1] == []) is is_good


@pytest.mark.parametrize("field", ["payload", "payloadType", "signatures", "keyid", "sig"])
def test_an_envelope_of_another_kind_is_named(script, files, field):
    whole = json.loads(issue(files))
    for value in (None, True, [], {}, ["a"]):
        part = {"signatures": [whole["signatures"][0] | {field: value}]} if field in ("keyid", "sig") else {field: value}
        assert answers(script, canonical(whole | part), Comparison()) == (["envelope"], ["envelope"])


@given(proof=st.dictionaries(st.sampled_from(["type", "certificate", "keyed_id", "path", "more"]), VALUES, min_size=3))
@settings(derandomize=True, max_examples=150, deadline=None)
@example(
    proof={"type": "https://age-unlearning.example/proof-of-membership/v1", "certificate": [], "keyed_id": "0" * 64, "path": {}}
)
def test_both_verifiers_refuse_a_proof_of_another_kind(script, chain, proof):
    theirs, ours = answers(script, chain[0], Comparison(earlier=[], proof=dumped(proof), sample=SAMPLES[0]))
    assert theirs == ours == ["proof"]


def test_what_the_openssl_commands_do_not_see_is_refused(script, files):
    """Another payload under the same key, which ``sed`` passes over, and another type of what was signed."""
    whole = issue(files)
    twice = whole.replace(b'{"payload":', b'{"payload":"e30=","payload":', 1)
    other = whole.replace(b"application/vnd.in-toto+json", b"text/plain", 1)
    assert base64.b64decode(json.loads(twice)["payload"]) == payload_of(whole)
    for data in (twice, other):
        assert answers(script, data, Comparison()) == (["envelope"], ["envelope"])


def test_a_long_line_of_certificates_is_read_in_seconds(statement):
    earlier = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(30_000)]
    began = time.process_time()
    for names, faults in ((earlier, []), ([*earlier, earlier[0]], ["predicate.earlier"])):
        content = sealed(statement | {"predicate": statement["predicate"] | {"earlier": names}})
        assert [fault.split(":")[0] for fault in check_payload(canonical(content))] == [f"payload {name}" for name in faults]
    assert time.process_time() - began < 10
