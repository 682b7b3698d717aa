"""Read every file once: hash, decode, resize and measure it in one pass, on all cores.

The account of every file and its pixels go to a local cache, named by the names, sizes and times of the files; nothing
that a user decides about the data changes them. The pass goes on where it was when it was interrupted: a window of files
counts as read when its account stands, and that is written after its pixels.
"""

import hashlib
import inspect
import os
import sys
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from functools import cache, partial
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock
from pyarrow import parquet

from unlearning.data import alignment, augmentation, copies, images, labels, measures, near, rows, sources, tables, views
from unlearning.data.cache import cache_folder, checksums, open_map, read_table, write_table, write_whole
from unlearning.data.sources import Entry, Listing, list_sources, too_large
from unlearning.errors import InputError
from unlearning.naming import as_bytes
from unlearning.processes import Each, each_by
from unlearning.progress import Track

WINDOW = 512  # files between two writings of the account: what an interruption costs at most
JOINED = 64  # windows whose accounts lie in memory at once when they are joined
AT_ONCE, BUFFER = 8192, 65536  # rows and bytes of an account that are looked through at once
ACCOUNT, PIXELS, LOCK, SMALL = "account.parquet", "pixels.npy", "lock", "small.part"
LABEL = [one.name for one in fields(labels.Label)]
KEPT = ["file", "id", "picture", *LABEL, "row", "reason", "checksum", *measures.MEASURES]
SEARCHED = ["phash", "small"]  # of a window's account: what near-copies are looked for by
UNREADABLE = (OSError, ValueError, TypeError, KeyError, pa.ArrowException)


@dataclass(frozen=True)
class Reading:
    """A folder or table as it was read.

    Args:
        account: path of the account of every file.
        pixels: path of the uint8 map, shape (rows, side, side, 3).
    """

    account: Path
    pixels: Path

    @property
    def files(self) -> pd.DataFrame:
        """One row a file.

        Columns file, id (content hash), picture (hash of the decoded grey picture), age, gender, race, subject, text, the five
        measures, near (smallest id among its near-copies), row (in the pixel map), checksum (of its pixels), reason (why it
        cannot be used; empty for a readable, labelled face).
        """
        return read_table(self.account)

    def column(self, name: str) -> pd.Series:
        """One column of ``files``; nothing else is read, and what reading takes goes back to the system."""
        with self.account.open("rb") as file:
            whole = parquet.ParquetFile(file, page_checksum_verification=True, pre_buffer=False)
            column: pd.Series = whole.read([name], use_threads=False).column(0).to_pandas()
        pa.default_memory_pool().release_unused()
        return column

    def ranks(self, name: str) -> np.ndarray:
        """The place of each file's hash in a column among all of its hashes, int32: the same for equal ones, in their order."""
        with self.account.open("rb") as file:
            whole, done = parquet.ParquetFile(file, page_checksum_verification=True, pre_buffer=False), 0
            hashes = np.empty(whole.metadata.num_rows, "S32")
            for part in whole.iter_batches(AT_ONCE, columns=[name], use_threads=False):
                hashes[done : done + len(part)] = part.column(0).to_pylist()
                done += len(part)
        order = np.argsort(hashes, kind="stable")
        new = np.concatenate([hashes[few[1:]] != hashes[few[:-1]] for few in _overlapping(order)])
        ranks = np.empty(len(hashes), np.int32)
        ranks[order] = np.concatenate([[0], np.cumsum(new, dtype=np.int32)])
        return ranks

    def open_pixels(self) -> np.ndarray:
        """The map, opened read-only; nothing is loaded until a row is asked for."""
        pixels: np.ndarray = np.load(self.pixels, mmap_mode="r")
        return pixels


def _overlapping(rows: np.ndarray) -> Iterator[np.ndarray]:
    """So many at a time, each part beginning with the last of the one before."""
    return (rows[start : start + AT_ONCE + 1] for start in range(0, max(1, len(rows) - 1), AT_ONCE))


class Window(NamedTuple):
    """Some files that follow each other: the row of the first, and where their account is to be written."""

    start: int
    account: Path
    entries: list[Entry]


