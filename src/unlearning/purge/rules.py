"""What a purge covers, who may not be purged, and what cannot be done any more afterwards: pure, so that it is known before.

A purged version leaves a tombstone: its entry in the registry, its run and all its numbers stay readable; what could still
tell of a forgotten face is erased. It has no alias any more, so nothing is served, measured or started from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from unlearning import markdown
from unlearning.commands import MODEL_NAME, command, spelt
from unlearning.errors import InputError
from unlearning.naming import ERROR_TABLE, PREDICTION_TABLE
from unlearning.registry.descent import line_of
from unlearning.registry.moves import LONGEST
from unlearning.registry.version import (
    ALIASES,
    ARCHIVED,
    CHAMPION,
    FILES,
    GONE,
    PURGED,
    PURGING,
    RETRAINED,
    Aliases,
    Change,
    Facts,
    State,
    holders,
)

MODEL, PREDICTIONS, CHECKPOINTS, PIXELS, STUDIES, OTHER = "model", "predictions", "checkpoints", "pixels", "studies", "other"
EVIDENCE = "evidence"
KINDS = {
    CHECKPOINTS: ("sisa/*",),
    PREDICTIONS: (PREDICTION_TABLE, f"sealed/{PREDICTION_TABLE}", ERROR_TABLE),
    EVIDENCE: (
        *("forget/*", "sealed/forget/*", "data/*", "sealed/data/*"),
        *("audit.*", "certificate*", "statement*", "gates.json", "evaluation.csv", "purge.*"),
    ),
}


@dataclass(frozen=True)
class File:
    """A file that a purge has found.

    Args:
        place: what it belongs to, such as ``run 5d0c...`` or ``cache``; ``path`` is below it.
        size: in bytes.
        kind: what it is; ``evidence`` stays.
        sha256: of its content; empty where it was not read.
    """

    place: str
    path: str
    size: int
    kind: str
    sha256: str = ""

    @property
    def goes(self) -> bool:
        return self.kind != EVIDENCE


@dataclass(frozen=True)
class Loss:
    """What cannot be done any more, and what can be done instead.

    ``waiting``: candidates that forget more than the champion and could not be promoted any more.
    """

    sentence: str
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True)
class Deed:
    """Who purges, when, why, and in which run."""

    user: str
    time: str
    run: str
    reason: str = ""


def kind_of(path: str) -> str:
    """What an artifact of a version's run is; whatever is not known to be evidence goes."""
    return next((kind for kind, patterns in KINDS.items() if any(fnmatchcase(path, p) for p in patterns)), OTHER)


def confirmation(model: str, number: int) -> str:
    """What has to be typed back."""
    return f"{model}/{number}"


def require_dethroned(state: State, number: int, model: str) -> None:
    """InputError for the champion, and for a version that was deleted meanwhile."""
    if number not in state:
        raise InputError(f"version {number} was deleted meanwhile; look at what there is with: {command('status', model)}")
    if holders(state).get(CHAMPION) == number:
        raise InputError(
            f"version {number} is the champion, which is never purged; serve another one first: "
            f"{command('promote', model, version='...')}, or {command('rollback', model, to='...', reason='...')}"
        )


def require_confirmed(model: str, number: int, confirm: str, **more) -> None:
    """InputError when the version's name was not typed back; ``more``: what else was given, to be given again."""
    due = confirmation(model, number)
    if confirm != due:
        said = f"confirm={confirm!r} is not its name" if confirm else "its name was not typed back"
        raise InputError(
            f"nothing was purged: version {number} of {model} would be erased for good, and {said}; if that is meant: "
            f"{command('purge', model, version=number, confirm=due, **more)}"
        )


def require_not_awaited(found: list[Loss], number: int, force: bool) -> None:
    """InputError when a candidate that forgets more than the champion could not be promoted any more."""
    waiting = sorted({candidate for loss in found for candidate in loss.waiting})
    if waiting and not force:
        names = ", ".join(map(str, waiting))
        raise InputError(
            f"nothing was purged: candidates that forget more than the champion are measured against version {number} when "
            f"they are promoted: {names}; promote or purge them first, or give them up: {spelt(force=True)}"
        )


