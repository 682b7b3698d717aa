"""The proof that one sample is in a certified forget set; it tells nothing of the others but how many there are, about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from unlearning.canonical import NotCanonicalError, canonical, read
from unlearning.certificates import merkle
from unlearning.certificates.envelope import digest
from unlearning.certificates.findings import Finding
from unlearning.certificates.sample_ids import forget_root, keyed_id, keyed_manifest, leaves, sample_leaf
from unlearning.errors import InputError

PROOF_TYPE = "https://age-unlearning.example/proof-of-membership/v1"
FIELDS = {"type", "certificate", "keyed_id", "path"}
SHA256 = re.compile(r"[0-9a-f]{64}")


def prove(envelope: bytes, predicate: dict, secret: bytes, samples: Iterable[str], sample: str) -> bytes:
    """The proof for the holder of a sample, as canonical JSON: the keyed id and the path to the root.

    Args:
        envelope: of the certificate.
        predicate: of the certificate.
        secret: of the forget set.
        samples: all ids of the forget manifest.
        sample: the id that is proved.

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
    own = {"type": PROOF_TYPE, "certificate": digest(envelope), "keyed_id": keyed_id(secret, sample).hex(), "path": path}
    return canonical(own)


def check_proof(proof: bytes, sample: str, envelope: bytes, predicate: dict) -> list[Finding]:
    """What keeps a proof from showing that the sample is in the forget set; nothing when it does."""
    try:
        content = read(proof)
    except NotCanonicalError as error:
        return [Finding("proof", "proof", str(error))]
    wrong = _misshapen(content) or _misleading(content, sample, envelope, predicate)
    return [Finding("proof", "proof", wrong)] if wrong else []


def _misshapen(content: object) -> str:
    """What keeps a document from being a proof; empty when it is one."""
    if not isinstance(content, dict) or content.keys() != FIELDS or content["type"] != PROOF_TYPE:
        return "it is no proof of membership"
    if not isinstance(content["path"], list) or not all(_is_step(step) for step in content["path"]):
        return "its path is not made of sides and hashes"
    return "" if _is_hash(content["keyed_id"]) else "its keyed id is not 64 hex digits"


def _is_step(step: object) -> bool:
    shaped = isinstance(step, dict) and step.keys() == {"side", "sha256"}
    return shaped and step["side"] in (merkle.LEFT, merkle.RIGHT) and _is_hash(step["sha256"])


def _is_hash(text: object) -> bool:
    return isinstance(text, str) and bool(SHA256.fullmatch(text))


def _misleading(content: dict, sample: str, envelope: bytes, predicate: dict) -> str:
    """Where a proof leads to; empty when it is the root of this certificate."""
    if content["certificate"] != digest(envelope):
        return f"it is for another certificate, with the sha256 {content['certificate']}"
    start = sample_leaf(bytes.fromhex(content["keyed_id"]), sample)
    steps = tuple((step["side"], bytes.fromhex(step["sha256"])) for step in content["path"])
    if merkle.climb(start, steps).hex() != predicate["forget_set"]["merkle_root"]:
        return "it does not lead from this sample to the Merkle root: the sample is another one, or the proof was changed"
    return ""


def check_opened(secret: bytes, forget_sha256: str, samples: Iterable[str], predicate: dict) -> list[Finding]:
    """For an auditor who is shown the secret of a forget set: what of its manifest is not what was certified."""
    certified = predicate["forget_set"]
    found = {"manifest_hmac_sha256": keyed_manifest(secret, forget_sha256), "merkle_root": forget_root(secret, samples)}
    wrong = [name for name, value in found.items() if certified[name] != value]
    return [Finding("opened", f"forget_set.{name}", "the forget manifest does not give it") for name in wrong]
