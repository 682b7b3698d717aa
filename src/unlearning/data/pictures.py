"""Pictures of which only the place is known: all of a folder, whatever they are called, or those that a list names."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import parquet

from unlearning.data.images import POINTER, decode
from unlearning.data.lists import UTF_16
from unlearning.data.sources import Entry, Listing, in_order, listed, stamp_of, too_large, walk
from unlearning.data.tables import SEPARATORS, TABLES, TEXTS, UNREADABLE, is_table
from unlearning.errors import InputError

HEADINGS = ("path", "file", "image", "name")  # of a column of file names; the first of them that a list has
LEGAL = f"a folder of pictures, or a list ({', '.join(TABLES)}) with a column {' or '.join(HEADINGS)} of their file names"
ROWS = 50_000  # of a list, read at once


@contextmanager
def list_pictures(place: Path, leave_out: Callable[[str], bool]) -> Iterator[Listing]:
    """List every file of a folder with its sub-folders, or every row of a list; they do not lie in memory.

    Args:
        place: the folder or the list. Names in a list are below its own folder, or absolute.
        leave_out: is a file of the folder, by its name below it, none of those that are meant?

    Raises:
        InputError: there is nothing to list.
    """
    if not place.exists():
        raise InputError(f"{place} does not exist; give {LEGAL}, with -P data=")
    if not place.is_dir() and not is_table(place):
        raise InputError(f"{place} is neither a folder nor a list; give {LEGAL}, with -P data=")
    with ExitStack() as files:
        if place.is_dir():
            there = (entry for entry in walk(place, "") if not leave_out(entry.name))
            listing = listed(place, in_order(place, there, files), files)
        else:
            root = place.parent
            listing = listed(root, (Entry(name, stamp_of(root / name), False) for name in _names(place)), files)
        if not listing.count:
            raise InputError(f"{place} names no picture; give {LEGAL}, with -P data=")
        yield listing


def read_pictures(root: Path, side: int, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """The pixels of those of some files that can be read, and for every file why it cannot.

    Returns:
        uint8 pictures of shape (readable files, side, side, 3), and one reason a file: empty where it was read.
    """
    pixels, reasons = [np.empty((0, side, side, 3), np.uint8)], []
    for name in names:
        try:
            pixels.append(decode(_content(root / name), side)[None])
            reasons.append("")
        except InputError as error:
            reasons.append(str(error))
    return np.concatenate(pixels), reasons


def _content(path: Path) -> bytes:
    try:
        reason = _refused(path.stat())
        content = b"" if reason else path.read_bytes()
    except FileNotFoundError:
        reason = "there is no such file"
    except OSError as error:
        reason = f"unreadable: {error.strerror}"
    except ValueError as error:  # a list may hold any character
        reason = f"no name of a file: {error}"
    if reason:
        raise InputError(reason)
    return content


def _refused(status: os.stat_result) -> str:
    """Why a file is not opened, empty for one that is: to open a pipe or a device could wait for ever."""
    if stat.S_ISDIR(status.st_mode):
        return "a folder that was not looked into: it is a link, stands in a list, or cannot be listed"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    return too_large(status.st_size)


def _names(path: Path) -> Iterator[str]:
    """The file names of a list, a part of it at a time."""
    try:
        for part in _parts_of_text(path) if path.name.lower().endswith(TEXTS) else _parts_of_parquet(path):
            yield from (name.strip() for name in part if name.strip())
    except UnicodeError as error:
        raise InputError(f"the list {path} cannot be read: it is not in UTF-8; save it as CSV UTF-8") from error
    except InputError:
        raise
    except UNREADABLE as error:
        raise InputError(f"the list {path} cannot be read: {(str(error).splitlines() or [type(error).__name__])[0]}") from error


def _parts_of_text(path: Path) -> Iterator[list[str]]:
    with path.open("rb") as file:
        start = file.read(len(POINTER))
    if start == POINTER:
        raise InputError(f"the list {path} is a Git LFS pointer in place of the list, which git lfs pull fetches")
    known: dict[str, Any] = {
        "encoding": "utf-16" if start.startswith(UTF_16) else "utf-8",
        "dtype": str,
        "keep_default_na": False,
    }
    heads = {sep: list(pd.read_csv(path, sep=sep, nrows=0, index_col=False, **known).columns) for sep in SEPARATORS}
    separator = next((sep for sep, columns in heads.items() if _heading(columns)), SEPARATORS[0])
    column = _required(path, heads[separator])
    with pd.read_csv(path, sep=separator, usecols=[column], index_col=False, chunksize=ROWS, **known) as parts:
        yield from (part[column].tolist() for part in parts)


def _parts_of_parquet(path: Path) -> Iterator[list[str]]:
    with path.open("rb") as file:
        table = parquet.ParquetFile(file)
        column = _required(path, table.schema_arrow.names)
        for part in table.iter_batches(ROWS, columns=[column]):
            yield ["" if name is None else str(name) for name in part.column(0).to_pylist()]


def _heading(columns: Sequence[str]) -> str:
    """Which of the columns holds the file names; empty for none."""
    alike = {str(column).strip().lower(): column for column in columns}
    return next((alike[heading] for heading in HEADINGS if heading in alike), "")


def _required(path: Path, columns: Sequence[str]) -> str:
    column = _heading(columns)
    if not column:
        raise InputError(f"the list {path} has the columns {', '.join(map(str, columns))[:200]}; give {LEGAL}, with -P data=")
    return column
