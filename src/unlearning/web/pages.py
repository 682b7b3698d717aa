"""The pages themselves: each reads the registry for whoever asks, and begins a command for whoever may.

Nothing is written by a page itself: what a button begins is a command (``acts``) in the name of whoever pressed it, so that the
server's rights, the lock of a model and the journal are what they are for everybody.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NoReturn

from starlette.responses import HTMLResponse, RedirectResponse, Response

from unlearning.certificates.envelope import digest
from unlearning.certificates.keys import public_key_of
from unlearning.certificates.verify import Comparison
from unlearning.errors import InputError
from unlearning.purge.rules import confirmation, require_not_awaited
from unlearning.registry import lock, lookup
from unlearning.registry.version import CHAMPION, GONE, ORIGINAL, Version
from unlearning.reports.audit_figures import render_audit
from unlearning.reports.audit_page import audit_page
from unlearning.reports.certificate_page import certificate_page
from unlearning.reports.compare_page import compare_page
from unlearning.requests import store
from unlearning.requests.states import Request
from unlearning.server.limits import RefusedError
from unlearning.settings.forgetting import CompareSettings
from unlearning.steps.certify import Issued, picture_id, proof_of, signing_key
from unlearning.steps.compare import audited
from unlearning.steps.purge import foretold
from unlearning.steps.verify import checked, public_keys
from unlearning.targets import AGE, Target
from unlearning.versions import certificates, forget_sets
from unlearning.versions.audit import audit_version
from unlearning.versions.certificate_facts import alpha_of
from unlearning.web import acts, photographs, views
from unlearning.web.asking import Asked, told
from unlearning.web.desk import Desk, computes
from unlearning.web.headers import PLAIN, POLICY
from unlearning.web.rights import Somebody, refused
from unlearning.web.seen import DRAWING, Registry

MOST_COMPARED = 20  # versions: each is audited while its reader waits
SCRIPT = re.compile(r"script-src '(sha256-[\w+/=]+)'")
FILING, DECIDING = f"EDIT on {store.EXPERIMENT}", "MANAGE on the registered model {}"


class Pages:
    """The pages about one registered model, which lie at ``root`` (empty for that of the server) and are made at a desk."""

    def __init__(self, model: str, root: str, desk: Desk):
        self.model, self.root, self._registry = model, root, Registry(model, desk)

    def words(self, sentence: str, status: int, who: Somebody) -> Response:
        """A page that says why there is no other."""
        return self._shown("words", Asked(who, {}, {}), status, sentence=told(sentence))

    def _shown(self, template: str, asked: Asked, status: int = 200, **values) -> Response:
        return _html(views.shown(template, asked, self.root, **values), status=status)

    def _go(self, act: acts.Act) -> Response:
        return RedirectResponse(f"{self.root}/acts/{act.key}", 303)

    def _may_file(self, asked: Asked, what: str) -> None:
        if not asked.who.may_file:
            raise refused(what, FILING)

    def _may_decide(self, asked: Asked, what: str) -> None:
        if not asked.who.may_decide:
            raise refused(what, DECIDING.format(self.model))

    def _target(self, asked: Asked) -> Target:
        """What the model predicts."""
        known = self._registry.seen(asked.who.name).champion or lookup.named(self.model, ORIGINAL)
        return known.target if known else AGE

    # What is there

    def overview(self, asked: Asked) -> Response:
        """What is served, what is open, what was done."""
        known, damaged = store.readable(self.model)
        seen = self._registry.seen(asked.who.name)
        return self._shown("overview", asked, **views.overview(seen, known, damaged, acts.running(self.model, "process")))

    def versions(self, asked: Asked) -> Response:
        """All of them, as ``status`` shows them."""
        return _html(self._registry.seen(asked.who.name).page)

    def _version(self, asked: Asked) -> Version:
        number = asked.path["number"]
        version = lookup.named(self.model, number) if number.isascii() and number.isdecimal() else None
        return version or self._none(number)

    def _none(self, number: str) -> NoReturn:
        raise RefusedError(404, "version", f"There is no version {number[:32]} of {self.model}.")

    def version(self, asked: Asked) -> Response:
        """One of them."""
        version = self._version(asked)
        seen = self._registry.seen(asked.who.name, version.number)
        row = seen.row(version.number) or self._none(asked.path["number"])  # deleted meanwhile
        told = views.version(replace(version, aliases=tuple(row["aliases"])), row)
        return self._shown("version", asked, others=len(seen.look.rows) > 1, **told)

    @computes()
    def audit(self, asked: Asked) -> Response:
        """How much a version still remembers, found out now from its tables."""
        version = lookup.find(self.model, str(self._version(asked).number))  # with its aliases
        if version.tag("state") in GONE or version.tag("forget_set", "none") == "none":
            raise RefusedError(404, "audit", f"There is no audit: {version.label} was made to forget nothing, or is purged.")
        one = audit_version(version, forget_sets.of_version(version), alpha_of(version), "tables")
        with DRAWING:
            return _html(audit_page(one.audit, one.case, one.about, render_audit(one.audit, one.case)))

    @computes()
    def compare(self, asked: Asked) -> Response:
        """Audits side by side; the one page with a script, which sorts its table."""
        settings = CompareSettings(asked.query.get("versions", ""), name=self.model)
        if len(settings.named) > MOST_COMPARED:
            raise InputError(f"these are {len(settings.named)} versions; a page compares up to {MOST_COMPARED}")
        audits = audited(settings)
        with DRAWING:
            page = compare_page(audits)
        script = SCRIPT.search(page)
        return _html(page, f"{PLAIN}; script-src '{script[1]}'" if script else PLAIN)

    def act(self, asked: Asked) -> Response:
        """What was begun, and how far it is."""
        act = acts.find(self.model, asked.path["key"])
        if act is None or not (act.user == asked.who.name or asked.who.may_decide):
            raise RefusedError(404, "act", "There is no such work, or it is another's.")
        about = re.search(r"request ([0-9a-f]{8}) \(", act.said)
        return self._shown("act", asked, act=act, about=about[1] if about else "")

    # Requests

    def new(self, asked: Asked) -> Response:
        """The forms by which a request is filed."""
        target = self._target(asked)
        return self._shown("new", asked, numbers=target.told("ages") if target.numeric else "ages")

    def _found(self, asked: Asked) -> Request:
        key = asked.path["key"]
        known = [one for one in store.readable(self.model)[0] if len(key) >= 8 and one.run_id.startswith(key)]
        if len(known) != 1:
            raise RefusedError(404, "request", f"There is no request {key[:32]} to {self.model}.")
        return known[0]

    def request(self, asked: Asked) -> Response:
        """One request: its way so far, and what can be done."""
        return self._shown("request", asked, **views.request(self._found(asked), acts.running(self.model, "process")))

    def file(self, asked: Asked) -> Response:
        """File a request: by a file, by lines, or by a rule."""
        self._may_file(asked, "file requests")
        uploaded, rule = asked.given("list"), asked.text("rule")
        ids = asked.fields.get("id", []) or asked.text("ids", most=10_000_000).splitlines()
        if sum(map(bool, (uploaded, ids, rule))) != 1:
            raise InputError("say in one way who is to be forgotten: by a file, by a list, by a rule or by a photograph")
        if "file:" in rule or "manifest:" in rule:
            raise InputError("a rule of this page names no file of the server; choose the file, or paste its lines")
        listed = None
        if not rule:
            called = _called(asked.files["list"][0] if uploaded else asked.text("called"))
            rule, listed = f"file:{called}", (called, _text(uploaded).splitlines() if uploaded else ids)
        more = {"forget_set": rule, "reason": asked.text("reason"), "deadline": asked.text("deadline")}
        return self._go(acts.begin(asked.who, "request", self.model, listed, **more))

    @computes()
    def photograph(self, asked: Asked) -> Response:
        """Which pictures of the data show a photograph."""
        self._may_file(asked, "look who is on the pictures")
        found = photographs.search(lookup.find(self.model, CHAMPION), asked.file("picture", "photograph"))
        return self._shown("photograph", asked, **views.matches(*found))

    def process(self, asked: Asked) -> Response:
        """Serve what is open, by one process at a time."""
        self._may_decide(asked, "serve requests")
        at_work = lock.owner_of(f"{self.model}.process")
        if at_work or acts.running(self.model, "process"):
            raise InputError(f"{at_work or 'somebody'} is serving the requests of {self.model} now; wait until that has ended")
        given = {name: asked.text(name) for name in ("method", "epochs") if asked.text(name)}
        return self._go(acts.begin(asked.who, "process", self.model, **given))

    def promote(self, asked: Asked) -> Response:
        """Serve a candidate, if it passes its gates."""
        self._may_decide(asked, "promote")
        return self._go(acts.begin(asked.who, "promote", self.model, version=str(self._version(asked).number)))

    def _purgeable(self, asked: Asked) -> tuple[Version, list[str]]:
        """A version that may go, and what goes and is lost with it."""
        self._may_decide(asked, "purge")
        version = lookup.find_known(self.model, str(self._version(asked).number))
        sentences, lost = foretold(version)
        require_not_awaited(lost, version.number, force=False)
        return version, [told(sentence) for sentence in sentences]

    @computes()
    def purged(self, asked: Asked) -> Response:
        """What a purge would delete and what stays, before it is confirmed."""
        version, sentences = self._purgeable(asked)
        due = confirmation(self.model, version.number)
        return self._shown("purge", asked, number=version.number, label=version.label, sentences=sentences, due=due)

    @computes()
    def purge(self, asked: Asked) -> Response:
        """Delete a version's files for good, once its name was typed back."""
        version, _ = self._purgeable(asked)
        due = confirmation(self.model, version.number)
        if asked.text("confirm") != due:
            raise InputError(f"nothing was purged: type {due} into the field, exactly so, if it is meant")
        more = {"version": str(version.number), "confirm": due, "reason": asked.text("reason")}
        return self._go(acts.begin(asked.who, "purge", self.model, **more))

    # Certificates

    def _envelope(self, asked: Asked) -> tuple[Request, bytes]:
        one = self._found(asked)
        if not one.certificate:
            raise RefusedError(404, "certificate", f"{one.label} has no certificate; it is {one.state}")
        version = lookup.named(self.model, one.version) if one.version else None
        for run_id in filter(certificates.has, (one.run_id, *([version.run_id] if version else []))):
            if digest(envelope := certificates.read(run_id)) == one.certificate:
                return one, envelope
        raise RefusedError(404, "certificate", f"the certificate {one.certificate} of {one.label} is gone, or was changed")

    @computes()
    def certificate(self, asked: Asked) -> Response:
        """What was certified, for people; its file decides, and not the page that a run holds."""
        return _html(certificate_page(self._envelope(asked)[1], self._target(asked)))

    def certificate_file(self, asked: Asked) -> Response:
        """The signed file."""
        one, envelope = self._envelope(asked)
        return _download(envelope, f"certificate-{one.run_id[:8]}.json")

    @computes()
    def proof(self, asked: Asked) -> Response:
        """The proof that one picture is among the forgotten."""
        self._may_decide(asked, "prove who is in it")
        one, envelope = self._envelope(asked)
        sample, version = _sample(asked), lookup.find(self.model, one.version)
        if not sample:
            raise InputError("there is no picture and no sample id; choose a file")
        proof = proof_of(version, Issued(envelope, ""), signing_key(""), sample)
        return _download(proof, f"proof-{one.run_id[:8]}.json")

    @computes()
    def verify(self, asked: Asked) -> Response:
        """Whether a certificate that somebody brings holds."""
        if not asked.files:
            return self._shown("verify", asked, verdict=None, reasons=())
        envelope, key = asked.file("certificate", "certificate"), asked.given("key")
        given = Comparison(proof=asked.given("proof") or None, sample=_sample(asked))
        keys = [public_key_of(key, "what you chose")] if key else public_keys("")
        verdict, reasons = checked(envelope, keys, given)
        return self._shown("verify", asked, verdict=verdict, reasons=map(told, reasons))

    @computes()
    def picture(self, asked: Asked) -> Response:
        """What the original and the champion say of a picture."""
        ages = photographs.ages(self.model, asked.file("picture", "picture")) if asked.files else []
        return self._shown("picture", asked, ages=ages, what=self._target(asked).name)


def _html(text: str, policy: str = PLAIN, status: int = 200) -> Response:
    return HTMLResponse(text, status, {POLICY: policy})


def _download(content: bytes, name: str) -> Response:
    return Response(content, 200, {"Content-Disposition": f'attachment; filename="{name}"'}, "application/json")


def _sample(asked: Asked) -> str:
    """The sample that a proof is about: a picture's, or one that was typed."""
    picture = asked.given("picture")
    return picture_id(picture) if picture else asked.text("sample")


def _called(name: str) -> str:
    """What a list is called in the request's rule: as its file, where that is a plain name."""
    return name if re.fullmatch(r"[\w-][\w.-]{0,60}\.(csv|txt)", name, re.ASCII) else "list.csv"


def _text(content: bytes) -> str:
    """A list as its file holds it, in either of the encodings that spreadsheets write."""
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the list is no text; save it as CSV, with one column of sample ids or file names") from None
