"""process: serve open requests: unlearn, evaluate, gate, promote, certify; whatever happens, each of them ends once."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unlearning.commands import spelt
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.gates import USEFUL
from unlearning.finding import AUTO, CROSSFIT, RETRAINED
from unlearning.finding import in_words as finding_in_words
from unlearning.methods import METHODS
from unlearning.progress import say
from unlearning.registry import servers
from unlearning.registry.lock import Lock, LockLostError, registry_lock
from unlearning.registry.lookup import find_or_none, find_version, one_look
from unlearning.registry.transitions import ready_journal
from unlearning.registry.version import CHAMPION, Version
from unlearning.requests import store as requests
from unlearning.requests.states import FAILED, GATED, PROMOTED, RECEIVED, REFUSED, RUNNING, Request, remaining, together
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.requests import ProcessSettings
from unlearning.steps.certify import issue, signing_key
from unlearning.steps.evaluate import evaluate
from unlearning.steps.promote import Decided, as_data, decide, promote, what_helps
from unlearning.steps.request import told
from unlearning.steps.retrain import ensure_reference
from unlearning.steps.unlearn import unlearn_or_reuse
from unlearning.tracking import runs
from unlearning.tracking.answers import first_line, in_words
from unlearning.versions import certificates, forget_sets
from unlearning.versions.findings import is_counted, standing
from unlearning.versions.line import find_original
from unlearning.versions.never_seen import NoCrossfitError, by_crossfit
from unlearning.versions.references import beside

# Gates that need no original: as far from the forgotten faces as a retrained model, and as useful.
WITHOUT_ORIGINAL = f"forget_mae >= 0.9 * retrained.forget_mae, {USEFUL}"


@dataclass(frozen=True)
class Service:
    """One call of process."""

    settings: ProcessSettings
    private_key: Ed25519PrivateKey
    lock: Lock


def process(settings: ProcessSettings) -> list[Request]:
    """Serve every open request to a registered model, in the order of arrival, and return them as they ended.

    A request that an earlier call left running, because it was killed, is picked up again. What goes wrong with one request
    ends that one, with the reason, and not the others.

    Raises:
        InputError: before anything is done: there is no key, a setting cannot be used, or somebody else is serving; at the
            end: requests have failed.
    """
    private_key = signing_key(settings.key)
    served = []
    with runs.run("process", f"process requests to {settings.name}"), requests.serving(settings.name) as lock:
        runs.log_settings("process", asdict(settings))
        find_version(settings.name, CHAMPION)
        service = Service(settings, private_key, lock)
        while group := _next(service):
            served += _serve(service, group)
        runs.log_numbers({f"requests_{state}": number for state, number in Counter(one.state for one in served).items()})
    for one in served:
        for sentence in told(one, datetime.now(UTC).date()):
            say(f"process: {sentence}")
    failed = [one.label for one in served if one.state == FAILED]
    if failed:
        raise InputError(f"{len(failed)} of {len(served)} requests failed: {', '.join(failed)}; when mended, ask again")
    if not served:
        say(f"process: there is no open request to {settings.name}")
    return served


def _next(service: Service) -> list[Request]:
    """The request that came first, or, in a batch, all that are open; those that are overdue are named."""
    waiting = [one for one in requests.listed(service.settings.name) if one.is_open]
    today = datetime.now(UTC).date()
    for one in waiting:
        if one.is_overdue(today):
            say(f"process: {one.label} is OVERDUE: its last day was {one.deadline}")
    return waiting if service.settings.batch else waiting[:1]


def _serve(service: Service, group: list[Request]) -> list[Request]:
    """One unlearning for one request or several; an exception ends them, a kill leaves them running."""
    for one in group:
        if one.state != RECEIVED:
            say(f"process: {one.label} is {_begun(one)}")
    before = find_or_none(service.settings.name, CHAMPION)
    group = [_change(service, one, RUNNING, _begun(one)) for one in group]
    try:
        return _forget(service, group)
    except LockLostError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this request's end and not the others'
        reason = in_words(error) or f"{type(error).__name__}: {first_line(error)}"
        served = find_or_none(service.settings.name, CHAMPION)
        if served and (before is None or served.number != before.number):
            reason += f". {served.label} became the champion meanwhile and is served"
        say(f"process: {', '.join(one.label for one in group)} failed: {reason}")
        current = {one.run_id: one for one in requests.listed(service.settings.name)}
        return [_change(service, current[one.run_id], FAILED, reason) for one in group]


def _begun(one: Request) -> str:
    return "begun" if one.state == RECEIVED else f"picked up again: whoever left it {one.state} has ended"


def _change(service: Service, one: Request, state: str, why: str, version: str = "", certificate: str = "") -> Request:
    """A change of state, as long as nobody else serves."""
    service.lock.confirm()
    return requests.change_state(one, state, why, version, certificate)


def _forget(service: Service, group: list[Request]) -> list[Request]:
    with registry_lock(service.settings.name) as lock:  # a promotion that died half way is undone, or finished, first
        ready_journal(service.settings.name, lock)
    champion = find_version(service.settings.name, CHAMPION)
    forget = together([requests.manifest_of(one) for one in group])
    if forget.data_digest != (digest := champion.tag("data_digest")):
        raise InputError(
            f"it names samples of data {forget.data_digest}, and {champion.label}, which is served, was made from data "
            f"{digest}; ask again, so that it is read against that data"
        )
    if not remaining(forget, forget_sets.forgotten_by(champion)):
        return _certified(
            service, group, champion, f"{champion.label} was made to forget it before: {finding_in_words(champion.tags)}"
        )
    _require_decidable(service.settings, champion, forget)
    candidate, asked = _unlearned(service, champion, forget), service.settings.reference
    evaluate(EvaluateSettings(str(candidate.number), name=candidate.model, audit="tables", reference=asked))
    served = find_version(service.settings.name, CHAMPION)
    if served.number != champion.number:  # whatever that one has forgotten must not be lost
        why = f"begun again from {served.label}, which became the champion meanwhile"
        return _forget(service, [_change(service, one, RUNNING, why) for one in group])
    decided = decide(candidate, service.settings.gates, asked)
    failed = "; ".join(decided.failed)
    why = f"{candidate.label}: {failed} failed" if failed else f"{candidate.label} passed every gate"
    why += f". {decided.finding.sentence}"
    group = [_gated(service, one, candidate, decided, why) for one in group]
    if failed:
        why += f" {champion.label} is served as before. What may help: {what_helps(decided)}; ask again and serve it so"
        return [_change(service, one, REFUSED, why) for one in group]
    how = PromoteSettings(str(candidate.number), service.settings.gates, name=candidate.model, reference=asked)
    promoted = promote(how, decided)
    why = f"{promoted.label} was made to forget it and is served{_served(promoted)}. {promoted.tag('finding')}"
    return _certified(service, group, promoted, why)


@one_look()
def _require_decidable(own: ProcessSettings, champion: Version, forget: ForgetSet) -> None:
    """InputError where the default gates could not pass, whatever is trained for the request."""
    if own.gates:
        return
    exact, anew = METHODS[own.method].card.exact, "sisa" if champion.tag("scheme") == "sisa" else "retrain"
    if find_original(champion) is None and not (exact and (own.reference == RETRAINED or beside(champion, forget).retrained)):
        raise InputError(
            f"the original that {champion.label} comes from is gone, and the default gates need it; give others: "
            f"{spelt(gates=WITHOUT_ORIGINAL, reference=RETRAINED)}, or a method that is exact: "
            f"{spelt(method=anew, reference=RETRAINED)}"
        )
    if exact or own.reference not in (AUTO, RETRAINED):
        return
    if any(is_counted(champion, ids) for ids in (forget.ids, forget.test_ids)):
        return
    way = ""
    try:
        if anew == "retrain":
            by_crossfit(champion, forget)
            if own.reference == AUTO:
                return
            way = f"a cross-fitting can judge them: {spelt(reference=AUTO)}, or "
    except NoCrossfitError as error:
        way = f"{error}, or "
    except InputError as error:
        way = f"the cross-fitting cannot judge them either: {error.__cause__ or error}; "
    raise InputError(
        f"beside a retrained model so few faces tell nothing, and the default gates would fail; {way}give a method that is "
        f"exact: {spelt(method=anew)}"
    )


def _served(promoted: Version) -> str:
    """What the servers that are heard of answer with, once they have had the time to follow."""
    late = servers.still(servers.behind, promoted)
    for one in late:
        say(f"process: {one.sentence}: it does not follow; stop it, or see its log")
    if late:
        return f", but not everywhere: {'; '.join(one.sentence for one in late)}"
    there = [one.address for one in servers.followers(promoted)]
    return f" by {', '.join(there)}" if there else ""


def _unlearned(service: Service, champion: Version, forget: ForgetSet) -> Version:
    """A version made from the champion to forget the set as well; one that was made before a crash is found again."""
    own = service.settings
    reference = _reference(own, champion, forget)
    forget_sets.log([forget])
    rule = forget_sets.manifest_rule(runs.active_id(), forget)
    start = {"model": str(champion.number), "name": champion.model, "reference": own.reference}
    settings = UnlearnSettings(own.method, own.params, rule, own.epochs, **start)
    return unlearn_or_reuse(settings, champion, reference, forget)[-1]


def _reference(own: ProcessSettings, champion: Version, forget: ForgetSet) -> Version | None:
    """The retrained model that a request is measured against; retrained now only where nothing cheaper can judge."""
    if own.reference not in (AUTO, RETRAINED):
        return None
    if own.reference == AUTO and (METHODS[own.method].card.exact or standing(champion, forget) == CROSSFIT):
        return beside(champion, forget).retrained
    # One that stands is taken where it lacks all that the champion was made to forget.
    return ensure_reference(champion, forget)


def _gated(service: Service, one: Request, candidate: Version, decided: Decided, why: str) -> Request:
    decision = "failed" if decided.failed else "passed"
    content = {"version": candidate.number, "decision": decision, "gates": [as_data(each) for each in decided.decisions]}
    requests.note_gates(one, content, decision, "; ".join(map(str, decided.decisions)))
    return _change(service, one, GATED, why, str(candidate.number))


def _certified(service: Service, group: list[Request], version: Version, why: str) -> list[Request]:
    """Give the version its certificate and leave that on every request that it ends."""
    first = datetime.fromisoformat(min(one.arrived for one in group))
    issued = issue(version, service.private_key, {"received": first}, service.settings.reference)
    for one in group:
        certificates.attach(one.run_id, issued.envelope, issued.page)
    return [_change(service, one, PROMOTED, why, str(version.number), issued.sha256) for one in group]