def read(data_dir: Path, side: int, progress: Track, each_window: Each | None = None, target: str = "age") -> Reading:
    """Account for every file of a folder or table, and keep the pixels of all that can be read.

    Args:
        data_dir: a folder of UTKFace-named files, also in sub-folders, or a table of ``sources``.
        side: edge of the stored pictures, in pixels.
        progress: wraps an iterable of known length under a title (a bar on a terminal).
        each_window: reads windows elsewhere, where folder and cache are the same; None: processes of this machine.
        target: what is to be predicted: the age, or another column of a table.

    Raises:
        InputError: the folder is missing or holds no file, or the table cannot be read.
    """
    with list_sources(data_dir, target) as listing:
        stamp = hashlib.sha256(as_bytes(f"{listing.root.resolve()} {side} {_rules()} {listing.state}")).hexdigest()
        place = cache_folder() / "readings" / stamp[:32]
        if not _is_finished(place, listing.count, side):
            place.mkdir(parents=True, exist_ok=True)
            with FileLock(place / LOCK):
                if not _is_finished(place, listing.count, side):
                    _read_all(listing, side, place, progress, each_window)
    return Reading(place / ACCOUNT, place / PIXELS)


def _is_finished(place: Path, count: int, side: int) -> bool:
    """Did a reading come to its end, and are its account and its pixels still whole?"""
    return open_map(place / PIXELS, count, side) is not None and _damaged(place / ACCOUNT, place / PIXELS) == 0


def _damaged(account: Path, pixels: Path) -> int | None:
    """How many pictures of an account have other pixels in the map than those that were read; None: it is no account.

    All of the account is read, a part at a time, so that damage anywhere in it shows.
    """
    try:
        with account.open("rb") as file:
            whole = parquet.ParquetFile(file, page_checksum_verification=True, pre_buffer=False, buffer_size=BUFFER)
            return sum(_other_pixels(part, pixels) for part in whole.iter_batches(AT_ONCE, use_threads=False))
    except UNREADABLE:
        return None


def _other_pixels(part: pa.RecordBatch, pixels: Path) -> int:
    """How many readable files of a part have other pixels in the map than those that were read."""
    told = part.select(["row", "checksum", "reason"]).to_pandas()
    readable = told[told.reason == ""]
    return int((checksums(pixels)[readable.row] != readable.checksum).sum())


@cache
def _rules() -> str:
    """sha256 of the sources that decide what is read and how: an account by other rules is no account."""
    modules = (alignment, augmentation, copies, images, labels, measures, near, rows, sources, tables, views)
    sources_of = "".join(map(inspect.getsource, [*modules, sys.modules[__name__]]))
    return hashlib.sha256(sources_of.encode()).hexdigest()


def _read_all(listing: Listing, side: int, place: Path, progress: Track, each_window: Each | None) -> None:
    """Read the windows that are missing, find the near-copies among all, and join the accounts."""
    accounts = {start: place / f"window-{start:09d}.parquet" for start in range(0, listing.count, WINDOW)}
    if open_map(place / PIXELS, listing.count, side) is None:
        for account in accounts.values():
            account.unlink(missing_ok=True)
        _make_map(place / PIXELS, listing.count, side)
    missing = accounts.keys() - _whole_windows(accounts, place)
    with each_by(len(accounts)) as each:
        windows = (window for window in _windows(listing, accounts) if window.start in missing)
        read_window = partial(_read_window, listing.root, place / PIXELS, side)
        deque((each_window or each)(read_window, progress(windows, len(missing), "reading faces")), maxlen=0)
        smallest, groups = _near(list(accounts.values()), place, progress, each)
    write_whole(place / ACCOUNT, partial(_join, list(accounts.values()), smallest, groups))
    for path in [*accounts.values(), place / SMALL]:
        path.unlink()


def _windows(listing: Listing, accounts: dict[int, Path]) -> Iterator[Window]:
    entries = listing.entries()
    return (Window(start, account, list(islice(entries, WINDOW))) for start, account in accounts.items())


def _whole_windows(accounts: dict[int, Path], place: Path) -> set[int]:
    """The windows that were read before and whose pixels are still what was read; says so when some are not."""
    known = [*accounts.items(), (-1, place / ACCOUNT)]
    damaged = {start: _damaged(path, place / PIXELS) for start, path in known if path.exists()}
    if count := sum(count or 0 for count in damaged.values()):
        told = f"the cached pixels of {count} pictures are damaged ({place / PIXELS}): they are read again from the pictures"
        print(told, file=sys.stderr, flush=True)
    return {start for start, count in damaged.items() if count == 0}


