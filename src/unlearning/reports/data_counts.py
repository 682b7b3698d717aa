"""The numbers behind the figures and the page of the data: pure functions of a manifest and a table of reasons."""

from __future__ import annotations

import numpy as np
import pandas as pd

from unlearning.data.rules import GROUPS
from unlearning.data.splitting import SPLITS
from unlearning.targets import Target

STEPS = {
    "file": "files that cannot be used",
    "contradiction": "contradicting ages",
    "duplicate": "duplicates",
    "reduction": "reduction",
    "age": "age filter",
    "quality": "quality filter",
}
LONGEST = 160


def title_of(step: str, target: Target) -> str:
    """What a step is called; labels of any target can contradict each other, and the age filter is of ages."""
    return target.told(STEPS[step]) if step == "contradiction" else STEPS.get(step, printable(step))


def is_copy(manifest: pd.DataFrame) -> np.ndarray:
    """One bool a row: is it an augmented copy?"""
    return (manifest.copy_of != "").to_numpy()


def faces(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows of real faces."""
    return manifest[~is_copy(manifest)]


def ages_of(manifest: pd.DataFrame, part: str, copies: bool) -> np.ndarray:
    """Ages, in years, of the real faces or of the copies of one part."""
    return manifest.age[(manifest.split == part).to_numpy() & (is_copy(manifest) == copies)].to_numpy()


def parts(manifest: pd.DataFrame) -> pd.DataFrame:
    """Faces and copies of every part: index ``SPLITS``, columns faces, copies."""
    rows = [[len(ages_of(manifest, part, copies)) for copies in (False, True)] for part in SPLITS]
    return pd.DataFrame(rows, index=list(SPLITS), columns=["faces", "copies"])


def groups(manifest: pd.DataFrame) -> pd.DataFrame:
    """Faces and copies of every part in the study's age groups: columns group, part, faces, copies.

    Both ends belong to a group, so that an age at a border counts in two.
    """
    rows = [
        [group, part, *(_between(ages_of(manifest, part, copies), group) for copies in (False, True))]
        for group in GROUPS
        for part in SPLITS
    ]
    return pd.DataFrame(rows, columns=["group", "part", "faces", "copies"])


def forget_count(manifest: pd.DataFrame) -> int:
    """Size of the first group's forget set as the study counts it: training faces with their copies, and validation faces."""
    return _between(manifest.age[manifest.split.isin(("train", "validation"))].to_numpy(), GROUPS[0])


def in_no_group(manifest: pd.DataFrame) -> int:
    """Rows whose age is in none of the study's groups."""
    youngest, oldest = GROUPS[0].split("-")[0], GROUPS[-1].split("-")[1]
    return int((~manifest.age.between(int(youngest), int(oldest))).sum())


def _between(ages: np.ndarray, group: str) -> int:
    low, high = map(int, group.split("-"))
    return int(((low <= ages) & (ages <= high)).sum())


def by_step(reasons: pd.DataFrame) -> dict[str, list[tuple[str, int]]]:
    """Reasons with their counts, the most frequent first, under the steps in the order in which they are taken."""
    known = [step for step in STEPS if (reasons.step == step).any()]
    others = [step for step in reasons.step.unique() if step not in STEPS]
    ordered = reasons.sort_values("count", ascending=False, kind="stable")
    rows = [(step, printable(reason), int(count)) for step, reason, count in ordered[["step", "reason", "count"]].to_numpy()]
    return {step: [(reason, count) for own, reason, count in rows if own == step] for step in known + others}


def fewer(reasons: list[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    """The ``most`` most frequent reasons, and the others as one where there are several."""
    if len(reasons) <= most + 1:
        return reasons
    others = reasons[most:]
    return [*reasons[:most], (f"{len(others):,} other reasons", sum(count for _, count in others))]


def printable(text: str) -> str:
    """One line without signs that cannot be printed, cut when it is very long: a reason may quote a broken table."""
    line = "".join(sign if sign.isprintable() else "?" for sign in " ".join(str(text).split()))
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
