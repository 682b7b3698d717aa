"""Forget sets, and manifests to read them against, for tests that make their faces by hand."""

from hashlib import sha256

import pandas as pd
from hypothesis import strategies as st

from unlearning.data.forget import ForgetSet, Known, resolve

NOTHING = pd.DataFrame(columns=["file", "id", "near", "step", "reason"], dtype=object)
SPLITS = st.sampled_from(["train", "validation", "test"])
SUBJECTS = ["", "ann", "42"]


def known(table: pd.DataFrame, rejected: pd.DataFrame = NOTHING, predictions: pd.DataFrame | None = None) -> Known:
    """What rules are read against; columns that ``table`` lacks say nothing: no file of another name, no near-copy."""
    by_hand = {"file": table.id + ".jpg", "gender": -1, "race": -1, "subject": "", "copy_of": "", "near": table.id}
    return Known(table.assign(**{name: by_hand[name] for name in by_hand if name not in table}), rejected, predictions)


def forget_set(rule: str, table: pd.DataFrame, *more) -> ForgetSet:
    """The forget set that a rule names among the rows of a manifest or a prediction table."""
    return resolve(rule, known(table, *more), "data")


def faces(*rows: dict) -> pd.DataFrame:
    """A manifest of some faces: each a training face of 30 years, as far as its row does not say otherwise."""
    usual = [{"id": f"face-{i}", "age": 30, "split": "train", **row} for i, row in enumerate(rows)]
    return known(pd.DataFrame(usual)).manifest.fillna({"subject": "", "copy_of": "", "gender": -1, "race": -1})


def as_prepared(groups: list[dict]) -> pd.DataFrame:
    """A manifest as ``prepare`` makes it from groups of near-copies: faces by id, then the copies of training faces."""
    rows, copies = [], []
    for number, group in enumerate(groups):
        members = [{"id": _id(number, place), **group} for place in range(group["size"])]
        near = min(member["id"] for member in members)
        rows += [member | {"near": near, "copy_of": ""} for member in members]
        if group["split"] == "train":
            numbered = [(member, copy) for member in members for copy in range(group["copies"])]
            copies += [m | {"id": _id(m["id"], copy), "near": near, "copy_of": m["id"]} for m, copy in numbered]
    ordered = [row for part in (rows, copies) for row in sorted(part, key=lambda row: row["id"])]
    return known(pd.DataFrame(ordered).drop(columns=["size", "copies"])).manifest


def _id(*of) -> str:
    return sha256(repr(of).encode()).hexdigest()[:8]


groups = st.fixed_dictionaries(
    {
        "size": st.sampled_from([1, 1, 1, 2, 3]),
        "copies": st.integers(0, 2),
        "split": SPLITS,
        "age": st.integers(18, 62),
        "gender": st.integers(-1, 1),
        "race": st.integers(-1, 4),
        "subject": st.sampled_from(SUBJECTS),
    }
)
in_every_part = [
    {"size": 2, "copies": 1, "split": part, "age": age, "gender": 1, "race": 2, "subject": "ann"}
    for part, age in (("train", 25), ("validation", 40), ("test", 28))
]
manifests = st.lists(groups, max_size=10).map(lambda some: as_prepared(in_every_part + some))
