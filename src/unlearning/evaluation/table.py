"""The prediction table: what a version says of every face. All metrics are functions of such tables."""

from __future__ import annotations

import pandas as pd

from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.models.ensemble import Ensemble
from unlearning.training.predict import predict

COLUMNS = ["id", "split", "age", "predicted"]


def prediction_table(ensemble: Ensemble, faces: FaceSet) -> pd.DataFrame:
    """One row a face: id, split, age, predicted (mean over the members), member_0, member_1, ...; ages in years."""
    table = faces.frame[["id", "split", "age"]].copy()
    members = {f"member_{i}": predict(m, faces).double().numpy() for i, m in enumerate(ensemble.members)}
    table["predicted"] = sum(members.values()) / len(members)
    return table.assign(**members)


def align(table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """``table`` with its rows in the order of ``like``; InputError when the two do not hold the same faces."""
    if len(table) == len(like) and table.id.is_unique and table.id.equals(like.id):
        return table
    if len(table) != len(like) or table.id.duplicated().any() or not like.id.isin(table.id).all():
        raise InputError("two prediction tables hold different faces: the versions were made from different data")
    return table.set_index("id").reindex(like.id).reset_index()
