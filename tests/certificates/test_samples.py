"""Sample ids under a key, the tree that they are leaves of, and the proof that one of them is in a certified forget set."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.issued import FORGET_SHA256, PICTURES, PRIVATE_KEY, PUBLIC_KEY, SAMPLES, SECRET, STRANGER, flipped, issue
from unlearning.canonical import canonical, read
from unlearning.certificates.merkle import LEFT, RIGHT, climb, leaf, path, root
from unlearning.certificates.samples import (
    check_opened,
    check_proof,
    forget_root,
    keyed_id,
    keyed_manifest,
    leaves,
    picture_id,
    prove,
    sample_leaf,
    secret_of,
)
from unlearning.certificates.verify import Comparison, verify
from unlearning.data.drawn import draw_folder
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.progress import untold


@pytest.fixture(scope="module")
def proof(envelope, predicate):
    return prove(envelope, predicate, SECRET, SAMPLES, SAMPLES[2])


def test_a_pictures_id_is_that_of_the_data_manifest(tmp_path):
    folder = draw_folder(tmp_path, 40, seed=0, ages=(20, 60))
    manifest = prepare(DataSettings(data_dir=str(folder)), 32, untold).manifest
    faces = manifest[manifest.copy_of == ""]
    assert len(faces) > 20
    assert [picture_id((folder / name).read_bytes()) for name in faces.file] == list(faces.id)


def test_the_secret_is_that_of_one_key_and_one_forget_set():
    secrets = {SECRET, secret_of(STRANGER, FORGET_SHA256), secret_of(PRIVATE_KEY, "6" * 64)}
    assert [len(secret) for secret in secrets] == [32] * 3
    assert PRIVATE_KEY.private_bytes_raw() not in secrets


def test_keyed_ids_and_leaves_are_as_documented():
    keyed = hmac.new(SECRET, b"sample\0" + SAMPLES[0].encode(), hashlib.sha256).digest()
    assert keyed_id(SECRET, SAMPLES[0]) == keyed
    assert sample_leaf(keyed, SAMPLES[0]) == hashlib.sha256(b"\0" + keyed + SAMPLES[0].encode()).digest()
    manifest = hmac.new(SECRET, b"forget manifest\0" + FORGET_SHA256.encode(), hashlib.sha256).hexdigest()
    assert keyed_manifest(SECRET, FORGET_SHA256) == manifest


def test_leaves_stand_in_the_order_of_the_keyed_ids_whatever_that_of_the_samples_and_however_often():
    assert list(leaves(SECRET, SAMPLES)) == sorted(SAMPLES, key=lambda sample: keyed_id(SECRET, sample))
    assert forget_root(SECRET, SAMPLES) == forget_root(SECRET, [*reversed(SAMPLES), SAMPLES[2]])
    assert forget_root(SECRET, SAMPLES) != forget_root(secret_of(STRANGER, FORGET_SHA256), SAMPLES)


def test_the_root_of_one_picture_is_not_a_hash_that_its_owner_can_make():
    sample = picture_id(PICTURES[0])
    plain = [hashlib.sha256(prefix + sample.encode()).hexdigest() for prefix in (b"", b"\0", b"sample\0")]
    assert forget_root(SECRET, [sample]) not in [*plain, hashlib.sha256(PICTURES[0]).hexdigest()]


def test_the_proof_of_every_sample_holds_for_it_and_for_no_other(envelope, predicate):
    for sample in SAMPLES:
        proof = prove(envelope, predicate, SECRET, SAMPLES, sample)
        holds = [other for other in SAMPLES if not check_proof(proof, other, envelope, predicate)]
        assert holds == [sample]


def test_a_proof_tells_of_one_sample_only(proof):
    text = proof.decode()
    assert keyed_id(SECRET, SAMPLES[2]).hex() in text
    others = [keyed_id(SECRET, sample).hex() for sample in SAMPLES if sample != SAMPLES[2]]
    assert not [word for word in [*others, *SAMPLES, SECRET.hex(), FORGET_SHA256] if word in text]


@given(data=st.data())
@settings(derandomize=True, max_examples=300, deadline=None)
def test_any_byte_of_a_proof_that_is_changed_is_found(envelope, predicate, proof, data):
    at, mask = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(1, 255))
    assert check_proof(flipped(proof, at, mask), SAMPLES[2], envelope, predicate)


def test_a_proof_for_another_certificate_is_told(files, proof):
    (fault,) = verify(issue(files, code_version="other"), [PUBLIC_KEY], Comparison(proof=proof, sample=SAMPLES[2])).faults
    assert "another certificate" in fault


@pytest.mark.parametrize(
    "content",
    [
        *([], {}, {"type": "x"}, {"path": "ab"}, {"path": [{}]}, {"path": [{"side": "up", "sha256": "0" * 64}]}),
        *({"path": [{"side": "left", "sha256": "0" * 62 + "  "}]}, {"keyed_id": "A" * 64}, {"keyed_id": None}),
    ],
)
def test_what_is_no_proof_is_told(envelope, predicate, proof, content):
    changed = read(proof) | content if content else content
    (fault,) = check_proof(canonical(changed), SAMPLES[2], envelope, predicate)
    assert fault.startswith("proof: ")


def test_only_what_was_certified_can_be_proved(envelope, predicate):
    with pytest.raises(InputError, match="not in the forget set"):
        prove(envelope, predicate, SECRET, SAMPLES, "f" * 32)
    with pytest.raises(InputError, match="do not give the Merkle root"):
        prove(envelope, predicate, SECRET, SAMPLES[:-1], SAMPLES[0])


def test_an_auditor_with_the_secret_finds_the_manifest_that_was_certified(predicate):
    assert check_opened(SECRET, FORGET_SHA256, SAMPLES, predicate) == []
    assert "forget_set.manifest_hmac_sha256: " in check_opened(SECRET, "6" * 64, SAMPLES, predicate)[0]
    assert "forget_set.merkle_root: " in check_opened(SECRET, FORGET_SHA256, SAMPLES[1:], predicate)[0]


COUNTS = range(1, 34)


def hashed(count):
    return [leaf(bytes([number])) for number in range(count)]


def by_definition(hashes):
    """The tree of RFC 6962, 2.1: split at the largest power of two below the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + by_definition(hashes[:split]) + by_definition(hashes[split:])).digest()


