"""Is the registry what the journal says, and is the journal whole? And if not: making it so."""

import hashlib
import time
from dataclasses import dataclass
from functools import partial

from unlearning.errors import InputError
from unlearning.registry import answer, journal, lock, transitions
from unlearning.registry.entries import BEGIN, FOUND, Entry, Logged, entry_of, label_of, replay
from unlearning.registry.journal import HEAD, Journal, find_head, find_journal
from unlearning.registry.lock import Lock, registry_lock
from unlearning.registry.lookup import all_versions, state_of
from unlearning.registry.transitions import INSTALLING, Held, occasion
from unlearning.registry.version import State, Version
from unlearning.repair import surroundings
from unlearning.repair.consistency import as_it_should_be, inconsistencies
from unlearning.repair.surroundings import Fault

PATIENCE, PAUSE = 30.0, 0.5
UNTOLD = "MLflow's page of the registered model says something else than which version is served, and what was found out"


@dataclass(frozen=True)
class Examined:
    """A registered model and its journal at one moment, and what is wrong: in both (``registered``), and ``around``."""

    versions: list[Version]
    journal: Journal | None
    registered: list[str]
    around: list[Fault]
    measured: dict[int, dict[str, float]]

    @property
    def mends(self) -> bool:
        """Is there anything that ``repair`` can put right?"""
        return bool(self.registered) or any(one.mend for one in self.around)

    @property
    def found(self) -> list[str]:
        return self.registered + [one.sentence for one in self.around]


def examine(model: str) -> Examined:
    """Compare a registered model with its journal and with itself; a transition that is under way is waited for."""
    until = time.monotonic() + PATIENCE
    while True:
        before, known, after = find_head(model), all_versions(model), find_head(model)
        if time.monotonic() > until or (before == after and not lock.owner_of(model)):
            return _examined(model, known, find_journal(model) if known else None)
        time.sleep(PAUSE)


def _examined(model: str, known: list[Version], kept: Journal | None, trust: str = "log") -> Examined:
    now, around = state_of(known), surroundings.look(model, known, kept.run_id if kept else "")
    measured = around.measured()
    logged = replay(kept.entries) if kept else {}
    installed = {number: facts for number, facts in now.items() if INSTALLING not in facts.tags}
    found = [
        f"version {number} was registered and not installed, because its process died"
        for number in now.keys() - installed.keys()
    ]
    found = (_of_journal(kept) if kept else []) + found
    due = as_it_should_be(installed, logged, trust, measured)
    found += inconsistencies(installed, due, logged)
    return Examined(known, kept, found, [*around.faults(), *_of_page(model, due)], measured)


def _of_page(model: str, state: State) -> list[Fault]:
    """The registered model's description is the answer of the moment, unless people have written another."""
    try:
        return [Fault(UNTOLD, partial(answer.tell, model, state))] if state and answer.due(model, state) else []
    except InputError as error:
        return [Fault(str(error))]


def _of_journal(kept: Journal) -> list[str]:
    if kept.broken:
        return [f"the journal is damaged: {kept.broken}"]
    said = "a transition was begun and did not end, because its process died"
    found = [f"{said}: {label_of(entry)}" for entry in kept.begun]
    if kept.named != kept.head:
        said = f"names {kept.named} as the last entry of the journal" if kept.named else "names no last entry of the journal"
        more = f"which goes on to {kept.head}: the registry is older than its journal, or the tag was changed"
        found.append(f"the tag {HEAD} of the registered model {said}, {more}")
    return found


def repair(model: str, trust: str = "log", reason: str = "") -> list[str]:
    """Make the registry consistent again, all or nothing, record that, and say what was wrong; ``trust`` is one of TRUSTS."""
    with transitions.explained(model), registry_lock(model) as held:
        lock.clear_leftovers(held)
        found = _examined(model, all_versions(model), find_journal(model), trust)
        surroundings.mend(found.around)
        if found.registered:
            _mend(model, held, found, trust, occasion(model, "repair", reason))
    return found.found


def _mend(model: str, lock: Lock, found: Examined, trust: str, why: dict[str, str]) -> None:
    transitions.require_rights(model)
    broken = found.journal.broken if found.journal else ""
    held = Held(model, lock, _set_aside(model, found.journal)) if broken else transitions.ready_journal(model, lock)
    transitions.remove_unfinished(held, held.state())
    now, logged = held.state(), replay(held.journal.entries)
    after = as_it_should_be(now, logged, trust, found.measured)
    transitions.carry_out(held, [_noted(logged, now, why, broken), entry_of(now, after, why)], now, after)


def _set_aside(model: str, damaged: Journal) -> Journal:
    """Keep a damaged journal, as far as there is one, under another name; a new one begins."""
    if damaged.text:
        damaged.write(f"audit-damaged-{hashlib.sha256(damaged.text).hexdigest()[:8]}.jsonl", damaged.text)
    return Journal(damaged.run_id) if damaged.run_id else journal.create(model)


def _noted(logged: dict[int, Logged], now: State, why: dict[str, str], broken: str) -> Entry:
    """The entry that says what was found, before the one that says what was done."""
    if logged:
        return entry_of({number: one.facts for number, one in logged.items()}, now, why | {"what": FOUND})
    kept = f"the journal before this was damaged, what there was of it is kept beside: {broken}"
    return entry_of({}, now, why | {"what": BEGIN, "reason": kept if broken else why["reason"]})
