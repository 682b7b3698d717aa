"""Is the registry what the journal says, and is the log whole? And if not: making it so."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from unlearning.registry import hash_chain, journal, lock, transitions
from unlearning.registry.entries import BEGIN, FOUND, Logged, entry_of, in_words, replay
from unlearning.registry.journal import HEAD, Journal
from unlearning.registry.lock import registry_lock
from unlearning.registry.lookup import all_versions, state_of
from unlearning.registry.transitions import INSTALLING, told
from unlearning.registry.version import State, Version
from unlearning.repair import surroundings
from unlearning.repair.consistency import Inconsistency, as_it_should_be, inconsistencies
from unlearning.repair.surroundings import Fault

PATIENCE, PAUSE = 30.0, 0.5


@dataclass(frozen=True)
class Examined:
    """A registered model and its journal at one moment.

    Args:
        versions: all of them.
        log: the journal; None before the first transition.
        broken: what is wrong with the log; empty for a whole one.
        registered: every inconsistency of the registry and its log.
        around: everything that is wrong with the runs, experiments and logged models around the versions.
        measured: of each version.
    """

    versions: list[Version]
    log: Journal | None
    broken: str
    registered: list[Inconsistency]
    around: list[Fault]
    measured: dict[int, dict[str, float]]

    @property
    def mends(self) -> bool:
        """Is there anything that ``repair`` can put right?"""
        return bool(self.registered) or any(one.mend for one in self.around)

    @property
    def found(self) -> list[Inconsistency]:
        """All of it."""
        return self.registered + [Inconsistency(one.version, one.sentence) for one in self.around]


def examine(model: str) -> Examined:
    """Compare a registered model with its journal and with itself; a transition that is under way is waited for."""
    until = time.monotonic() + PATIENCE
    while True:
        before, known, after = transitions.find_head(model), all_versions(model), transitions.find_head(model)
        if time.monotonic() > until or (before == after and not lock.owner_of(model)):
            return _examined(model, known, transitions.find_journal(model) if known else None)
        time.sleep(PAUSE)


def _examined(model: str, known: list[Version], log: Journal | None, trust: str = "log") -> Examined:
    now, broken, around = state_of(known), _broken(log), surroundings.look(model, known, log.run_id if log else "")
    measured = around.measured()
    logged = replay(log.entries) if log and not broken else {}
    installed = {number: facts for number, facts in now.items() if INSTALLING not in facts.tags}
    found = [Inconsistency(0, f"the journal is damaged: {broken}")] if broken else []
    found += [_unfinished(number) for number in now.keys() - installed.keys()]
    if log and not broken:
        found += [_begun(entry) for entry in log.begun]
        found += [] if log.named == log.head else [_unnamed(log)]
    found += inconsistencies(installed, as_it_should_be(installed, logged, trust, measured), logged)
    return Examined(known, log, broken, found, around.faults(), measured)


def _broken(log: Journal | None) -> str:
    if log is None:
        return ""
    return log.damage or str(hash_chain.first_broken(log.text) or "")


def _unfinished(number: int) -> Inconsistency:
    return Inconsistency(number, f"version {number} was registered and not installed, because its process died")


def _begun(entry: dict) -> Inconsistency:
    return Inconsistency(0, f"a transition was begun and did not end, because its process died: {in_words(entry)}")


def _unnamed(log: Journal) -> Inconsistency:
    said = f"names {log.named} as the last entry of the journal" if log.named else "names no last entry of the journal"
    more = f"which goes on to {log.head}: the registry is older than its log, or the tag was changed"
    return Inconsistency(0, f"the tag {HEAD} of the registered model {said}, {more}")


def repair(model: str, trust: str = "log", reason: str = "") -> list[Inconsistency]:
    """Make the registry consistent again, all or nothing, and record what was found and what was done.

    Args:
        model: name of the registered model.
        trust: ``log`` or ``aliases``.
        reason: why, for the log.

    Returns:
        What was wrong.
    """
    with transitions.explained(model), registry_lock(model) as held:
        lock.clear_leftovers(held)
        found = _examined(model, all_versions(model), transitions.find_journal(model), trust)
        surroundings.mend(found.around)
        if found.registered:
            _mend(model, found, trust, told(model, "repair", reason), held.confirm)
    return found.found


def _mend(model: str, found: Examined, trust: str, told: dict[str, str], confirm: Callable) -> None:
    def read() -> State:
        return state_of(all_versions(model))

    transitions.require_rights(model)
    log = _set_aside(model, found.log) if found.broken else transitions.ready_journal(model, read, confirm)
    transitions.remove_unfinished(model, read(), confirm)
    now, logged = read(), replay(log.entries)
    after = as_it_should_be(now, logged, trust, found.measured)
    entries = [_noted(logged, now, told, found.broken), entry_of(now, after, told)]
    transitions.carry_out(model, log, entries, now, after, read, confirm)


def _set_aside(model: str, log: Journal) -> Journal:
    """Keep a damaged log, as far as there is one, under another name; a new one begins."""
    if log.text:
        journal.write(log.run_id, f"audit-damaged-{hashlib.sha256(log.text).hexdigest()[:8]}.jsonl", log.text)
    return Journal(log.run_id or journal.create(model))


def _noted(logged: dict[int, Logged], now: State, told: dict[str, str], broken: str) -> dict:
    """The entry that says what was found, before the one that says what was done."""
    if not logged:
        why = f"the log before this was damaged, what there was of it is kept beside: {broken}" if broken else told["reason"]
        return entry_of({}, now, told | {"what": BEGIN, "reason": why})
    return entry_of({number: one.facts for number, one in logged.items()}, now, told | {"what": FOUND})
