"""The scores of a version stand in its tags, where people see them, and as metrics, where they were measured: the same ones."""

import math
from dataclasses import replace

from unlearning.evaluation.registry import METRICS
from unlearning.finding import TAGS as FINDING
from unlearning.registry.version import Facts, State, as_number
from unlearning.targets import ACCURACY

SCORES = (*METRICS, ACCURACY, "retain_samples", "forget_samples")
MEASURED = "that was measured"
UNMEASURED = "it is no number, and nobody has measured one"
DIGITS = 1e-4  # tags have six


def with_scores(state: State, measured: dict[int, dict[str, float]]) -> State:
    """The versions with tags that say what was measured; words where a number belongs go, also where nothing was."""
    return {number: replace(facts, tags=_scored(facts, measured.get(number, {}))) for number, facts in state.items()}


def _scored(facts: Facts, measured: dict[str, float]) -> dict[str, str]:
    tags = dict(facts.tags)
    # Memory left is the finding's, and a later one, by another reference, need not know it; an original has no finding.
    found = FINDING if tags.get("verdict") or facts.tag("role") == "original" else ()
    for name in SCORES:
        said, value = as_number(tags.get(name, "")), math.nan if name in found else measured.get(name, math.nan)
        if not math.isnan(value) and not math.isclose(said, value, rel_tol=DIGITS, abs_tol=1e-9):
            tags[name] = f"{value:.6g}"
        elif math.isnan(said) and tags.get(name):  # an empty one says that the number is not known any more
            tags.pop(name, None)
    return tags
