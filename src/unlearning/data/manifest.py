"""The manifest: one row per face and per copy, and a digest that names the data set everywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import pandas as pd

from unlearning.data.augmentation import AT_ONCE, IDENTITY, PARAMETERS, plan_copies, write_pixels
from unlearning.data.cache import cache_folder, has_its_sums, keep_sums, open_map, write_whole
from unlearning.data.cleaning import ASKED_FOR, clean, general, reasons_table
from unlearning.data.drawn import draw_folder
from unlearning.data.labels import CODES, LABEL, TEXT, labels_of
from unlearning.data.measures import MEASURES
from unlearning.data.reading import Reading, read
from unlearning.data.settings import DataSettings
from unlearning.data.signals import PLANTED, SIGNALS, plant, stamp
from unlearning.data.splitting import SPLITS, split, split_by_hash
from unlearning.errors import InputError
from unlearning.processes import Each
from unlearning.progress import Track
from unlearning.targets import AGE, Classes, Target

LABELS = ["id", "age", "gender", "race", "subject", "split", "copy_of", "near"]
COLUMNS = [*LABELS[:1], "file", *LABELS[1:], "row", *MEASURES, *PARAMETERS]
HASHES = ["id", "picture", "near"]
CLEANED = ["file", "age", "reason", *MEASURES]  # of the account, beside the hashes: what decides who is kept
ACCOUNTED = [name for name in COLUMNS if name not in ("split", "copy_of", *PARAMETERS)]  # of the manifest: what it takes over
ROWS = 50_000  # of a manifest that are written as text at once
FEWEST = 5  # faces: one deal of the split, three, one and one
STAGES = {
    "file": "all faces that can be read",
    "duplicate": "without duplicates and contradictions",
    "reduction": "after the reduction",
    "age": "after the age filter",
    "quality": "after the quality filter",
}


@dataclass(frozen=True)
class DataSet:
    """Prepared faces.

    Args:
        manifest: one row a face or copy, faces first, each in the order of ids; columns ``COLUMNS`` (``row`` points into
            ``pixels``; ``near`` is the smallest id among the face's near-copies, also those left out), and ``PLANTED`` where
            a signal is planted: ``age`` is then the one that is trained on. Another target than the age has a column ``label``.
        rejected: columns file, id, near, step, reason; every file that was found is here or in the manifest, once.
        pixels: read-only uint8 map, shape (rows, side, side, 3).
        stages: labels of what was kept after each step, by its title.
        target: what is predicted.
    """

    manifest: pd.DataFrame
    rejected: pd.DataFrame
    pixels: np.ndarray
    stages: dict[str, np.ndarray]
    target: Target = AGE

    @cached_property
    def digest(self) -> str:
        """sha256 over ids, labels and splits (first 16 hex digits): equal digests are equal data and equal splits.

        Of another target than the age also over what its labels mean: the numbers of two columns' classes may be the same.
        """
        return _digest(self.manifest, self.target)

    @property
    def untrained(self) -> list[str]:
        """Classes of the target that no training face is of."""
        classes = self.target.classes if isinstance(self.target, Classes) else ()
        trained = set(labels_of(self.manifest)[self.manifest.split == "train"])
        return [name for place, name in enumerate(classes) if place not in trained]

    @property
    def reasons(self) -> pd.DataFrame:
        """How many files each reason left out: columns step, reason, count."""
        return reasons_table(self.rejected)


def prepare(settings: DataSettings, side: int, progress: Track, each_window: Each | None = None) -> DataSet:
    """Read or draw the faces, keep what the settings ask for, split it, and plan and make the copies.

    ``each_window`` is that of ``reading.read``.

    Raises:
        InputError: no folder, no file, too few usable faces to split, or more than half of the files cannot be used.
    """
    reading = read(source_folder(settings), side, progress, each_window, settings.target)
    target, labels, why = read_labels(settings.predicts, reading)
    near, rejected, stages = _clean(reading, settings, target, labels, why)
    _require_enough(len(near), rejected, settings)
    faces = pd.DataFrame({name: reading.column(name).iloc[near.index].array for name in ACCOUNTED}, copy=False)
    if labels:
        faces[LABEL] = labels[LABEL][near.index]
    if settings.split == "hash":
        faces["split"] = split_by_hash(faces, settings.split_seed)
    else:  # near-copies are only told from others here, for which numbers do that take less memory
        faces["split"] = split(faces.assign(near=near.array), settings.split_seed, settings.stratify)
    _require_parts(faces)
    faces = plant(faces, settings).assign(copy_of="", **IDENTITY)
    copies = plan_copies(faces, settings.augment_to, settings.split_seed, target).sort_values("id")
    columns = [*COLUMNS, *_beside(faces)]
    manifest = pd.concat([faces, copies], ignore_index=True)[columns] if len(copies) else faces[columns]
    titled = {title: stages[step] for step, title in STAGES.items()}
    if not len(copies) and not settings.inject:
        return DataSet(manifest, rejected, reading.open_pixels(), titled, target)
    pixels = _pixels_with_copies(manifest, reading, progress)
    return DataSet(manifest.assign(row=np.arange(len(manifest))), rejected, pixels, titled, target)


def _clean(
    reading: Reading, settings: DataSettings, target: Target, labels: dict[str, np.ndarray], why: np.ndarray
) -> tuple[pd.Series, pd.DataFrame, dict[str, np.ndarray]]:
    """The rows of the account that are kept, in the order of ids, each with a number for ``near``, and what ``clean`` tells.

    Hashes are cleaned as numbers, which take an eighth of their memory.
    """
    columns = {name: reading.column(name).array for name in CLEANED} | {name: reading.ranks(name) for name in HASHES}
    files = pd.DataFrame(columns | labels, copy=False)
    if labels:
        files["reason"] = files.reason.where(files.reason != "", why)
    kept, rejected, stages = clean(files, settings, target)
    others = np.setdiff1d(files.index, kept.index)
    texts = {name: reading.column(name).iloc[others].array for name in HASHES if name in rejected}
    return kept.near.iloc[kept.id.argsort(kind="stable")], rejected.assign(**texts), stages


def _digest(manifest: pd.DataFrame, target: Target = AGE) -> str:
    labels = manifest[[*LABELS, *_beside(manifest)]]
    digest = hashlib.sha256(b"" if target == AGE else target.as_text().encode())
    for start in range(0, max(1, len(labels)), ROWS):  # a part of the text at a time: it is longer than the table
        part = labels.iloc[start : start + ROWS]
        digest.update(part.to_csv(index=False, header=start == 0, lineterminator="\n").encode())
    return digest.hexdigest()[:16]


def _beside(manifest: pd.DataFrame) -> list[str]:
    """The columns that another target than the age and a planted signal add; without them data keep their digest."""
    return [column for column in (LABEL, *PLANTED) if column in manifest]


def read_labels(target: Target, reading: Reading) -> tuple[Target, dict[str, np.ndarray], np.ndarray]:
    """The target, the labels of all files as a column (none for the age, which is one already), and why a file has none."""
    if target == AGE:
        return target, {}, np.empty(0, object)
    if target.name in CODES:
        codes = reading.column(target.name).to_numpy(np.int64)
        why = np.where(codes < 0, f"the {target.name} is missing", "").astype(object)
        return Classes(target.name, CODES[target.name]), {LABEL: codes}, why
    texts = reading.column(TEXT).where(reading.column("reason") == "", "")
    target, labels, why = target.read(texts)
    return target, {LABEL: labels}, why


def _pixels_with_copies(manifest: pd.DataFrame, reading: Reading, progress: Track) -> np.ndarray:
    """The map of all rows, copies included; made once for each data set, beside the pixels that it is made from."""
    pixels, path = reading.open_pixels(), reading.pixels.with_name(f"copies-{_digest(manifest)}.npy")
    if open_map(path, len(manifest), pixels.shape[1]) is None or not has_its_sums(path):
        write_whole(path, partial(_write_all, manifest=manifest, pixels=pixels, progress=progress))
        keep_sums(path)
    copied: np.ndarray = np.load(path, mmap_mode="r")
    return copied


def _write_all(path: Path, manifest: pd.DataFrame, pixels: np.ndarray, progress: Track) -> None:
    """Write the pictures of all rows, and put the patch on those that carry it, over whatever made a copy of them."""
    write_pixels(path, manifest, pixels, progress)
    if "signal" not in manifest:
        return
    written = np.lib.format.open_memmap(path, "r+")
    for rows in np.array_split(np.flatnonzero(manifest.signal == SIGNALS[1]), -(-len(manifest) // AT_ONCE)):
        written[rows] = stamp(written[rows])
    written.flush()


def _require_enough(kept: int, rejected: pd.DataFrame, settings: DataSettings) -> None:
    unusable, total = rejected[~rejected.step.isin(ASKED_FOR)], kept + len(rejected)
    place = source_folder(settings)
    if 2 * len(unusable) > total and not settings.accept_rejects:
        raise InputError(
            f"{len(unusable)} of {total} files in {place} cannot be used: {_in_words(unusable)}; is it the right folder? "
            f"To go on with the others: -P accept_rejects=true"
        )
    if kept < FEWEST:
        raise InputError(f"{kept} usable faces in {place}, at least {FEWEST} are needed; left out: {_in_words(rejected)}")


def _in_words(rejected: pd.DataFrame) -> str:
    """The three most frequent reasons, with the legal values where a reason names them."""
    table = reasons_table(rejected).nlargest(3, "count")
    legal = rejected.reason.str.extract(r"(; legal: .*)")[0].fillna("").groupby(general(rejected.reason)).first()
    words = [f"{reason}{legal[reason]} ({count})" for reason, count in zip(table["reason"], table["count"], strict=True)]
    return "; ".join(words) or "none"


def _require_parts(faces: pd.DataFrame) -> None:
    missing = [name for name in SPLITS if not (faces.split == name).any()]
    if missing:
        raise InputError(
            f"{len(faces)} faces leave nothing for {' and '.join(missing)}, because near-copies and pictures of one subject "
            f"stay together; give more faces, or of more people"
        )


def source_folder(settings: DataSettings) -> Path:
    """What the settings mean: the user's folder or table, or the drawn folder in the cache, drawn when it is missing."""
    if settings.data_dir:
        return Path(settings.data_dir)
    ages = (settings.min_age, settings.max_age)
    name = f"{settings.drawn_faces}-faces-of-{ages[0]}-{ages[1]}-seed-{settings.split_seed}"
    return draw_folder(cache_folder() / "drawn" / name, settings.drawn_faces, settings.split_seed, ages)