def test_the_root_is_that_of_rfc_6962():
    """Also of the strings "" and 0x00, which Certificate Transparency's test vectors begin with."""
    assert [root(hashed(count)) for count in COUNTS] == [by_definition(hashed(count)) for count in COUNTS]
    hashes = [leaf(b""), leaf(b"\x00")]
    assert hashes[0].hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root(hashes).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"


@pytest.mark.parametrize("count", COUNTS)
def test_every_leaf_climbs_to_the_root_by_its_own_path_only(count):
    hashes = hashed(count)
    for index, start in enumerate(hashes):
        steps = path(hashes, index)
        assert climb(start, steps) == root(hashes)
        assert len(steps) <= (count - 1).bit_length()
        assert count == 1 or climb(hashes[index - 1], steps) != root(hashes)


def test_order_and_number_of_leaves_matter_and_a_node_cannot_pass_for_a_leaf():
    hashes = hashed(3)
    assert len({root(hashes), root(hashes[::-1]), root(hashes[:2]), root([*hashes, hashes[-1]])}) == 4
    assert leaf(hashes[0] + hashes[1]) != root(hashes[:2])


def test_a_changed_step_leads_elsewhere():
    hashes = hashed(5)
    (side, other), *rest = path(hashes, 2)
    turned = LEFT if side == RIGHT else RIGHT
    assert climb(hashes[2], ((turned, other), *rest)) != root(hashes)
    assert climb(hashes[2], tuple(rest)) != root(hashes)


def test_a_tree_without_leaves_is_refused():
    with pytest.raises(ValueError, match="needs a leaf"):
        root([])
