"""Verification of a certificate: signature, files, registry, earlier certificates, a sample's proof; every fault is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from unlearning.canonical import NotCanonicalError, read
from unlearning.certificates import sections, shape
from unlearning.certificates.envelope import digest, signature_findings, take_apart
from unlearning.certificates.findings import Finding
from unlearning.certificates.proofs import check_proof
from unlearning.certificates.statement import PREDICATE_TYPE, STATEMENT_TYPE
from unlearning.certificates.subjects import differences

MISFIT = "it does not hold what a certificate holds there"


@dataclass(frozen=True)
class Evidence:
    """What there is to compare a certificate with; what is None is not checked, and that is said.

    Args:
        files: sha256 of the version's files, by name (``subjects.digests``).
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
    """What a verification found.

    Args:
        findings: everything that is wrong.
        checked: what was compared and is right, in sentences.
        unchecked: what could not be compared, and why.
    """

    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    unchecked: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with what was checked."""
        return not self.findings

    def __str__(self) -> str:
        lines = [f"WRONG {finding}" for finding in self.findings]
        lines += [f"ok {sentence}" for sentence in self.checked]
        return "\n".join([*lines, *(f"not checked {sentence}" for sentence in self.unchecked)])


def open_certificate(envelope: bytes, public_keys: Sequence[Ed25519PublicKey]) -> tuple[dict | None, list[Finding]]:
    """The statement of a certificate that was signed by one of the keys, or everything that keeps it from being one."""
    opened, findings = take_apart(envelope)
    if opened is None:
        return None, findings
    findings = signature_findings(opened, public_keys)
    if findings:
        return None, findings + payload_findings(opened.payload)
    findings = payload_findings(opened.payload)
    return (None, findings) if findings else (read(opened.payload), [])


def payload_findings(payload: bytes) -> list[Finding]:
    """Where a payload is not as it was sealed."""
    try:
        content = read(payload)
    except NotCanonicalError as error:
        return [Finding("payload", "payload", str(error))]
    changed = [
        Finding("payload", f"payload {name}", "it was changed: its sealed hash is another")
        for name in sections.changed(content)
    ]
    if changed:
        return changed
    known = content.get("_type") == STATEMENT_TYPE and content.get("predicateType") == PREDICATE_TYPE
    if not known or not shape.is_whole(content):
        return [Finding("type", "payload", "it is no certificate of forgetting of this kind")]
    return [Finding("type", f"payload {name}", MISFIT) for name in shape.misfits(content)]


def verify(envelope: bytes, public_keys: Sequence[Ed25519PublicKey], evidence: Evidence = Evidence()) -> Verdict:
    """Check a certificate against everything that is at hand."""
    statement, findings = open_certificate(envelope, public_keys)
    if statement is None:
        return Verdict(
            tuple(findings), (), ("files, earlier certificates, registry and proof: the certificate itself is wrong",)
        )
    parts = [
        ("signature", []),
        ("files", _files(statement, evidence)),
        ("earlier certificates", _chain(statement, public_keys, evidence)),
        ("registry", _registry(statement, evidence)),
        ("proof", _proof(statement, envelope, evidence)),
    ]
    wrong = [finding for _, found in parts for finding in found or []]
    checked = [name for name, found in parts if found == []]
    return Verdict(tuple(wrong), tuple(checked), tuple(name for name, found in parts if found is None))


def _files(statement: dict, evidence: Evidence) -> list[Finding] | None:
    """Faults, or None where nothing was given to compare with; so do the next ones."""
    expected = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    return None if evidence.files is None else differences(expected, evidence.files)


def _chain(statement: dict, public_keys: Sequence[Ed25519PublicKey], evidence: Evidence) -> list[Finding] | None:
    expected = statement["predicate"]["earlier"]
    if evidence.earlier is None and expected:
        return None
    given = {digest(envelope): envelope for envelope in evidence.earlier or ()}
    findings = [
        finding
        for number, name in enumerate(expected, 1)
        for finding in _link(number, expected[: number - 1], name, given.get(name), public_keys)
    ]
    strangers = [name for name in given if name not in expected]
    return findings + [
        Finding("chain", f"earlier certificate {name}", "it is none of this line, or was changed") for name in strangers
    ]


def _link(
    number: int, before: list[str], name: str, envelope: bytes | None, public_keys: Sequence[Ed25519PublicKey]
) -> list[Finding]:
    """What is wrong with one earlier certificate."""
    where = f"earlier certificate {number}"
    if envelope is None:
        return [Finding("chain", where, f"the chain is broken: none with the sha256 {name} was given")]
    statement, findings = open_certificate(envelope, public_keys)
    if statement is None:
        return [Finding("chain", where, str(finding)) for finding in findings]
    if statement["predicate"]["earlier"] != before:
        return [Finding("chain", where, "the chain is broken: it names other certificates before it")]
    return []


def _registry(statement: dict, evidence: Evidence) -> list[Finding] | None:
    if evidence.facts is None:
        return None
    told = {place: _at(statement["predicate"], place) for place in evidence.facts}
    return [
        Finding("registry", f"registry {place}", f"it says {said!r}, and the certificate {told[place]!r}")
        for place, said in evidence.facts.items()
        if said != told[place]
    ]


def _at(content: object, place: str) -> object:
    """What stands at a place such as ``model.version``; None where there is no such place."""
    for name in place.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _proof(statement: dict, envelope: bytes, evidence: Evidence) -> list[Finding] | None:
    if evidence.proof is None:
        return None
    return check_proof(evidence.proof, evidence.sample, envelope, statement["predicate"])
