"""Who acts on a registered model, and what was the champion when it was decided."""

from unlearning.canonical import moment
from unlearning.registry.lookup import find_or_none
from unlearning.registry.moves import Act
from unlearning.registry.version import CHAMPION
from unlearning.tracking import runs


def acting(name: str, reason: str = "") -> Act:
    """The user, now, with the champion as it is now: a move that finds another one later is refused."""
    champion = find_or_none(name, CHAMPION)
    return Act(runs.user(), moment(), reason, champion.number if champion else 0)
