"""The certificate as an in-toto Statement v1: its subjects are the files of a version, its predicate is what was done to it.

``certificate.schema.json`` describes it field by field. No person, no picture's name and no sample id is in it: samples are
behind a Merkle root of keyed ids (see ``samples``), and the forget rule is told only where it names no one. What a certificate
proves, and what it does not, stands in it in sentences.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from unlearning.canonical import canonical, exact, moment
from unlearning.certificates.payload import PREDICATE_TYPE, STATEMENT_TYPE, with_hashes
from unlearning.certificates.samples import SHA256, forget_root, keyed_manifest
from unlearning.errors import InputError
from unlearning.evaluation.gates import Decision
from unlearning.finding import Finding

WITHHELD = "withheld: it names people or files"
SPEAKS_OF_NOBODY = re.compile(
    r"(?:label:)?-?[\d.]{1,19}--?[\d.]{1,19}|group:\d|gender:\w+|race:\w+|random:[\d.]+(?:@\d+)?|hardest:\d+"
)
PICTURE_NAME = re.compile(r"\d{1,3}_\d_\d_\d{6,}")
PROVES = (
    "Whoever holds the signing key stated what stands here, and not one byte of it was changed since.",
    "The files listed are the files of this version, by content and by name.",
    "The samples behind the Merkle root are those that were named to be forgotten; each can be shown to be one of them without "
    "telling who the others are.",
    "The numbers are what was measured on this version, with these intervals, and the gates were decided on them as listed.",
    "The earlier certificates are the ones listed, unchanged and in this order.",
)
APPROXIMATE = (
    "That the model is the one that would have come out had the samples never been there: the method is approximate, and the "
    "numbers say how close it came by these measures only."
)
EXACT = (
    "That the computation was carried out as it is recorded: if it was, nothing of the samples is left in this model, but a "
    "document cannot show that it was."
)
DOES_NOT_PROVE = (
    "That nothing is left elsewhere: backups, caches, downloads, earlier versions and models made from them may hold the "
    "samples or what was learned from them.",
    "That attacks other than those measured would fail.",
    "That what was signed is true: a signature shows who said it and that it was not changed.",
    "That the times are right: they are those of the signer's clock.",
)
FIRST_WEIGHTS = (
    "That {} had learned nothing of the samples: training began with them, and whatever they hold of the samples is in this "
    "model, and in what it is measured against."
)
LOST = "What the earlier certificate with the sha256 {} stated: it, or one that it names, is gone, so it is not listed."


@dataclass(frozen=True)
class ModelVersion:
    """A version of a registered model, and the digest of its weights."""

    name: str
    version: str
    weights_digest: str


@dataclass(frozen=True)
class Measured:
    """A metric of the version.

    Args:
        value: not a number where it could not be measured.
        low, high: the interval; None where there is none.
        unit: ``years``, ``seconds`` or empty.
        verdict: what the audit says of it; empty where it says nothing.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Certificate:
    """The plain facts that are certified.

    Args:
        files: sha256 of each of its files, by name.
        parent: the version that it was made from.
        settings: of the method, by name.
        approximate: whether the method promises less than retraining.
        rule: the forget rule as it was asked for; it is withheld where it names people or files.
        forget_sha256: of the forget manifest; written keyed.
        samples: ids of all samples in the forget manifest; not written.
        forced: whether somebody promoted it although a gate failed.
        times: by what happened then (``unlearned``, ``decided``, ``issued``), with time zone.
        earlier: sha256 of the envelopes of all earlier certificates of this line, oldest first.
        lost: sha256 of those that are gone, or name one that is; nothing can be said of them any more.
        level: confidence of the metrics' intervals.
        first_weights: what training began with, by name and digest; empty for weights drawn from a seed.
        finding: what was found out about the version, and by which reference.
        target: what the version predicts; empty for the age.
    """

    model: ModelVersion
    files: dict[str, str]
    parent: ModelVersion
    method: str
    settings: dict[str, object]
    approximate: bool
    rule: str
    forget_sha256: str
    samples: tuple[str, ...]
    data_digest: str
    code_version: str
    metrics: tuple[Measured, ...]
    decisions: tuple[Decision, ...]
    forced: bool
    times: dict[str, datetime]
    earlier: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    level: float = 0.95
    first_weights: str = ""
    finding: Finding | None = None
    target: str = ""


