"""What a version was made from, in the registry as it is now."""

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.registry import descent, journal
from unlearning.registry.descent import Line
from unlearning.registry.lookup import all_versions, one_look, state_of
from unlearning.registry.version import GONE, Version

FROM_NOTHING = "retrain"  # the method that trains anew


def line_of(version: Version) -> Line:
    """The line of a version, beyond what was deleted as far as the journal knows."""
    state = state_of(all_versions(version.model))
    return descent.line_of(state, version.number, lambda: journal.former(version.model))


def versions_of(line: Line, model: str) -> list[Version]:
    """Those of a line that there still are, the nearest first; what was purged is among them."""
    known = {one.number: one for one in all_versions(model)}
    return [known[one.number] for one in line.steps if one.number in known]


@one_look()
def original_of(version: Version) -> Version:
    """The version at the root of the line, which remembers everything; InputError where it is not there."""
    line, found = line_of(version), root_of(version)
    root = line.original
    if found and found.tag("state") not in GONE:
        return found
    if found:
        raise InputError(f"the original model, {found.label}, was purged")
    why = f"version {root.number} was deleted" if root else line.broken
    raise InputError(
        f"the original model that {version.label} comes from is not there: {why} (to see what was changed by hand, type: "
        f"{command('status', version.model, check=True)})"
    )


@one_look()
def root_of(version: Version) -> Version | None:
    """The original at the root of the line as the registry has it, purged or not; None where it was deleted or is unknown."""
    line = line_of(version)
    number = line.original.number if line.original else 0
    return next((one for one in versions_of(line, version.model) if one.number == number), None)


def find_original(version: Version) -> Version | None:
    """The same, or None where it is not there."""
    try:
        return original_of(version)
    except InputError:
        return None


def is_approximate(line: Line) -> bool:
    """Does the version, or one it was made from, promise less than retraining? What was trained anew comes from none."""
    for facts in (one.facts for one in line.steps):
        if facts.tag("role") != "unlearned" or facts.tag("method") == FROM_NOTHING:
            return False
        if facts.tag("exact") != "true":
            return True
    return True  # nobody knows what the last of them was made from
