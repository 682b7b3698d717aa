"""The finding: what may be said of a version and of those whom it was made to forget, in one verdict, with what it rests on.

The registry says ``forgotten`` on such a finding and on nothing else: a gate that was passed is no proof, and a test that
could not have noticed a memory is none either.
"""

import math
from dataclasses import dataclass

EXACT = "exact"
AS_RETRAINING = "as retraining"
IN_PART = "forgotten in part"
OVER = "over-forgotten"
UNLIKE = "unlike retraining"
NOT_FORGOTTEN = "not forgotten"
NOT_KNOWN = "not known"
VERDICTS = {
    EXACT: "It was trained without them",
    AS_RETRAINING: "It cannot be told from retraining",
    IN_PART: "It has forgotten in part",
    OVER: "It has over-forgotten",
    UNLIKE: "It remembers no more than retraining leaves, but it is not like a retrained model",
    NOT_FORGOTTEN: "It has not forgotten",
    NOT_KNOWN: "Whether it has forgotten cannot be said",
}

AUTO, RETRAINED, CROSSFIT, NONE = "auto", "retrained", "crossfit", "none"
REFERENCES = {
    AUTO: "the first of the others that stands, for fewer than ten faces crossfit first; process retrains where none does",
    RETRAINED: "a model retrained without the forget set; needed for whole groups",
    CROSSFIT: "what models of the cross-fitting say that never saw the faces; for single faces",
    NONE: "no reference: what can be said without one is little",
}

# What a champion's state says of its verdict; every other verdict is UNPROVEN.
FORGOTTEN, FORGOTTEN_IN_PART, UNPROVEN = "forgotten", "forgotten-in-part", "unproven"
STATES = {EXACT: FORGOTTEN, AS_RETRAINING: FORGOTTEN, IN_PART: FORGOTTEN_IN_PART}
EARNED = (FORGOTTEN, FORGOTTEN_IN_PART, UNPROVEN)
TAGS = ("verdict", "reference", "finding", "memory_left", "memory_left_low", "memory_left_high")
LONGEST = 2000  # characters; a store takes 5000


def state_of(verdict: str) -> str:
    """The state that a champion with this verdict has earned; one without a verdict has proved nothing."""
    return STATES.get(verdict, UNPROVEN)


@dataclass(frozen=True)
class Finding:
    """What was found out about a version."""

    verdict: str  # a name of VERDICTS
    reference: str  # what it was judged by: a name of REFERENCES
    sentence: str  # the finding in words, with its numbers
    # memory left in percent: 100 is the original, 0 a model that never saw the faces; not a number where unknown
    left: float = math.nan
    low: float = math.nan  # lower end of its interval
    high: float = math.nan  # upper end of its interval
    p: float = math.nan  # of the test for single faces: chance that a model that never saw them has as much evidence of them

    def numbers(self) -> dict[str, float]:
        """What gates compare and runs log, by name; those that are known."""
        named = {"memory_left": self.left, "memory_left_low": self.low, "memory_left_high": self.high, "never_seen_p": self.p}
        return {name: value for name, value in named.items() if math.isfinite(value)}

    def tags(self) -> dict[str, str]:
        """What the version says of it; an empty text takes a tag of an earlier finding away."""
        known = {name: f"{value:.6g}" for name, value in self.numbers().items() if name in TAGS}
        return {"verdict": self.verdict, "reference": self.reference, "finding": self.sentence[:LONGEST], **known}


def forgotten_names(tags: dict[str, str]) -> list[str]:
    """The names of the forget sets that a version was made to forget, oldest first, as its tags list them."""
    return [name for name in tags.get("forgotten", "").split(",") if name not in ("", "none")]


def _whole(text: str) -> str:
    """The number that a tag holds, without decimals; empty where there is none, or where somebody has written words."""
    try:
        return str(round(float(text)))
    except (ValueError, OverflowError):
        return ""


def in_words(tags: dict[str, str]) -> str:
    """The verdict that a version's tags hold, for people: ``as retraining (memory left 4 %, -3 to 11; by retrained)``."""
    if not tags.get("verdict"):
        return "not judged yet"
    left, low, high = (_whole(tags.get(name, "")) for name in ("memory_left", "memory_left_low", "memory_left_high"))
    told = f"memory left {left} %" if left else ""
    told += f", {low} to {high}" if left and low and high else ""
    by = f"by {tags['reference']}" if tags.get("reference") else ""
    return tags["verdict"] + f" ({'; '.join(filter(None, (told, by)))})" * bool(told or by)
