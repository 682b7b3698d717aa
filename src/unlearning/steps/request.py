"""request: somebody asks to be forgotten; who that is, is decided now, and served by process."""

import os
from dataclasses import asdict
from datetime import UTC, date, datetime

from unlearning.certificates.keys import VARIABLE
from unlearning.commands import command
from unlearning.data.forget import ForgetSet, Known, check, resolve
from unlearning.data.rules import names_hardest
from unlearning.errors import InputError
from unlearning.finding import in_words
from unlearning.listing import Listing, width
from unlearning.progress import say
from unlearning.registry.lock import registry_lock
from unlearning.registry.lookup import find_version
from unlearning.registry.version import CHAMPION, Version
from unlearning.requests import store as requests
from unlearning.requests.states import PROMOTED, RECEIVED, STATES, Request, parse_deadline, remaining
from unlearning.settings.requests import RequestSettings
from unlearning.tracking import runs
from unlearning.tracking.store import prepare_store
from unlearning.versions import certificates, forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of

COLUMNS = ("request", "state", "forget set", "samples", "received", "deadline", "reason", "who", "version")
LEAST = ("who", "received", "reason", "version", "samples")


def request(settings: RequestSettings) -> Request:
    """Receive a request, or find that it was received before; what the champion was made to forget already is done at once.

    Raises:
        InputError: the rule or the deadline cannot be read, or the key is that of a request for other samples.
    """
    with runs.run("request", f"request to forget {settings.forget_set}"):
        deadline = parse_deadline(settings.deadline)
        champion = find_version(settings.name, CHAMPION)
        forget = _resolved(settings.forget_set, champion)
        forget_sets.log([forget])
        runs.log_settings("request", asdict(settings))
        with registry_lock(f"{settings.name}.requests"):  # two that ask the same at once make one request
            asked = _received(settings, deadline, champion, forget)
        runs.set_tags({"request": asked.run_id, "request.state": asked.state})
    for sentence in told(asked, datetime.now(UTC).date()):
        say(f"request: {sentence}")
    return asked


def _resolved(rule: str, champion: Version) -> ForgetSet:
    """Whom a rule names, by the account of the champion's data; no picture is needed."""
    manifest, rejected = account_of(champion.tag("data_run"))
    predictions = predictions_of(champion) if names_hardest(rule) else None
    known = Known(manifest, rejected, predictions, target=champion.target)
    forget = resolve(rule, known, champion.tag("data_digest"))
    for note in forget.notes:
        say(f"request: {note}")
    check(manifest, forget, forget_sets.forgotten_by(champion), champion.target)
    return forget


def _received(settings: RequestSettings, deadline: date | None, champion: Version, forget: ForgetSet) -> Request:
    """The one request with this key: a new one, the one that is there, or that one opened again."""
    key = settings.idempotency_key or forget.sha256
    asked, left = requests.find(settings.name, key), remaining(forget, forget_sets.forgotten_by(champion))
    if asked and asked.forget_sha256 != forget.sha256:
        raise InputError(
            f"idempotency_key={key!r} is that of {asked.label}, which names other samples; leave it out, or choose another"
        )
    if asked and (asked.is_open or (asked.state == PROMOTED and not left)):
        stays = f", with the deadline {asked.deadline or 'none'} as before" if deadline not in (None, asked.deadline) else ""
        say(f"request: this was asked before, as {asked.label}; it stays one request{stays}")
        return asked
    if asked:
        why = f"asked again; it was {asked.state}: {asked.history[-1].why}"[:500]
        asked = requests.ask_again(asked, settings.reason, deadline, why)
    else:
        asked = requests.create(settings.name, key, forget, settings.reason, deadline, _overlap(forget, left, champion))
    # Without its certificate nothing is done: process issues that, and ends the request.
    return asked if left or not champion.tag(certificates.TAG) else _done_already(asked, champion)


def _overlap(forget: ForgetSet, left: set[str], champion: Version) -> str:
    known = len(forget.ids) - len(left)
    told = f"received; {champion.label} was made to forget {known} of {len(forget.ids)} samples already"
    return told if known else "received"


def _done_already(asked: Request, champion: Version) -> Request:
    """Everybody in it is forgotten: nothing is left to do but to say by whom."""
    certificate = champion.tag(certificates.TAG)
    why = f"{champion.label} was made to forget all {asked.count} samples already: {in_words(champion.tags)}; "
    why += f"its certificate has the sha256 {certificate}"
    return requests.change_state(asked, PROMOTED, why, str(champion.number), certificate)


def told(asked: Request, today: date) -> list[str]:
    """A request in sentences."""
    last = asked.history[-1]
    sentences = [f"{asked.label}, {asked.count} samples, is {asked.state}: {STATES[asked.state]} ({last.why})"]
    if asked.is_overdue(today):
        sentences.append(f"{asked.label} is OVERDUE: its last day was {asked.deadline}")
    if asked.state == RECEIVED:
        sentences.append(f"serve it with: {command('process', asked.model)}")
        if not os.environ.get(VARIABLE):
            sentences.append(f"that needs a signing key first: make key && export {VARIABLE}=$PWD/signing-key.pem")
    return sentences


def list_requests(name: str) -> str:
    """All requests to a registered model, as a table; outside of ``mlflow run`` it is read without opening a run."""
    prepare_store()
    with runs.run_if_launched("request", f"requests to {name}"):
        asked, today = requests.listed(name), datetime.now(UTC).date()
    rows, bold = [_row(one, today) for one in asked], [number for number, one in enumerate(asked) if one.is_open]
    whole = ("request", "samples", "received", "deadline", "version")
    return Listing(f"requests to {name}", COLUMNS, rows, whole, LEAST, bold).fitted(width())


def _row(asked: Request, today: date) -> tuple[str, ...]:
    deadline = f"{asked.deadline or '-'}" + (" OVERDUE" if asked.is_overdue(today) else "")
    own = (asked.run_id[:8], asked.state, asked.rule, str(asked.count), asked.arrived[:10], deadline)
    return (*own, asked.reason or "-", asked.user, asked.version or "-")
