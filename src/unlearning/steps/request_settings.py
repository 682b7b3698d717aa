"""What a user decides about requests and certificates: the defaults of request, process, certify and verify stand here."""

from __future__ import annotations

from dataclasses import dataclass

from unlearning.errors import InputError
from unlearning.steps.checks import check_gates, check_method, check_rule, key_file
from unlearning.steps.settings import FORGET_SET, GATES, MODEL_NAME

KEY_FILE = "signing-key.pem"


@dataclass(frozen=True)
class RequestSettings:
    """A request to be forgotten.

    Args:
        forget_set: a forget rule; empty to list what was asked so far.
        reason: why it is asked.
        deadline: the last day, as 2026-12-31; empty for none.
        idempotency_key: two requests with one key are one; empty for the hash of the forget manifest.
        name: registered model.
    """

    forget_set: str = ""
    reason: str = ""
    deadline: str = ""
    idempotency_key: str = ""
    name: str = MODEL_NAME

    def __post_init__(self):
        from unlearning.requests.states import parse_deadline

        parse_deadline(self.deadline)
        check_rule(self.forget_set or FORGET_SET)


@dataclass(frozen=True)
class ProcessSettings:
    """How open requests are served.

    Args:
        method: a name of METHODS.
        params: the method's own settings, as ``lr=1e-4 offset_max=5``.
        epochs: passes; empty for the method's own number.
        gates: conditions of promotion, joined by commas, or the path of a YAML file of them.
        batch: all open requests in one unlearning; otherwise one after the other.
        key: file of the signing key; empty for the one in the environment.
        name: registered model.
    """

    method: str = "ft"
    params: str = ""
    epochs: tuple[int, ...] = ()
    gates: str = GATES
    batch: bool = False
    key: str = ""
    name: str = MODEL_NAME

    def __post_init__(self):
        if len(self.epochs) > 1:
            given = ",".join(map(str, self.epochs))
            raise InputError(f"epochs={given}: a request is served by one version; give one number of epochs")
        check_method(self.method, self.params, self.epochs)
        check_gates(self.gates)


@dataclass(frozen=True)
class CertifySettings:
    """A certificate for a version that was promoted.

    Args:
        version: an alias, a number or a model URI.
        out: file to write the certificate to as well, with its page beside it; empty for the runs alone.
        sample: a sample id, or the file of a picture, to prove as one of the forgotten; empty for none.
        proof: file to write that proof to.
        key: file of the signing key; empty for the one in the environment.
        name: registered model.
    """

    version: str = "champion"
    out: str = ""
    sample: str = ""
    proof: str = ""
    key: str = ""
    name: str = MODEL_NAME

    def __post_init__(self):
        if self.key:
            key_file(self.key)


@dataclass(frozen=True)
class VerifySettings:
    """A look at a certificate.

    Args:
        certificate: its file.
        key: files of the public keys that may have signed, joined by commas; empty for that of the signing key in the
            environment.
        sample: a sample id, or the file of a picture.
        proof: file of the proof that the sample is one of the forgotten.
        earlier: files of earlier certificates, joined by commas; those that the registry has need not be given.
        folder: the files of the version; empty for those that the registry has.
        offline: compare with nothing but the files given.
    """

    certificate: str
    key: str = ""
    sample: str = ""
    proof: str = ""
    earlier: str = ""
    folder: str = ""
    offline: bool = False
