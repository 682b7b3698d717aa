"""Read every file once: hash, decode, resize and measure it in one pass, on all cores.

The account of every file and its pixels go to a local cache, named by the names, sizes and times of the files; nothing
that a user decides about the data changes them. The pass goes on where it was when it was interrupted: a window of files
counts as read when its account stands, and that is written after its pixels.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
from filelock import FileLock
from pyarrow import ArrowException

from unlearning.data import alignment, augmentation, copies, images, labels, measures, near, sources, tables, views
from unlearning.data.cache import cache_folder, checksums, open_map, read_table, write_table, write_whole
from unlearning.data.sources import Listing, list_sources
from unlearning.errors import InputError
from unlearning.naming import as_bytes
from unlearning.progress import Track

WINDOW = 512  # files between two writings of the account: what an interruption costs at most
MOST_BYTES = 200_000_000  # a file is read whole before its size in pixels is known
ACCOUNT, PIXELS, LOCK = "account.parquet", "pixels.npy", "lock"


@dataclass(frozen=True)
class Reading:
    """A folder or table as it was read.

    Args:
        files: one row a file: file, id (content hash), picture (hash of the decoded grey picture), age, gender, race,
            subject, the five measures, near (smallest id among its near-copies), row (in the pixel map), checksum (of its
            pixels), reason (why it cannot be used; empty for a readable, labelled face).
        pixels: path of the uint8 map, shape (rows, side, side, 3).
    """

    files: pd.DataFrame
    pixels: Path

    def open_pixels(self) -> np.ndarray:
        """The map, opened read-only; nothing is loaded until a row is asked for."""
        pixels: np.ndarray = np.load(self.pixels, mmap_mode="r")
        return pixels


def read(data_dir: Path, side: int, progress: Track) -> Reading:
    """Account for every file of a folder or table, and keep the pixels of all that can be read.

    Args:
        data_dir: a folder of UTKFace-named files, also in sub-folders, or a table of ``sources``.
        side: edge of the stored pictures, in pixels.
        progress: wraps an iterable of known length under a title (a bar on a terminal).

    Raises:
        InputError: the folder is missing or holds no file, or the table cannot be read.
    """
    listing = list_sources(data_dir)
    place = cache_folder() / "readings" / _stamp(listing, side)
    files = _finished(place, side)
    if files is None:
        place.mkdir(parents=True, exist_ok=True)
        with FileLock(place / LOCK):
            files = _finished(place, side)
            if files is None:
                files = _read_all(listing, side, place, progress)
                write_table(place / ACCOUNT, files)
    return Reading(files, place / PIXELS)


def _finished(place: Path, side: int) -> pd.DataFrame | None:
    """The account of a reading that came to its end; None when there is none, or when its pixels are not all there."""
    files = _known(place / ACCOUNT)
    if files is None or open_map(place / PIXELS, len(files), side) is None:
        return None
    return None if _damaged(files, place / PIXELS) else files


def _damaged(account: pd.DataFrame, pixels: Path) -> int:
    """How many pictures of an account have other pixels in the map than those that were read."""
    readable = account[account.reason == ""]
    return int((checksums(pixels)[readable.row] != readable.checksum).sum())


def _known(path: Path) -> pd.DataFrame | None:
    """An account that was written before; a damaged one is no account."""
    try:
        return read_table(path)
    except (OSError, ValueError, TypeError, KeyError, ArrowException):
        return None


def _stamp(listing: Listing, side: int) -> str:
    stamp = hashlib.sha256(as_bytes(f"{listing.root.resolve()} {side} {_rules()}"))
    for name, state in zip(listing.names, listing.stamps, strict=True):
        stamp.update(as_bytes(name) + f"\0{state}\n".encode(errors="backslashreplace"))
    return stamp.hexdigest()[:32]


@cache
def _rules() -> str:
    """sha256 of the sources that decide what is read and how: an account by other rules is no account."""
    modules = (alignment, augmentation, copies, images, labels, measures, near, sources, tables, views)
    sources_of = "".join(map(inspect.getsource, [*modules, sys.modules[__name__]]))
    return hashlib.sha256(sources_of.encode()).hexdigest()


def _read_all(listing: Listing, side: int, place: Path, progress: Track) -> pd.DataFrame:
    """Read the windows that are missing, join them, and find the near-copies among all."""
    starts = range(0, len(listing.names), WINDOW)
    accounts = {start: place / f"window-{start:09d}.parquet" for start in starts}
    if open_map(place / PIXELS, len(listing.names), side) is None:
        for account in accounts.values():
            account.unlink(missing_ok=True)
        _make_map(place / PIXELS, len(listing.names), side)
    done = _whole_windows(accounts, place)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool, (place / PIXELS).open("r+b") as pixels:
        for start in progress(starts, len(starts), "reading faces"):
            if start not in done:
                window = _read_window(pool, listing, range(start, min(start + WINDOW, len(listing.names))), side, pixels)
                write_table(accounts[start], window)
    files = pd.concat([read_table(path).drop(columns="small") for path in accounts.values()], ignore_index=True)
    files = files.drop(columns="phash").assign(near=_near(files, partial(_small, accounts.values()), progress))
    for path in accounts.values():
        path.unlink()
    return files


def _whole_windows(accounts: dict[int, Path], place: Path) -> set[int]:
    """The windows that were read before and whose pixels are still what was read; says so when some are not."""
    damaged = {}
    for start, path in [*accounts.items(), (-1, place / ACCOUNT)]:
        account = _known(path)
        if account is not None:
            damaged[start] = _damaged(account, place / PIXELS)
    if count := sum(damaged.values()):
        told = f"the cached pixels of {count} pictures are damaged ({place / PIXELS}): they are read again from the pictures"
        print(told, file=sys.stderr, flush=True)
    return {start for start, count in damaged.items() if not count}


def _near(files: pd.DataFrame, small: copies.Small, progress: Track) -> pd.Series:
    """The smallest id among each picture's near-copies, its own included; empty without a picture."""
    readable = files[files.reason == ""]
    groups = near.near_groups(list(readable.phash), small, progress)
    return readable.id.groupby(groups).transform("min").reindex(files.index, fill_value="")