def statement_bytes(certificate: Certificate, secret: bytes, private: Iterable[str] = ()) -> bytes:
    """The statement to sign, as canonical JSON.

    Args:
        secret: of the forget set (``samples.secret_of``).
        private: words that must not be told: names, file names.

    Raises:
        InputError: nothing to forget, no file, a file without a digest, or something private among the facts.
    """
    if not certificate.samples:
        raise InputError("the forget set is empty: there is nothing to certify")
    if not certificate.files:
        raise InputError("the version has no files: there is nothing to certify")
    for name, digest in certificate.files.items():
        if not SHA256.fullmatch(digest):
            raise InputError(f"the file {name} of the version has no sha256 ({digest}): only regular files can be certified")
    data = canonical(statement(certificate, secret))
    _refuse_private(data.decode(), [*certificate.samples, *private])
    return data


def statement(certificate: Certificate, secret: bytes) -> dict[str, Any]:
    """The statement as a dictionary, with the hashes of its sections."""
    files = sorted(certificate.files.items())
    settings = {name: setting(value) for name, value in certificate.settings.items()}
    predicate = {
        "model": vars(certificate.model),
        "parent": vars(certificate.parent),
        "method": {"name": certificate.method, "approximate": certificate.approximate, "settings": settings},
        "forget_set": {
            "rule": public_rule(certificate.rule),
            "count": str(len(set(certificate.samples))),
            "manifest_hmac_sha256": keyed_manifest(secret, certificate.forget_sha256),
            "merkle_root": forget_root(secret, certificate.samples),
        },
        "data_digest": certificate.data_digest,
        "code_version": certificate.code_version,
        "metrics": [_measured(each) for each in certificate.metrics],
        "interval_level": exact(certificate.level),
        "gates": {
            "decision": decision(certificate.decisions, certificate.forced),
            "decided": [_decided(each) for each in certificate.decisions],
        },
        "times": {name: moment(time) for name, time in certificate.times.items()},
        **({"finding": _found(certificate.finding)} if certificate.finding else {}),
        **({"target": certificate.target} if certificate.target else {}),
        "earlier": list(certificate.earlier),
        "proves": list(PROVES),
        "does_not_prove": list(limits(certificate.approximate, certificate.first_weights, certificate.lost)),
    }
    return with_hashes(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in files],
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        }
    )


def setting(value: object) -> str:
    """A method's setting as text: numbers exactly, everything else as Python prints it."""
    return exact(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def public_rule(rule: str) -> str:
    """The rule where it speaks of ages, groups and numbers only; otherwise that it is withheld."""
    atoms = [atom for atom in re.split(r"[\s&|!()]+", rule) if atom]
    return rule if atoms and all(SPEAKS_OF_NOBODY.fullmatch(atom) for atom in atoms) else WITHHELD


def _found(finding: Finding) -> dict[str, Any]:
    left = {"memory_left": finding.left, "low": finding.low, "high": finding.high}
    known = {name: exact(number if math.isfinite(number) else math.nan) for name, number in left.items()}
    return {"verdict": finding.verdict, "reference": finding.reference, "sentence": finding.sentence} | known


def _measured(measured: Measured) -> dict[str, Any]:
    numbers = {"value": measured.value, "low": measured.low, "high": measured.high}
    exactly = {name: None if number is None else exact(number) for name, number in numbers.items()}
    return vars(measured) | exactly


def _decided(decided: Decision) -> dict[str, Any]:
    value, bound = exact(decided.value), exact(decided.bound)
    return {"gate": str(decided.gate), "value": value, "bound": bound, "passed": decided.passed}


def decision(decisions: tuple[Decision, ...], forced: bool) -> str:
    """``passed``, ``forced``, ``failed``, or ``none`` without gates."""
    if not decisions:
        return "none"
    if all(each.passed for each in decisions):
        return "passed"
    return "forced" if forced else "failed"


def limits(approximate: bool, first_weights: str = "", lost: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What is not proved, first of all by the method.

    Args:
        first_weights: what training began with, unless with nothing.
        lost: sha256 of earlier certificates that nothing can be said of.
    """
    begun = (FIRST_WEIGHTS.format(first_weights),) if first_weights else ()
    return (APPROXIMATE if approximate else EXACT, *begun, *map(LOST.format, lost), *DOES_NOT_PROVE)


def _refuse_private(text: str, private: list[str]) -> None:
    """The message does not repeat what it is about."""
    told = [word for word in private if word and word in text]
    if told or PICTURE_NAME.search(text):
        what = f"{len(told)} of the ids or names that must not be told" if told else "the name of a picture"
        raise InputError(f"the certificate would contain {what}; look into the model's name, file names, settings and rule")
