"""What a version is measured against: the original of its line, and the retrained models that are fair to it."""

import shlex
from dataclasses import dataclass

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.data.rules import names_hardest
from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions, one_look
from unlearning.registry.version import GONE, Version
from unlearning.versions.line import find_original


@dataclass(frozen=True)
class Beside:
    """The versions that one is judged beside, None where there is none; ``second`` is retrained with other seeds."""

    original: Version | None
    retrained: Version | None
    second: Version | None


@one_look()
def beside(version: Version, forget: ForgetSet) -> Beside:
    """Find the witnesses in the registry; a version is no witness of itself, and what was purged is none."""
    known = [one for one in all_versions(version.model) if one.tag("state") not in GONE]
    same = [v for v in known if v.tag("data_digest") == version.tag("data_digest") and v.number != version.number]
    retrained = [v for v in same if v.tag("role") == "retrained" and v.tag("forget_sha256") == forget.sha256]
    retrained.sort(key=lambda one: _weight(one, version, forget))
    first, second = (*retrained, None, None)[:2]
    original = find_original(version)
    return Beside(original if original and original.number != version.number else None, first, second)


def _weight(one: Version, version: Version, forget: ForgetSet) -> tuple[bool, bool]:
    """Of several references the smallest is taken, and of equal ones the first: those after it have seeds of their own."""
    return not is_fair(one, version, forget), f"retrained-{forget.name}" not in one.aliases


def never_saw(version: Version) -> set[str]:
    """Names of the forget sets that a retrained version was trained without; none of any other version."""
    return set(version.tag("forgotten").split(",")) if version.tag("role") == "retrained" else set()


def left_out(version: Version, forget: ForgetSet) -> set[str]:
    """Names of the forget sets that a reference for a version and a set should never have seen."""
    return {*version.tag("forgotten").split(","), forget.name} - {"", "none"}


def retrained_reference(version: Version, forget: ForgetSet) -> Version:
    """The retrained version that never saw the forget set; InputError gives the command that makes it.

    Of several, the one that also lacks what the version had forgotten before, and nothing else: it is the fair one.
    """
    known = [one for one in all_versions(version.model) if one.tag("state") not in GONE]
    named = next((one for one in known if f"retrained-{forget.name}" in one.aliases), None)
    fair = [one for one in known if is_fair(one, version, forget)]
    if fair:
        return min(fair, key=lambda one: _weight(one, version, forget))
    asked = shlex.quote(forget.rule)
    start = {"model": version.number} if names_hardest(forget.rule) and version.tag("role") != "original" else {}
    again = command("retrain", version.model, forget_set=forget.rule, **start)
    if named is None:
        raise InputError(f"there is no retrained reference for the forget set {asked}; make it with: {again}")
    if named.tag("data_digest") != version.tag("data_digest"):
        raise InputError(
            f"{version.label} was trained on data {version.tag('data_digest')}, the retrained reference "
            f"{named.label} on data {named.tag('data_digest')}; make one for this data with: {again}"
        )
    return named


def is_fair(one: Version, version: Version, forget: ForgetSet) -> bool:
    """Did a retrained version never see a forget set and what a version had forgotten besides, and all else of its data?"""
    same = one.tag("forget_sha256") == forget.sha256 and one.tag("data_digest") == version.tag("data_digest")
    return same and never_saw(one) == left_out(version, forget)
