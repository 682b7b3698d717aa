"""Versions that did not forget as a retrained model would have, and one that did; and what the audit says of each.

    PYTHONPATH=src:tests python -m evaluation.cheats

prints the table of docs/audit.md.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from evaluation.worlds import World, world
from unlearning.evaluation.audit.audit import Audit, AuditSettings, audit
from unlearning.evaluation.audit.verdicts import BETWEEN, DECIDING, OVER, WORSE

TELLING = ("test_mae", *DECIDING)


def _changed(table: pd.DataFrame, predicted: np.ndarray) -> pd.DataFrame:
    return table.assign(predicted=predicted, member_0=predicted)


def renamed(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """The original, registered again under another name."""
    return original.copy()


def constant(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """Everybody is as old as the average training face."""
    return _changed(original, np.full(len(original), original.age[original.split == "train"].mean()))


def exploded(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """Gradient ascent that nobody stopped: 40 years are added to every forgotten age, and some to all others."""
    added = np.where(original.age.between(20, 28), 40.0, 2.0)
    return _changed(original, original.predicted + added)


def memorised(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """The original, fitted to the retrained model's answers on the forget set and nowhere else."""
    forgotten = original.id.isin(faces.forget.ids)
    return _changed(original, np.where(forgotten, retrained.predicted, original.predicted))


def noisy(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """The original, with errors of exactly the retrained model's sizes on the forgotten ages, each on another face."""
    random = np.random.default_rng(5)
    errors = (retrained.predicted - retrained.age).to_numpy(copy=True)
    for part in (original.id.isin(faces.forget.ids), original.id.isin(faces.forget.test_ids)):
        errors[part] = random.permutation(errors[part])
    return _changed(original, np.where(original.age.between(20, 28), original.age + errors, original.predicted))


def sharpened(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """The original, made twice as accurate on all test faces; it forgot nothing."""
    errors = original.predicted - original.age
    return _changed(original, original.age + np.where(original.split == "test", errors / 2, errors))


def honest(faces: World, original: pd.DataFrame, retrained: pd.DataFrame) -> pd.DataFrame:
    """No cheat: a third model that never saw the forget set."""
    return faces.model(False, 4)


CHEATS: dict[str, Callable[[World, pd.DataFrame, pd.DataFrame], pd.DataFrame]] = {
    function.__name__: function for function in (renamed, sharpened, constant, exploded, memorised, noisy, honest)
}


@cache
def tried(name: str) -> Audit:
    """The audit of a cheat."""
    faces = world()
    original, retrained = faces.model(True, 1), faces.model(False, 2)
    return audit(faces.case(CHEATS[name](faces, original, retrained)), AuditSettings(resamples=500))


def fools_f(found: Audit) -> bool:
    """Would F alone prefer this version to the original, as the default gates do?"""
    row = next(row for row in found.rows if row.metric == "F")
    return row.version > row.original


def table() -> str:
    """The cheats in markdown: the study's scores beside what the audit finds."""
    lines = ["| version | Utility | Forgetting | F | is F fooled? | the audit | shown by |", "|---|---|---|---|---|---|---|"]
    for name, function in CHEATS.items():
        found = tried(name)
        scores = [f"{found.numbers()[score]:.2f}" for score in ("Utility", "Forgetting", "F")]
        fooled = "yes" if fools_f(found) and name != "honest" else "no"
        said, shown = found.sentence.split(":")[0], ", ".join(f"`{metric}`" for metric in shown_by(found))
        lines.append(f"| {' '.join(function.__doc__.split())} | {' | '.join(scores)} | {fooled} | {said} | {shown} |")
    return "\n".join(lines) + "\n"


def shown_by(found: Audit) -> list[str]:
    """Of the numbers that decide, and the error on the test faces, those that have a fault."""
    return [metric for metric in TELLING if found.verdicts()[metric] in (WORSE, BETWEEN, OVER)]


def names(found: Audit, *verdicts: str) -> set[str]:
    """The metrics with one of some verdicts."""
    return {row.metric for row in found.rows if row.verdict in verdicts}


if __name__ == "__main__":
    print(table(), end="")