def _small(accounts: Iterable[Path]) -> Iterator[np.ndarray]:
    """The small pictures of the readable files, a window at a time: those of all files do not lie in memory."""
    for path in accounts:
        window = b"".join(read_table(path, columns=["small"]).small)
        yield np.frombuffer(window, np.uint8).reshape(-1, views.SIDE, views.SIDE)


def _make_map(path: Path, count: int, side: int) -> None:
    """A map with room for every file; its size on the disk grows with what is written."""
    write_whole(path, lambda part: np.lib.format.open_memmap(part, "w+", np.uint8, (count, side, side, 3)).flush())


def _read_window(pool: ThreadPoolExecutor, listing: Listing, rows: range, side: int, pixels: BinaryIO) -> pd.DataFrame:
    """Read some files, write their pixels to their rows of the map, and return their account."""
    read_file = partial(_read_file, listing, side)
    accounts, pictures = map(list, zip(*pool.map(read_file, rows), strict=True))
    offset = os.fstat(pixels.fileno()).st_size - len(listing.names) * side * side * 3
    for row, picture in zip(rows, pictures, strict=True):
        if picture is not None:
            pixels.seek(offset + row * side * side * 3)
            pixels.write(picture.pixels.tobytes())
    pixels.flush()
    table = pd.DataFrame(accounts)
    table[["phash", "small"]] = b""
    decoded = [picture.grey for picture in pictures if picture is not None]
    if decoded:
        grey = np.stack(decoded)
        found = measures.measure(grey, pool.map) | {"small": [small.tobytes() for small in views.shrink(grey)]}
        for name, values in found.items():
            table.loc[table.reason == "", name] = values
    return table


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"larger than the {MOST_BYTES // 1_000_000} megabytes allowed")
    return path.read_bytes()


def _read_file(listing: Listing, side: int, row: int) -> tuple[dict[str, Any], images.Picture | None]:
    source = listing.source(row)
    label = source.label or labels.Label(labels.UNKNOWN)
    account: dict[str, Any] = {"file": source.file, "id": "", "picture": "", **vars(label), "row": row}
    account |= {"reason": source.reason, "checksum": 0} | dict.fromkeys(measures.MEASURES, np.nan)
    if source.reason:
        return account, None
    try:
        data = _bytes(Path(source.path))
        picture = images.examine(data, side)
    except (InputError, OSError) as error:
        return account | {"reason": str(error) if isinstance(error, InputError) else f"unreadable: {error.strerror}"}, None
    contents = {"id": data, "picture": picture.grey.tobytes()}
    account |= {name: hashlib.sha256(content).hexdigest()[:32] for name, content in contents.items()}
    account |= {"smallest_side": float(picture.smallest_side), "checksum": zlib.crc32(picture.pixels.tobytes())}
    return account, picture
