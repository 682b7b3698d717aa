"""A finished step is not done again when its inputs are the same and what it made still stands in the registry."""

from collections.abc import Callable

from unlearning.progress import say
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import Version
from unlearning.tracking import finished


def mark_finished(mark: str, versions: list[Version]) -> None:
    """Leave on the active run what it made, under the mark of its inputs."""
    finished.mark_finished(mark, sources=" ".join(version.source for version in versions))


def reuse_or(step: str, mark: str, name: str, force: bool, make: Callable[[], list[Version]]) -> list[Version]:
    """The versions that a finished run with this mark made, or what ``make`` makes now."""
    done = None if force else finished.find_finished(mark)
    if done:
        known = {version.source: version for version in all_versions(name)}
        sources = done["sources"].split()
        if all(source in known for source in sources):
            found = [known[source] for source in sources]
            labels = ", ".join(version.label for version in found)
            say(f"{step}: reused {labels} of run {done['run_id']} (same data, parameters and code; force=true runs it again)")
            return found
    return make()
