"""Verification of a certificate: signature, files, registry, earlier certificates, a sample's proof; every fault is named.

A fault is a sentence: the place, a colon, and what is wrong there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unlearning.canonical import read
from unlearning.certificates.envelope import NotAnEnvelopeError, check_signatures, digest, open_envelope
from unlearning.certificates.payload import check_payload
from unlearning.certificates.samples import check_proof
from unlearning.digests import sha256_of


@dataclass(frozen=True)
class Comparison:
    """What there is to compare a certificate with; what is None is not checked, and that is said.

    Args:
        files: sha256 of the version's files, by name (``digests``).
        earlier: envelopes of the earlier certificates, in any order.
        proof: of a sample's membership.
        sample: the id that the proof is about.
        facts: what the registry says, by the field of the predicate: ``{"model.version": "7", "data_digest": ...}``.
    """

    files: dict[str, str] | None = None
    earlier: Sequence[bytes] | None = None
    proof: bytes | None = None
    sample: str = ""
    facts: dict[str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """The outcome of a verification.

    Args:
        faults: everything that is wrong, in sentences.
        checked: what was compared and is right.
        unchecked: what could not be compared, and why.
    """

    faults: tuple[str, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with what was checked."""
        return not self.faults

    def __str__(self) -> str:
        lines = [f"WRONG {fault}" for fault in self.faults] + [f"ok {part}" for part in self.checked]
        return "\n".join([*lines, *(f"not checked {part}" for part in self.unchecked)])


def open_certificate(envelope: bytes, public_keys: Sequence[Ed25519PublicKey]) -> tuple[dict[str, Any] | None, list[str]]:
    """The statement of a certificate that was signed by one of the keys, or everything that keeps it from being one."""
    try:
        signed = open_envelope(envelope)
    except NotAnEnvelopeError as error:
        return None, [str(error)]
    faults = check_signatures(signed, public_keys) + check_payload(signed.payload)
    statement = None if faults else read(signed.payload)
    return (statement if isinstance(statement, dict) else None), faults


def verify(envelope: bytes, public_keys: Sequence[Ed25519PublicKey], known: Comparison = Comparison()) -> Verdict:
    """Check a certificate against everything that is at hand."""
    statement, faults = open_certificate(envelope, public_keys)
    if statement is None:
        unchecked = "files, earlier certificates, registry and proof: the certificate itself is wrong"
        return Verdict(tuple(faults), (), (unchecked,))
    predicate, parts = statement["predicate"], dict[str, list[str] | None](signature=[])
    sha256 = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    parts["files"] = None if known.files is None else differences(sha256, known.files)
    chain = known.earlier is not None or not predicate["earlier"]
    parts["earlier certificates"] = _check_chain(predicate, public_keys, known.earlier or ()) if chain else None
    parts["registry"] = None if known.facts is None else _check_registry(predicate, known.facts)
    parts["proof"] = None if known.proof is None else check_proof(known.proof, known.sample, envelope, predicate)
    wrong = [fault for faults in parts.values() for fault in faults or ()]
    checked = [name for name, faults in parts.items() if faults == []]
    return Verdict(tuple(wrong), tuple(checked), tuple(name for name, faults in parts.items() if faults is None))


def digests(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its name there (with ``/``); for a link, where it leads, which is no digest.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    files = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    return sha256_of(path) if path.is_file() else "no regular file"


def differences(certified: dict[str, str], there: dict[str, str]) -> list[str]:
    """Every file that was changed, renamed, taken away or added, by name."""
    both = sorted(name for name in certified.keys() & there.keys() if certified[name] != there[name])
    faults = [f"file {name}: it was changed: {there[name]} instead of sha256 {certified[name]}" for name in both]
    extra = sorted(there.keys() - certified.keys())
    for name in sorted(certified.keys() - there.keys()):
        new = next((other for other in extra if there[other] == certified[name]), None)
        if new is None:
            faults.append(f"file {name}: it is missing")
        else:
            extra.remove(new)
            faults.append(f"file {name}: it was renamed to {new}")
    return faults + [f"file {name}: it is not one of the version's files" for name in extra]


def _check_chain(predicate: dict[str, Any], public_keys: Sequence[Ed25519PublicKey], envelopes: Sequence[bytes]) -> list[str]:
    """What is wrong with the earlier certificates: each must be there, be signed, and name those before it."""
    expected, given = predicate["earlier"], {digest(envelope): envelope for envelope in envelopes}
    faults = []
    for number, name in enumerate(expected, 1):
        place = f"earlier certificate {number}"
        if name not in given:
            faults.append(f"{place}: the chain is broken: none with the sha256 {name} was given")
            continue
        statement, wrong = open_certificate(given[name], public_keys)
        faults += [f"{place}: {fault}" for fault in wrong]
        if statement and statement["predicate"]["earlier"] != expected[: number - 1]:
            faults.append(f"{place}: the chain is broken: it names other certificates before it")
    strangers = [name for name in given if name not in expected]
    return faults + [f"earlier certificate {name}: it is none of this line, or was changed" for name in strangers]


def _check_registry(predicate: dict[str, Any], facts: dict[str, str]) -> list[str]:
    faults = []
    for place, said in facts.items():
        certified: Any = predicate
        for name in place.split("."):  # None where there is no such place
            certified = certified.get(name) if isinstance(certified, dict) else None
        if certified != said:
            faults.append(f"registry {place}: it says {said!r}, and the certificate {certified!r}")
    return faults
