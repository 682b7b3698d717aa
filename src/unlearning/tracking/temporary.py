"""This process's own temporary folder: private, gone with the process, and removed by the next one where that was killed.

Weights and prediction tables lie there, fetched from a server or waiting to be logged, and what a purge erases must not live
on in it. A process holds a lock on its folder for as long as it lives; the system gives it up however a process ends.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import TextIO

from unlearning.tracking import processes

PREFIX, OWNER = "unlearning-", "owner"
PYTHONS_OWN = "tmp"
DRAWN = re.compile(rf"\.?{PREFIX}[a-z0-9_]{{8}}")  # as mkdtemp calls folders; what people call theirs stays
A_DAY = 24 * 3600.0  # in seconds; making and removing a folder takes far less
LAST = -200  # after multiprocessing has removed its own temporary folder, at -100
swept: list[str] = []


def own_folder() -> Path:
    """The folder of this process, made when it is first asked for; before that, those of processes that died are removed."""
    return _made(os.getpid())


@contextmanager
def private() -> Iterator[None]:
    """Whatever asks for a temporary file meanwhile, MLflow too, gets it in the folder of this process."""
    before, tempfile.tempdir = tempfile.tempdir, str(own_folder())
    try:
        yield
    finally:
        tempfile.tempdir = before


def folder() -> tempfile.TemporaryDirectory:
    """A folder for a ``with`` block."""
    return tempfile.TemporaryDirectory(dir=own_folder())


@cache
def _place() -> Path:
    """Where temporary files of this machine lie; asked before anything is redirected."""
    return Path(tempfile.gettempdir())


@cache
def _made(process: int) -> Path:
    swept.extend(_sweep())
    hidden = Path(tempfile.mkdtemp(prefix=f".{PREFIX}", dir=_place()))
    held = (hidden / OWNER).open("w", encoding="utf-8")
    fcntl.flock(held, fcntl.LOCK_EX)
    held.write(f"{processes.owner()}\n")
    held.flush()
    made = hidden.rename(hidden.with_name(hidden.name[1:]))  # only now can others find it
    Finalize(None, _remove, (made, held), exitpriority=LAST)
    return made


def _remove(made: Path, held: TextIO) -> None:
    if made.exists():
        shutil.rmtree(made)
    held.close()


def _sweep() -> list[str]:
    """Remove the folders of this user's processes that have ended, and say what lay in them, in sentences.

    One that a process was killed in while it made or removed it names no owner, and goes after a day.
    """
    for half in (path for prefix in (f".{PREFIX}", PREFIX) for path in _place().glob(f"{prefix}*")):
        if _is_mine(half) and _is_half(half):
            shutil.rmtree(half, ignore_errors=True)
    return [told for left in sorted(_place().glob(f"{PREFIX}*")) if _is_mine(left) for told in _remove_left(left)]


def _is_mine(left: Path) -> bool:
    try:
        facts = left.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()


def _is_half(left: Path) -> bool:
    """Has its process been killed while it made it, before the name was given, or while it removed it?"""
    with suppress(FileNotFoundError):  # another process is sweeping too
        facts = left.stat()
        ours = DRAWN.fullmatch(left.name) and stat.S_IMODE(facts.st_mode) == stat.S_IRWXU
        nobodys = left.name.startswith(".") or not (left / OWNER).exists()
        return bool(ours) and nobodys and time.time() - facts.st_mtime > A_DAY
    return False


def _remove_left(left: Path) -> Iterator[str]:
    try:
        with (left / OWNER).open("r+", encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            who, files = held.read().strip(), [path for path in left.rglob("*") if path.is_file() and path.name != OWNER]
            size = sum(path.stat().st_size for path in files)
            shutil.rmtree(left)
    except (FileNotFoundError, BlockingIOError):  # nobody knows whose it is, another removes it, or its own process lives
        return
    names = ", ".join(sorted({path.name for path in files})[:10])
    yield f"{left.name}, left by {who}: {len(files)} files, {size:,} bytes" + (f" ({names})" if names else "")


def clear() -> None:
    """Remove what lies in the folder of this process, which is not using it now and lives on."""
    for left in own_folder().iterdir():
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        elif left.name != OWNER:
            left.unlink(missing_ok=True)


def others() -> list[Path]:
    """Temporary folders of this machine that Python programs have made and that are not this process's own."""
    found = [path for prefix in (PREFIX, PYTHONS_OWN) for path in _place().glob(f"{prefix}*") if path.is_dir()]
    return sorted(path for path in found if path != own_folder())
