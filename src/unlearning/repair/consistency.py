"""Does the registry say one thing? What it should say, and every place where it says another.

The alias ``champion`` is the truth and stages and states are its mirror (``mirrored``). Where there is a journal, what it
says of a version comes first (``as_logged``): an alias that was moved by hand passed no gate.
"""

from dataclasses import replace

from unlearning.finding import EARNED, FORGOTTEN, state_of
from unlearning.finding import TAGS as FINDING
from unlearning.registry.entries import Logged
from unlearning.registry.version import (
    AGAIN,
    ARCHIVED,
    CHAMPION,
    GONE,
    NONE,
    ORIGINAL,
    PRODUCTION,
    RETRAINED,
    STAGING,
    TARGET,
    UNJUDGED,
    VARIANT,
    Aliases,
    Facts,
    State,
    holders,
    moved,
)
from unlearning.registry.version import TAGS as TOMBSTONE
from unlearning.repair.scores import MEASURED, SCORES, UNMEASURED, with_scores

LINEAGE = ("role", "parent_version", "reference_version", "data_digest", "data_run", "run_id", "seeds", "arch", "image_size")
FORGETTING = ("forgotten", "forget_set", "forget_rule", "forget_sha256", "forget_count")
MADE = ("method", "params", "exact", "epochs", "alpha", "scheme", TARGET, VARIANT)
MOVES = ("state", "gates", "gate_decision", "promoted_by", "forced_by", "forced_gates")
RETURNS = ("restored_by", "restored_because", "withdrawn_by", "withdrawn_because", AGAIN)
GUARDED = (*LINEAGE, *FORGETTING, *MADE, *MOVES, *RETURNS, *TOMBSTONE, "sha256")
STATES = {"original": ("remembers", "retired"), "retrained": ("reference", "retired"), "unlearned": ("candidate", "retired")}
STAGES = {"candidate": STAGING, "reference": NONE, "retired": ARCHIVED, "remembers": NONE}
MIRROR = "the champion alone is in Production, candidates are in Staging, what was served before is Archived"


def as_it_should_be(now: State, logged: dict[int, Logged], trust: str, measured: dict[int, dict[str, float]]) -> State:
    """The versions that there are, as they should be; ``trust`` is one of TRUSTS."""
    return with_scores(mirrored(as_logged(now, logged) if trust == "log" and logged else now), measured)


def as_logged(now: State, logged: dict[int, Logged]) -> State:
    """Stages, aliases, guarded tags and descriptions as the log says; scores, people's own aliases and notes stay."""
    state = {n: _guarded(facts, logged[n].facts) if n in logged else facts for n, facts in now.items()}
    aliases: Aliases = {alias: None for facts in now.values() for alias in facts.aliases if _is_ours(alias)}
    return moved(state, aliases | {alias: n for n, one in logged.items() if n in now for alias in one.facts.aliases})


def _guarded(facts: Facts, logged: Facts) -> Facts:
    guarded = GUARDED if logged.tag("state") in UNJUDGED else (*GUARDED, *FINDING)
    free = {name: value for name, value in facts.tags.items() if name not in guarded}
    tags = free | {name: value for name, value in logged.tags.items() if name in guarded}
    description = facts.description if logged.description in facts.description else logged.description
    return Facts(logged.stage, facts.aliases, tags, description)


def _is_ours(alias: str) -> bool:
    return alias in (CHAMPION, ORIGINAL, FORGOTTEN) or alias.startswith((f"{FORGOTTEN}-", f"{RETRAINED}-"))


def mirrored(state: State) -> State:
    """Stages and states that follow the alias ``champion``, and no alias of ours where it says what is not so."""
    champion = holders(state).get(CHAMPION) or _served(state)
    seen = {number: _mirror(facts, number == champion) for number, facts in state.items()}
    fit = {alias: number for alias, number in holders(seen).items() if _fits(alias, seen[number])}
    due: Aliases = {alias: None for alias in holders(seen) if alias not in fit}
    for number, facts in seen.items():
        due |= {alias: number for alias in _due(facts) if alias not in fit and (alias == ORIGINAL or not due.get(alias))}
    forgotten = champion is not None and seen[champion].tag("state") == FORGOTTEN
    return moved(seen, due | {CHAMPION: champion, FORGOTTEN: champion if forgotten else None})


def _served(state: State) -> int | None:
    """Without a champion: what is in Production, if that is one version."""
    served = [number for number, facts in state.items() if facts.stage == PRODUCTION]
    return served[0] if len(served) == 1 else None


