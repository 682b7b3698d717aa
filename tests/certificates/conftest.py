"""A version's folder, a key's files, and the certificate."""

import pytest

from certificates.issued import FILES, PUBLIC_KEY, issue, payload_of
from unlearning.canonical import read
from unlearning.certificates.keys import public_pem
from unlearning.certificates.subjects import digests


@pytest.fixture
def folder(tmp_path):
    """The files of the version."""
    for name, content in FILES.items():
        path = tmp_path / "model-version" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "model-version"


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """sha256 of the version's files."""
    place = tmp_path_factory.mktemp("version")
    for name, content in FILES.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_bytes(content)
    return digests(place)


@pytest.fixture(scope="session")
def envelope(files):
    return issue(files)


@pytest.fixture(scope="session")
def predicate(envelope):
    return read(payload_of(envelope))["predicate"]


@pytest.fixture
def public_file(tmp_path):
    path = tmp_path / "key.pub"
    path.write_bytes(public_pem(PUBLIC_KEY))
    return path
