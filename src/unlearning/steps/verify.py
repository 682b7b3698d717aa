"""verify: is a certificate as it was signed, and does everything at hand agree with it?"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import VARIABLE, load_key, read_public_key
from unlearning.certificates.verify import Comparison, Verdict, open_certificate
from unlearning.certificates.verify import verify as judge
from unlearning.commands import spelt
from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.registry.version import GONE, Version
from unlearning.settings.checks import key_file, listed
from unlearning.settings.requests import VerifySettings
from unlearning.steps.certify import sample_id
from unlearning.tracking import runs
from unlearning.versions import certificates
from unlearning.versions.certificate_facts import certificates_before, files_in, files_of, weights_of


def verify(settings: VerifySettings) -> Verdict:
    """Check signature, files, earlier certificates, the registry where it answers, and a sample's proof.

    Raises:
        InputError: something is wrong with the certificate, or a file that was named cannot be read.
    """
    if bool(settings.sample) != bool(settings.proof):
        raise InputError(f"a proof is of one sample: give both, as {spelt(sample='mine.jpg', proof='mine-proof.json')}")
    envelope, keys = _read(settings.certificate), public_keys(settings.key)
    given = _given(settings)
    with runs.run_if_launched("verify", f"verify {Path(settings.certificate).name}"):
        verdict, reasons = checked(envelope, keys, given, settings.offline)
    print(verdict)
    for reason in reasons:
        say(f"verify: the registry was not asked, or not about everything: {reason}")
    if not verdict.good:
        raise InputError(f"{settings.certificate} does not hold: {'; '.join(verdict.faults)}")
    return verdict


def checked(
    envelope: bytes, keys: Sequence[Ed25519PublicKey], given: Comparison, offline: bool = False
) -> tuple[Verdict, tuple[str, ...]]:
    """What is to be said of a certificate, and why the registry was not asked about all of it."""
    found, faults, reasons = (Comparison(), (), ("offline",)) if offline else _ask_registry(envelope, keys)
    files = found.files if given.files is None else given.files
    earlier = [*(given.earlier or ()), *(found.earlier or ())] or None
    verdict = judge(envelope, keys, replace(given, files=files, earlier=earlier, facts=found.facts))
    return replace(verdict, faults=(*verdict.faults, *faults)), reasons


def _given(settings: VerifySettings) -> Comparison:
    """What the user named, read before anything else is asked."""
    folder = Path(settings.folder).expanduser()
    if not folder.is_dir():
        raise InputError(f"folder={settings.folder} is not a folder; give the one that holds the version's files")
    return Comparison(
        files=files_in(folder) if settings.folder else None,
        earlier=[_read(path) for path in listed(settings.earlier)],
        proof=_read(settings.proof) if settings.proof else None,
        sample=sample_id(settings.sample),
    )


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give the path of a file") from error


def public_keys(paths: str) -> list[Ed25519PublicKey]:
    """Those of the files, or the one that belongs to the signing key in the environment."""
    if paths:
        return [read_public_key(key_file(path)) for path in listed(paths)]
    if not os.environ.get(VARIABLE, "").strip():
        raise InputError(f"whose signature is to be verified? give the signer's public key: {spelt(key='signing-key.pem.pub')}")
    return [load_key().public_key()]


def _ask_registry(envelope: bytes, keys: Sequence[Ed25519PublicKey]) -> tuple[Comparison, tuple[str, ...], tuple[str, ...]]:
    """What the registry has of the version, what else is wrong, and why something could not be compared.

    It has nothing of a certificate that is wrong by itself.
    """
    statement, _ = open_certificate(envelope, keys)
    if statement is None:
        return Comparison(), (), ("the certificate itself is wrong",)
    predicate = statement["predicate"]
    try:
        version = certificates.registered(predicate["model"]["name"], predicate["model"]["version"])
    except InputError as error:
        return Comparison(), (), (str(error),)
    found, faults = Comparison(facts=_facts(version)), _named(version, envelope)
    try:
        earlier = [one for sha256, one in certificates_before(version).items() if sha256 in predicate["earlier"]]
        found = replace(found, earlier=earlier)
        if version.tag("state") in GONE:
            return found, faults, (f"{version.label} was purged, so its files are gone",)
        found = replace(found, files=files_of(version))  # first: of damaged weights the files still tell which they are
        return replace(found, facts=_facts(version) | {"model.weights_digest": weights_of(version)}), faults, ()
    except InputError as error:
        return found, faults, (str(error),)


def _facts(version: Version) -> dict[str, str]:
    own = {"model.name": version.model, "model.version": str(version.number), "data_digest": version.tag("data_digest")}
    return own | {"parent.name": version.model, "parent.version": version.tag("parent_version")}


def _named(version: Version, envelope: bytes) -> tuple[str, ...]:
    """The version names its certificate: there is one only."""
    named = version.tag(certificates.TAG)
    if named == digest(envelope):
        return ()
    other = f"another certificate, with the sha256 {named}" if named else "no certificate"
    return (f"registry certificate: {version.label} names {other}",)
