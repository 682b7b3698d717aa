"""The local cache: pixels and accounts of files, never in the project and never on the tracking server.

What is damaged is made again from the pictures; a checksum of every picture, taken once a process, tells.
"""

import os
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import numpy as np
import pandas as pd

CACHE_VARIABLE = "UNLEARNING_CACHE"
AT_ONCE = 4_000_000  # bytes that a thread reads and sums up at once
MAPS_KNOWN, SUMS = 16, ".sums"


def cache_folder() -> Path:
    """Where pixels are kept: ``UNLEARNING_CACHE``, or the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(CACHE_VARIABLE) or Path(base) / "unlearning")


def open_map(path: Path, count: int, side: int) -> np.ndarray | None:
    """A map of ``count`` pictures, opened read-only; None when there is no such map, or not all of it."""
    try:
        pixels = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == (count, side, side, 3) else None


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a whole parquet file with checksums of its pages; pyarrow itself opens no path that is not UTF-8."""
    write_whole(path, lambda part: part.write_bytes(table.to_parquet(write_page_checksum=True)))


def read_table(path: Path, **more: Any) -> pd.DataFrame:
    """Read a parquet file, whatever its path is made of; an error where a page is not what was written."""
    with path.open("rb") as file:
        return pd.read_parquet(file, page_checksum_verification=True, **more)


def checksums(path: Path) -> np.ndarray:
    """The sum (CRC-32) of every picture of a map, int64, shape (rows,): any flipped bit changes its picture's.

    A map is summed up once a process, on all cores, until the file changes. It is read and not mapped, so that its
    pages do not count as this process's memory.
    """
    state = path.stat()
    return _checksums(path, (state.st_ino, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=MAPS_KNOWN)
def _checksums(path: Path, state: tuple[int, ...]) -> np.ndarray:
    pixels = np.load(path, mmap_mode="r")
    size, offset = pixels[0].nbytes, pixels.offset
    rows = max(1, AT_ONCE // size)

    with path.open("rb") as file, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:

        def part(start: int) -> np.ndarray:
            data = memoryview(os.pread(file.fileno(), min(rows, len(pixels) - start) * size, offset + start * size))
            return np.array([zlib.crc32(data[at : at + size]) for at in range(0, len(data), size)], np.int64)

        return np.concatenate(list(pool.map(part, range(0, len(pixels), rows))))


def keep_sums(path: Path) -> None:
    """Write the sums of a map that was just made beside it."""
    write_whole(path.with_suffix(SUMS), checksums(path).tofile)


def has_its_sums(path: Path) -> bool:
    """Does a map still have the sums that were kept for it? Prints where it has others; without kept sums it does not."""
    try:
        kept = np.fromfile(path.with_suffix(SUMS), np.int64)
    except FileNotFoundError:
        return False
    whole = np.array_equal(kept, checksums(path))
    if not whole:
        print(f"the cached pixels {path} are damaged: they are made again", file=sys.stderr, flush=True)
    return whole


def nameless() -> IO[str]:
    """A file on the cache's disk that has no name: it is gone when it is closed, or its process ends."""
    path = cache_folder() / f"{uuid4().hex}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # not every disk, as one over a network, has files that never had a name
        return os.fdopen(os.open(path.parent, os.O_TMPFILE | os.O_RDWR, 0o600), "w+", encoding="ascii")
    file = path.open("w+", encoding="ascii")
    path.unlink()
    return file


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file that then takes its name in one step: under ``path`` there is a whole file, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
