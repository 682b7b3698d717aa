"""The certificate as an in-toto Statement v1: its subjects are the files of a version, its predicate is what was done to it.

``certificate.schema.json`` describes it field by field. No person, no picture's name and no sample id is in it: samples are
behind a Merkle root of keyed ids (see ``sample_ids``), and the forget rule is told only where it names no one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from unlearning.canonical import canonical, exact
from unlearning.certificates import sections
from unlearning.certificates.claims import PROVES, limits
from unlearning.certificates.sample_ids import forget_root, keyed_manifest
from unlearning.errors import InputError
from unlearning.evaluation.gates import Decision

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://age-unlearning.example/certificate-of-forgetting/v1"
WITHHELD = "withheld: it names people or files"
SPEAKS_OF_NOBODY = re.compile(r"\d{1,3}-\d{1,3}|group:\d|gender:\w+|race:\w+|random:[\d.]+(?:@\d+)?|hardest:\d+")
PICTURE_NAME = re.compile(r"\d{1,3}_\d_\d_\d{6,}")
SHA256 = re.compile(r"[0-9a-f]{64}")


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
        metric: its name.
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
        model: the version.
        files: sha256 of each of its files, by name.
        parent: the version that it was made from.
        method: its name.
        settings: of the method, by name.
        approximate: whether the method promises less than retraining.
        rule: the forget rule as it was asked for; it is withheld where it names people or files.
        forget_sha256: of the forget manifest; written keyed.
        samples: ids of all samples in the forget manifest; not written.
        data_digest: of the data.
        code_version: of the code that unlearned.
        metrics: of the version.
        decisions: of the gates.
        forced: whether somebody promoted it although a gate failed.
        times: by what happened then (``unlearned``, ``decided``, ``issued``), with time zone.
        earlier: sha256 of the envelopes of all earlier certificates of this line, oldest first.
        level: confidence of the metrics' intervals.
        first_weights: what training began with, by name and digest; empty for weights drawn from a seed.
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
    level: float = 0.95
    first_weights: str = ""


def statement_bytes(certificate: Certificate, secret: bytes, private: Iterable[str] = ()) -> bytes:
    """The statement to sign, as canonical JSON.

    Args:
        certificate: the facts.
        secret: of the forget set (``sample_ids.secret_of``).
        private: words that must not be told: names, file names.

    Raises:
        InputError: nothing to forget, no file, a file without a digest, or something private among the facts.
    """
    _check(certificate)
    data = canonical(statement(certificate, secret))
    _refuse_private(data.decode(), [*certificate.samples, *private])
    return data


def statement(certificate: Certificate, secret: bytes) -> dict:
    """The statement as a dictionary, sealed by sections."""
    files = sorted(certificate.files.items())
    return sections.seal(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in files],
            "predicateType": PREDICATE_TYPE,
            "predicate": _predicate(certificate, secret),
        }
    )


def _predicate(certificate: Certificate, secret: bytes) -> dict:
    return {
        "model": _version(certificate.model),
        "parent": _version(certificate.parent),
        "method": _method(certificate),
        "forget_set": _forget_set(certificate, secret),
        "data_digest": certificate.data_digest,
        "code_version": certificate.code_version,
        "metrics": [_measured(each) for each in certificate.metrics],
        "interval_level": exact(certificate.level),
        "gates": _gates(certificate.decisions, certificate.forced),
        "times": {name: _time(moment) for name, moment in certificate.times.items()},
        "earlier": list(certificate.earlier),
        "proves": list(PROVES),
        "does_not_prove": list(limits(certificate.approximate, certificate.first_weights)),
    }


def _version(version: ModelVersion) -> dict:
    return {"name": version.name, "version": version.version, "weights_digest": version.weights_digest}


def _method(certificate: Certificate) -> dict:
    settings = {name: setting(value) for name, value in certificate.settings.items()}
    return {"name": certificate.method, "approximate": certificate.approximate, "settings": settings}


def setting(value: object) -> str:
    """A method's setting as text: numbers exactly, everything else as Python prints it."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return exact(value) if plain else str(value)


def _forget_set(certificate: Certificate, secret: bytes) -> dict:
    return {
        "rule": public_rule(certificate.rule),
        "count": str(len(set(certificate.samples))),
        "manifest_hmac_sha256": keyed_manifest(secret, certificate.forget_sha256),
        "merkle_root": forget_root(secret, certificate.samples),
    }


def public_rule(rule: str) -> str:
    """The rule where it speaks of ages, groups and numbers only; otherwise that it is withheld."""
    atoms = [atom for atom in re.split(r"[\s&|!()]+", rule) if atom]
    return rule if atoms and all(SPEAKS_OF_NOBODY.fullmatch(atom) for atom in atoms) else WITHHELD


def _measured(measured: Measured) -> dict:
    low, high = (None if bound is None else exact(bound) for bound in (measured.low, measured.high))
    own = {"metric": measured.metric, "value": exact(measured.value), "low": low, "high": high}
    return own | {"unit": measured.unit, "verdict": measured.verdict}


def _gates(decisions: tuple[Decision, ...], forced: bool) -> dict:
    decided = [
        {"gate": str(each.gate), "value": exact(each.value), "bound": exact(each.bound), "passed": each.passed}
        for each in decisions
    ]
    return {"decision": decision(decisions, forced), "decided": decided}


def decision(decisions: tuple[Decision, ...], forced: bool) -> str:
    """``passed``, ``forced``, ``failed``, or ``none`` without gates."""
    if not decisions:
        return "none"
    return "passed" if all(each.passed for each in decisions) else "forced" if forced else "failed"


def _time(moment: datetime) -> str:
    """In UTC, to the second, as RFC 3339 writes it."""
    if moment.tzinfo is None:
        raise ValueError(f"the time {moment} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(certificate: Certificate) -> None:
    if not certificate.samples:
        raise InputError("the forget set is empty: there is nothing to certify")
    if not certificate.files:
        raise InputError("the version has no files: there is nothing to certify")
    for name, digest in certificate.files.items():
        if not SHA256.fullmatch(digest):
            raise InputError(f"the file {name} of the version has no sha256 ({digest}): only regular files can be certified")


def _refuse_private(text: str, private: list[str]) -> None:
    """The message does not repeat what it is about."""
    told = [word for word in private if word and word in text]
    if told or PICTURE_NAME.search(text):
        what = "the name of a picture" if not told else f"{len(told)} of the ids or names that must not be told"
        raise InputError(f"the certificate would contain {what}; look into the model's name, file names, settings and rule")
