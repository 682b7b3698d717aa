"""Cross-fitting: for every face the prediction of a model that never saw it, from one training for each fold.

Faces are dealt into folds. The model of a fold is trained by the original's recipe on the faces outside it, and predicts those
in it; only these predictions are kept. Every later request to forget single faces finds its reference in their rows, and
trains nothing.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from unlearning.data import cache
from unlearning.data.faces import FaceSet
from unlearning.data.labels import column_of
from unlearning.data.splitting import deal
from unlearning.evaluation.never_seen import SEED
from unlearning.evaluation.table import prediction_table
from unlearning.jobs.ensemble import Training, standardised, train_ensemble
from unlearning.models.ensemble import load_model
from unlearning.models.spec import ModelSpec
from unlearning.naming import MODEL_ARTIFACT
from unlearning.training.recipe import Recipe

Start = tuple[ModelSpec, Recipe, int]
UNREADABLE = (OSError, ValueError, ArrowException)


def deal_folds(faces: pd.DataFrame, folds: int, seed: int) -> np.ndarray:
    """The fold of each face, 0 to ``folds`` - 1, int64: copies, near-copies and pictures of one subject lie in one fold.

    Each fold has the ages of the whole.
    """
    return deal(faces, np.arange(folds), "age", np.random.default_rng([seed, 2]))


class Kept:
    """Predictions of the folds that are trained, on disk until all of them are: what was killed goes on after the last one."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, seed: int, fold: int, make) -> pd.DataFrame:
        """The predictions of a fold's model: those on disk, or what ``make`` returns."""
        path = self._path(seed, fold)
        try:
            return cache.read_table(path)
        except UNREADABLE:  # not there yet, or damaged: it is made again
            made = make()
        cache.write_table(path, made)
        shutil.rmtree(self.place(seed, fold))
        return made

    def place(self, seed: int, fold: int) -> Path:
        """Where the fold's model lies as long as it is trained."""
        place = self._path(seed, fold).with_suffix("")
        place.mkdir(parents=True, exist_ok=True)
        return place

    def has(self, seed: int, fold: int) -> bool:
        """Is that fold's model trained?"""
        return self._path(seed, fold).is_file()

    def _path(self, seed: int, fold: int) -> Path:
        return self.folder / f"seed-{seed}-fold-{fold}.parquet"


def fold_predictions(faces: FaceSet, within: np.ndarray, title: str, start: Start, place: Path) -> pd.DataFrame:
    """Train the model of a fold, and return its predictions on the faces in it, columns id and predicted (years).

    Validation faces of the fold choose no epoch, and test faces are never trained on.

    Args:
        within: which of them are in the fold, bool, shape (faces,).
        place: where weights and checkpoints lie until the caller removes them.
    """
    learned, inside, folder = faces.where(~within).part("train", "validation"), faces.where(within), place / MODEL_ARTIFACT
    spec, recipe, seed = start
    train_ensemble(Training(learned, standardised(spec, learned, None), recipe, (seed,), title), folder)
    return prediction_table(load_model(folder), inside)[["id", "predicted"]]


def joined(faces: pd.DataFrame, folds: np.ndarray, made: Iterator[tuple[int, pd.DataFrame]]) -> pd.DataFrame:
    """One row a face: id, split, age or label, fold, and seed_N, what the model of seed N that never saw it predicts."""
    table = faces[["id", "split", column_of(faces)]].assign(fold=folds).set_index("id")
    for seed, predictions in made:
        table.loc[predictions.id, f"{SEED}{seed}"] = predictions.predicted.to_numpy()
    return table.reset_index()
