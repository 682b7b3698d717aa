"""What there is to read: every file of a folder, or every row of a table, with its label or the reason why it has none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from unlearning.data import labels
from unlearning.data.tables import TABLES, is_table, read_table
from unlearning.errors import InputError
from unlearning.naming import printable

LEGAL = f"a folder of UTKFace-named files, or a table ({', '.join(TABLES)}) with the columns path and age"
OTHERS = {
    (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"): "an archive; unpack it and give the folder that comes out",
    (".jpg", ".jpeg", ".png", ".webp", ".heic", ".gif", ".tif", ".tiff", ".bmp"): "one picture; give the folder that holds it",
    (".xlsx", ".xls", ".ods", ".numbers"): "a spreadsheet; save it as CSV and give that file",
}


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
        path = self.root / name
        try:
            label = labels.of_cells(self.cells[index]) if self.cells else _label_of_name(name, path)
            if not self.plain[index]:
                _require_readable(name, path, self.root)
        except InputError as error:
            return Source(printable(name), str(path), None, str(error))
        return Source(printable(name), str(path), label)


def list_sources(data_dir: Path) -> Listing:
    """List a folder with all its sub-folders, or a table; InputError when there is nothing to list."""
    if is_table(data_dir):
        return _list_table(data_dir)
    if not data_dir.exists():
        raise InputError(f"the image folder {data_dir} does not exist; give {LEGAL}, with -P data_dir=FOLDER")
    if not data_dir.is_dir():
        named = (words for endings, words in OTHERS.items() if data_dir.name.lower().endswith(endings))
        what = next(named, "neither a folder nor a table by its ending")
        raise InputError(f"{data_dir} is {what}, with -P data_dir=FOLDER; legal is {LEGAL}")
    entries = sorted(_walk(data_dir, ""))
    if not entries:
        raise InputError(f"the image folder {data_dir} is empty; give {LEGAL}, with -P data_dir=FOLDER")
    names, stamps, plain = map(list, zip(*entries, strict=True))
    return Listing(data_dir, names, stamps, plain)


def _walk(folder: Path | str, prefix: str) -> Iterator[tuple[str, str, bool]]:
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


def _stamp(entry: os.DirEntry[str] | Path) -> str:
    try:
        status = entry.stat()
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _label_of_name(name: str, path: Path) -> labels.Label:
    if any(part.startswith(".") for part in name.split("/")):
        raise InputError("hidden file")
    if os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a link cannot be followed)
        raise InputError("a link to a folder, which is not followed" if path.is_symlink() else "a folder that cannot be listed")
    return labels.parse(name.rsplit("/", 1)[-1])


def _require_readable(name: str, path: Path, root: Path) -> None:
    """A plain file within the root; opening a pipe or a device could wait for ever, and a link may lead anywhere."""
    if not name:
        raise InputError("the path is missing")
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except FileNotFoundError as error:
        windows = " (a path of Windows; give paths below the table's folder)" if PureWindowsPath(name).drive else ""
        raise InputError(f"there is no such file{windows}") from error
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"the path cannot be followed ({type(error).__name__})") from error
    if not real.is_relative_to(root.resolve()):
        raise InputError("the path leads out of the folder")
    if not stat.S_ISREG(mode):
        raise InputError("not a regular file")


def _list_table(path: Path) -> Listing:
    cells = read_table(path)
    names = [_below(cell["path"].strip(), path.parent) for cell in cells]
    stamps = [f"{_stamp(path.parent / name)} {cell}" for name, cell in zip(names, cells, strict=True)]
    return Listing(path.parent, names, stamps, [False] * len(names), cells)


def _below(name: str, root: Path) -> str:
    """A path in the folder, spelled from the folder; anything else as it is, for the account to refuse.

    Windows writes backslashes; here they may be part of a name.
    """
    if "\\" in name and not os.path.lexists(root / name):
        name = name.replace("\\", "/")
    return str(Path(name).relative_to(root)) if Path(name).is_relative_to(root) else name
