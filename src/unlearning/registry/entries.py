"""The entries of the journal: what a transition changed, how to undo it, and what all of them say of every version.

An entry holds, for each version that was touched, what stood before and after: stage and aliases whole, of the tags those that
differ, the description where it differs. ``null`` before: the version was made; ``null`` after: it was deleted. Two kinds
only take note: ``begin`` of the versions that were there before the journal, ``found`` of what other hands have changed since.
They are pure, so that who only needs their words imports no MLflow.
"""

from __future__ import annotations

from dataclasses import dataclass

from unlearning.registry.version import Facts, State, moved

BEGIN, FOUND = "begin", "found"
NOTES = (BEGIN, FOUND)
TOLD = ("what", "time", "user")


@dataclass(frozen=True)
class Logged:
    """What the log says of one version.

    Args:
        facts: as the last entry that touched it left it.
        entry: that entry in words: ``promote of 2026-11-24T12:03:04Z by anna``.
    """

    facts: Facts
    entry: str


def entry_of(before: State, after: State, told: dict[str, str]) -> dict:
    """The entry of a transition.

    Args:
        before: all versions; a new one is not among them.
        after: all versions; a deleted one is not among them.
        told: who did what when and why, and in which run.
    """
    touched = [number for number in sorted(before.keys() | after.keys()) if before.get(number) != after.get(number)]
    sides = [(number, before.get(number), after.get(number)) for number in touched]
    return told | {
        "versions": [{"version": str(n), "before": _side(was, now), "after": _side(now, was)} for n, was, now in sides]
    }


def _side(own: Facts | None, other: Facts | None) -> dict | None:
    if own is None:
        return None
    side = {"stage": own.stage, "aliases": list(own.aliases), "tags": _differing(own, other)}
    return side | ({"description": own.description} if other is None or own.description != other.description else {})


def _differing(own: Facts, other: Facts | None) -> dict[str, str]:
    """Tags that are not the other side's; those whose names are not ASCII are nobody's of ours, and no JSON key here."""
    theirs = other.tags if other else {}
    return {name: value for name, value in own.tags.items() if name.isascii() and theirs.get(name) != value}


def undone(now: State, entry: dict) -> State:
    """The versions as they are now, with what an entry did, in part or whole, taken back; what it did not touch stays."""
    state, aliases = dict(now), {}
    if entry["what"] in NOTES:
        return state
    for part in entry["versions"]:
        number, before, after = int(part["version"]), part["before"], part["after"]
        aliases |= dict.fromkeys(after["aliases"] if after else (), None)
        if before is None:
            state.pop(number, None)
        elif number in state:
            state[number] = _become(state[number], after or {"tags": {}}, before)
    for part in entry["versions"]:
        aliases |= dict.fromkeys(part["before"]["aliases"] if part["before"] else (), int(part["version"]))
    return moved(state, aliases)


def _become(facts: Facts, was: dict, side: dict) -> Facts:
    """Facts with one side of an entry written over the other."""
    tags = {name: value for name, value in facts.tags.items() if name not in was["tags"]} | side["tags"]
    return Facts(side["stage"], tuple(side["aliases"]), tags, side.get("description", facts.description))


def replay(entries: list[dict], deleted: bool = False) -> dict[int, Logged]:
    """What the log says of every version; with ``deleted`` also what it said last of those that are gone."""
    known: dict[int, Logged] = {}
    for entry in entries:
        if entry["what"] == BEGIN:
            known = {}
        for part in entry["versions"]:
            number = int(part["version"])
            was = known.get(number)
            if not part["after"] and not deleted:
                known.pop(number, None)
            if part["after"]:
                base = was.facts if was and part["before"] else Facts("", (), {})
                known[number] = Logged(_become(base, part["before"] or {"tags": {}}, part["after"]), in_words(entry))
    return dict(sorted(known.items()))


def in_words(entry: dict) -> str:
    """An entry as half a sentence."""
    what, time, user = (entry[name] for name in TOLD)
    return f"{what} of {time} by {user}"
