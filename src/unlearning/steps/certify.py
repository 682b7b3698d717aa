"""certify: what a promoted version was made to forget, how well, and by which gates that was accepted, in a signed file."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unlearning.certificates.envelope import digest, sign
from unlearning.certificates.keys import load_key
from unlearning.certificates.samples import picture_id, prove, secret_of
from unlearning.certificates.statement import statement_bytes
from unlearning.certificates.verify import Comparison, verify
from unlearning.commands import command, spelt
from unlearning.errors import InputError
from unlearning.finding import AUTO
from unlearning.progress import say
from unlearning.registry.lock import registry_lock
from unlearning.registry.lookup import find, find_version, one_look
from unlearning.registry.servers import served_since
from unlearning.registry.version import Version
from unlearning.registry.writes import write_tags
from unlearning.reports.certificate_page import certificate_page
from unlearning.requests.states import together
from unlearning.settings.checks import key_file
from unlearning.settings.requests import CertifySettings
from unlearning.tracking import runs
from unlearning.versions import certificates, forget_sets
from unlearning.versions.certificate_facts import alpha_of, facts_of, picture_names, predicate_of
from unlearning.versions.findings import find_out, note


@dataclass(frozen=True)
class Issued:
    """A certificate, and the page about it."""

    envelope: bytes
    page: str

    @property
    def sha256(self) -> str:
        return digest(self.envelope)


def certify(settings: CertifySettings) -> Issued:
    """Give a promoted version its certificate, or find the one that it has; write it, and a sample's proof, where asked to.

    Raises:
        InputError: there is no key, the version was never promoted, or the sample is not among the forgotten.
    """
    if bool(settings.sample) != bool(settings.proof):
        raise InputError(f"a proof is of one sample: give both, as {spelt(sample='mine.jpg', proof='mine-proof.json')}")
    private_key = signing_key(settings.key)
    with runs.run("certify", f"certify {settings.version}"):
        version = find_version(settings.name, settings.version)
        runs.log_settings("certify", {"version": version.number, "name": version.model, "out": settings.out})
        issued = issue(version, private_key, asked=settings.reference)
        runs.set_tags({certificates.TAG: issued.sha256})
    if settings.out:
        path = Path(settings.out)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(issued.envelope)
        path.with_suffix(".html").write_text(issued.page, encoding="utf-8")
        say(f"certify: written to {path}, and for people to {path.with_suffix('.html')}")
    if settings.sample:
        Path(settings.proof).write_bytes(proof_of(version, issued, private_key, sample_id(settings.sample)))
        say(f"certify: {settings.proof} proves that the sample is one of the forgotten; give it to its holder only")
    return issued


def signing_key(path: str) -> Ed25519PrivateKey:
    """The private key of a file, or of the environment; InputError tells how to make one."""
    return load_key(key_file(path) if path else None)


def sample_id(text: str) -> str:
    """A sample id as it is, or that of a picture's file."""
    path = Path(text).expanduser()
    return picture_id(path.read_bytes()) if path.is_file() else text


def issue(
    version: Version, private_key: Ed25519PrivateKey, times: dict[str, datetime] | None = None, asked: str = AUTO
) -> Issued:
    """The certificate of a version: the one that it has, or a new one, which is left on its run and named by its tag.

    ``private_key`` signs it, and hides the samples in it.
    """
    if version.tag(certificates.TAG):
        return _existing(version)
    forgotten = forget_sets.forgotten_by(version)
    if not forgotten:
        raise InputError(
            f"{version.label} cannot be certified, for it was made to forget nothing; make a version that forgets with: "
            f"{command('unlearn', version.model, forget_set='...')}"
        )
    since = served_since(version)
    served = {"served_everywhere_that_is_known": since} if since else {}
    with one_look():
        found = find_out(version, forgotten[-1], alpha_of(version), asked)
        facts = facts_of(version, forgotten, (times or {}) | served, found)
    secret = secret_of(private_key, facts.forget_sha256)
    envelope = sign(statement_bytes(facts, secret, picture_names(version, facts.samples)), private_key)
    if faults := verify(envelope, [private_key.public_key()], Comparison(files=facts.files)).faults:
        raise InputError(f"the certificate would not verify: {'; '.join(faults)}")
    page = certificate_page(envelope, version.target)
    note(version, found.finding)  # first: a certificate must not say what the registry was not allowed to say
    with registry_lock(version.model) as lock:
        now = find(version.model, str(version.number))
        if not now.tag(certificates.TAG):  # otherwise somebody else has certified it meanwhile
            lock.confirm()
            certificates.attach(version.run_id, envelope, page)
            write_tags(lock, version, {certificates.TAG: digest(envelope)})
            say(f"certify: {version.label} is certified: {len(facts.samples)} samples, sha256 {digest(envelope)}")
            return Issued(envelope, page)
    return _existing(now)


def _existing(version: Version) -> Issued:
    envelope = certificates.read(version.run_id)
    if digest(envelope) != version.tag(certificates.TAG):
        raise InputError(
            f"the certificate on run {version.run_id} has the sha256 {digest(envelope)}, and {version.label} names "
            f"{version.tag(certificates.TAG)}: one of the two was changed"
        )
    predicate_of(envelope)
    say(f"certify: {version.label} has a certificate already, with the sha256 {digest(envelope)}")
    return Issued(envelope, certificate_page(envelope, version.target))


def proof_of(version: Version, issued: Issued, private_key: Ed25519PrivateKey, sample: str) -> bytes:
    """The proof that a sample is one of those that the version's certificate is about."""
    whole = together(forget_sets.forgotten_by(version))
    secret = secret_of(private_key, whole.sha256)
    return prove(issued.envelope, predicate_of(issued.envelope), secret, whole.ids, sample)
