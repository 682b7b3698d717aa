"""Which of the files are kept: pure steps over the account of a reading, in the order of the study.

Every step names the files it leaves out and why, so that each file is either kept or listed, once.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from unlearning.data.labels import LABEL, UNKNOWN, column_of, strata_of
from unlearning.data.settings import DataSettings
from unlearning.targets import AGE, Target

ASKED_FOR = ("reduction", "age")
LISTED = ["file", "id", "near"]
QUOTED = r"""(?<!\w)('([^'\\]|\\.)*'|"([^"\\]|\\.)*")"""  # as repr writes a text
STEPS = ("file", "contradiction", "duplicate", "reduction", "age", "quality")
Dropped = pd.Series


def clean(
    files: pd.DataFrame, settings: DataSettings, target: Target = AGE
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Apply all steps, to files whose labels are of a target.

    Returns:
        the kept rows; the rows left out with columns file, id, near, step, reason; the labels of what was kept after each step.
    """
    steps: dict[str, Callable[[pd.DataFrame], Dropped]] = {
        "file": lambda kept: kept.reason[kept.reason != ""],
        "contradiction": lambda kept: contradictions(kept, settings.contradictions, target),
        "duplicate": lambda kept: duplicates(kept, settings.duplicates, settings.near_duplicates),
        "reduction": lambda kept: reduction(kept, settings.fraction, settings.split_seed, target),
        "age": lambda kept: ages_outside(kept, settings.min_age, settings.max_age),
        "quality": lambda kept: bad_quality(kept, settings),
    }
    rejected, stages, kept = [], {}, files
    for step, reasons_of in steps.items():
        reasons = reasons_of(kept)
        rejected.append(kept.loc[reasons.index, LISTED].assign(step=step, reason=reasons))
        if len(reasons):  # a table without the rows is another table in memory
            kept = kept.drop(index=reasons.index)
        stages[step] = kept.age.to_numpy()
    listed = pd.concat(rejected).sort_index()
    return kept.drop(columns="reason"), listed.reset_index(drop=True), stages


def contradictions(kept: pd.DataFrame, policy: str, target: Target = AGE) -> Dropped:
    """Pictures that stand under different ages, as they are or as near-copies: no age of theirs can be trusted."""
    column = column_of(kept)
    unclear = kept[kept.groupby("near")[column].transform("nunique") > 1]
    others = unclear.groupby("near").agg(low=(column, "min"), high=(column, "max"))
    dropped = unclear if policy == "leave_out" else unclear[unclear.duplicated("near")]
    span = others.loc[dropped.near]
    ends = ([target.spelled(end) for end in ends] for ends in (span.low, span.high))
    what = "ages" if target == AGE else f"labels of {target.name}"
    texts = [f"one picture under {what} from {low} to {high}" for low, high in zip(*ends, strict=True)]
    return pd.Series(texts, dropped.index, dtype=object)


def duplicates(kept: pd.DataFrame, policy: str, near_policy: str) -> Dropped:
    """Files with the same bytes, the same decoded picture, or (when asked for) a near-copy of an earlier one."""
    reasons = pd.Series("", kept.index, dtype=object)
    keys = {"id": "the same content", "picture": "the same picture"} | (
        {"near": "nearly the same picture"} if near_policy == "keep_one" else {}
    )
    for column, words in keys.items():
        again = kept[kept.duplicated(column) & (reasons == "")]
        firsts = kept.file[kept[column].isin(again[column]) & ~kept.duplicated(column)]
        named = pd.Series(firsts.to_numpy(), kept.loc[firsts.index, column])
        reasons[again.index] = words + " as another: " + again[column].map(named).astype("str")
        if policy == "leave_out" and column != "near":
            shared = kept.duplicated(column, keep=False) & (reasons == "")
            reasons[shared] = words + " as another file"
    return reasons[reasons != ""]


def reduction(kept: pd.DataFrame, fraction: float, seed: int, target: Target = AGE) -> Dropped:
    """Leave out all but ``fraction`` of the faces; every age, class or sixtieth of a range keeps its share within a picture."""
    if fraction == 1 or kept.empty:
        return pd.Series(dtype=object)
    shuffled = kept.sort_values("id").sample(frac=1, random_state=seed)
    labels = strata_of(shuffled, target)
    # What is left over goes to the youngest ages; of numbers, of which each may stand once, it must not go to the smallest.
    exact = labels.groupby(labels, sort=target == AGE).size() * fraction
    quota = exact.astype(int)
    missing = round(len(kept) * fraction) - quota.sum()
    quota[(exact - quota).sort_values(ascending=False, kind="stable").index[:missing]] += 1
    over = shuffled[labels.groupby(labels).cumcount() >= labels.map(quota)]
    return pd.Series(f"left out by the reduction to fraction {fraction:g}", over.index, dtype=object)


def ages_outside(kept: pd.DataFrame, youngest: int, oldest: int) -> Dropped:
    """Faces younger or older than asked for, in years; where another target is predicted, an age need not be known."""
    known = kept.age != UNKNOWN if LABEL in kept else True
    outside = kept.age[~kept.age.between(youngest, oldest) & known]
    return outside.map(lambda age: f"age {age} is outside {youngest}-{oldest}").astype(object)


def bad_quality(kept: pd.DataFrame, settings: DataSettings) -> Dropped:
    """Pictures beyond a threshold, with the first measure that says so."""
    limits = (
        ("smallest_side", settings.min_side, np.inf),
        ("sharpness", settings.min_sharpness, np.inf),
        ("brightness", settings.min_brightness, settings.max_brightness),
        ("contrast", settings.min_contrast, np.inf),
        ("saturated", 0.0, settings.max_saturated),
    )
    reasons = pd.Series("", kept.index, dtype=object)
    for name, low, high in limits:
        values = kept[name][reasons == ""]
        for beyond, word, bound in ((values[values < low], "below", low), (values[values > high], "above", high)):
            reasons.update(beyond.map(lambda value, text=f"{word} {bound:g}", name=name: f"{name} {value:g} is {text}"))
    return reasons[reasons != ""]


def general(reasons: pd.Series) -> pd.Series:
    """Reasons without what differs from file to file: what a table holds, numbers, names, and the legal values after them."""
    for pattern, told in ((QUOTED, "..."), (r"(: |; legal: ).*", ""), (r"\d+(\.\d+)?", "N")):
        reasons = reasons.str.replace(pattern, told, regex=True)
    return reasons


def reasons_table(rejected: pd.DataFrame) -> pd.DataFrame:
    """Columns step, reason, count: reasons that differ in a number or a file name count as one."""
    table = rejected.assign(reason=general(rejected.reason)).groupby(["step", "reason"], as_index=False).size()
    order = table.step.map(STEPS.index)
    return table.rename(columns={"size": "count"}).iloc[np.lexsort((-table["size"], order))].reset_index(drop=True)
