"""What there is to read: every file of a folder, or every row of a table, with its label or the reason why it has none."""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from unlearning.data import labels
from unlearning.errors import InputError

TABLES = (".csv", ".parquet")
REQUIRED, OPTIONAL = ("path", "age"), ("gender", "race", "subject")


@dataclass(frozen=True)
class Source:
    """One file to be read.

    Args:
        file: its path below the root, as it is printed.
        path: where it lies.
        label: what is known of it.
        reason: why it cannot be used; empty for a file to be read.
    """

    file: str
    path: str
    label: labels.Label | None
    reason: str = ""


@dataclass(frozen=True)
class Listing:
    """Names of all files, and what tells whether they have changed.

    Args:
        root: the folder that everything lies in.
        names: paths below the root, in order.
        stamps: size and time of change of each, in the same order.
        plain: is it known to be a regular file within the root?
        cells: the table's row of each, if a table lists them.
    """

    root: Path
    names: list[str]
    stamps: list[str]
    plain: list[bool]
    cells: list[dict[str, str]] | None = None

    def source(self, index: int) -> Source:
        """The file at a position, with its label or the reason why it cannot be used."""
        name = self.names[index]
        printable = os.fsencode(name).decode(errors="backslashreplace")
        path = self.root / name
        try:
            label = labels.of_cells(self.cells[index]) if self.cells else _label_of_name(name)
            if not self.plain[index]:
                _require_readable(name, path, self.root)
        except InputError as error:
            return Source(printable, str(path), None, str(error))
        return Source(printable, str(path), label)


def list_sources(data_dir: Path) -> Listing:
    """List a folder with all its sub-folders, or a CSV or parquet table; InputError when there is nothing to list."""
    if data_dir.suffix.lower() in TABLES and data_dir.is_file():
        return _list_table(data_dir)
    if not data_dir.is_dir():
        raise InputError(
            f"the image folder {data_dir} does not exist; give a folder of UTKFace-named files, or a CSV or parquet table "
            f"with the columns path and age, with -P data_dir=FOLDER"
        )
    found = sorted(_walk(data_dir, ""))
    if not found:
        raise InputError(f"the image folder {data_dir} is empty; give a folder of UTKFace-named files with -P data_dir=FOLDER")
    names, stamps, plain = map(list, zip(*found, strict=True))
    return Listing(data_dir, names, stamps, plain)


def _walk(folder: Path | str, prefix: str):
    """(name, stamp, plain file?) of every entry that is not a folder; links to folders are entries, and are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield name, _stamp(entry), entry.is_file(follow_symlinks=False)
                continue
            try:
                yield from _walk(entry.path, f"{name}/")
            except OSError as error:
                yield name, f"unreadable: {error}", False


def _stamp(entry: os.DirEntry | Path) -> str:
    try:
        status = entry.stat()
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _label_of_name(name: str) -> labels.Label:
    if any(part.startswith(".") for part in name.split("/")):
        raise InputError("hidden file")
    return labels.parse(name.rsplit("/", 1)[-1])


def _require_readable(name: str, path: Path, root: Path) -> None:
    """A plain file within the root; opening a pipe or a device could wait for ever, and a link may lead anywhere."""
    if not name:
        raise InputError("the path is missing")
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except FileNotFoundError as error:
        raise InputError("there is no such file") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"the path cannot be followed ({type(error).__name__})") from error
    if not real.is_relative_to(root.resolve()):
        raise InputError("the path leads out of the folder")
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file")


def _list_table(path: Path) -> Listing:
    table = _read_table(path)
    missing = [column for column in REQUIRED if column not in table.columns]
    if missing:
        raise InputError(
            f"the table {path} has no column {' and no column '.join(missing)}; it has {', '.join(map(str, table.columns))}; "
            f"legal: {', '.join(REQUIRED)}, and optional {', '.join(OPTIONAL)}"
        )
    if table.empty:
        raise InputError(f"the table {path} has no rows; one row a picture is needed, with the columns path and age")
    cells = table[[c for c in (*REQUIRED, *OPTIONAL) if c in table.columns]].to_dict("records")
    names = [_below(cell["path"].strip(), path.parent) for cell in cells]
    stamps = [f"{_stamp(path.parent / name)} {cell}" for name, cell in zip(names, cells, strict=True)]
    return Listing(path.parent, names, stamps, [False] * len(names), cells)


def _below(name: str, root: Path) -> str:
    """An absolute path in the folder, spelled from the folder; anything else as it is, for the account to refuse."""
    return str(Path(name).relative_to(root)) if Path(name).is_relative_to(root) else name


def _read_table(path: Path) -> pd.DataFrame:
    """All cells as text; what is missing is empty."""
    try:
        if path.suffix.lower() == ".csv":
            with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # rows longer than the header
                return pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False)
        table = pd.read_parquet(path, dtype_backend="numpy_nullable")  # a number beside an empty cell stays a whole number
    except (OSError, ValueError, TypeError, KeyError, ArrowException, pd.errors.ParserWarning) as error:
        raise InputError(f"the table {path} cannot be read: {str(error).splitlines()[0]}") from error
    return table.apply(lambda column: column.map(lambda cell: "" if pd.isna(cell) is True else str(cell)))
