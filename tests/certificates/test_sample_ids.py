import hashlib
import hmac

import pytest

from certificates.issued import FORGET_SHA256, PICTURES, PRIVATE_KEY, SAMPLES, SECRET, STRANGER
from unlearning.certificates import merkle
from unlearning.certificates.sample_ids import forget_root, keyed_id, keyed_manifest, leaves, picture_id, sample_leaf, secret_of
from unlearning.data.drawn import draw_folder
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings


def test_a_pictures_id_is_that_of_the_data_manifest(tmp_path):
    folder = draw_folder(tmp_path, 40, seed=0, ages=(20, 60))
    manifest = prepare(DataSettings(data_dir=str(folder)), 32, lambda items, count, title: items).manifest
    faces = manifest[manifest.copy_of == ""]
    assert len(faces) > 20
    assert [picture_id((folder / name).read_bytes()) for name in faces.file] == list(faces.id)


def test_the_secret_is_that_of_one_key_and_one_forget_set():
    secrets = {SECRET, secret_of(STRANGER, FORGET_SHA256), secret_of(PRIVATE_KEY, "6" * 64)}
    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {32}
    assert secret_of(PRIVATE_KEY, FORGET_SHA256) == SECRET
    assert PRIVATE_KEY.private_bytes_raw() not in secrets


def test_keyed_ids_and_leaves_are_as_documented():
    keyed = hmac.new(SECRET, b"sample\0" + SAMPLES[0].encode(), hashlib.sha256).digest()
    assert keyed_id(SECRET, SAMPLES[0]) == keyed
    assert sample_leaf(keyed, SAMPLES[0]) == hashlib.sha256(b"\0" + keyed + SAMPLES[0].encode()).digest()
    own = hmac.new(SECRET, b"forget manifest\0" + FORGET_SHA256.encode(), hashlib.sha256).hexdigest()
    assert keyed_manifest(SECRET, FORGET_SHA256) == own


def test_the_order_of_the_samples_and_repetitions_do_not_matter():
    assert forget_root(SECRET, SAMPLES) == forget_root(SECRET, [*reversed(SAMPLES), SAMPLES[2]])


def test_leaves_stand_in_the_order_of_the_keyed_ids():
    order = list(leaves(SECRET, SAMPLES))
    assert order == sorted(SAMPLES, key=lambda sample: keyed_id(SECRET, sample))
    assert merkle.root(list(leaves(SECRET, SAMPLES).values())).hex() == forget_root(SECRET, SAMPLES)


def test_another_key_gives_another_root():
    assert forget_root(SECRET, SAMPLES) != forget_root(secret_of(STRANGER, FORGET_SHA256), SAMPLES)


@pytest.mark.parametrize("picture", PICTURES[:2])
def test_the_root_of_one_picture_is_not_a_hash_that_its_owner_can_make(picture):
    sample = picture_id(picture)
    plain = [hashlib.sha256(prefix + sample.encode()).hexdigest() for prefix in (b"", b"\0", b"sample\0")]
    assert forget_root(SECRET, [sample]) not in [*plain, hashlib.sha256(picture).hexdigest()]