def losses(state: State, number: int, model: str = MODEL_NAME, former: Callable[[], dict[int, Facts]] = dict) -> list[Loss]:
    """What cannot be done any more without a version; ``former``: what is known of deleted ones, through which lines go on."""
    others = {n: facts for n, facts in state.items() if n != number and facts.tag("state") not in GONE}
    beside = [*_as_reference(state, number, others, model), *_as_parent(number, others)]
    return [*_as_original(state, number, others, cache(former)), *beside]


def _as_original(state: State, number: int, others: State, former: Callable) -> Iterator[Loss]:
    if state[number].tag("role") != "original":
        return
    roots = {n: line_of(state, n, former).original for n in others}
    line = [n for n, root in roots.items() if root and root.number == number]
    yield Loss(
        f"gates that name original.METRIC, and audits beside the original, cannot be measured any more for {_versions(line)} "
        f"and what is made from them: name numbers or retrained.METRIC instead",
        _waiting(state, line),
    )
    yield Loss(f"retrain starts from the original where nothing else is said: say {spelt(model=CHAMPION)}")
    yield Loss(
        "unlearn goes back to the original for a set that the champion was made to forget already: methods can be compared on "
        "such a set only with another original"
    )


def _as_reference(state: State, number: int, others: State, model: str) -> Iterator[Loss]:
    alias = next((a for a in state[number].aliases if a.startswith(f"{RETRAINED}-")), "")
    name = state[number].tag("forget_set")
    against = [n for n, facts in others.items() if facts.tag("role") == "unlearned" and facts.tag("forget_set") == name]
    if state[number].tag("role") == RETRAINED and alias == f"{RETRAINED}-{name}":
        yield Loss(
            f"Utility, Forgetting, F and all that compares with the retrained model cannot be measured any more on {name}, as "
            f"for {_versions(against)}; another reference is made with: {command('retrain', model, forget_set='...')}",
            _waiting(state, against),
        )


def _as_parent(number: int, others: State) -> Iterator[Loss]:
    children = [n for n, facts in others.items() if facts.tag("parent_version") == str(number)]
    if children:
        yield Loss(f"{_versions(children)} cannot be made again from version {number}")


def _versions(numbers: list[int]) -> str:
    if not numbers:
        return "any version"
    return f"version{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _waiting(state: State, numbers: list[int]) -> tuple[int, ...]:
    """Candidates among some versions that have forgotten what the champion has not."""
    champion = state.get(holders(state).get(CHAMPION, 0), Facts("", (), {}))
    done = {*champion.tag("forgotten").split(","), "", "none"}
    candidates = [n for n in numbers if state[n].tag("state") == "candidate"]
    return tuple(n for n in candidates if set(state[n].tag("forgotten").split(",")) - done)


def begun(state: State, number: int, deed: Deed, model: str) -> tuple[list[Change], Aliases]:
    """The version is out of reach for promotion before the first of its files goes; its aliases still find it."""
    require_dethroned(state, number, model)
    former = state[number].tag(ALIASES).split(",") if state[number].tag(ALIASES) else []
    kept = ",".join(dict.fromkeys((*former, *state[number].aliases)))
    return [Change(number, ARCHIVED, {"state": PURGING, "purged_run": deed.run, ALIASES: kept})], {}


def ended(state: State, number: int, deed: Deed, files: int, model: str) -> tuple[list[Change], Aliases]:
    """The tombstone: no alias, and a description that begins with what happened."""
    require_dethroned(state, number, model)
    facts = state[number]
    tags = {"state": PURGED, "purged_by": deed.user, "purged_at": deed.time, "purged_run": deed.run, FILES: str(files)}
    tags |= {"purged_because": deed.reason} if deed.reason else {}
    why = f" ({deed.reason})" if deed.reason else ""
    told = (
        f"PURGED {deed.time} by {markdown.text(deed.user + why)}: its model, predictions and checkpoints were erased; what it "
        f"was and how it scored stays. Proof: purge.md of run {deed.run}."
    )
    change = Change(number, ARCHIVED, tags, (), f"{told}\n\n{facts.description}"[:LONGEST])
    return [change], dict.fromkeys(facts.aliases)
