#!/usr/bin/env python3
"""Verify a certificate of forgetting with nothing but Python 3.11 and the package `cryptography`.

    python verify_certificate.py certificate.json --key key.pub
    python verify_certificate.py certificate.json --key key.pub --folder model --earlier first.json second.json
    python verify_certificate.py certificate.json --key key.pub --proof proof.json --picture mine.jpg

It imports nothing of the project that made the certificate and shares no line with it, so it can be read and kept by itself. It
exits with 0 when nothing that it checked is wrong, with 1 otherwise, and with 2 when it was not called as above.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://age-unlearning.example/certificate-of-forgetting/v1"
PROOF_TYPE = "https://age-unlearning.example/proof-of-membership/v1"
DEEPEST = 50
TEXT, ANY, HASH, NUMBER = "(?s:.+)", "(?s:.*)", "[0-9a-f]{64}", r"-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?|nan"
VERSION = {"name": TEXT, "version": TEXT, "weights_digest": TEXT}
BOUND = (NUMBER, None)
OUTER = {"_type", "subject", "predicateType", "predicate"}
PARTS = {
    "_type": TEXT,
    "predicateType": TEXT,
    "subject": [{"name": TEXT, "digest": {"sha256": HASH}}],
    "predicate.model": VERSION,
    "predicate.parent": VERSION,
    "predicate.method": {"name": TEXT, "approximate": (True, False), "settings": {"*": ANY}},
    "predicate.forget_set": {"rule": ANY, "count": "[1-9][0-9]*", "manifest_hmac_sha256": HASH, "merkle_root": HASH},
    "predicate.data_digest": TEXT,
    "predicate.code_version": TEXT,
    "predicate.metrics": [{"metric": TEXT, "value": NUMBER, "low": BOUND, "high": BOUND, "unit": ANY, "verdict": ANY}],
    "predicate.interval_level": NUMBER,
    "predicate.gates": {
        "decision": "passed|forced|failed|none",
        "decided": [{"gate": TEXT, "value": NUMBER, "bound": NUMBER, "passed": (True, False)}],
    },
    "predicate.times": {"*": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"},
    "predicate.earlier": [HASH],
    "predicate.proves": [TEXT],
    "predicate.does_not_prove": [TEXT],
}
# A certificate from before findings were certified has none.
NEWER = {
    "predicate.finding": {
        "verdict": "exact|as retraining|forgotten in part|over-forgotten|unlike retraining|not forgotten|not known",
        "reference": "retrained|crossfit|none",
        "sentence": TEXT,
        "memory_left": NUMBER,
        "low": NUMBER,
        "high": NUMBER,
    }
}
NOT_EMPTY = {"subject", "predicate.times", "predicate.proves", "predicate.does_not_prove"}
PROOF = {"type": re.escape(PROOF_TYPE), "certificate": TEXT, "keyed_id": HASH, "path": [{"side": "left|right", "sha256": HASH}]}


class Wrong(Exception):  # noqa: N818 - it is a finding
    """The place and what is wrong there."""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def dump(content):
    """Canonical JSON: what is signed holds no numbers, so that this is RFC 8785."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check_plain(content, level=0):
    """Texts, truth values and nulls under ASCII keys, not too deep: other JSON is written in more than one way."""
    if level > DEEPEST or (isinstance(content, (int, float)) and not isinstance(content, bool)):
        raise ValueError("nested too deeply" if level > DEEPEST else "a number is not written as a string")
    if isinstance(content, dict) and not all(name.isascii() for name in content):
        raise ValueError("a key is not ASCII")
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        check_plain(part, level + 1)


def load(data, place):
    """JSON that is byte for byte canonical."""
    try:
        content = json.loads(data)
        check_plain(content)
        again = dump(content)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"{place}: not canonical JSON ({error})") from error
    if again != data:
        at = next((at for at, pair in enumerate(zip(again, data, strict=False)) if pair[0] != pair[1]), len(again))
        raise Wrong(f"{place}: byte {at} is not as canonical JSON writes it")
    return content


def fits(found, shape):
    """Is JSON of a shape? A text is a pattern, a tuple names what may stand there, and * stands for any name."""
    if isinstance(shape, str):
        return isinstance(found, str) and re.fullmatch(shape, found) is not None
    if isinstance(shape, tuple):
        return any(found is one or (isinstance(one, str) and fits(found, one)) for one in shape)
    if isinstance(shape, list):
        return isinstance(found, list) and all(fits(one, shape[0]) for one in found)
    shape = dict.fromkeys(found, shape["*"]) if "*" in shape and isinstance(found, dict) else shape
    return isinstance(found, dict) and found.keys() == shape.keys() and all(fits(found[name], shape[name]) for name in shape)


