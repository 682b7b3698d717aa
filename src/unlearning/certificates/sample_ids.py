"""Sample ids under a key: who was forgotten can be proved, and cannot be guessed.

A sample id is the hash of a picture, so whoever has the picture has the id, and hashes of ids without a key would tell
everybody who has a picture whether it was forgotten. Hence three steps, all of HMAC-SHA256 and sha256:

* the *secret* of a forget set = HKDF-SHA256(private key; info = label and hash of the forget manifest). Nothing more has to be
  stored than the signing key, and a secret that is shown to an auditor opens this forget set only, and never leads to the key;
* the *keyed id* of a sample = HMAC(secret, id); only the holder of the sample gets it;
* the *leaf* of a sample = sha256(0x00 || keyed id || id): with the keyed id it opens to this one id and no other; without, it
  says nothing. Leaves stand in the order of the keyed ids, which says nothing about the ids either.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unlearning.certificates import merkle

PURPOSE = b"age-unlearning sample ids v1\0"
SAMPLE, MANIFEST = b"sample\0", b"forget manifest\0"


def secret_of(private_key: Ed25519PrivateKey, forget_sha256: str) -> bytes:
    """The secret of a forget set, 32 bytes."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE + forget_sha256.encode())
    return derivation.derive(private_key.private_bytes_raw())


def picture_id(data: bytes) -> str:
    """The sample id of a picture's file: the first 32 hex digits of its sha256, as the data manifest holds it."""
    return hashlib.sha256(data).hexdigest()[:32]


def keyed_id(secret: bytes, sample: str) -> bytes:
    """HMAC-SHA256 of a sample id: what the holder of the sample is given."""
    return hmac.digest(secret, SAMPLE + sample.encode(), "sha256")


def keyed_manifest(secret: bytes, forget_sha256: str) -> str:
    """HMAC-SHA256 of the hash of a forget manifest, in hex digits: that of a set of one picture would give it away."""
    return hmac.digest(secret, MANIFEST + forget_sha256.encode(), "sha256").hex()


def sample_leaf(keyed: bytes, sample: str) -> bytes:
    """The leaf that a keyed id opens to a sample id."""
    return merkle.leaf(keyed + sample.encode())


def leaves(secret: bytes, samples: Iterable[str]) -> dict[str, bytes]:
    """The leaf of every sample id, in the order of the tree."""
    keyed = sorted((keyed_id(secret, sample), sample) for sample in set(samples))
    return {sample: sample_leaf(key, sample) for key, sample in keyed}


def forget_root(secret: bytes, samples: Iterable[str]) -> str:
    """The Merkle root of a forget set, in hex digits."""
    return merkle.root(list(leaves(secret, samples).values())).hex()