def _mirror(facts: Facts, champion: bool) -> Facts:
    role = facts.tag("role")
    if role not in STATES:
        stage = PRODUCTION if champion else NONE if facts.stage == PRODUCTION else facts.stage
        return replace(facts, stage=stage)
    if champion:
        return replace(facts, stage=PRODUCTION, tags=facts.tags | {"state": _served_state(facts)})
    state = facts.tag("state")
    if state in GONE:
        return replace(facts, stage=ARCHIVED)
    if state not in STATES[role]:
        state = "retired" if state in EARNED else STATES[role][0]
    stage = ARCHIVED if state == "remembers" and facts.stage == ARCHIVED else STAGES[state]
    return replace(facts, stage=stage, tags=facts.tags | {"state": state})


def _served_state(facts: Facts) -> str:
    """Of a champion; one that was promoted before there were verdicts keeps what was said of it then."""
    if facts.tag("role") == "original":
        return "remembers"
    said = facts.tag("state") in EARNED and not facts.tag("verdict")
    return facts.tag("state") if said else state_of(facts.tag("verdict"))


def _fits(alias: str, facts: Facts) -> bool:
    """May this version have this alias? Aliases that are not ours fit everywhere."""
    if alias == ORIGINAL:
        return facts.tag("role") == "original"
    if alias.startswith(f"{FORGOTTEN}-"):
        shown = not facts.tag("verdict") or state_of(facts.tag("verdict")) == FORGOTTEN  # none: from before there were verdicts
        return shown and alias.removeprefix(f"{FORGOTTEN}-") in facts.tag("forgotten").split(",")
    if alias.startswith(f"{RETRAINED}-"):
        own = f"{RETRAINED}-{facts.tag('forget_set')}"
        return facts.tag("role") == "retrained" and (alias == own or alias.startswith(f"{own}-seeds-"))
    return True


def _due(facts: Facts) -> list[str]:
    """Aliases that some version must have: this one, if no other has them and its files are there."""
    if facts.tag("state") in GONE:
        return []
    if facts.tag("role") == "original":
        return [ORIGINAL]
    return [f"{RETRAINED}-{facts.tag('forget_set')}"] if facts.tag("role") == "retrained" else []


def inconsistencies(now: State, wanted: State, logged: dict[int, Logged]) -> list[str]:
    """Every difference between the registry and what it should be, in sentences."""
    gone = {number: one for number, one in logged.items() if number not in now}
    found = [f"version {n} is gone: the journal has it in stage {one.facts.stage} as of {one.entry}" for n, one in gone.items()]
    unknown = [number for number in now if logged and number not in logged]
    found += [f"version {number} is not in the journal: it was registered by other means" for number in unknown]
    found += _misplaced(now, wanted, logged)
    for number, facts in now.items():
        found += _different(number, facts, wanted[number], logged.get(number))
    if now and CHAMPION not in holders(wanted):
        found.append("no version has the alias champion, so none is served: promote one, or roll back to one")
    return found


def _misplaced(now: State, wanted: State, logged: dict[int, Logged]) -> list[str]:
    at, due = holders(now), holders(wanted)
    wrong = sorted(alias for alias in at.keys() | due.keys() if at.get(alias) != due.get(alias))
    return [_alias(alias, at.get(alias), due.get(alias), logged) for alias in wrong]


def _alias(alias: str, at: int | None, due: int | None, logged: dict[int, Logged]) -> str:
    if due in logged and alias in logged[due].facts.aliases:
        why = f"the journal has it there as of {logged[due].entry}"
    elif due is None:
        why = "the journal knows of no such move" if logged else "the version is not what the alias says"
    else:
        why = "the tags and stages say so"
    if at is None:
        return f"the alias {alias} is missing at version {due}: {why}"
    if due is None:
        return f"version {at} has the alias {alias}, which it should not have: {why}"
    return f"the alias {alias} is at version {at} and should be at version {due}: {why}"


def _different(number: int, now: Facts, wanted: Facts, one: Logged | None) -> list[str]:
    found = []
    if now.stage != wanted.stage:
        why = f"the journal has it there as of {one.entry}" if one and one.facts.stage == wanted.stage else MIRROR
        found.append(f"version {number} is in stage {now.stage} and should be in {wanted.stage}: {why}")
    for name in sorted(now.tags.keys() | wanted.tags.keys()):
        is_said, due = now.tags.get(name), wanted.tags.get(name)
        if is_said != due:
            why = f"the journal says so as of {one.entry}" if one and one.facts.tags.get(name) == due else MIRROR
            why = (MEASURED if due else UNMEASURED) if name in SCORES else why
            found.append(f"version {number} {_tag(name, is_said, due)}: {why}")
    if now.description != wanted.description:
        found.append(f"the description of version {number} is not the one of {one.entry}")
    return found


def _tag(name: str, said: str | None, due: str | None) -> str:
    if said is None:
        return f"has lost the tag {name}={due!r}"
    return f"has the tag {name}={said!r}, which should " + ("not be there" if due is None else f"be {due!r}")
