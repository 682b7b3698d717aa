"""What there is to read: every file of a folder, or every row of a table, with its label or the reason why it has none."""

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import IO, NamedTuple

from unlearning.data import labels
from unlearning.data.cache import nameless
from unlearning.data.tables import AGE, TABLES, is_table, read_table
from unlearning.errors import InputError
from unlearning.naming import as_bytes, printable

LEGAL = f"a folder of UTKFace-named files, or a table ({', '.join(TABLES)}) with the columns path and age"
RUN = 50_000  # names that are sorted at once, some 250 bytes each
MOST_BYTES = 200_000_000  # a file is read whole before its size in pixels is known
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


class Entry(NamedTuple):
    """One line of a listing.

    Args:
        name: path below the root.
        stamp: size and time of change, which tell whether it has changed.
        plain: is it known to be a regular file within the root?
        cells: the table's row, if a table lists it.
    """

    name: str
    stamp: str
    plain: bool
    cells: dict[str, str] | None = None

    def source(self, root: Path) -> Source:
        """The file with its label or the reason why it cannot be used."""
        path = os.path.join(root, self.name)  # noqa: PTH118 (paths as objects are slow to make, and there are millions)
        try:
            label = labels.of_cells(self.cells) if self.cells else _label_of_name(self, path)
            if not self.plain:
                _require_readable(self.name, Path(path), root)
        except InputError as error:
            return Source(printable(self.name), path, None, str(error))
        return Source(printable(self.name), path, label)


@dataclass(frozen=True)
class Listing:
    """All files in order. They do not lie in memory: there may be millions.

    Args:
        root: the folder that everything lies in.
        count: how many there are.
        state: sha256 of all names and stamps.
        lines: an entry a line.
    """

    root: Path
    count: int
    state: str
    lines: IO[str]

    def entries(self) -> Iterator[Entry]:
        """One after the other; whoever asks again begins anew."""
        self.lines.seek(0)
        return (Entry(*json.loads(line)) for line in self.lines)


def listed(root: Path, entries: Iterable[Entry], files: ExitStack) -> Listing:
    """A listing of entries in the order in which they come; it can be read until ``files`` is closed."""
    count, state = 0, hashlib.sha256()
    lines = files.enter_context(nameless())
    for entry in entries:
        state.update(as_bytes(entry.name) + f"\0{entry.stamp}\n".encode(errors="backslashreplace"))
        lines.write(json.dumps(entry) + "\n")
        count += 1
    return Listing(root, count, state.hexdigest(), lines)


def in_order(root: Path, entries: Iterator[Entry], files: ExitStack) -> Iterator[Entry]:
    """Sorted by name, so many at a time, and then merged; the last, which is shorter, need not go to a file."""
    runs = []
    while len(run := sorted(islice(entries, RUN))) == RUN:
        runs.append(listed(root, run, files).entries())
    return merge(*runs, run)


@contextmanager
def list_sources(data_dir: Path, target: str = AGE) -> Iterator[Listing]:
    """List a folder with all its sub-folders, or a table that has the target; InputError when there is nothing to list."""
    with ExitStack() as files:
        yield _list_table(data_dir, target, files) if is_table(data_dir) else _list_folder(data_dir, target, files)


def _list_folder(data_dir: Path, target: str, files: ExitStack) -> Listing:
    if not data_dir.exists():
        raise InputError(f"the image folder {data_dir} does not exist; give {LEGAL}, with -P data_dir=FOLDER")
    if not data_dir.is_dir():
        named = (words for endings, words in OTHERS.items() if data_dir.name.lower().endswith(endings))
        what = next(named, "neither a folder nor a table by its ending")
        raise InputError(f"{data_dir} is {what}, with -P data_dir=FOLDER; legal is {LEGAL}")
    if target not in (AGE, *labels.CODES):
        known = ", ".join((AGE, *labels.CODES))
        raise InputError(f"{data_dir} is no table, so it has no column {target}; names of files hold {known}: give a table")
    listing = listed(data_dir, in_order(data_dir, walk(data_dir, ""), files), files)
    if not listing.count:
        raise InputError(f"the image folder {data_dir} is empty; give {LEGAL}, with -P data_dir=FOLDER")
    return listing


def walk(folder: Path | str, prefix: str) -> Iterator[Entry]:
    """Everything that is not a folder; links to folders are entries, and are not followed."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = prefix + entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield Entry(name, stamp_of(entry), entry.is_file(follow_symlinks=False))
                continue
            try:
                yield from walk(entry.path, f"{name}/")
            except OSError as error:
                yield Entry(name, f"unreadable: {error}", False)


def too_large(size: int) -> str:
    """Why a file of so many bytes is not read; empty for one that is."""
    return f"larger than the {MOST_BYTES // 1_000_000} megabytes allowed" if size > MOST_BYTES else ""


def stamp_of(entry: os.DirEntry[str] | Path) -> str:
    """Size and times of a file, or why nothing can be known of it."""
    try:
        status = entry.stat()
    except (OSError, ValueError) as error:
        return f"unreadable: {error}"
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _label_of_name(entry: Entry, path: str) -> labels.Label:
    if "/." in f"/{entry.name}":
        raise InputError("hidden file")
    if not entry.plain and os.path.isdir(path):  # noqa: PTH112 (Path.is_dir raises where a link cannot be followed)
        link = Path(path).is_symlink()
        raise InputError("a link to a folder, which is not followed" if link else "a folder that cannot be listed")
    return labels.parse(entry.name.rsplit("/", 1)[-1])


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


def _list_table(path: Path, target: str, files: ExitStack) -> Listing:
    rows = ((_below(cells["path"].strip(), path.parent), cells) for cells in read_table(path, target))
    entries = (Entry(name, f"{stamp_of(path.parent / name)} {cells}", False, cells) for name, cells in rows)
    return listed(path.parent, entries, files)


def _below(name: str, root: Path) -> str:
    """A path in the folder, spelled from the folder; anything else as it is, for the account to refuse.

    Windows writes backslashes; here they may be part of a name.
    """
    if "\\" in name and not os.path.lexists(root / name):
        name = name.replace("\\", "/")
    return str(Path(name).relative_to(root)) if Path(name).is_relative_to(root) else name