def unfit(name, part):
    """Does a part of the statement hold something else than a certificate holds there?"""
    if not fits(part, (PARTS | NEWER)[name]) or (name in NOT_EMPTY and not part):
        return True
    listed = [one["name"] for one in part] if name == "subject" else sorted(part) if name == "predicate.earlier" else []
    return listed != sorted(set(listed))  # each file and certificate once


def unbase64(text, field):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        raise Wrong(f"envelope: {field} is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong(f"envelope: {field} is not base64 as it was written")
    return data


def fields(content, names, what):
    if not isinstance(content, dict) or set(content) != set(names):
        found = sorted(content) if isinstance(content, dict) else type(content).__name__
        raise Wrong(f"envelope: {what} has {found} instead of {sorted(names)}")


def open_envelope(data):
    """The payload and the signatures as pairs of key id and bytes."""
    content = load(data, "envelope")
    fields(content, ("payload", "payloadType", "signatures"), "the envelope")
    if content["payloadType"] != PAYLOAD_TYPE:
        raise Wrong(f"envelope: payloadType is {content['payloadType']!r} instead of {PAYLOAD_TYPE!r}")
    if not isinstance(content["signatures"], list) or not content["signatures"]:
        raise Wrong("envelope: there is no signature")
    for signature in content["signatures"]:
        fields(signature, ("keyid", "sig"), "a signature")
    names = [signature["keyid"] for signature in content["signatures"]]
    if not all(isinstance(name, str) and (at == 0 or names[at - 1] < name) for at, name in enumerate(names)):
        raise Wrong("envelope: a keyid is no text, or there is more than one signature of a key, or they are not in order")
    signatures = [(name, unbase64(each["sig"], "sig")) for name, each in zip(names, content["signatures"], strict=True)]
    return unbase64(content["payload"], "payload"), signatures


def check_signature(payload, name, signature, keys):
    kind = PAYLOAD_TYPE.encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    signers = []
    for key_id, key in keys.items():
        try:
            key.verify(signature, signed)
            signers.append(key_id)
        except InvalidSignature:
            pass
    if name in signers:
        return []
    if signers:
        return [f"keyid: it names the key {name}, but {signers[0]} signed"]
    if name not in keys:
        return [f"signature: it names the unknown key {name}, and no key that was given signed; given: {', '.join(keys)}"]
    return [f"signature: it does not fit the payload; the key {name} did not sign both"]


def check_payload(payload):
    """Which sections of the statement are not as they were sealed."""
    try:
        statement = load(payload, "payload")
    except Wrong as error:
        return [str(error)]
    predicate = statement.get("predicate") if isinstance(statement, dict) else None
    if not isinstance(predicate, dict):
        return ["payload predicate: it was changed: it is missing"]
    sealed = predicate.get("section_sha256")
    if not isinstance(sealed, dict):
        return ["payload predicate.section_sha256: it was changed: it is missing"]
    sections = {name: part for name, part in statement.items() if name != "predicate"}
    sections |= {f"predicate.{name}": part for name, part in predicate.items() if name != "section_sha256"}
    found = {name: sha256(dump(part)) for name, part in sections.items()}
    changed = [name for name in sorted(found.keys() | sealed.keys()) if found.get(name) != sealed.get(name)]
    types = (statement.get("_type"), statement.get("predicateType"))
    if changed:
        return [f"payload {name}: it was changed: its sealed hash is another" for name in changed]
    if (
        types != (STATEMENT_TYPE, PREDICATE_TYPE)
        or not PARTS.keys() <= sections.keys() <= PARTS.keys() | NEWER.keys()
        or statement.keys() != OUTER
    ):
        return ["payload: it is no certificate of forgetting of this kind"]
    wrong = [name for name in sorted(sections) if unfit(name, sections[name])]
    return [f"payload {name}: it does not hold what a certificate holds there" for name in wrong]


def open_certificate(data, keys):
    """The statement, or everything that is wrong with the certificate."""
    try:
        payload, signatures = open_envelope(data)
    except Wrong as error:
        return None, [str(error)]
    wrong = [finding for name, signature in signatures for finding in check_signature(payload, name, signature, keys)]
    wrong += check_payload(payload)
    return (None, wrong) if wrong else (json.loads(payload), [])


def digest_of(path):
    if path.is_symlink():
        return f"link to {path.readlink()}"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_files(statement, folder):
    expected = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    files = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file()]
    found = {path.relative_to(folder).as_posix(): digest_of(path) for path in files}
    wrong = [
        f"file {name}: it was changed: {found[name]} instead of sha256 {expected[name]}"
        for name in sorted(expected.keys() & found.keys())
        if found[name] != expected[name]
    ]
    extra = {name: found[name] for name in sorted(found.keys() - expected.keys())}
    for name in sorted(expected.keys() - found.keys()):
        new = next((other for other, digest in extra.items() if digest == expected[name]), None)
        wrong.append(f"file {name}: " + (f"it was renamed to {new}" if new else "it is missing"))
        extra.pop(new, None)
    return wrong + [f"file {name}: it is not one of the version's files" for name in extra]


