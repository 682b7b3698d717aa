"""Read a folder of faces once: hash, label, decode and resize every file in one pass, on all cores.

The pixels go to a uint8 memory map in a local cache, named by the content of the files, and the account of every file to
a table beside it. A folder whose names, sizes and times did not change is recognised without reading a file.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowInvalid

from unlearning.data import images, labels
from unlearning.errors import InputError

CACHE_VARIABLE = "UNLEARNING_CACHE"
WINDOW = 512


@dataclass(frozen=True)
class Reading:
    """A folder as it was read.

    Args:
        files: one row a file: file, id (content hash), age, gender, race, width, height (pixels), row (in the pixel
            map; -1 without pixels), reason (why it is left out; empty for a usable face).
        pixels: path of the uint8 map, shape (rows, side, side, 3).
    """

    files: pd.DataFrame
    pixels: Path

    def open_pixels(self) -> np.ndarray:
        """The map, opened read-only; nothing is loaded until a row is asked for."""
        return np.load(self.pixels, mmap_mode="r")


def cache_folder() -> Path:
    """Where pixels are kept: ``UNLEARNING_CACHE``, or the user's cache; never the project, never the tracking server."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(CACHE_VARIABLE) or Path(base) / "unlearning")


def read_folder(folder: Path, side: int, ages: tuple[int, int], progress: Callable[[Iterable, int, str], Iterable]) -> Reading:
    """Account for every file of ``folder`` and keep the pixels of those aged ``ages[0]`` to ``ages[1]``.

    Args:
        folder: holds UTKFace-named files, also in sub-folders.
        side: edge of the stored pictures, in pixels.
        ages: youngest and oldest age kept, in years, both included.
        progress: wraps an iterable of known length under a title (a bar on a terminal).

    Raises:
        InputError: the folder is missing, or holds no file.
    """
    names = _list(folder)
    known = cache_folder() / "folders" / f"{_stamp(folder, names, side, ages)}.parquet"
    files = _known(known)
    if files is not None and _pixel_path(files, side).exists():
        return Reading(files, _pixel_path(files, side))
    files = _read_all(folder, names, side, ages, progress)
    write_whole(known, files.to_parquet)
    return Reading(files, _pixel_path(files, side))


def _known(path: Path) -> pd.DataFrame | None:
    """The account of an earlier reading; a damaged one is no account."""
    try:
        return pd.read_parquet(path)
    except (OSError, ArrowInvalid):
        return None


def _list(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise InputError(f"the image folder {folder} does not exist; give one with -P data_dir=FOLDER")
    paths = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
    names = sorted(str(p) for p in paths if not any(part.startswith(".") for part in p.parts))
    if not names:
        raise InputError(f"the image folder {folder} is empty; give a folder of UTKFace-named files with -P data_dir=FOLDER")
    return names


def _stamp(folder: Path, names: list[str], side: int, ages: tuple[int, int]) -> str:
    stamp = hashlib.sha256(f"{folder.resolve()} {side} {ages} {_rules()}".encode())
    for name in names:
        status = (folder / name).stat()
        stamp.update(os.fsencode(name) + f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return stamp.hexdigest()[:32]


@cache
def _rules() -> str:
    """sha256 of the sources that decide what is kept and how it is decoded: an account by other rules is no account."""
    sources = (Path(module.__file__).read_bytes() for module in (images, labels, sys.modules[__name__]))
    return hashlib.sha256(b"".join(sources)).hexdigest()


def _pixel_path(files: pd.DataFrame, side: int) -> Path:
    content = hashlib.sha256("\n".join(files.loc[files.row >= 0, "id"]).encode()).hexdigest()[:32]
    return cache_folder() / "pixels" / f"{content}-{side}.npy"


def _read_all(folder, names, side, ages, progress) -> pd.DataFrame:
    (cache_folder() / "pixels").mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache_folder() / "pixels", suffix=".part") as part:
        rows = _read_files(folder, names, side, ages, progress, part)
        files = _mark_copies(pd.DataFrame(rows))
        files["row"] = np.where(files.reason == "", (files.reason == "").cumsum() - 1, -1)
        part.flush()
        _compact(Path(part.name), files, side)
    return files.drop(columns="slot")


def _read_files(folder, names, side, ages, progress, part) -> list[dict]:
    """Read every file; the pixels of the n-th decoded one are written as the n-th picture of ``part``."""
    rows, slot = [], 0
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        windows = (names[start : start + WINDOW] for start in range(0, len(names), WINDOW))
        answers = (answer for window in windows for answer in pool.map(lambda n: _read(folder, n, side, ages), window))
        for row, pixels in progress(answers, len(names), "reading faces"):
            if pixels is not None:
                part.write(pixels.tobytes())
            rows.append(row | {"slot": slot if pixels is not None else -1})
            slot += pixels is not None
    return rows


def _read(folder: Path, name: str, side: int, ages: tuple[int, int]) -> tuple[dict, np.ndarray | None]:
    printable = os.fsencode(name).decode(errors="backslashreplace")
    row = {"file": printable, "id": "", "age": -1, "gender": -1, "race": -1, "reason": ""}
    try:
        label = labels.parse(Path(name).name)
        row |= {"age": label.age, "gender": label.gender, "race": label.race}
        _require_age(label.age, ages)
        data = (folder / name).read_bytes()
        row["id"] = hashlib.sha256(data).hexdigest()[:32]
        return row, images.decode(data, side)
    except (InputError, OSError) as error:
        return row | {"reason": str(error)}, None


def _require_age(age: int, ages: tuple[int, int]) -> None:
    if not ages[0] <= age <= ages[1]:
        raise InputError(f"age {age} is outside {ages[0]}-{ages[1]}")


def _mark_copies(files: pd.DataFrame) -> pd.DataFrame:
    """Of files with the same content the first by name stays; different ages on one content leave no truth: all go."""
    usable = files[files.reason == ""]
    first = usable.groupby("id").file.transform("first")
    copies = usable.index[usable.file != first]
    files.loc[copies, "reason"] = "the same content as " + first[copies]
    unclear = usable.index[usable.groupby("id").age.transform("nunique") > 1]
    files.loc[unclear, "reason"] = "the same content under different ages"
    return files


def _compact(part: Path, files: pd.DataFrame, side: int) -> None:
    """Copy the pictures that stay, in file order, to the map's final name; a map under that name is always whole."""
    stay = files[files.row >= 0]
    if stay.empty:
        return
    decoded = np.memmap(part, np.uint8, "r").reshape(-1, side, side, 3)
    write_whole(_pixel_path(files, side), lambda path: _save_rows(path, decoded, stay.slot.to_numpy()))


def _save_rows(path: Path, decoded: np.ndarray, slots: np.ndarray) -> None:
    out = np.lib.format.open_memmap(path, "w+", np.uint8, (len(slots), *decoded.shape[1:]))
    for start in range(0, len(slots), WINDOW):
        out[start : start + WINDOW] = decoded[slots[start : start + WINDOW]]
    out.flush()


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a file that then takes its name in one step: under ``path`` there is a whole file, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    write(part)
    part.replace(path)
