"""DSSE envelopes (Dead Simple Signing Envelope 1.0): a payload, its type, and signatures over both.

What is signed is PAE = "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload. An envelope is written as canonical JSON,
without an end of line, so that one content is one file, and the sha256 of the file names it.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey  # type: ignore[attr-defined] # its names, without __all__

from unlearning.canonical import NotCanonicalError, canonical, read
from unlearning.certificates.keys import key_id

PAYLOAD_TYPE = "application/vnd.in-toto+json"
FIELDS, SIGNATURE_FIELDS = {"payload", "payloadType", "signatures"}, {"keyid", "sig"}


class NotAnEnvelopeError(ValueError):
    """A file that is no envelope; the message says why."""


@dataclass(frozen=True)
class SignedPayload:
    """What an envelope holds; nothing of it is verified.

    Args:
        payload: what was signed.
        signatures: pairs of key id and signature.
    """

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]


def sign(payload: bytes, private_key: Ed25519PrivateKey) -> bytes:
    """The file of an envelope with one signature."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(private_key, _named(private_key.public_key())))
    return canonical(envelope.to_dict())


def digest(envelope: bytes) -> str:
    """The name of an envelope: sha256 of its file, in hex digits."""
    return hashlib.sha256(envelope).hexdigest()


def open_envelope(envelope: bytes) -> SignedPayload:
    """The payload and the signatures of an envelope's file.

    Raises:
        NotAnEnvelopeError: it is written in another way than ``sign`` writes it.
    """
    try:
        content = _with_fields(read(envelope), FIELDS, "the envelope")
        if content["payloadType"] != PAYLOAD_TYPE:
            raise NotAnEnvelopeError(f"envelope: payloadType is {content['payloadType']!r} instead of {PAYLOAD_TYPE!r}")
        if not isinstance(content["signatures"], list) or not content["signatures"]:
            raise NotAnEnvelopeError("envelope: there is no signature")
        signatures = [_with_fields(one, SIGNATURE_FIELDS, "a signature") for one in content["signatures"]]
        names = [one["keyid"] for one in signatures]
        if not all(isinstance(name, str) for name in names):
            raise NotAnEnvelopeError("envelope: keyid is no text")
        if names != sorted(set(names)):  # the same statement would be another file, and so another certificate
            raise NotAnEnvelopeError(
                "envelope: there is more than one signature of a key, or they are not in the order of the keys' names"
            )
        pairs = tuple((one["keyid"], _from_base64(one["sig"], "sig")) for one in signatures)
        return SignedPayload(_from_base64(content["payload"], "payload"), pairs)
    except NotCanonicalError as error:
        raise NotAnEnvelopeError(f"envelope: {error}") from error


def _with_fields(content: object, fields: set[str], what: str) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise NotAnEnvelopeError(f"envelope: {what} is no object")
    missing, strange = sorted(fields - content.keys()), sorted(content.keys() - fields)
    if missing:
        raise NotAnEnvelopeError(f"envelope: {what} has no field {missing[0]!r}" + (f", but {strange[0]!r}" if strange else ""))
    if strange:
        raise NotAnEnvelopeError(f"envelope: {what} has the unknown field {strange[0]!r}")
    return content


def _from_base64(text: object, field: str) -> bytes:
    """Base64 in its only form: the bits that are left over in its last character are 0."""
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise NotAnEnvelopeError(f"envelope: {field} is not base64 as it was written")
    return data


def check_signatures(signed: SignedPayload, public_keys: Sequence[Ed25519PublicKey]) -> list[str]:
    """What is wrong with the signatures: each must be made by a key that was given, and name it."""
    keys = [_named(public_key) for public_key in public_keys]
    sentences = [_check_signature(signed.payload, name, signature, keys) for name, signature in signed.signatures]
    return [sentence for sentence in sentences if sentence]


def _check_signature(payload: bytes, name: str, signature: bytes, keys: list[SSlibKey]) -> str:
    given, signers = [key.keyid for key in keys], [key.keyid for key in keys if _signed(payload, signature, key)]
    if name in signers:
        return ""
    if signers:
        return f"keyid: it names the key {name}, but {signers[0]} signed"
    if name in given:
        return f"signature: it does not fit the payload; the key {name} did not sign both"
    known = ", ".join(given) or "none"
    return f"signature: it names the unknown key {name}, and no key that was given signed; given: {known}"


def _signed(payload: bytes, signature: bytes, key: SSlibKey) -> bool:
    try:
        key.verify_signature(Signature(key.keyid, signature.hex()), Envelope(payload, PAYLOAD_TYPE, {}).pae())
    except UnverifiedSignatureError:
        return False
    return True


def _named(public_key: Ed25519PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(public_key, key_id(public_key))
