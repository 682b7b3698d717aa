"""What is begun from a page: the same commands that others type, as processes in the name of whoever pressed the button.

A process outlives the page and the server of pages. What it says, and how it ended, lies in a folder of its own, for its user's
eyes, among those of the same model of the same store; folders of what has ended go after a day.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow

from unlearning.certificates.keys import VARIABLE, is_there
from unlearning.data.cache import cache_folder, write_whole
from unlearning.errors import InputError
from unlearning.requests.store import EXPERIMENT
from unlearning.tracking import processes
from unlearning.tracking.answers import AT_THE_START
from unlearning.tracking.store import RUN_ID, SQLITE
from unlearning.web.asking import spoken, told
from unlearning.web.rights import Somebody, is_server

NOTE, SAID, STATUS, PROCESS = "act.json", "said", "status", "process"
PROGRAM = 'd="$1"; shift; ( "$@" >"$d/said" 2>&1; echo $? >"$d/status" ) & echo $! >"$d/process"'
ERROR, KILLED = "Error: ", "It was ended from outside, or by a fault: what it said tells more."
A_DAY = 24 * 3600.0
SHOWN = 40  # last lines
AT_ONCE = 8  # acts on a model
# What a page that asks for the store sets for a moment, where nobody has set it before, is not that of what is begun either.
NOT_HANDED_ON = {RUN_ID, "MLFLOW_EXPERIMENT_ID", *(AT_THE_START.keys() - os.environ.keys())}


@dataclass(frozen=True)
class Act:
    """A command that was begun."""

    folder: Path  # what is kept of it; it is named by that folder's name
    entry: str  # the entry point
    user: str  # in whose name; empty in a store without users
    began: str  # when, in UTC

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def said(self) -> str:
        """The last lines of what it has said."""
        text = self._read(SAID)
        return "\n".join(text.splitlines()[-SHOWN:])

    @property
    def sentence(self) -> str:
        """What matters of it: what it said last, or why it failed, without what would be typed."""
        own, said = f"{self.entry}: ", self.said
        failed = self.is_over and not self.went_well
        lines = [line.removeprefix(own) for line in said.splitlines() if line.startswith(own)]
        if failed:
            return told(said.rpartition(ERROR)[2]) if ERROR in said else KILLED
        return next(filter(None, map(spoken, reversed(lines))), "It has begun.")

    @property
    def is_over(self) -> bool:
        """Has it ended, however?"""
        return bool(self._read(STATUS)) or processes.is_gone(self._read(PROCESS))

    @property
    def went_well(self) -> bool:
        return self._read(STATUS).strip() == "0"

    def _read(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""


def place(model: str) -> Path:
    """Where the acts on a model of this store are kept: other stores may have a model of that name, and share the cache."""
    return cache_folder() / "acts" / hashlib.sha256(f"{_store()} {model}".encode()).hexdigest()[:16]


def _store() -> str:
    """The store's address, which means the same in every folder."""
    uri = mlflow.get_tracking_uri()
    return f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}" if uri.startswith(SQLITE) else uri


def begin(who: Somebody, entry: str, model: str, listed: tuple[str, list[str]] | None = None, **options: str) -> Act:
    """Begin a command on a registered model in somebody's name, with the options of its entry point.

    ``listed`` is a list of pictures, which the command finds under that name in its own folder.

    Raises:
        InputError: it cannot be begun, or too much is at work.
    """
    _sweep()
    at_work = [act for act in _all(model) if not act.is_over]
    if len(at_work) >= AT_ONCE:
        raise InputError(f"{len(at_work)} commands are at work for {model}; press again when one of them has ended")
    act = Act(place(model) / uuid.uuid4().hex, entry, who.name, datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
    act.folder.mkdir(mode=0o700, parents=True)
    try:
        _start(act, who, listed, {"name": model, **options})
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        shutil.rmtree(act.folder)
        raise InputError(f"this cannot be begun: {error.__class__.__name__}") from error
    return act


def _start(act: Act, who: Somebody, listed: tuple[str, list[str]] | None, options: dict[str, str]) -> None:
    """The process; the note of it comes last, so that what is noted was begun."""
    if listed:
        name, lines = listed
        (act.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    typed = [f"--{name}={value}" for name, value in options.items()]
    command = ["sh", "-c", PROGRAM, "sh", str(act.folder), sys.executable, "-m", f"entrypoints.{act.entry}", *typed]
    nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    own = {"cwd": act.folder if listed else Path.cwd(), "env": _environment(who, act.entry), "start_new_session": True}
    subprocess.run(command, check=True, **own, **nothing)
    process = int((act.folder / PROCESS).read_text(encoding="utf-8"))
    (act.folder / PROCESS).write_text(processes.identity(process), encoding="utf-8")
    note = json.dumps({"entry": act.entry, "user": act.user, "began": act.began})
    write_whole(act.folder / NOTE, lambda part: part.write_text(note, encoding="utf-8"))


def _environment(who: Somebody, entry: str) -> dict[str, str]:
    """That of this process, with absolute paths and in another name; a request's run lies among the requests.

    ``mlflow run`` may have launched this process, and its run is not that of what is begun here.
    """
    own = {name: value for name, value in os.environ.items() if name not in NOT_HANDED_ON}
    key = own.get(VARIABLE, "")
    if key and is_there(Path(key)):
        own[VARIABLE] = str(Path(key).expanduser().resolve())
    paths = os.pathsep.join(str(Path(path or ".").resolve()) for path in sys.path)
    if entry == "request" and is_server():
        own["MLFLOW_EXPERIMENT_NAME"] = EXPERIMENT
    return own | {"MLFLOW_TRACKING_URI": _store(), "PYTHONPATH": paths} | who.environment


def find(model: str, key: str) -> Act | None:
    """An act on a model by its name."""
    return next((act for act in _all(model) if act.key == key), None)


def running(model: str, entry: str) -> Act | None:
    """An act of this kind that has not ended."""
    return next((act for act in _all(model) if act.entry == entry and not act.is_over), None)


def _all(model: str) -> list[Act]:
    return sorted(_noted(place(model), f"*/{NOTE}"), key=lambda act: act.began)


def _noted(folder: Path, notes: str) -> Iterator[Act]:
    """What is noted; another press, or another process, may sweep a folder meanwhile."""
    for path in folder.glob(notes):
        with suppress(FileNotFoundError):
            yield Act(path.parent, **json.loads(path.read_text(encoding="utf-8")))


def _sweep() -> None:
    for act in _noted(cache_folder() / "acts", f"*/*/{NOTE}"):
        with suppress(FileNotFoundError):
            if time.time() - (act.folder / NOTE).stat().st_mtime > A_DAY and act.is_over:
                shutil.rmtree(act.folder, ignore_errors=True)
