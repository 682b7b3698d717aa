"""Work that is not finished, on this machine until it is: the same command goes on with it, in the same run.

A step's work lies in a folder by the step's fingerprint: checkpoints, members that are trained, and which run it is for. It
goes when the run has ended well. So a process may be killed anywhere: what was done stands in the folder, or in the registry.
"""

import json
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from uuid import uuid4

from filelock import FileLock, Timeout

from unlearning.data.cache import write_whole
from unlearning.data.unfinished import LOCK, NOTE, place, read_note
from unlearning.errors import TerminatedError
from unlearning.jobs import artifact_copy
from unlearning.progress import say
from unlearning.tracking import runs, temporary
from unlearning.tracking.abandoned import has_ended
from unlearning.training import ongoing

RESUME_VARIABLE = "UNLEARNING_RESUME"
GONE = ".gone-"


@contextmanager
def work(mark: str, step: str, name: str, digest: str) -> Iterator[Path]:
    """A folder for the work of the step whose run is open; a run that was killed in it goes on, and is the open one within.

    ``digest``: of the data: when a version that was trained on it is purged, so is what lies here.
    """
    folder = place() / mark
    folder.mkdir(parents=True, exist_ok=True)
    _sweep()
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"{step}: another process is at work on the same; this one begins anew, and keeps no checkpoints")
        with temporary.folder() as private:
            yield Path(private)
        return
    try:
        if os.environ.get(RESUME_VARIABLE, "").lower() == "false":
            _clear(folder)
        else:
            artifact_copy.fetch(mark, folder)
        with run(folder, NOTE, step, name, digest), artifact_copy.kept(folder, mark, digest), _asked_to_end():
            yield folder
    finally:
        lock.release()
    runs.when_ended(lambda: _remove(folder))


@contextmanager
def run(folder: Path, note: str, step: str, name: str, digest: str = "") -> Iterator[None]:
    """Within, the run that a note names is open again; where there is none, the one that is open is noted.

    A step's own run has been opened already, by ``mlflow run`` or by the step: when an earlier one goes on, it becomes a
    continuation, and says of which.
    """
    earlier = _again(folder / note, runs.active_id())
    if not earlier:
        own = {"step": step, "name": name, "run": runs.active_id(), "digest": digest}
        write_whole(folder / note, lambda part: part.write_text(json.dumps(own), encoding="utf-8"))
        ongoing.tell_written()
        yield
        return
    say(f"{step}: goes on in run {earlier}, which was not finished (resume=false begins anew)")
    stub = runs.continues(earlier, name)
    with runs.run(step, name, again=earlier):
        yield
    runs.when_ended(stub)


def _again(note: Path, active: str) -> str:
    """The run of earlier work that nobody is at any more; empty where there is none."""
    noted = read_note(note)
    if not noted or noted["run"] == active:
        return ""
    found = runs.find_run(noted["run"])
    if not found or found.info.lifecycle_stage != "active":
        return ""
    return noted["run"] if has_ended(found) or artifact_copy.is_left(found) else ""


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != LOCK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _remove(folder: Path) -> None:
    """In one step, so that what is left of it is never taken for work; left to a process that has taken it meanwhile."""
    with suppress(Timeout), FileLock(folder / LOCK, blocking=False):
        folder.rename(folder.with_name(f"{GONE}{uuid4().hex}"))
    _sweep()


def _sweep() -> None:
    """Delete what this process has removed, and what an earlier one was killed over."""
    for gone in place().glob(f"{GONE}*"):
        shutil.rmtree(gone, ignore_errors=True)


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Within, SIGTERM lets a training write a checkpoint first, and ends everything else at once; both exit with 143."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def asked(number: int, frame: FrameType | None) -> None:
        if ongoing.stopping.is_set() or not ongoing.at_work:
            raise TerminatedError("asked to end; type the same command again, and it goes on from here")
        ongoing.stopping.set()

    before = signal.signal(signal.SIGTERM, asked)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        ongoing.stopping.clear()
