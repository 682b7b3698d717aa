"""Artifacts that name people, under a key: whoever reads the store sees that they are there, and who holds the key reads them.

A key that encrypts = HKDF-SHA256(private signing key), so that nothing more has to be kept than that one; AES-256-GCM with a
random nonce, and the place of the artifact as associated data, so that a sealed file is whole, and stands where it belongs, or
is not opened at all. Opened, it is the same bytes as before, so digests and certificates made from them go on to hold.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

PURPOSE = b"age-unlearning sealed artifacts v1"
NONCE_BYTES = 12


def seal(private_key: Ed25519PrivateKey, content: bytes, place: str) -> bytes:
    """What to store instead of ``content`` at a place: a nonce, and the content encrypted."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(private_key).encrypt(nonce, content, place.encode())


def unseal(private_key: Ed25519PrivateKey, sealed: bytes, place: str) -> bytes | None:
    """The content; None when it was sealed with another key or for another place, or is not whole."""
    try:
        return _cipher(private_key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):  # too short for a nonce, or for a tag
        return None


def _cipher(private_key: Ed25519PrivateKey) -> AESGCM:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return AESGCM(derivation.derive(private_key.private_bytes_raw()))
