"""DSSE envelopes (Dead Simple Signing Envelope 1.0): a payload, its type, and signatures over both.

What is signed is PAE = "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload. An envelope is written as canonical JSON,
without an end of line, so that one content is one file, and the sha256 of the file names it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib import dsse
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

from unlearning.canonical import NotCanonicalError, canonical, read
from unlearning.certificates.findings import Finding
from unlearning.certificates.keys import key_id

PAYLOAD_TYPE = "application/vnd.in-toto+json"
FIELDS, SIGNATURE_FIELDS = {"payload", "payloadType", "signatures"}, {"keyid", "sig"}


@dataclass(frozen=True)
class Opened:
    """An envelope taken apart; nothing of it is verified.

    Args:
        payload: what was signed.
        signatures: pairs of key id and signature.
    """

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]


def sign(payload: bytes, private_key: Ed25519PrivateKey) -> bytes:
    """The file of an envelope with one signature."""
    public_key = private_key.public_key()
    envelope = dsse.Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(private_key, SSlibKey.from_crypto(public_key, key_id(public_key))))
    return canonical(envelope.to_dict())


def digest(envelope: bytes) -> str:
    """The name of an envelope: sha256 of its file, in hex digits."""
    return hashlib.sha256(envelope).hexdigest()


class _EnvelopeError(ValueError):
    """An envelope that cannot be opened; the message says why."""


def take_apart(envelope: bytes) -> tuple[Opened | None, list[Finding]]:
    """The parts of an envelope, or what keeps it from being one."""
    try:
        return _opened(read(envelope)), []
    except (NotCanonicalError, _EnvelopeError) as error:
        return None, [Finding("envelope", "envelope", str(error))]


def _opened(content: object) -> Opened:
    _expect(content, FIELDS, "the envelope")
    if content["payloadType"] != PAYLOAD_TYPE:
        raise _EnvelopeError(f"payloadType is {content['payloadType']!r} instead of {PAYLOAD_TYPE!r}")
    if not isinstance(content["signatures"], list) or not content["signatures"]:
        raise _EnvelopeError("there is no signature")
    for signature in content["signatures"]:
        _expect(signature, SIGNATURE_FIELDS, "a signature")
    names = [each["keyid"] for each in content["signatures"]]
    if not all(isinstance(name, str) for name in names):
        raise _EnvelopeError("keyid is no text")
    if names != sorted(set(names)):  # the same statement would be another file, and so another certificate
        raise _EnvelopeError("there is more than one signature of a key, or they are not in the order of the keys' names")
    pairs = tuple((name, _decoded(each["sig"], "sig")) for name, each in zip(names, content["signatures"], strict=True))
    return Opened(_decoded(content["payload"], "payload"), pairs)


def _expect(content: object, fields: set[str], what: str) -> None:
    if not isinstance(content, dict):
        raise _EnvelopeError(f"{what} is no object")
    missing, strange = sorted(fields - content.keys()), sorted(content.keys() - fields)
    if missing:
        raise _EnvelopeError(f"{what} has no field {missing[0]!r}{f', but {strange[0]!r}' if strange else ''}")
    if strange:
        raise _EnvelopeError(f"{what} has the unknown field {strange[0]!r}")


def _decoded(text: object, field: str) -> bytes:
    """Base64 in its only form: the bits that are left over in its last character are 0."""
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise _EnvelopeError(f"{field} is not base64 as it was written")
    return data


def signature_findings(opened: Opened, public_keys: Sequence[Ed25519PublicKey]) -> list[Finding]:
    """What is wrong with the signatures: each must be made by a key that was given, and name it."""
    known = [SSlibKey.from_crypto(public_key, key_id(public_key)) for public_key in public_keys]
    findings = [_judge(opened, name, signature, known) for name, signature in opened.signatures]
    return [finding for finding in findings if finding]


def _judge(opened: Opened, name: str, signature: bytes, known: list[SSlibKey]) -> Finding | None:
    signers = [key.keyid for key in known if _signed(opened.payload, signature, key)]
    given = ", ".join(key.keyid for key in known) or "none"
    if name in signers:
        return None
    if signers:
        return Finding("key", "keyid", f"it names the key {name}, but {signers[0]} signed")
    if name not in [key.keyid for key in known]:
        return Finding("key", "signature", f"it names the unknown key {name}, and no key that was given signed; given: {given}")
    return Finding("signature", "signature", f"it does not fit the payload; the key {name} did not sign both")


def _signed(payload: bytes, signature: bytes, key: SSlibKey) -> bool:
    envelope = dsse.Envelope(payload, PAYLOAD_TYPE, {})
    try:
        key.verify_signature(Signature(key.keyid, signature.hex()), envelope.pae())
    except UnverifiedSignatureError:
        return False
    return True
