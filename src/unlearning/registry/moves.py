"""What a transition changes: pure functions from the versions as they are to changes and aliases.

The alias is the truth and the stage its mirror: after every move exactly the champion is in Production.
"""

from dataclasses import dataclass, replace

from unlearning import markdown
from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.finding import FORGOTTEN, TAGS, state_of
from unlearning.registry.version import (
    AGAIN,
    ARCHIVED,
    CHAMPION,
    GONE,
    NONE,
    ORIGINAL,
    PRODUCTION,
    STAGING,
    UNJUDGED,
    Aliases,
    Change,
    Move,
    Version,
)

LONGEST = 5000  # characters that every store takes as a version's description
FORCED, RESTORED = ("forced_by", "forced_gates"), ("restored_by", "restored_because")  # how it came to be served, told once


@dataclass(frozen=True)
class Act:
    """Who does something, and what was known when it was decided.

    Args:
        time: when, in UTC, as ``2026-11-24T12:03:04Z``.
        seen: number of the champion when it was decided, 0 for none; a move that finds another champion is refused.
    """

    user: str
    time: str
    reason: str = ""
    seen: int | None = None

    def sign(self, sentence: str) -> str:
        """A line for a version's description."""
        return f"* {self.time}, {markdown.text(self.user)}: {markdown.text(sentence)}"


def holder(versions: list[Version], alias: str) -> Version | None:
    """The version under an alias, or None."""
    return next((version for version in versions if alias in version.aliases), None)


def _noted(version: Version, line: str) -> str:
    """The description with one more line; what is too long for the store loses its middle."""
    text = f"{version.description}\n{line}" if version.description else line
    half = LONGEST // 2 - 5
    return text if len(text) <= LONGEST else f"{text[:half]}\n...\n{text[-half:]}"


def _retire_others(versions: list[Version], number: int, act: Act | None = None) -> list[Change]:
    """Whatever is in Production besides ``number`` is archived."""
    others = [version for version in versions if version.stage == PRODUCTION and version.number != number]
    sentence = f"archived; version {number} is served instead"
    notes = [_noted(other, act.sign(sentence)) if act else None for other in others]
    return [Change(v.number, ARCHIVED, {"state": "retired"}, (), note) for v, note in zip(others, notes, strict=True)]


def install_original(versions: list[Version], number: int) -> Move:
    """A newly trained original is served, unless what is served has forgotten something: it stays then.

    A model that remembers must never take the place of one that has forgotten without being asked to.
    """
    champion = holder(versions, CHAMPION)
    if champion and champion.tag("role") != "original":
        return [Change(number, NONE)], {ORIGINAL: number}
    retired = _retire_others(versions, number)
    return [Change(number, PRODUCTION), *retired], {ORIGINAL: number, CHAMPION: number}


def install_reference(versions: list[Version], number: int, forget_set: str) -> Move:
    """A retrained reference is in no stage: it is measured against, and served only when it is promoted.

    The first one has the alias ``retrained-SET``. One of the same data with other seeds stands beside it, as
    ``retrained-SET-seeds-3``: the distance between the two is what seeds alone do, the floor of every comparison.
    """
    alias = f"retrained-{forget_set}"
    made, first = (next((v for v in versions if v.number == number), None), holder(versions, alias))
    if made and first and made.tag("data_digest") == first.tag("data_digest") and made.tag("seeds") != first.tag("seeds"):
        alias += f"-seeds-{made.tag('seeds').replace(',', '-')}"
    return [Change(number, NONE)], {alias: number}


def install_candidate(versions: list[Version], number: int, alias: str) -> Move:
    """An unlearned version waits in Staging."""
    return [Change(number, STAGING)], {alias: number}


def promote(versions: list[Version], number: int, forget_set: str, tags: dict[str, str], act: Act | None = None) -> Move:
    """The version is served, in the state that its verdict has earned; what it replaces is archived.

    ``tags`` say how it was decided; without an ``act`` no note is written. InputError where another version became the champion
    since, or this one was purged or deleted.
    """
    version = _servable(versions, number, act, "promoted")
    note = _noted(version, act.sign(f"promoted. {tags.get('gates', '')}".strip())) if act else None
    state = state_of(tags.get("verdict", ""))
    drop = ("withdrawn_by", "withdrawn_because", *sorted({AGAIN, *FORCED, *RESTORED, *TAGS} - tags.keys()))
    promoted = Change(number, PRODUCTION, {"state": state, **tags}, drop, note)
    aliases = {CHAMPION: number, **_forgotten(version, state, forget_set)}
    return [promoted, *_retire_others(versions, number, act)], aliases


