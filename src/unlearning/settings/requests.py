"""What a user decides about requests and certificates: the defaults of request, process, certify and verify stand here."""

from __future__ import annotations

from dataclasses import dataclass

from unlearning.commands import spelt
from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.finding import REFERENCES
from unlearning.methods import METHODS
from unlearning.naming import choose
from unlearning.settings.checks import check_gates, check_method, check_rule, key_file
from unlearning.settings.forgetting import FORGET_SET, conditions, model_name, reference_kind

KEY_FILE = "signing-key.pem"


@dataclass(frozen=True)
class RequestSettings:
    """A request to be forgotten.

    Args:
        forget_set: who is to be forgotten: file:person-17.csv (a list of sample ids or file names), subject:ID, or any
            other forget rule; it is read now, once. Empty lists all requests.
        reason: why, as 'Art. 17, ticket 4711'; it stays in the tracking store.
        deadline: the last day for it, as 2026-12-31; empty for none.
        idempotency_key: two requests with one key are one; empty for the hash of the forget manifest.
        name: registered model.
    """

    forget_set: str = ""
    reason: str = setting("", kind="words")
    deadline: str = ""
    idempotency_key: str = setting("", kind="words")
    name: str = model_name()

    def __post_init__(self):
        from unlearning.requests.states import parse_deadline

        parse_deadline(self.deadline)
        check_rule(self.forget_set or FORGET_SET)


@dataclass(frozen=True)
class ProcessSettings:
    """How open requests are served.

    Args:
        method: how to forget: {names}.
        params: the method's own settings, as 'lr=1e-4 offset_max=5'.
        epochs: passes of the method; empty for its own number.
        gates: conditions of promotion, joined by commas, or the path of a YAML file of them.
        reference: what the versions are measured against; auto takes what stands, and retrains where nothing does.
        batch: serve all open requests by one unlearning; otherwise one after the other.
        key: file of the signing key; empty for the one that UNLEARNING_SIGNING_KEY names.
        name: registered model.
    """

    method: str = setting("ft", choices=METHODS)
    params: str = ""
    epochs: tuple[int, ...] = setting((), least=1)
    gates: str = conditions()
    batch: bool = False
    key: str = ""
    name: str = model_name()
    reference: str = reference_kind()

    def __post_init__(self):
        choose(REFERENCES, self.reference, "reference")
        if len(self.epochs) > 1:
            given = ",".join(map(str, self.epochs))
            raise InputError(f"epochs={given}: a request is served by one version; give one number of epochs")
        check_method(self.method, self.params, self.epochs)
        check_gates(self.gates)


@dataclass(frozen=True)
class CertifySettings:
    """A certificate for a version that was promoted.

    Args:
        version: alias, number or model URI of a version that was promoted.
        out: file to write the certificate to, as person-17.json, with its page beside it.
        sample: a sample id, or the file of a picture, to prove as one of the forgotten.
        proof: file to write that proof to.
        key: file of the signing key; empty for the one that UNLEARNING_SIGNING_KEY names.
        name: registered model.
        reference: what the version is measured against.
    """

    version: str = "champion"
    out: str = setting("", kind="path")
    sample: str = ""
    proof: str = setting("", kind="path")
    key: str = ""
    name: str = model_name()
    reference: str = reference_kind()

    def __post_init__(self):
        choose(REFERENCES, self.reference, "reference")
        if self.out.lower().endswith(".html"):
            raise InputError(
                f"out={self.out} ends in .html, and its page is written beside it; give another, as {spelt(out='me.json')}"
            )
        if self.key:
            key_file(self.key)


@dataclass(frozen=True)
class VerifySettings:
    """A look at a certificate.

    Args:
        certificate: file of the certificate, as person-17.json.
        key: files of the public keys that may have signed, joined by commas; empty for that of UNLEARNING_SIGNING_KEY.
        sample: a sample id, or the file of a picture, that the proof is about.
        proof: file of the proof that the sample is one of the forgotten.
        earlier: files of earlier certificates, joined by commas, where the registry has none.
        folder: folder of the version's files; empty for those that the registry has.
        offline: compare with nothing but the files given.
    """

    certificate: str
    key: str = ""
    sample: str = ""
    proof: str = ""
    earlier: str = ""
    folder: str = ""
    offline: bool = False