def check_chain(statement, envelopes, keys):
    expected = statement["predicate"]["earlier"]
    given = {sha256(data): data for data in envelopes}
    wrong = []
    for at, name in enumerate(expected):
        place = f"earlier certificate {at + 1}"
        if name not in given:
            wrong.append(f"{place}: the chain is broken: none with the sha256 {name} was given")
            continue
        earlier, findings = open_certificate(given[name], keys)
        wrong += [f"{place}: {finding}" for finding in findings]
        if earlier and earlier["predicate"]["earlier"] != expected[:at]:
            wrong.append(f"{place}: the chain is broken: it names other certificates before it")
    strangers = [name for name in given if name not in expected]
    return wrong + [f"earlier certificate {name}: it is none of this line, or was changed" for name in strangers]


def check_proof(data, sample, certificate, statement):
    try:
        proof = load(data, "proof")
    except Wrong as error:
        return [str(error)]
    if not fits(proof, PROOF):
        return ["proof: it is not made of its type, its certificate, a keyed id, and sides and hashes of 64 hex digits"]
    if proof["certificate"] != sha256(certificate):
        return [f"proof: it is for another certificate, with the sha256 {proof['certificate']}"]
    reached = hashlib.sha256(b"\x00" + bytes.fromhex(proof["keyed_id"]) + sample.encode()).digest()
    for step in proof["path"]:
        other = bytes.fromhex(step["sha256"])
        reached = hashlib.sha256(b"\x01" + (other + reached if step["side"] == "left" else reached + other)).digest()
    if reached.hex() != statement["predicate"]["forget_set"]["merkle_root"]:
        return [
            "proof: it does not lead from this sample to the Merkle root: the sample is another one, or the proof was changed"
        ]
    return []


def read_keys(paths):
    keys = {}
    for path in paths:
        key = load_pem_public_key(path.read_bytes())
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{path} is no Ed25519 public key")  # noqa: TRY004 - of the file, not of a program
        keys[sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))] = key
    return keys


def checks(given, data, keys, statement):
    """Pairs of what is checked and its findings; None where there is nothing to compare with."""
    sample = given.sample or (sha256(given.picture.read_bytes())[:32] if given.picture else "")
    chain = given.earlier or not statement["predicate"]["earlier"]
    earlier = [path.read_bytes() for path in given.earlier]
    return [
        ("signature", []),
        ("files", check_files(statement, given.folder) if given.folder else None),
        ("earlier certificates", check_chain(statement, earlier, keys) if chain else None),
        ("proof", check_proof(given.proof.read_bytes(), sample, data, statement) if given.proof else None),
    ]


def arguments():
    parser = argparse.ArgumentParser(description="Verify a certificate of forgetting.")
    parser.add_argument("certificate", type=Path, help="the envelope")
    parser.add_argument("--key", type=Path, nargs="+", required=True, help="public keys that may have signed")
    parser.add_argument("--folder", type=Path, help="the files of the version")
    parser.add_argument("--earlier", type=Path, nargs="+", default=[], help="the earlier certificates, in any order")
    parser.add_argument("--proof", type=Path, help="of one sample; with --sample or --picture")
    parser.add_argument("--sample", default="", help="the id that the proof is about")
    parser.add_argument("--picture", type=Path, help="the picture that the proof is about")
    given = parser.parse_args()
    if given.folder and not given.folder.is_dir():
        parser.error(f"{given.folder} is not a folder")
    if bool(given.proof) != bool(given.sample or given.picture):
        parser.error("a proof is of one sample: give --proof, and --sample or --picture")
    return given


def main():
    sys.stdout.reconfigure(errors="backslashreplace")
    given = arguments()
    try:
        data, keys = given.certificate.read_bytes(), read_keys(given.key)
        statement, wrong = open_certificate(data, keys)
        parts = checks(given, data, keys, statement) if statement else []
    except (OSError, ValueError) as error:
        print(f"cannot verify: {error}", file=sys.stderr)
        return 2
    wrong += [finding for _, found in parts for finding in found or []]
    lines = [f"WRONG {finding}" for finding in wrong] + [f"ok {name}" for name, found in parts if found == []]
    print("\n".join(lines + [f"not checked {name}" for name, found in parts if found is None]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