def _forgotten(version: Version, state: str, forget_set: str) -> Aliases:
    """The aliases that say ``forgotten``: of the champion where that was shown, and otherwise of no version that lacks it."""
    own = f"{FORGOTTEN}-{forget_set}"
    if state == FORGOTTEN:
        return {FORGOTTEN: version.number, own: version.number}
    aliases: Aliases = {FORGOTTEN: None}
    return aliases | ({own: None} if own in version.aliases else {})


def judge(versions: list[Version], number: int, tags: dict[str, str]) -> Move:
    """What is, or was, served has another verdict: a champion's state and aliases follow it."""
    version = _servable(versions, number, None, "judged")
    drop = tuple(name for name in TAGS if name not in tags)
    state, own = state_of(tags["verdict"]), f"{FORGOTTEN}-{version.tag('forget_set')}"
    if CHAMPION not in version.aliases:
        return [Change(number, version.stage, tags, drop)], {own: None} if own in version.aliases and state != FORGOTTEN else {}
    return [Change(number, version.stage, tags | {"state": state}, drop)], _forgotten(version, state, version.tag("forget_set"))


def roll_back(versions: list[Version], number: int, act: Act, regained: str = "") -> Move:
    """An earlier version is served again; the one that was served is archived, with the reason.

    ``regained``: what is remembered again, for people; empty when nothing is. InputError as of ``promote``.
    """
    back, left = _servable(versions, number, act, "served again"), holder(versions, CHAMPION)
    if left is None:
        raise InputError(f"no version is served that version {number} could replace: promote it instead")
    loud = f" WARNING: it remembers again what had been forgotten: {regained}." if regained else ""
    remembers = back.tag("role") == "original"
    judged = back.tag("state") not in UNJUDGED
    state = "remembers" if remembers else state_of(back.tag("verdict") if judged else "")
    tags = {"state": state, "restored_by": act.user, "restored_because": act.reason}
    note = _noted(back, act.sign(f"served again instead of version {left.number}: {act.reason}.{loud}"))
    drop = ("withdrawn_by", "withdrawn_because", *(() if regained else (AGAIN,)), *(() if judged else TAGS))
    restored = Change(number, PRODUCTION, tags | ({AGAIN: regained} if regained else {}), drop, note)
    aliases = {CHAMPION: number, **_forgotten(back, state, back.tag("forget_set"))}
    return [restored, *(_withdrawn(change, left, act, loud) for change in _retire_others(versions, number, act))], aliases


def _withdrawn(change: Change, left: Version, act: Act, loud: str) -> Change:
    """What was the champion says why it is not any more."""
    if change.number != left.number:
        return change
    tags = change.tags | {"withdrawn_by": act.user, "withdrawn_because": act.reason}
    return replace(change, tags=tags, description=_noted(left, act.sign(f"withdrawn: {act.reason}.{loud}")))


def _servable(versions: list[Version], number: int, act: Act | None, done: str) -> Version:
    """The version as it is now; whoever decided on an older state of the registry is told what happened since."""
    version = next((one for one in versions if one.number == number), None)
    look = command("status", *{one.model for one in versions})
    if version is None or version.tag("state") in GONE:
        what = "was deleted" if version is None else "was purged, or is being purged"
        raise InputError(f"version {number} is not {done}: it {what}; choose another one from: {look}")
    champion = holder(versions, CHAMPION)
    held = champion.number if champion else 0
    if act is None or act.seen is None or held in (act.seen, number):
        return version
    label = version.label
    who = f" by {champion.tag('promoted_by')}" if champion and champion.tag("promoted_by") else ""
    now = f"{champion.label} became the champion{who}" if champion else "the champion was taken away"
    raise InputError(
        f"{label} is not {done}: since that was decided, {now}; look at it with: {look}, and ask again if "
        f"{label} is still to be served"
    )
