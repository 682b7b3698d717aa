"""A version's folder, a key's files, the certificate, and the stand-alone script."""

import importlib.util

import pytest

from certificates.issued import FILES, PUBLIC_KEY, issue, payload_of
from places import ROOT
from unlearning.canonical import read
from unlearning.certificates.keys import public_pem
from unlearning.certificates.verify import digests

SCRIPT = ROOT / "tools" / "verify_certificate.py"


def write_files(folder):
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def folder(tmp_path):
    """The files of the version."""
    return write_files(tmp_path / "model-version")


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """sha256 of the version's files."""
    return digests(write_files(tmp_path_factory.mktemp("version")))


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


@pytest.fixture(scope="session")
def script():
    """The stand-alone script as a module, to ask it thousands of times."""
    spec = importlib.util.spec_from_file_location("verify_certificate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
