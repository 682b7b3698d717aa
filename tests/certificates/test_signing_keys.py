import os
import stat
import subprocess

import pytest

from certificates.issued import PRIVATE_KEY, STRANGER, flipped
from unlearning.certificates.keys import VARIABLE, key_id, load_key, make_key, read_public_key, seal, unseal
from unlearning.errors import InputError


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def path(tmp_path):
    make_key(tmp_path / "keys" / "signing.pem")
    return tmp_path / "keys" / "signing.pem"


def test_a_key_is_made_with_its_public_key_beside_it_and_openssl_reads_both(path, tmp_path):
    assert sorted(each.name for each in path.parent.iterdir()) == ["signing.pem", "signing.pem.pub"]
    public_key = read_public_key(path.with_name("signing.pem.pub"))
    assert key_id(public_key) == key_id(load_key(path).public_key())
    assert key_id(public_key) != key_id(read_public_key(make_key(tmp_path / "other")))
    done = subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], capture_output=True, check=True)
    assert done.stdout == path.with_name("signing.pem.pub").read_bytes()


def test_only_the_owner_can_read_a_new_key_whatever_the_mask(tmp_path):
    before = os.umask(0)
    try:
        make_key(tmp_path / "key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize("there", ["signing.pem", "signing.pem.pub"])
def test_a_key_is_never_overwritten(path, there):
    (path.parent / ({"signing.pem", "signing.pem.pub"} - {there}).pop()).unlink()
    content = (path.parent / there).read_bytes()
    with pytest.raises(InputError, match="already there"):
        make_key(path)
    assert (path.parent / there).read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620])
def test_a_key_that_is_open_to_others_is_refused_with_the_command_that_closes_it(path, mode):
    path = path.rename(path.with_name("my key.pem"))
    path.chmod(mode)
    with pytest.raises(InputError, match=f"chmod 600 '{path}'"):
        load_key(path)


def test_the_variable_holds_a_path_and_one_that_is_given_goes_before_it(path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(path))
    assert key_id(load_key().public_key()) == key_id(load_key(path).public_key())
    monkeypatch.setenv(VARIABLE, "/nowhere")
    assert load_key(path)


def test_without_a_key_the_command_that_makes_one_is_told(tmp_path):
    with pytest.raises(InputError, match="make key"):
        load_key()
    with pytest.raises(InputError, match=r"cannot be read .*make key"):
        load_key(tmp_path / "none")


def test_a_public_key_cannot_stand_for_a_private_one_nor_the_other_way_round(path):
    public_path = path.with_name("signing.pem.pub")
    public_path.chmod(0o600)
    with pytest.raises(InputError, match="no Ed25519 private key"):
        load_key(public_path)
    with pytest.raises(InputError, match="no Ed25519 public key"):
        read_public_key(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_public_key(path.with_name("none"))


def test_what_was_sealed_is_opened_by_its_key_at_its_place_only():
    sealed = seal(PRIVATE_KEY, b"a face", "run/table")
    assert sealed != seal(PRIVATE_KEY, b"a face", "run/table")
    assert unseal(PRIVATE_KEY, sealed, "run/table") == b"a face"
    assert unseal(STRANGER, sealed, "run/table") is unseal(PRIVATE_KEY, sealed, "run/other") is None
    assert unseal(PRIVATE_KEY, flipped(sealed, 20), "run/table") is unseal(PRIVATE_KEY, sealed[:5], "run/table") is None
