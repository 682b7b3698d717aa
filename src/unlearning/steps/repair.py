"""repair: the registry is made to say one thing again."""

from unlearning.progress import say
from unlearning.registry.lookup import all_versions, missing
from unlearning.repair import mending
from unlearning.settings.registry import RepairSettings
from unlearning.tracking import runs


def repair(settings: RepairSettings) -> list[str]:
    """Put right what ``status -P check=true`` finds, all or nothing, record it in the journal, and return what was wrong.

    Raises:
        InputError: there is no such model.
    """
    with runs.run("repair", f"repair of {settings.name}"):
        if not all_versions(settings.name):
            raise missing(settings.name)
        runs.log_settings("repair", {"trust": settings.trust, "reason": settings.reason})
        found = mending.repair(settings.name, settings.trust, settings.reason.strip())
        left = mending.examine(settings.name).found
        runs.log_json({"found": found, "left": left}, "repair.json")
    for sentence in found:
        say(f"repair: {sentence}")
    for sentence in left:
        say(f"repair: this is left for you: {sentence}")
    say(f"repair: {len(found)} found, {len(found) - len(left)} repaired" if found else "repair: there was nothing to repair")
    return found
