"""A version that was made to forget, written down by hand, and its certificate."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files as resources

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unlearning.canonical import canonical
from unlearning.certificates.envelope import digest, sign
from unlearning.certificates.samples import picture_id, secret_of
from unlearning.certificates.statement import Certificate, Measured, ModelVersion, statement_bytes
from unlearning.evaluation.gates import parse_gates
from unlearning.finding import Finding

SCHEMA = json.loads((resources("unlearning.certificates") / "certificate.schema.json").read_text())
PRIVATE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_KEY = PRIVATE_KEY.public_key()
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FORGET_SHA256 = "5" * 64
SECRET = secret_of(PRIVATE_KEY, FORGET_SHA256)
PICTURES = [f"picture {number}".encode() for number in range(7)]
SAMPLES = tuple(sorted(map(picture_id, PICTURES)))
FILES = {"MLmodel": b"flavors: {}\n", "model/member_0.safetensors": bytes(range(256)), "model/spec.json": b"{}"}
DECIDED = [
    gate.decide({"F": 0.9, "test_mae": 6.0}, {"original": {"F": 0.5}, "retrained": {"test_mae": 5.5}})
    for gate in parse_gates("F > original.F, test_mae <= 1.1 * retrained.test_mae")
]


SECRET_TEXTS = [PRIVATE_KEY.private_bytes_raw().hex(), base64.b64encode(PRIVATE_KEY.private_bytes_raw()).decode().rstrip("=")]


def facts(files, **others):
    """The certificate's facts; the keywords replace some."""
    plain = Certificate(
        model=ModelVersion("age-resnet50", "7", "a" * 64),
        files=files,
        parent=ModelVersion("age-resnet50", "3", "b" * 64),
        method="ft",
        settings={"lr": 1e-4, "epochs": 8, "schedule": "constant"},
        approximate=True,
        rule="20-28",
        forget_sha256=FORGET_SHA256,
        samples=SAMPLES,
        data_digest="0123456789abcdef",
        code_version="0123456789ab",
        metrics=(
            Measured("F", 0.1 + 0.2, 0.25, 1 / 3, verdict="indistinguishable from retraining"),
            Measured("test_mae", 6.0, 5.5, 6.5, "years"),
            Measured("mia_auc", float("nan")),
        ),
        decisions=tuple(DECIDED),
        forced=False,
        times={"unlearned": datetime(2026, 3, 1, 12, tzinfo=UTC), "issued": datetime(2026, 3, 2, 8, 30, tzinfo=UTC)},
        finding=Finding("forgotten in part", "retrained", "It has forgotten in part: so it is.", 24.5, 20.0, float("nan")),
    )
    return replace(plain, **others)


def issue(files, private_key=PRIVATE_KEY, **others):
    """A signed certificate."""
    return sign(statement_bytes(facts(files, **others), SECRET), private_key)


def line(files, count):
    """So many certificates, each of which names all before it."""
    made = []
    for number in range(count):
        version = ModelVersion("age-resnet50", str(number), "a" * 64)
        made.append(issue(files, model=version, earlier=tuple(map(digest, made))))
    return made


def payload_of(envelope):
    return base64.b64decode(json.loads(envelope)["payload"])


def with_payload(envelope, payload):
    """The envelope around another payload, with the signatures as they are."""
    return canonical(json.loads(envelope) | {"payload": base64.b64encode(payload).decode()})


def flipped(data, at, mask=1):
    """One byte changed."""
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]
