"""The line of descent of a version: from what it was made to the original, whatever people have deleted or written between.

A version names its parent by a tag. Of one that was deleted, the journal still knows what it was and where it came from, so
the line goes on beyond it. Nothing else walks it: tags can be changed by hand, also into a circle.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from unlearning.registry.version import ORIGINAL, Facts, State


@dataclass(frozen=True)
class Ancestor:
    """A version of a line, with what the registry says of it, or, where it was deleted, what the journal said last."""

    number: int
    facts: Facts
    gone: bool = False


@dataclass(frozen=True)
class Line:
    """A version and those that it comes from.

    Args:
        steps: the version itself, then its parent, and so on.
        broken: why the last of them is no original, in half a sentence; empty when it is one.
    """

    steps: tuple[Ancestor, ...]
    broken: str = ""

    @property
    def original(self) -> Ancestor | None:
        """The one that everything began with; None where nobody knows which it was."""
        return None if self.broken else self.steps[-1]


def line_of(state: State, number: int, former: Callable[[], dict[int, Facts]] = dict) -> Line:
    """Walk from a version to its original; ``former``: what the journal knows of deleted ones, asked where one is missing."""
    steps, asked = [Ancestor(number, state[number])], cache(former)
    while steps[-1].facts.tag("role") != ORIGINAL:
        label, parent = f"version {steps[-1].number}", steps[-1].facts.tag("parent_version", "none")
        if parent == "none":
            return Line(tuple(steps), f"{label} names no version that it was made from")
        if not parent.isdecimal():
            return Line(tuple(steps), f"{label} has the tag parent_version={parent!r}, which is no number of a version")
        number = int(parent)
        if number in [one.number for one in steps]:
            return Line(tuple(steps), f"{label} names version {number} as its parent, which was made from {label}")
        gone = number not in state
        facts = asked().get(number) if gone else state[number]
        if facts is None:
            return Line(tuple(steps), f"version {number}, the parent of {label}, was deleted")
        steps.append(Ancestor(number, facts, gone))
    return Line(tuple(steps))
