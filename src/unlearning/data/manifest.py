"""The manifest: one row per image, and a digest that names the data set everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from unlearning.data.drawn import draw_folder
from unlearning.data.folder import cache_folder, read_folder
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError

SPLITS = ("train", "validation", "test")
COLUMNS = ["id", "file", "age", "gender", "race", "split", "copy_of", "row"]
DIGESTED = ["id", "age", "gender", "race", "split", "copy_of"]


@dataclass(frozen=True)
class DataSet:
    """Prepared faces.

    Args:
        manifest: one row a face, in the order of ids; columns ``COLUMNS`` (``row`` points into ``pixels``).
        rejected: columns file, reason; every file of the folder is here or in the manifest.
        pixels: read-only uint8 map, shape (rows, side, side, 3).
    """

    manifest: pd.DataFrame
    rejected: pd.DataFrame
    pixels: np.ndarray

    @cached_property
    def digest(self) -> str:
        """sha256 over ids, labels and splits (first 16 hex digits): equal digests are equal data and equal splits."""
        text = self.manifest[DIGESTED].to_csv(index=False, lineterminator="\n")
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def prepare(settings: DataSettings, side: int, progress: Callable[[Iterable, int, str], Iterable]) -> DataSet:
    """Read or draw the faces, keep the ages asked for, and split them 60/20/20 by the seed.

    Raises:
        InputError: no folder, no file, or too few usable faces to split.
    """
    ages = (settings.min_age, settings.max_age)
    reading = read_folder(source_folder(settings), side, ages, progress)
    usable = reading.files[reading.files.reason == ""]
    rejected = reading.files.loc[reading.files.reason != "", ["file", "reason"]].reset_index(drop=True)
    if len(usable) < 5:
        reasons = rejected.reason.str.replace(r"\d+", "N", regex=True).value_counts().head(3).to_dict()
        raise InputError(
            f"{len(usable)} usable faces in {source_folder(settings)}, at least 5 are needed; "
            f"left out: {', '.join(f'{reason} ({count})' for reason, count in reasons.items()) or 'none'}"
        )
    faces = usable.sort_values("id", ignore_index=True).assign(copy_of="")
    faces["split"] = split(len(faces), settings.split_seed)
    return DataSet(faces[COLUMNS], rejected, reading.open_pixels())


def source_folder(settings: DataSettings) -> Path:
    """The folder that the settings mean: the user's, or the drawn one in the cache, which is drawn when it is missing."""
    if settings.data_dir:
        return Path(settings.data_dir)
    ages = (settings.min_age, settings.max_age)
    name = f"{settings.drawn_faces}-faces-of-{ages[0]}-{ages[1]}-seed-{settings.split_seed}"
    return draw_folder(cache_folder() / "drawn" / name, settings.drawn_faces, settings.split_seed, ages)


def split(count: int, seed: int) -> np.ndarray:
    """60 % train, 20 % validation, 20 % test at random; one name of ``SPLITS`` for each of ``count`` faces."""
    learn, test = train_test_split(np.arange(count), test_size=0.2, random_state=seed)
    _, validation = train_test_split(learn, test_size=0.25, random_state=seed)
    names = np.full(count, "train", dtype=object)
    names[validation], names[test] = "validation", "test"
    return names
