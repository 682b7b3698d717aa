"""Work that was begun and is not finished, as it lies in the cache: what was trained so far remembers the faces it has seen."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from unlearning.data.cache import cache_folder

NOTE, LOCK = "run.json", "lock"


@dataclass(frozen=True)
class Unfinished:
    """A step that was begun and not finished.

    Args:
        folder: what is kept of it.
        step: train, retrain, crossfit or unlearn.
        name: of its run.
        run_id: of its run.
        digest: of the data that it trains on; empty where that is not known any more.
    """

    folder: Path
    step: str
    name: str
    run_id: str
    digest: str

    def files(self) -> list[Path]:
        """All that is kept of it; nothing where its own process is just removing it."""
        try:
            return sorted(path for path in self.folder.rglob("*") if path.is_file())
        except FileNotFoundError:
            return []

    def is_held(self) -> bool:
        """Is a process at work on it?"""
        try:
            with FileLock(self.folder / LOCK, blocking=False):
                return False
        except Timeout:
            return True


def place() -> Path:
    """Where all unfinished work lies."""
    return cache_folder() / "unfinished"


def everything() -> list[Unfinished]:
    """All unfinished work of this machine, also what has lost its note: it could remember any data."""
    noted = [(folder, read_note(folder / NOTE)) for folder in sorted(place().glob("*")) if folder.is_dir()]
    unknown = {"step": "some work", "run": "not known", "digest": ""}
    known = [(folder, {**unknown, "name": folder.name, **note}) for folder, note in noted]
    found = [Unfinished(folder, note["step"], note["name"], note["run"], note["digest"]) for folder, note in known]
    return [work for work in found if any(path.name != LOCK for path in work.files())]


def read_note(path: Path) -> dict[str, Any]:
    """What was noted; nothing where there is no note, or half of one."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