def _near(accounts: list[Path], place: Path, progress: Track, each: Each) -> tuple[np.ndarray, np.ndarray]:
    """The smallest id in each group of near-copies, and the group of each readable file."""
    ids, hashes = [], []
    with (place / SMALL).open("wb") as small:
        for path in accounts:
            window = read_table(path, columns=["id", "reason", *SEARCHED])
            small.write(b"".join(window.small))
            hashes.append(b"".join(window.phash))
            ids.append(window.id[window.reason == ""].to_numpy("S32"))
    pictures = rows.Rows(place / SMALL, np.uint8, (views.SIDE, views.SIDE))
    groups = near.near_groups(np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32), pictures, place, progress, each)
    names = np.concatenate(ids)
    order = np.argsort(names, kind="stable")
    first = np.unique(groups[order], return_index=True)[1]
    return names[order[first]], groups


def _join(accounts: list[Path], smallest: np.ndarray, groups: np.ndarray, path: Path) -> None:
    """Write the account of all files, with the smallest id among the near-copies of each, its own included."""
    done, writer = 0, None
    with path.open("wb") as file, ExitStack() as written:
        for at in range(0, len(accounts), JOINED):
            part = pd.concat([read_table(one, columns=KEPT) for one in accounts[at : at + JOINED]], ignore_index=True)
            readable = np.flatnonzero(part.reason == "")
            near_ids = np.full(len(part), "", object)
            near_ids[readable] = smallest[groups[done : done + len(readable)]].astype(str)
            done += len(readable)
            table = pa.Table.from_pandas(part.assign(near=pd.Series(near_ids, dtype="str")), preserve_index=False)
            if writer is None:
                writer = written.enter_context(parquet.ParquetWriter(file, table.schema, write_page_checksum=True))
            writer.write_table(table)


def _make_map(path: Path, count: int, side: int) -> None:
    """A map with room for every file; its size on the disk grows with what is written."""
    write_whole(path, lambda part: np.lib.format.open_memmap(part, "w+", np.uint8, (count, side, side, 3)).flush())


def _read_window(root: Path, pixels: Path, side: int, window: Window) -> None:
    """Read some files, write their pixels to their rows of the map, and then their account."""
    accounts, decoded = [], []
    offset = np.load(pixels, mmap_mode="r").offset
    with pixels.open("r+b") as file:
        for row, entry in enumerate(window.entries, window.start):
            account, picture = _read_file(root, entry, side, row)
            accounts.append(account)
            if picture is not None:
                file.seek(offset + row * picture.pixels.nbytes)
                file.write(picture.pixels.data)
                decoded.append(picture.grey)
    table = pd.DataFrame(accounts)
    table[SEARCHED] = b""
    if decoded:
        grey = np.stack(decoded)
        found = measures.measure(grey) | {"small": [small.tobytes() for small in views.shrink(grey)]}
        for name, values in found.items():
            table.loc[table.reason == "", name] = values
    write_table(window.account, table)


def _bytes(path: str) -> bytes:
    with FileIO(path) as file:
        if reason := too_large(os.fstat(file.fileno()).st_size):
            raise InputError(reason)
        return file.readall()


def _read_file(root: Path, entry: Entry, side: int, row: int) -> tuple[dict[str, Any], images.Picture | None]:
    source = entry.source(root)
    label = source.label or labels.Label(labels.UNKNOWN)
    account: dict[str, Any] = {"file": source.file, "id": "", "picture": "", **vars(label), "row": row}
    account |= {"reason": source.reason, "checksum": 0} | dict.fromkeys(measures.MEASURES, np.nan)
    if source.reason:
        return account, None
    try:
        data = _bytes(source.path)
        picture = images.examine(data, side)
    except (InputError, OSError) as error:
        return account | {"reason": str(error) if isinstance(error, InputError) else f"unreadable: {error.strerror}"}, None
    contents: dict[str, bytes | memoryview] = {"id": data, "picture": picture.grey.data}
    account |= {name: hashlib.sha256(content).hexdigest()[:32] for name, content in contents.items()}
    account |= {"smallest_side": float(picture.smallest_side), "checksum": zlib.crc32(picture.pixels.data)}
    return account, picture
