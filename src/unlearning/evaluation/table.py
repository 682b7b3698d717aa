"""The prediction table: what a version says of every face. All metrics are functions of such tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from unlearning.data.labels import column_of, labels_of
from unlearning.errors import InputError
from unlearning.targets import AGE, Target

if TYPE_CHECKING:
    from unlearning.data.faces import FaceSet
    from unlearning.models.ensemble import Ensemble


COLUMNS = ["id", "split", "age", "predicted"]


def prediction_table(ensemble: Ensemble, faces: FaceSet, **progress: Any) -> pd.DataFrame:
    """One row a face: id, split, age, predicted (by the ensemble's aggregate), member_0, member_1, ...; ages in years.

    Of another target ``label`` stands in place of the age. Of classes what is predicted is the probability of the true class,
    and the likeliest class and all probabilities stand beside it.

    ``progress``: as ``predict`` takes it.
    """
    import torch  # only here: what judges tables, and names metrics, needs no network

    from unlearning.training.precision import make_fabric
    from unlearning.training.predict import predict_on

    target, device = ensemble.spec.target, make_fabric("32-true").device
    table, faces = faces.frame[["id", "split", column_of(faces.frame)]].copy(), faces.on(device)
    members = [target.answers(predict_on(device, member, faces, **progress).double()) for member in ensemble.members]
    labels, whole = labels_of(table).to_numpy(), ensemble.aggregate(torch.stack(members, dim=1)).numpy()
    said = {f"member_{i}": target.said(answers.numpy(), labels) for i, answers in enumerate(members)}
    columns = {"predicted": target.said(whole, labels)} | said | target.shown(whole)  # there may be hundreds of classes
    return pd.concat([table, pd.DataFrame(columns, table.index)], axis=1)


def by_age(table: pd.DataFrame, target: Target = AGE) -> pd.DataFrame:
    """What people look at beside a prediction table: for each part and band of ages how many faces, and how wrong."""
    labels = labels_of(table).to_numpy()
    error, (codes, names) = table.predicted - target.truth(labels), target.bands(labels)
    errors = pd.DataFrame({"split": table.split, "band": codes, "error": error, "size": error.abs()})
    found = errors.groupby(["split", "band"]).agg(faces=("band", "size"), mae=("size", "mean"), mean_error=("error", "mean"))
    found = found.round(3).reset_index()
    column = "ages" if target == AGE else target.name
    return found.assign(**{column: [names[band] for band in found.band]})[["split", column, "faces", "mae", "mean_error"]]


def align(table: pd.DataFrame, like: pd.DataFrame, differ: bool | None = None) -> pd.DataFrame:
    """``table`` with its rows in the order of ``like``; InputError when the two do not hold the same faces.

    ``differ`` tells whether the ids of ``like`` differ from each other, where that is known: at a million ids it takes a while.
    """
    if len(table) == len(like) and table.id.equals(like.id) and (like.id.is_unique if differ is None else differ):
        return table
    if len(table) != len(like) or table.id.duplicated().any() or not like.id.isin(table.id).all():
        raise InputError("two prediction tables hold different faces: the versions were made from different data")
    return table.set_index("id").reindex(like.id).reset_index()
