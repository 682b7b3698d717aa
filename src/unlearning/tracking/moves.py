"""What a transition changes: pure functions from the versions as they are to changes and aliases.

The alias is the truth and the stage its mirror: after every move exactly the champion is in Production.
"""

from __future__ import annotations

from unlearning.tracking.registry import CHAMPION, FORGOTTEN, ORIGINAL, Change, Version

Move = tuple[list[Change], dict[str, int]]
PRODUCTION, STAGING, ARCHIVED, NONE = "Production", "Staging", "Archived", "None"


def _holder(versions: list[Version], alias: str) -> Version | None:
    return next((version for version in versions if alias in version.aliases), None)


def _retire_others(versions: list[Version], number: int) -> list[Change]:
    """Whatever is in Production besides ``number`` is archived."""
    others = [version for version in versions if version.stage == PRODUCTION and version.number != number]
    return [Change(other.number, ARCHIVED, {"state": "retired"}) for other in others]


def install_original(versions: list[Version], number: int) -> Move:
    """A newly trained original is served, unless what is served has forgotten something: it stays then.

    A model that remembers must never take the place of one that has forgotten without being asked to.
    """
    champion = _holder(versions, CHAMPION)
    if champion and champion.tag("role") != "original":
        return [Change(number, NONE)], {ORIGINAL: number}
    retired = _retire_others(versions, number)
    return [Change(number, PRODUCTION), *retired], {ORIGINAL: number, CHAMPION: number}


def install_reference(versions: list[Version], number: int, forget_set: str) -> Move:
    """A retrained reference is in no stage: it is measured against, and served only when it is promoted."""
    return [Change(number, NONE)], {f"retrained-{forget_set}": number}


def install_candidate(versions: list[Version], number: int, alias: str) -> Move:
    """An unlearned version waits in Staging."""
    return [Change(number, STAGING)], {alias: number}


def promote(versions: list[Version], number: int, forget_set: str, tags: dict[str, str]) -> Move:
    """The version is served and stands as the one that has forgotten; what it replaces is archived."""
    promoted = Change(number, PRODUCTION, {"state": "forgotten", **tags})
    aliases = {CHAMPION: number, FORGOTTEN: number, f"{FORGOTTEN}-{forget_set}": number}
    return [promoted, *_retire_others(versions, number)], aliases
