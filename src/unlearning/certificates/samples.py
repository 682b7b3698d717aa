"""Who was forgotten, behind a key: it can be proved of each sample, and cannot be guessed of any.

A sample id is the hash of a picture, so whoever has the picture has the id, and hashes of ids without a key would tell
everybody who has a picture whether it was forgotten. Hence three steps, all of HMAC-SHA256 and sha256:

* the *secret* of a forget set = HKDF-SHA256(private key; info = label and hash of the forget manifest). A secret that is shown
  to an auditor opens this forget set only, and never leads to the key;
* the *keyed id* of a sample = HMAC(secret, id); only the holder of the sample gets it;
* the *leaf* of a sample = sha256(0x00 || keyed id || id): with the keyed id it opens to this one id and no other; without, it
  says nothing. Leaves stand in the order of the keyed ids, which says nothing about the ids either.

The *proof* for the holder of a sample is its keyed id and the path from its leaf to the Merkle root. It tells nothing of the
others but how many there are, about.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unlearning.canonical import NotCanonicalError, canonical, read
from unlearning.certificates import merkle
from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import derived
from unlearning.errors import InputError

PURPOSE = b"age-unlearning sample ids v1\0"
SAMPLE, MANIFEST = b"sample\0", b"forget manifest\0"
PROOF_TYPE = "https://age-unlearning.example/proof-of-membership/v1"
PROOF_FIELDS = {"type", "certificate", "keyed_id", "path"}
SHA256 = re.compile(r"[0-9a-f]{64}")


def secret_of(private_key: Ed25519PrivateKey, forget_sha256: str) -> bytes:
    """The secret of a forget set, 32 bytes."""
    return derived(private_key, PURPOSE + forget_sha256.encode())


def picture_id(data: bytes) -> str:
    """The sample id of a picture's file: the first 32 hex digits of its sha256, as the data manifest holds it."""
    return hashlib.sha256(data).hexdigest()[:32]


def keyed_id(secret: bytes, sample: str) -> bytes:
    """HMAC-SHA256 of a sample id: what the holder of the sample is given."""
    return hmac.digest(secret, SAMPLE + sample.encode(), "sha256")


def keyed_manifest(secret: bytes, forget_sha256: str) -> str:
    """HMAC-SHA256 of the hash of a forget manifest, in hex digits: the plain hash of a set of one picture would tell which."""
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


def prove(envelope: bytes, predicate: dict[str, Any], secret: bytes, samples: Iterable[str], sample: str) -> bytes:
    """The proof that one of ``samples``, all ids of a certified forget set, is in it, as canonical JSON.

    Raises:
        InputError: the sample is not in the set, or the set is not the certified one.
    """
    tree = leaves(secret, samples)
    if sample not in tree:
        raise InputError("this sample is not in the forget set of the certificate: there is nothing to prove")
    if merkle.root(list(tree.values())).hex() != predicate["forget_set"]["merkle_root"]:
        raise InputError("the ids and the key do not give the Merkle root of the certificate: they belong to another one")
    steps = merkle.path(list(tree.values()), list(tree).index(sample))
    path = [{"side": side, "sha256": other.hex()} for side, other in steps]
    keyed = keyed_id(secret, sample).hex()
    return canonical({"type": PROOF_TYPE, "certificate": digest(envelope), "keyed_id": keyed, "path": path})


def check_proof(proof: bytes, sample: str, envelope: bytes, predicate: dict[str, Any]) -> list[str]:
    """What keeps a proof from showing that the sample is in the forget set; nothing when it does."""
    try:
        content = read(proof)
    except NotCanonicalError as error:
        return [f"proof: {error}"]
    if not isinstance(content, dict) or content.keys() != PROOF_FIELDS or content["type"] != PROOF_TYPE:
        return ["proof: it is no proof of membership"]
    if not isinstance(content["path"], list) or not all(_is_step(step) for step in content["path"]):
        return ["proof: its path is not made of sides and hashes"]
    if not _is_hash(content["keyed_id"]):
        return ["proof: its keyed id is not 64 hex digits"]
    if content["certificate"] != digest(envelope):
        return [f"proof: it is for another certificate, with the sha256 {content['certificate']}"]
    start = sample_leaf(bytes.fromhex(content["keyed_id"]), sample)
    steps = tuple((step["side"], bytes.fromhex(step["sha256"])) for step in content["path"])
    if merkle.climb(start, steps).hex() == predicate["forget_set"]["merkle_root"]:
        return []
    return ["proof: it does not lead from this sample to the Merkle root: the sample is another one, or the proof was changed"]


def check_opened(secret: bytes, forget_sha256: str, samples: Iterable[str], predicate: dict[str, Any]) -> list[str]:
    """For an auditor who is shown the secret of a forget set: what of its manifest is not what was certified."""
    shown = {"manifest_hmac_sha256": keyed_manifest(secret, forget_sha256), "merkle_root": forget_root(secret, samples)}
    wrong = [name for name, value in shown.items() if predicate["forget_set"][name] != value]
    return [f"forget_set.{name}: the forget manifest does not give it" for name in wrong]


def _is_step(step: object) -> bool:
    if not isinstance(step, dict) or step.keys() != {"side", "sha256"}:
        return False
    return step["side"] in (merkle.LEFT, merkle.RIGHT) and _is_hash(step["sha256"])


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and bool(SHA256.fullmatch(text))
