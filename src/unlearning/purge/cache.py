"""What a purge covers on this machine besides the store: pixels of forgotten faces, searches that began from the version, and
checkpoints of work on the same data that is not finished.

A reading that holds a forgotten face goes as a whole, with the copies beside it: a row of zeros would be taken for a face by
the next training. What is needed of it is read again from the image folder, which is the user's and is not touched.
"""

from collections.abc import Collection
from pathlib import Path

import pandas as pd
from filelock import FileLock, Timeout

from unlearning.data.cache import cache_folder
from unlearning.data.reading import ACCOUNT, LOCK, UNREADABLE
from unlearning.data.unfinished import everything
from unlearning.digests import sha256_of
from unlearning.purge.rules import PIXELS, STUDIES, File

PLACE = "cache"
PATIENCE_SECONDS = 20.0


def readings_with(ids: Collection[str]) -> list[Path]:
    """The readings that hold a picture of one of these faces; one without a whole account could, so it counts."""
    if not ids:
        return []
    found = sorted(path for path in (cache_folder() / "readings").glob("*") if path.is_dir())
    return [place for place in found if _contents(place) and _may_hold(place, set(ids))]


def _may_hold(place: Path, ids: set[str]) -> bool:
    try:
        return not ids.isdisjoint(pd.read_parquet(place / ACCOUNT, columns=["id"])["id"])
    except UNREADABLE:
        return True


def _contents(place: Path) -> list[Path]:
    return sorted(path for path in place.iterdir() if path.is_file() and path.name != LOCK)


def searches_from(model: str, number: int, digest: str) -> list[Path]:
    """The files of all searches for settings that started from a version, and of unfinished work on its data.

    What a process is at work on goes when that is done.
    """
    folder = cache_folder() / "searches" / f"{model}-{number}"
    unfinished = [path for work in everything() if work.digest in ("", digest) and not work.is_held() for path in work.files()]
    return sorted(path for path in folder.rglob("*") if path.is_file()) + unfinished


def files_of(readings: list[Path], searches: list[Path]) -> list[File]:
    """What would be deleted, as far as it is there, with its content's sha256."""
    pixels = [_file(path, PIXELS) for place in readings for path in _contents(place)]
    return pixels + [_file(path, STUDIES) for path in searches if path.is_file()]


def _file(path: Path, kind: str) -> File:
    return File(PLACE, str(path.relative_to(cache_folder())), path.stat().st_size, kind, sha256_of(path))


def erase(readings: list[Path], searches: list[Path]) -> list[str]:
    """Delete them; returns the readings that somebody is just writing, and what the system refused, in sentences."""
    refused = [sentence for place in readings for sentence in _erase_reading(place)]
    for path in searches:
        refused += _unlink(path)
    return refused


def _erase_reading(place: Path) -> list[str]:
    try:
        with FileLock(place / LOCK, timeout=PATIENCE_SECONDS):
            return [sentence for path in _contents(place) for sentence in _unlink(path)]
    except Timeout:
        return [f"{place.name} in the cache is being written by another process"]


def _unlink(path: Path) -> list[str]:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return [f"{path.name} in the cache: {error.strerror}"]
    return []
