"""The entries of the journal: what a transition changed, how to undo it, and what all of them say of every version.

An entry holds, for each version that was touched, what stood before and after: stage, aliases and finding whole, of the other
tags those that differ, the description where it differs. ``null`` before: the version was made; ``null`` after: it was deleted.
Two kinds only take note: ``begin`` of the versions that were there before the journal, ``found`` of what others have changed.
They are pure, so that who only needs their words imports no MLflow.
"""

from dataclasses import dataclass
from typing import Any

from unlearning.finding import TAGS as FINDING
from unlearning.registry.version import Aliases, Facts, State, moved

BEGIN, FOUND = "begin", "found"
NOBODY_YET: dict[str, Any] = {"tags": {}}
Entry = dict[str, Any]


@dataclass(frozen=True)
class Logged:
    """What the journal says of one version, as the last entry left it, and that entry in words (``label_of``)."""

    facts: Facts
    entry: str


def entry_of(before: State, after: State, occasion: dict[str, str]) -> Entry:
    """The entry of a transition; a new version is not in ``before``, a deleted one not in ``after``."""
    touched = [number for number in sorted(before.keys() | after.keys()) if before.get(number) != after.get(number)]
    sides = [(number, before.get(number), after.get(number)) for number in touched]
    return occasion | {
        "versions": [{"version": str(n), "before": _side(was, now), "after": _side(now, was)} for n, was, now in sides]
    }


def _side(facts: Facts | None, other: Facts | None) -> dict[str, Any] | None:
    """One side of a change. Tags whose names are not ASCII are nobody's of ours, and no keys of canonical JSON.

    A finding stands in whole: a candidate's is written without a transition, and from the first one on the journal knows it.
    """
    if facts is None:
        return None
    theirs = other.tags if other else {}
    told = {name: value for name, value in facts.tags.items() if name.isascii()}
    tags = {name: value for name, value in told.items() if theirs.get(name) != value or name in FINDING}
    side = {"stage": facts.stage, "aliases": list(facts.aliases), "tags": tags}
    return side | ({"description": facts.description} if other is None or facts.description != other.description else {})


def undone(now: State, entry: Entry) -> State:
    """The versions as they are now, with what an entry did, in part or whole, taken back; what it did not touch stays."""
    state, aliases = dict(now), Aliases()
    if entry["what"] in (BEGIN, FOUND):
        return state
    for part in entry["versions"]:
        number, before, after = int(part["version"]), part["before"], part["after"]
        aliases |= dict.fromkeys(after["aliases"] if after else (), None)
        if before is None:
            state.pop(number, None)
        elif number in state:
            state[number] = _become(state[number], after or NOBODY_YET, before)
    for part in entry["versions"]:  # after all were taken away: one may have gone from one version of the entry to another
        aliases |= dict.fromkeys(part["before"]["aliases"] if part["before"] else (), int(part["version"]))
    return moved(state, aliases)


def _become(facts: Facts, was: dict[str, Any], side: dict[str, Any]) -> Facts:
    """Facts with one side of an entry written over the other."""
    tags = {name: value for name, value in facts.tags.items() if name not in was["tags"]} | side["tags"]
    return Facts(side["stage"], tuple(side["aliases"]), tags, side.get("description", facts.description))


def replay(entries: list[Entry], deleted: bool = False) -> dict[int, Logged]:
    """What the journal says of every version; with ``deleted`` also what it said last of those that are gone."""
    logged: dict[int, Logged] = {}
    for entry in entries:
        if entry["what"] == BEGIN:
            logged = {}
        for part in entry["versions"]:
            number, before, after = int(part["version"]), part["before"], part["after"]
            if after:
                base = logged[number].facts if number in logged and before else Facts("", (), {})
                logged[number] = Logged(_become(base, before or NOBODY_YET, after), label_of(entry))
            elif not deleted:
                logged.pop(number, None)
    return dict(sorted(logged.items()))


def label_of(entry: Entry) -> str:
    """How a sentence would call an entry."""
    return f"{entry['what']} of {entry['time']} by {entry['user']}"
