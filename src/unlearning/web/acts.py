"""What is begun from a page: the same commands that others type, as processes in the name of whoever pressed the button.

A process outlives the page and the server of pages. What it says, and how it ended, lies in a folder of its own, for its user's
eyes; folders of what has ended go after a day.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow

from unlearning.certificates.keys import VARIABLE, is_there
from unlearning.data.cache import cache_folder, write_whole
from unlearning.errors import InputError
from unlearning.requests.store import EXPERIMENT
from unlearning.tracking import processes
from unlearning.tracking.store import RUN_ID, SQLITE
from unlearning.web.rights import Somebody, is_server

NOTE, SAID, STATUS, PROCESS = "act.json", "said", "status", "process"
PROGRAM = 'd="$1"; shift; ( "$@" >"$d/said" 2>&1; echo $? >"$d/status" ) & echo $! >"$d/process"'
A_DAY = 24 * 3600.0
SHOWN = 40  # last lines


@dataclass(frozen=True)
class Act:
    """A command that was begun.

    Args:
        key: its name.
        entry: the entry point.
        model: registered model.
        user: in whose name; empty in a store without users.
        began: when, in UTC.
    """

    key: str
    entry: str
    model: str
    user: str
    began: str

    @property
    def folder(self) -> Path:
        return place() / self.key

    @property
    def said(self) -> str:
        """The last lines of what it has said."""
        text = self._read(SAID)
        return "\n".join(text.splitlines()[-SHOWN:])

    @property
    def is_over(self) -> bool:
        """Has it ended, however?"""
        return bool(self._read(STATUS)) or processes.is_gone(self._read(PROCESS))

    @property
    def went_well(self) -> bool:
        return self._read(STATUS).strip() == "0"

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def place() -> Path:
    """Where acts are kept."""
    return cache_folder() / "acts"


def begin(who: Somebody, entry: str, model: str, listed: tuple[str, list[str]] | None = None, **options: str) -> Act:
    """Begin a command.

    Args:
        who: in whose name.
        entry: the entry point.
        model: registered model.
        listed: a list of pictures, which the command finds under that name in its own folder.
        options: of the entry point.
    """
    _sweep()
    act = Act(uuid.uuid4().hex, entry, model, who.name, datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
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
    write_whole(act.folder / NOTE, lambda part: part.write_text(json.dumps(asdict(act)), encoding="utf-8"))


def _environment(who: Somebody, entry: str) -> dict[str, str]:
    """That of this process, with absolute paths and in another name; a request's run lies among the requests.

    ``mlflow run`` may have launched this process, and its run is not that of what is begun here.
    """
    own = {name: value for name, value in os.environ.items() if name not in (RUN_ID, "MLFLOW_EXPERIMENT_ID")}
    uri, key = mlflow.get_tracking_uri(), own.get(VARIABLE, "")
    if uri.startswith(SQLITE):
        uri = f"{SQLITE}{Path(uri.removeprefix(SQLITE)).resolve()}"
    if key and is_there(Path(key)):
        own[VARIABLE] = str(Path(key).expanduser().resolve())
    paths = os.pathsep.join(str(Path(path or ".").resolve()) for path in sys.path)
    if entry == "request" and is_server():
        own["MLFLOW_EXPERIMENT_NAME"] = EXPERIMENT
    return own | {"MLFLOW_TRACKING_URI": uri, "PYTHONPATH": paths} | who.environment


def find(key: str) -> Act | None:
    """An act by its name."""
    return next((act for act in _all() if act.key == key), None)


def running(model: str, entry: str) -> Act | None:
    """An act of this kind that has not ended."""
    return next((act for act in _all() if (act.model, act.entry) == (model, entry) and not act.is_over), None)


def _all() -> list[Act]:
    return [Act(**json.loads(path.read_text(encoding="utf-8"))) for path in place().glob(f"*/{NOTE}")]


def _sweep() -> None:
    for act in _all():
        if act.is_over and time.time() - (act.folder / NOTE).stat().st_mtime > A_DAY:
            shutil.rmtree(act.folder, ignore_errors=True)
