"""What the registry says of its versions, and what a transition makes of that: pure, so that it is known before it is done."""

import math
from dataclasses import dataclass, field, replace

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.finding import FORGOTTEN
from unlearning.targets import Target, from_text

CHAMPION, ORIGINAL, RETRAINED = "champion", "original", "retrained"
PRODUCTION, STAGING, ARCHIVED, NONE = "Production", "Staging", "Archived", "None"
# What a rollback brought back, in words; ``regained`` is the metric.
AGAIN = "remembers_again"
TARGET = "target"  # what a version predicts, as ``targets.from_text`` reads it; none for the age
VARIANT = "variant"  # of a reference with seeds of its own: what its name ends in

# States of what was never served: its finding is any auditor's to write, that of what is served, or was, a transition's.
UNJUDGED = ("candidate", "reference")
PURGING, PURGED = "purging", "purged"
GONE = (PURGING, PURGED)
ALIASES, FILES = "purged_aliases", "purged_files"
TAGS = ("purged_by", "purged_at", "purged_because", "purged_run", ALIASES, FILES)


def as_number(text: str) -> float:
    """The finite number that a tag holds; not a number for a tag that is missing or that somebody has written words into."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def logged_name(tags: dict[str, str]) -> str:
    """What the logged model of a version is called, by the alias that the version gets; MLflow allows no dots there."""
    made = {ORIGINAL: ORIGINAL, RETRAINED: f"{RETRAINED}-{tags.get('forget_set')}{tags.get(VARIANT, '')}"}
    return made.get(tags["role"], f"{tags.get('method')}-{tags.get('forget_set')}-e{tags.get('epochs')}")


@dataclass(frozen=True)
class Facts:
    """What the registry says of one version, and a transition can change; the aliases are sorted."""

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
    """What becomes of one version in a transition: ``tags`` are written over those it has, and ``drop`` names those that go."""

    number: int
    stage: str
    tags: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    description: str | None = None  # leaves it


Move = tuple[list[Change], Aliases]


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


@dataclass(frozen=True)
class Version:
    """A registered version, with the numbers of aliases and versions as every store spells them."""

    model: str
    number: int
    stage: str
    aliases: tuple[str, ...]
    tags: dict[str, str]
    run_id: str
    source: str
    description: str

    @property
    def uri(self) -> str:
        return f"models:/{self.model}/{self.number}"

    @property
    def short(self) -> str:
        """Its most telling alias, or ``version N``."""
        telling = [alias for alias in self.aliases if alias != CHAMPION and not alias.startswith(FORGOTTEN)]
        return telling[0] if telling else f"version {self.number}"

    @property
    def label(self) -> str:
        """How a sentence would call it: by its number and its most telling alias."""
        return f"version {self.number}" + (f" ({self.short})" if self.short != f"version {self.number}" else "")

    @property
    def target(self) -> Target:
        return from_text(self.tag(TARGET))

    @property
    def facts(self) -> Facts:
        return Facts(self.stage, self.aliases, self.tags, self.description)

    def tag(self, name: str, default: str = "") -> str:
        return self.tags.get(name, default)

    def number_in(self, name: str) -> float:
        """The number in a tag; not a number where there is none."""
        return as_number(self.tag(name))

    def require_number(self, name: str, default: float = math.nan) -> float:
        """The same, where nothing can be done without it; InputError says how it is put back."""
        found = self.number_in(name) if name in self.tags else default
        if math.isnan(found):
            raise InputError(
                f"{self.label} of {self.model} has the tag {name}={self.tag(name)!r}, which is no number; put it back with: "
                f"{command('repair', self.model)}"
            )
        return found
