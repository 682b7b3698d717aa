"""The prediction table: what a version says of every face. All metrics are functions of such tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from unlearning.errors import InputError

if TYPE_CHECKING:
    from unlearning.data.faces import FaceSet
    from unlearning.models.ensemble import Ensemble

COLUMNS = ["id", "split", "age", "predicted"]


def prediction_table(ensemble: Ensemble, faces: FaceSet, **progress: Any) -> pd.DataFrame:
    """One row a face: id, split, age, predicted (by the ensemble's aggregate), member_0, member_1, ...; ages in years.

    ``progress``: as ``predict`` takes it.
    """
    import torch  # only here: what judges tables, and names metrics, needs no network

    from unlearning.training.precision import make_fabric
    from unlearning.training.predict import predict_on

    table, device = faces.frame[["id", "split", "age"]].copy(), make_fabric("32-true").device
    faces = faces.on(device)
    members = [predict_on(device, member, faces, **progress).double() for member in ensemble.members]
    table["predicted"] = ensemble.aggregate(torch.stack(members, dim=1)).numpy()
    return table.assign(**{f"member_{i}": ages.numpy() for i, ages in enumerate(members)})


def by_age(table: pd.DataFrame, years: int = 5) -> pd.DataFrame:
    """What people look at beside a prediction table: for each part and ``years`` of age how many faces, and how wrong."""
    youngest = (table.age // years * years).astype(int)
    errors = table.assign(error=table.predicted - table.age, size=(table.predicted - table.age).abs(), youngest=youngest)
    found = errors.groupby(["split", "youngest"]).agg(faces=("age", "size"), mae=("size", "mean"), mean_error=("error", "mean"))
    found = found.round(3).reset_index()
    ages = found.youngest.astype(str) + "-" + (found.youngest + years - 1).astype(str)
    return found.assign(ages=ages)[["split", "ages", "faces", "mae", "mean_error"]]


def align(table: pd.DataFrame, like: pd.DataFrame, differ: bool | None = None) -> pd.DataFrame:
    """``table`` with its rows in the order of ``like``; InputError when the two do not hold the same faces.

    ``differ`` tells whether the ids of ``like`` differ from each other, where that is known: at a million ids it takes a while.
    """
    if len(table) == len(like) and table.id.equals(like.id) and (like.id.is_unique if differ is None else differ):
        return table
    if len(table) != len(like) or table.id.duplicated().any() or not like.id.isin(table.id).all():
        raise InputError("two prediction tables hold different faces: the versions were made from different data")
    return table.set_index("id").reindex(like.id).reset_index()
