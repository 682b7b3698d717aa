"""What the registry says of its versions, and what a transition makes of that: pure, so that it is known before it is done."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

CHAMPION, ORIGINAL, FORGOTTEN, RETRAINED = "champion", "original", "forgotten", "retrained"
PRODUCTION, STAGING, ARCHIVED, NONE = "Production", "Staging", "Archived", "None"
# What a rollback brought back, in words; ``regained`` is the metric.
AGAIN = "remembers_again"


def as_number(text: str) -> float:
    """The finite number that a tag holds; not a number for a tag that is missing or that somebody has written words into."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def logged_name(tags: dict[str, str]) -> str:
    """What the logged model of a version is called, by the alias that the version gets; MLflow allows no dots there."""
    made = {ORIGINAL: ORIGINAL, RETRAINED: f"{RETRAINED}-{tags.get('forget_set')}"}
    return made.get(tags["role"], f"{tags.get('method')}-{tags.get('forget_set')}-e{tags.get('epochs')}")


@dataclass(frozen=True)
class Facts:
    """What the registry says of one version.

    Args:
        stage: one of MLflow's four.
        aliases: sorted.
        tags: by name.
        description: for people.
    """

    stage: str
    aliases: tuple[str, ...]
    tags: dict[str, str]
    description: str = ""

    def tag(self, name: str, default: str = "") -> str:
        return self.tags.get(name, default)


State = dict[int, Facts]
Aliases = dict[str, int | None]


@dataclass(frozen=True)
class Change:
    """What becomes of one version in a transition.

    Args:
        number: of the version.
        stage: where it goes.
        tags: to write over those it has.
        drop: names of tags to take away.
        description: the new one; None leaves it.
    """

    number: int
    stage: str
    tags: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    description: str | None = None


def holders(state: State) -> dict[str, int]:
    """Which version has each alias."""
    return {alias: number for number, facts in state.items() for alias in facts.aliases}


def applied(state: State, changes: list[Change], aliases: Aliases) -> State:
    """The versions after a transition; an alias that goes to None is taken away."""
    after = dict(state)
    for change in changes:
        was = after[change.number]
        tags = {name: value for name, value in (was.tags | change.tags).items() if name not in change.drop}
        description = was.description if change.description is None else change.description
        after[change.number] = Facts(change.stage, was.aliases, tags, description)
    return moved(after, aliases)


def moved(state: State, aliases: Aliases) -> State:
    """The versions with some aliases elsewhere, or, for None, nowhere."""
    held: dict[int, list[str]] = {number: [] for number in state}
    for alias, number in (holders(state) | aliases).items():
        if number in held:
            held[number].append(alias)
    return {number: replace(facts, aliases=tuple(sorted(held[number]))) for number, facts in state.items()}
